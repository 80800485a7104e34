//! Settings of a [`WebSocket`](super::WebSocket).

use crate::limits::Limits;
use crate::timers::Timeouts;

/// What one [`WebSocket`](super::WebSocket) accepts, waits for, and keeps.
///
/// ```
/// use rfc6455::websocket::Config;
/// use rfc6455::Limits;
/// const CHAT: Config = Config::DEFAULT
///     .limits(Limits::DEFAULT.max_message(64 << 10))
///     .high_water(256 << 10);
/// assert_eq!(CHAT.high_water, 262_144);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits on what the peer may send.
    pub limits: Limits,
    /// How long to wait for the peer. Default: [`Timeouts::DEFAULT`].
    pub timeouts: Timeouts,
    /// The longest message that is assembled, in bytes; a longer one is yielded in
    /// [chunks](super::Event::Chunk). Default: `u64::MAX`, so every message is yielded whole.
    pub stream_above: u64,
    /// The most bytes that wait to be written; a message beyond it is refused with
    /// [`SendError::Full`](crate::SendError::Full). Default: 32 MiB.
    ///
    /// Control frames have room above it: at most 16 KiB for Pongs, and a Close.
    pub high_water: usize,
    /// The most memory, in bytes, that each buffer keeps while it is empty. Default: 64 KiB.
    ///
    /// Messages that need more allocate it anew each time, unless you [report the
    /// time](super::WebSocket::handle_timeout) before each wait: then the read buffer keeps what the
    /// messages of the last second needed. A connection that is quiet for so long that a Ping is sent
    /// [gives back](super::WebSocket::release) all of it.
    pub retain: usize,
    /// Whether Pings are answered automatically. Default: `true`.
    pub answer_pings: bool,
}

impl Config {
    /// The default of every field.
    pub const DEFAULT: Self = Self {
        limits: Limits::DEFAULT,
        timeouts: Timeouts::DEFAULT,
        stream_above: u64::MAX,
        high_water: 32 << 20,
        retain: 64 << 10,
        answer_pings: true,
    };

    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`timeouts`](Self::timeouts).
    #[must_use]
    pub const fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets [`stream_above`](Self::stream_above), in bytes.
    #[must_use]
    pub const fn stream_above(mut self, bytes: u64) -> Self {
        self.stream_above = bytes;
        self
    }

    /// Sets [`high_water`](Self::high_water), in bytes.
    #[must_use]
    pub const fn high_water(mut self, bytes: usize) -> Self {
        self.high_water = bytes;
        self
    }

    /// Sets [`retain`](Self::retain), in bytes.
    #[must_use]
    pub const fn retain(mut self, bytes: usize) -> Self {
        self.retain = bytes;
        self
    }

    /// Sets [`answer_pings`](Self::answer_pings).
    #[must_use]
    pub const fn answer_pings(mut self, answer: bool) -> Self {
        self.answer_pings = answer;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}
