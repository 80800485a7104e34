//! Deadlines as data: how long a peer may take, without a clock.

use core::time::Duration;

/// The longest time to wait in each state; `None` means forever.
///
/// RFC 6455 sets no timeouts. These keep a peer from holding a connection by silence: by a head
/// that never completes, an answer that never comes, or a Close that is never returned.
///
/// ```
/// use core::time::Duration;
/// use rfc6455::Timeouts;
/// const PATIENT: Timeouts = Timeouts::DEFAULT.idle(Some(Duration::from_secs(600))).pong(None);
/// assert_eq!(PATIENT.close, Timeouts::DEFAULT.close);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the opening of the transport to the end of the handshake. Default: 10 seconds.
    pub handshake: Option<Duration>,
    /// From the last sign of life to the Ping that this end sends. Default: 30 seconds.
    pub idle: Option<Duration>,
    /// From that Ping to the next sign of life. Default: 20 seconds.
    pub pong: Option<Duration>,
    /// From the first Close frame to the end of the transport. Default: 5 seconds.
    pub close: Option<Duration>,
}

impl Timeouts {
    /// The default of every field.
    pub const DEFAULT: Self = Self {
        handshake: Some(Duration::from_secs(10)),
        idle: Some(Duration::from_secs(30)),
        pong: Some(Duration::from_secs(20)),
        close: Some(Duration::from_secs(5)),
    };

    /// Sets [`handshake`](Self::handshake).
    #[must_use]
    pub const fn handshake(mut self, timeout: Option<Duration>) -> Self {
        self.handshake = timeout;
        self
    }

    /// Sets [`idle`](Self::idle).
    #[must_use]
    pub const fn idle(mut self, timeout: Option<Duration>) -> Self {
        self.idle = timeout;
        self
    }

    /// Sets [`pong`](Self::pong).
    #[must_use]
    pub const fn pong(mut self, timeout: Option<Duration>) -> Self {
        self.pong = timeout;
        self
    }

    /// Sets [`close`](Self::close).
    #[must_use]
    pub const fn close(mut self, timeout: Option<Duration>) -> Self {
        self.close = timeout;
        self
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// An action that is due, as returned by [`Timing::poll`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The peer has been silent: send a [Ping](crate::Connection::ping).
    Ping,
    /// The handshake took too long: drop the transport.
    HandshakeTimeout,
    /// The Ping was not answered: [close](crate::Connection::close), or drop the transport.
    PongTimeout,
    /// The closing handshake took too long: drop the transport.
    CloseTimeout,
}

/// The one deadline that a connection has at any time.
///
/// Keep it beside the handshake and the [`Connection`](crate::Connection). You report what happens,
/// and when: `now` is the time since a fixed moment, and never goes back. If `now` is earlier than
/// before, it counts as if no time had passed.
///
/// ```
/// use core::time::Duration;
/// use rfc6455::{Due, Timeouts, Timing};
/// let at = Duration::from_secs;
/// let mut timing = Timing::new(Timeouts::DEFAULT, at(0));
/// timing.opened(at(1));
/// timing.alive(at(5)); // something was received
/// assert_eq!(timing.deadline(), Some(at(35)));
/// assert_eq!(timing.poll(at(34)), None);
/// assert_eq!(timing.poll(at(35)), Some(Due::Ping));
/// assert_eq!(timing.deadline(), Some(at(55)));
/// assert_eq!(timing.poll(at(55)), Some(Due::PongTimeout));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    timeouts: Timeouts,
    waiting_for: Wait,
    since: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Handshake,
    Life,
    Pong,
    Close,
    /// A timeout was reported.
    Nothing,
}

impl Timing {
    /// Starts timing a transport that has just been opened.
    #[must_use]
    pub const fn new(timeouts: Timeouts, now: Duration) -> Self {
        Self { timeouts, waiting_for: Wait::Handshake, since: now }
    }

    /// Reports that the handshake is done.
    pub fn opened(&mut self, now: Duration) {
        if self.waiting_for == Wait::Handshake {
            self.wait_for(Wait::Life, now);
        }
    }

    /// Reports that the peer has shown a sign of life.
    ///
    /// You choose what counts as one. If it is any byte, a peer that sends one byte of an endless
    /// frame now and then stays connected. If it is a Pong or a whole message, a peer that needs
    /// longer than `idle` and `pong` for one frame is dropped.
    pub fn alive(&mut self, now: Duration) {
        if matches!(self.waiting_for, Wait::Life | Wait::Pong) {
            self.wait_for(Wait::Life, now);
        }
    }

    /// Reports that a Close frame was sent or received, or that the connection has failed.
    pub fn closing(&mut self, now: Duration) {
        if self.waiting_for != Wait::Close {
            self.wait_for(Wait::Close, now);
        }
    }

    /// Returns when to call [`poll`](Self::poll) next; `None` for never.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let timeout = match self.waiting_for {
            Wait::Handshake => self.timeouts.handshake,
            Wait::Life => self.timeouts.idle,
            Wait::Pong => self.timeouts.pong,
            Wait::Close => self.timeouts.close,
            Wait::Nothing => None,
        };
        self.since.checked_add(timeout?)
    }

    /// Returns what is due, once; `None` before the deadline.
    pub fn poll(&mut self, now: Duration) -> Option<Due> {
        if now < self.deadline()? {
            return None;
        }
        let (due, next) = match self.waiting_for {
            Wait::Handshake => (Due::HandshakeTimeout, Wait::Nothing),
            Wait::Life => (Due::Ping, Wait::Pong),
            Wait::Pong => (Due::PongTimeout, Wait::Nothing),
            Wait::Close => (Due::CloseTimeout, Wait::Nothing),
            Wait::Nothing => return None,
        };
        self.wait_for(next, now);
        Some(due)
    }

    fn wait_for(&mut self, wait: Wait, now: Duration) {
        self.waiting_for = wait;
        self.since = self.since.max(now);
    }
}
