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
    /// From what was last received to the Ping that this end sends. Default: 30 seconds.
    pub idle: Option<Duration>,
    /// From that Ping to what is received next. Default: 20 seconds.
    ///
    /// `None` waits for nothing: Pings are then sent every [`idle`](Self::idle), which keeps a
    /// quiet connection in the tables of the routers on its way.
    pub pong: Option<Duration>,
    /// From the first byte of a message to its last. Default: 5 minutes.
    ///
    /// Without it, a peer that sends a byte of an endless message now and then stays connected, and
    /// the memory for that message stays held.
    pub message: Option<Duration>,
    /// From the first Close frame to the end of the transport. Default: 5 seconds.
    pub close: Option<Duration>,
}

impl Timeouts {
    /// The default of every field.
    pub const DEFAULT: Self = Self {
        handshake: Some(Duration::from_secs(10)),
        idle: Some(Duration::from_secs(30)),
        pong: Some(Duration::from_secs(20)),
        message: Some(Duration::from_secs(300)),
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

    /// Sets [`message`](Self::message).
    #[must_use]
    pub const fn message(mut self, timeout: Option<Duration>) -> Self {
        self.message = timeout;
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

/// One of the [`Timers`] of a connection, and what to do when it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The peer has been silent: send a [Ping](crate::Connection::ping).
    Ping,
    /// The handshake took too long: drop the transport.
    Handshake,
    /// The Ping was not answered: [close](crate::Connection::close), or drop the transport.
    Pong,
    /// A message took too long: [close](crate::Connection::close), or drop the transport.
    Message,
    /// The closing handshake took too long: drop the transport.
    Close,
}

/// The deadlines of a connection.
///
/// Keep it beside the handshake and the [`Connection`](crate::Connection). You report what happens,
/// and when: `now` is the time since a fixed moment, and never goes back. If `now` is earlier than
/// before, it counts as if no time had passed.
///
/// ```
/// use core::time::Duration;
/// use rfc6455::{Timeouts, Timer, Timers};
/// let at = Duration::from_secs;
/// let mut timers = Timers::new(Timeouts::DEFAULT, at(0));
/// timers.opened(at(1));
/// timers.received(at(5));
/// assert_eq!(timers.deadline(), Some(at(35)));
/// assert_eq!(timers.handle_timeout(at(34)), None);
/// assert_eq!(timers.handle_timeout(at(35)), Some(Timer::Ping));
/// assert_eq!(timers.deadline(), Some(at(55)));
/// assert_eq!(timers.handle_timeout(at(55)), Some(Timer::Pong));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    timeouts: Timeouts,
    /// `None` after a timeout that ends the connection.
    running: Option<Timer>,
    since: Duration,
    /// When the open message began.
    message_since: Option<Duration>,
}

impl Timers {
    /// Starts the timers of a transport that has just been opened.
    #[must_use]
    pub const fn new(timeouts: Timeouts, now: Duration) -> Self {
        Self { timeouts, running: Some(Timer::Handshake), since: now, message_since: None }
    }

    /// Reports that the handshake is done.
    pub fn opened(&mut self, now: Duration) {
        if self.running == Some(Timer::Handshake) {
            self.start(Some(Timer::Ping), now);
        }
    }

    /// Reports that something was received, which shows that the peer is alive.
    ///
    /// You choose what counts. If it is any byte, a peer that sends one byte of an endless frame
    /// now and then stays connected. If it is a Pong or a whole message, a peer that needs longer
    /// than `idle` and `pong` for one frame is dropped.
    pub fn received(&mut self, now: Duration) {
        if matches!(self.running, Some(Timer::Ping | Timer::Pong)) {
            self.start(Some(Timer::Ping), now);
        }
    }

    /// Reports that a message is being received, of which not all has arrived.
    ///
    /// Only the first report of a message counts.
    pub fn message_begun(&mut self, now: Duration) {
        if matches!(self.running, Some(Timer::Ping | Timer::Pong)) {
            self.message_since.get_or_insert(now.max(self.since));
        }
    }

    /// Reports that no message is being received, or that another one is.
    pub const fn message_ended(&mut self) {
        self.message_since = None;
    }

    /// Reports that a Close frame was sent or received, or that the connection has failed.
    pub fn closing(&mut self, now: Duration) {
        if self.running != Some(Timer::Close) {
            self.message_since = None;
            self.start(Some(Timer::Close), now);
        }
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) next; `None` for never.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let next = self.next_deadline();
        let message = self.message_deadline();
        message.min(next).or(next).or(message)
    }

    /// Returns the timer that has expired, once; `None` before the deadline.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Timer> {
        if self.message_deadline().is_some_and(|deadline| deadline <= now) {
            self.message_since = None;
            return Some(Timer::Message);
        }
        if now < self.next_deadline()? {
            return None;
        }
        let expired = self.running?;
        let next = match expired {
            Timer::Ping if self.timeouts.pong.is_some() => Some(Timer::Pong),
            Timer::Ping => Some(Timer::Ping),
            _ => None,
        };
        self.start(next, now);
        Some(expired)
    }

    fn next_deadline(&self) -> Option<Duration> {
        let timeout = match self.running? {
            Timer::Handshake => self.timeouts.handshake,
            Timer::Ping => self.timeouts.idle,
            Timer::Pong => self.timeouts.pong,
            Timer::Message => self.timeouts.message,
            Timer::Close => self.timeouts.close,
        };
        self.since.checked_add(timeout?)
    }

    fn message_deadline(&self) -> Option<Duration> {
        self.message_since?.checked_add(self.timeouts.message?)
    }

    fn start(&mut self, timer: Option<Timer>, now: Duration) {
        self.running = timer;
        self.since = self.since.max(now);
    }
}
