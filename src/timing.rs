//! Deadlines as data: how long a peer may take, without a clock.

use core::time::Duration;

/// How long each wait may last; `None` means for ever.
///
/// RFC 6455 sets no times. These are what keeps a peer from holding a connection by silence: a
/// head that is never complete, an answer that never comes, a Close that is never returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the transport's opening to the end of the handshake. Default: 10 seconds.
    pub handshake: Option<Duration>,
    /// From the last sign of life to a Ping of ours. Default: 30 seconds.
    pub idle: Option<Duration>,
    /// From that Ping to a sign of life. Default: 20 seconds.
    pub pong: Option<Duration>,
    /// From the first Close frame to the transport's end. Default: 5 seconds.
    pub close: Option<Duration>,
}

impl Timeouts {
    /// The defaults of each field.
    pub const DEFAULT: Self = Self {
        handshake: Some(Duration::from_secs(10)),
        idle: Some(Duration::from_secs(30)),
        pong: Some(Duration::from_secs(20)),
        close: Some(Duration::from_secs(5)),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is to be done, as [`Timing::poll`] tells.
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

/// The one deadline that a connection has at a time.
///
/// It stands beside the handshake and the [`Connection`](crate::Connection). The caller tells what
/// happens and what time it is: `now` is the time since any moment that stays the same and never
/// goes back; an earlier one than before counts as no time at all.
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
    /// For a transport that has just been opened.
    #[must_use]
    pub const fn new(timeouts: Timeouts, now: Duration) -> Self {
        Self { timeouts, waiting_for: Wait::Handshake, since: now }
    }

    /// The handshake is done.
    pub fn opened(&mut self, now: Duration) {
        if self.waiting_for == Wait::Handshake {
            self.wait_for(Wait::Life, now);
        }
    }

    /// The peer has shown that it lives.
    ///
    /// What counts as that is the caller's choice. Any bytes: then a peer that sends one byte of
    /// an endless frame now and then stays. A Pong or a whole message: then a peer that needs
    /// longer than `idle` and `pong` for one frame goes.
    pub fn alive(&mut self, now: Duration) {
        if matches!(self.waiting_for, Wait::Life | Wait::Pong) {
            self.wait_for(Wait::Life, now);
        }
    }

    /// A Close frame was sent or received, or the connection has failed.
    pub fn closing(&mut self, now: Duration) {
        if self.waiting_for != Wait::Close {
            self.wait_for(Wait::Close, now);
        }
    }

    /// When [`poll`](Self::poll) is to be called next; `None` for never.
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

    /// What is due, once; `None` before the deadline.
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
