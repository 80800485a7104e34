//! Limits on the request or response head.

/// Limits on the contents of a head; the storage that you lend limits its length.
///
/// A head that exceeds a limit is refused, never truncated.
///
/// ```
/// use rfc6455::handshake::HandshakeLimits;
///
/// const SMALL: HandshakeLimits = HandshakeLimits::DEFAULT.max_headers(16);
/// assert_eq!(SMALL.max_headers, 16);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandshakeLimits {
    /// The most header lines in a request, or in a response and all interim responses before it.
    ///
    /// Values above [`MAX_HEADERS`](Self::MAX_HEADERS) mean `MAX_HEADERS`.
    pub max_headers: usize,
    /// The most bytes in the target of a request.
    pub max_target: usize,
}

impl HandshakeLimits {
    /// The default: 64 headers, and a target of 4096 bytes.
    pub const DEFAULT: Self = Self { max_headers: 64, max_target: 4096 };

    /// The highest effective value of `max_headers`.
    pub const MAX_HEADERS: usize = 128;

    /// Sets [`max_headers`](Self::max_headers), in lines.
    #[must_use]
    pub const fn max_headers(mut self, lines: usize) -> Self {
        self.max_headers = lines;
        self
    }

    /// Sets [`max_target`](Self::max_target), in bytes.
    #[must_use]
    pub const fn max_target(mut self, bytes: usize) -> Self {
        self.max_target = bytes;
        self
    }
}

impl Default for HandshakeLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
