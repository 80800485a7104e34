//! A session: its state, shared by the tasks of its transports, its clock and its application.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::select;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use super::Config;
use super::connection::Incoming;
use super::packet::Packet;
use super::state::{Reason, State, Step, Transport};

/// What the server knows of one client.
pub(crate) struct Session {
    pub(crate) sid: String,
    pub(crate) config: Arc<Config>,
    state: Mutex<State>,
    changed: Notify,
}

/// One of the two requests that a polling client has under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exchange {
    Poll,
    Post,
}

impl Session {
    pub(super) fn new(
        sid: String,
        config: Arc<Config>,
        is_websocket: bool,
        incoming: mpsc::Sender<Incoming>,
    ) -> Self {
        let transport = if is_websocket { Transport::WebSocket } else { Transport::Polling };
        let state = State::new(transport, incoming, &config, Instant::now());
        Self { sid, config, state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes whatever waits for a change.
    fn change<T>(&self, change: impl FnOnce(&mut State, &Config, Instant) -> T) -> T {
        let result = change(&mut self.state(), &self.config, Instant::now());
        self.changed.notify_waiters();
        result
    }

    /// Waits until a step is ready.
    async fn until<T>(&self, mut step: impl FnMut(&mut State, &Config, Instant) -> Step<T>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let next = step(&mut self.state(), &self.config, Instant::now());
            match next {
                Step::Ready(result) => return result,
                Step::Wait(None) => changed.await,
                Step::Wait(Some(at)) => select! {
                    () = changed => (),
                    () = sleep_until(at) => (),
                },
            }
        }
    }

    /// Keeps the clock until the session has ended.
    pub(super) async fn run(&self) {
        let is_due = |state: &mut State, _: &Config, now| match state.deadline() {
            Some(at) if now < at => Step::Wait(Some(at)),
            _ => Step::Ready(()),
        };
        while self.is_alive() {
            self.until(is_due).await;
        }
    }

    /// Waits until the session has ended.
    pub(crate) async fn closed(&self) {
        let step = |state: &mut State, _: &Config, _| {
            if state.is_closed() { Step::Ready(()) } else { Step::Wait(None) }
        };
        self.until(step).await;
    }

    /// Returns whether the session goes on, without waiting for its clock to be polled.
    pub(super) fn is_alive(&self) -> bool {
        self.change(|state, config, now| {
            state.tick(config, now);
            !state.is_closed()
        })
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.state().reason()
    }

    /// Queues packets; a client that is too far behind loses its session.
    pub(crate) fn push(&self, packets: impl IntoIterator<Item = Packet>) {
        self.change(|state, config, now| {
            for packet in packets {
                state.push(packet, config, now);
            }
        });
    }

    /// Ends the session on the server's behalf, after what is queued.
    pub(crate) fn close(&self) {
        self.change(|state, config, now| {
            state.close(Packet::Close, Reason::ServerClose, config, now);
        });
    }

    /// Ends the session because of something that the client did.
    pub(crate) fn fail(&self, reason: Reason) {
        self.change(|state, config, now| state.fail(reason, config, now));
    }

    /// Ends the session because its WebSocket is gone.
    pub(crate) fn end(&self, reason: Reason) {
        self.change(|state, _, _| state.end(reason));
    }

    /// Obeys a packet of the client; `Err` if that broke the protocol.
    ///
    /// Waits while the application is behind.
    pub(crate) async fn receive(&self, packet: Packet) -> Result<(), Reason> {
        let message = match packet {
            Packet::Text(text) => Incoming::Text(text),
            Packet::Binary(bytes) => Incoming::Binary(bytes),
            Packet::Pong(_) => {
                self.change(State::pong);
                return Ok(());
            }
            Packet::Close => {
                // A long poll that crosses it is answered, whichever arrives first.
                self.change(|state, config, now| {
                    state.close(Packet::Noop, Reason::TransportClose, config, now);
                });
                return Ok(());
            }
            Packet::Noop => return Ok(()),
            Packet::Open(_) | Packet::Ping(_) | Packet::Upgrade => {
                self.fail(Reason::ParseError);
                return Err(Reason::ParseError);
            }
        };
        let incoming = self.state().incoming.clone();
        if let Some(incoming) = incoming {
            select! {
                _ = incoming.send(message) => (),
                () = self.closed() => (),
            }
        }
        Ok(())
    }

    /// Begins a request of the polling transport; ends the session if one is under way already.
    pub(crate) fn begin(self: &Arc<Self>, exchange: Exchange) -> Option<Guard> {
        self.change(|state, config, now| {
            if state.transport == Transport::WebSocket || state.is_closed() {
                return None;
            }
            let is_busy = match exchange {
                Exchange::Poll => state.polling_since.is_some(),
                Exchange::Post => state.is_posting,
            };
            if is_busy {
                state.fail(Reason::TransportError, config, now);
                return None;
            }
            match exchange {
                Exchange::Poll => state.polling_since = Some(now),
                Exchange::Post => state.is_posting = true,
            }
            Some(Guard { session: self.clone(), exchange, is_complete: false })
        })
    }

    /// Waits for the packets that answer a long poll; none if the session is gone.
    pub(crate) async fn poll(&self) -> Vec<Packet> {
        self.until(State::poll).await
    }

    /// Waits for the packets that a WebSocket sends; none if it is to be closed.
    pub(crate) async fn stream(&self) -> Vec<Packet> {
        self.until(|state, _, _| state.stream()).await
    }

    /// Lets a WebSocket probe a session that polls; `None` if it has, or had, one already.
    pub(crate) fn begin_probe(self: &Arc<Self>) -> Option<Probe> {
        let may =
            self.exchange_transport(Transport::Probing(None), |old| old == Transport::Polling);
        may.then(|| Probe(self.clone()))
    }

    pub(crate) fn probed(&self) {
        let probing = Transport::Probing(Some(Instant::now()));
        self.exchange_transport(probing, |old| old == Transport::Probing(None));
    }

    /// Hands the session over to a WebSocket that has probed it.
    pub(crate) fn complete_probe(&self) -> bool {
        self.exchange_transport(Transport::WebSocket, |old| {
            matches!(old, Transport::Probing(Some(_)))
        })
    }

    fn exchange_transport(&self, new: Transport, from: impl FnOnce(Transport) -> bool) -> bool {
        self.change(|state, _, _| {
            let may = from(state.transport) && state.reason().is_none();
            if may {
                state.transport = new;
            }
            may
        })
    }
}

/// A request of the polling transport; dropped before it is complete, it ends the session, as
/// packets may be lost.
pub(crate) struct Guard {
    session: Arc<Session>,
    exchange: Exchange,
    is_complete: bool,
}

impl Guard {
    pub(crate) fn complete(mut self) {
        self.is_complete = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.session.change(|state, _, _| {
            match self.exchange {
                Exchange::Poll => state.polling_since = None,
                Exchange::Post => state.is_posting = false,
            }
            if !self.is_complete && state.transport != Transport::WebSocket {
                state.end(Reason::TransportError);
            }
        });
    }
}

/// A WebSocket's right to take over a session; dropped, it is free for another one.
pub(crate) struct Probe(pub(crate) Arc<Session>);

impl Drop for Probe {
    fn drop(&mut self) {
        let is_probing = |old| matches!(old, Transport::Probing(_));
        self.0.exchange_transport(Transport::Polling, is_probing);
    }
}
