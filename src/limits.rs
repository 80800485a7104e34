//! What a peer may ask of us.

/// Bounds on what one connection accepts, charged when a frame's header is read.
///
/// All are plain numbers: zero means zero, and the largest value of the type means that nothing
/// that fits the type is refused. They can be changed while a connection lives
/// ([`Connection::set_limits`](crate::Connection::set_limits)): small before authentication,
/// larger after it; a change counts from the next header on.
///
/// ```
/// use rfc6455::Limits;
/// const BEFORE_LOGIN: Limits = Limits::DEFAULT.max_message(4 * 1024).max_fragments(4);
/// assert_eq!(BEFORE_LOGIN.max_message, 4096);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// Payload bytes of one data frame; more ends with 1009. Default: 16 MiB.
    pub max_frame: u64,
    /// Payload bytes of one message, all its frames together; more ends with 1009. Default: 16 MiB.
    pub max_message: u64,
    /// Frames of one message, empty ones too; more ends with 1008. Default: 131,072.
    pub max_fragments: u32,
    /// Control frames between two data frames; more ends with 1008.
    ///
    /// Default: `u32::MAX`. A codec without a clock cannot tell a flood from years of heartbeats
    /// on a quiet connection, and control frames cost no memory and constant work a byte; who has
    /// a clock can watch [`Connection::controls`](crate::Connection::controls).
    pub max_controls: u32,
    /// Payload bytes that a frame which does not end its message must have; fewer ends with 1008.
    /// Default: 0, since RFC 6455 allows empty fragments.
    pub min_fragment: u32,
}

impl Limits {
    /// The defaults of each field.
    pub const DEFAULT: Self = Self {
        max_frame: 16 << 20,
        max_message: 16 << 20,
        max_fragments: 1 << 17,
        max_controls: u32::MAX,
        min_fragment: 0,
    };

    /// No bound but those of the protocol.
    pub const UNLIMITED: Self = Self {
        max_frame: u64::MAX,
        max_message: u64::MAX,
        max_fragments: u32::MAX,
        max_controls: u32::MAX,
        min_fragment: 0,
    };

    /// These limits with another [`max_frame`](Self::max_frame).
    #[must_use]
    pub const fn max_frame(mut self, bytes: u64) -> Self {
        self.max_frame = bytes;
        self
    }

    /// These limits with another [`max_message`](Self::max_message).
    #[must_use]
    pub const fn max_message(mut self, bytes: u64) -> Self {
        self.max_message = bytes;
        self
    }

    /// These limits with another [`max_fragments`](Self::max_fragments).
    #[must_use]
    pub const fn max_fragments(mut self, frames: u32) -> Self {
        self.max_fragments = frames;
        self
    }

    /// These limits with another [`max_controls`](Self::max_controls).
    #[must_use]
    pub const fn max_controls(mut self, frames: u32) -> Self {
        self.max_controls = frames;
        self
    }

    /// These limits with another [`min_fragment`](Self::min_fragment).
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
