//! The state of a session, without clocks and sockets.

use std::collections::VecDeque;

use rfc6455_axum::rfc6455::CloseCode;
use rfc6455_axum::rfc6455::websocket::Utf8Bytes;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use super::Config;
use super::connection::Incoming;
use super::packet::Packet;

/// What a queued packet takes beside its contents, in bytes.
const OVERHEAD: usize = 64;
/// How long a long poll is kept while the client changes to WebSocket, before it is ended.
const PROBE_GRACE: Duration = Duration::from_millis(100);

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The client closed it, or its WebSocket.
    TransportClose,
    /// The transport failed.
    TransportError,
    /// The client did not answer a Ping in time.
    PingTimeout,
    /// The client broke the protocol.
    ParseError,
    /// The client did not receive what was queued for it.
    TooSlow,
    /// The server closed it.
    ServerClose,
}

impl Reason {
    /// Returns the code with which a WebSocket is closed.
    pub(crate) const fn code(self) -> CloseCode {
        match self {
            Self::ParseError | Self::TooSlow => CloseCode::POLICY_VIOLATION,
            _ => CloseCode::NORMAL,
        }
    }
}

/// What a waiting task should do.
pub(crate) enum Step<T> {
    Ready(T),
    /// Look again after a change, or at this time.
    Wait(Option<Instant>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Polling,
    /// A WebSocket has connected, and since a time it has been probed.
    Probing(Option<Instant>),
    WebSocket,
}

enum Phase {
    Open,
    /// The client may still take what is queued, and this packet, until a time.
    Closing(Packet, Reason, Instant),
    Closed(Reason),
}

enum Heartbeat {
    PingAt(Instant),
    PongBy(Instant),
}

pub(super) struct State {
    queue: VecDeque<Packet>,
    queued: usize,
    pub(super) transport: Transport,
    phase: Phase,
    heartbeat: Heartbeat,
    pub(super) polling_since: Option<Instant>,
    pub(super) is_posting: bool,
    /// Where messages go, until the session is closing.
    pub(super) incoming: Option<mpsc::Sender<Incoming>>,
}

impl State {
    pub(super) fn new(
        transport: Transport,
        incoming: mpsc::Sender<Incoming>,
        config: &Config,
        now: Instant,
    ) -> Self {
        Self {
            queue: VecDeque::new(),
            queued: 0,
            transport,
            phase: Phase::Open,
            heartbeat: Heartbeat::PingAt(now + config.ping_interval),
            polling_since: None,
            is_posting: false,
            incoming: Some(incoming),
        }
    }

    /// Returns the reason once the session has ended, or is closing.
    pub(super) fn reason(&self) -> Option<Reason> {
        match self.phase {
            Phase::Open => None,
            Phase::Closing(_, reason, _) | Phase::Closed(reason) => Some(reason),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed(_))
    }

    /// Queues a packet, unless the client is too far behind.
    pub(super) fn push(&mut self, packet: Packet, config: &Config, now: Instant) {
        if self.reason().is_some() {
            return;
        }
        let queued = self.queued.saturating_add(packet.len()).saturating_add(OVERHEAD);
        if queued > config.max_queued {
            self.queue.clear();
            return self.fail(Reason::TooSlow, config, now);
        }
        self.queued = queued;
        self.queue.push_back(packet);
    }

    /// Takes packets from the queue, up to a number of bytes, but at least one.
    fn take(&mut self, limit: usize) -> Vec<Packet> {
        let (mut packets, mut bytes) = (Vec::new(), 0_usize);
        while let Some(packet) = self.queue.front() {
            bytes = bytes.saturating_add(packet.len()).saturating_add(2);
            if bytes > limit && !packets.is_empty() {
                break;
            }
            self.queued -= packet.len() + OVERHEAD;
            packets.extend(self.queue.pop_front());
        }
        packets
    }

    /// The step of a long poll: the packets to answer with; none if the session is gone.
    pub(super) fn poll(&mut self, config: &Config, now: Instant) -> Step<Vec<Packet>> {
        if self.is_closed() || self.transport == Transport::WebSocket {
            return Step::Ready(Vec::new());
        }
        let mut packets = self.take(config.max_payload);
        if self.queue.is_empty()
            && let Phase::Closing(last, reason, _) = &self.phase
        {
            packets.push(last.clone());
            self.phase = Phase::Closed(*reason);
        }
        if !packets.is_empty() {
            return Step::Ready(packets);
        }
        let Transport::Probing(Some(probed)) = self.transport else { return Step::Wait(None) };
        let until = probed.max(self.polling_since.unwrap_or(now)) + PROBE_GRACE;
        if now < until { Step::Wait(Some(until)) } else { Step::Ready(vec![Packet::Noop]) }
    }

    /// The step of a WebSocket: the packets to send; none if it is to be closed.
    pub(super) fn stream(&mut self) -> Step<Vec<Packet>> {
        if !self.queue.is_empty() && !self.is_closed() {
            return Step::Ready(self.take(usize::MAX));
        }
        if self.reason().is_some() { Step::Ready(Vec::new()) } else { Step::Wait(None) }
    }

    /// Returns when the clock has something to do; `None` after the end.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match (&self.phase, &self.heartbeat) {
            (Phase::Closed(_), _) => None,
            (Phase::Closing(_, _, until), _) => Some(*until),
            (Phase::Open, Heartbeat::PingAt(at) | Heartbeat::PongBy(at)) => Some(*at),
        }
    }

    /// Does what is due: sends a Ping, or ends the session.
    pub(super) fn tick(&mut self, config: &Config, now: Instant) {
        while let Some(at) = self.deadline().filter(|at| *at <= now) {
            match (&self.phase, &self.heartbeat) {
                (Phase::Open, Heartbeat::PingAt(_)) => {
                    self.heartbeat = Heartbeat::PongBy(at + config.ping_timeout);
                    self.push(Packet::Ping(Utf8Bytes::default()), config, now);
                }
                _ => self.end(Reason::PingTimeout),
            }
        }
    }

    pub(super) fn pong(&mut self, config: &Config, now: Instant) {
        if matches!(self.heartbeat, Heartbeat::PongBy(_)) {
            self.heartbeat = Heartbeat::PingAt(now + config.ping_interval);
        }
    }

    /// Ends the session after what is queued, and a last packet for a long poll.
    pub(super) fn close(&mut self, last: Packet, reason: Reason, config: &Config, now: Instant) {
        if self.reason().is_none() {
            self.incoming = None;
            self.phase = Phase::Closing(last, reason, now + config.ping_timeout);
        }
    }

    /// Ends the session at once; only a long poll that is waiting, or a WebSocket, still learns it.
    pub(super) fn fail(&mut self, reason: Reason, config: &Config, now: Instant) {
        if self.polling_since.is_some() || self.transport == Transport::WebSocket {
            self.close(Packet::Close, reason, config, now);
        } else {
            self.end(reason);
        }
    }

    /// Ends the session: the transport is gone.
    pub(super) fn end(&mut self, reason: Reason) {
        self.incoming = None;
        self.queue = VecDeque::new();
        self.phase = Phase::Closed(self.reason().unwrap_or(reason));
    }
}
