//! Limits on what a peer may send.

/// Limits on what one connection accepts, checked when a frame's header is read.
///
/// All are plain numbers: zero means zero, and the largest value of the type rejects nothing that
/// fits the type. You can change them during the life of a connection
/// ([`Connection::set_limits`](crate::Connection::set_limits)): small before authentication, larger
/// after it. A change takes effect with the next header.
///
/// ```
/// use rfc6455::Limits;
/// const BEFORE_LOGIN: Limits = Limits::DEFAULT.max_message(4 * 1024).max_fragments(4);
/// assert_eq!(BEFORE_LOGIN.max_message, 4096);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// Payload bytes of one data frame; more fails with 1009. Default: 16 MiB.
    pub max_frame: u64,
    /// Payload bytes of one message, in all its frames; more fails with 1009. Default: 16 MiB.
    pub max_message: u64,
    /// Frames of one message, including empty ones; more fails with 1008. Default: 131,072.
    pub max_fragments: u32,
    /// Control frames between two data frames; more fails with 1008.
    ///
    /// Default: `u32::MAX`. A codec without a clock cannot tell a flood from years of heartbeats on
    /// a quiet connection, and control frames cost no memory and constant work per byte. If you
    /// have a clock, watch
    /// [`Connection::control_frames_since_data`](crate::Connection::control_frames_since_data).
    pub max_control_frames: u32,
    /// Payload bytes required of a frame that does not end its message; fewer fails with 1008.
    ///
    /// Default: 0, since RFC 6455 allows empty fragments.
    pub min_fragment: u32,
}

impl Limits {
    /// The default of every field.
    pub const DEFAULT: Self = Self {
        max_frame: 16 << 20,
        max_message: 16 << 20,
        max_fragments: 1 << 17,
        max_control_frames: u32::MAX,
        min_fragment: 0,
    };

    /// No limits except those of the protocol.
    pub const UNLIMITED: Self = Self {
        max_frame: u64::MAX,
        max_message: u64::MAX,
        max_fragments: u32::MAX,
        max_control_frames: u32::MAX,
        min_fragment: 0,
    };

    /// Sets [`max_frame`](Self::max_frame), in bytes.
    #[must_use]
    pub const fn max_frame(mut self, bytes: u64) -> Self {
        self.max_frame = bytes;
        self
    }

    /// Sets [`max_message`](Self::max_message), in bytes.
    #[must_use]
    pub const fn max_message(mut self, bytes: u64) -> Self {
        self.max_message = bytes;
        self
    }

    /// Sets [`max_fragments`](Self::max_fragments), in frames.
    #[must_use]
    pub const fn max_fragments(mut self, frames: u32) -> Self {
        self.max_fragments = frames;
        self
    }

    /// Sets [`max_control_frames`](Self::max_control_frames), in frames.
    #[must_use]
    pub const fn max_control_frames(mut self, frames: u32) -> Self {
        self.max_control_frames = frames;
        self
    }

    /// Sets [`min_fragment`](Self::min_fragment), in bytes.
    #[must_use]
    pub const fn min_fragment(mut self, bytes: u32) -> Self {
        self.min_fragment = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
