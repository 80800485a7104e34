//! How much of a head is borne with.

/// What a head may contain at most; its length is limited by the storage that keeps it.
///
/// A head beyond a limit is refused, never cut short.
///
/// ```
/// use rfc6455::handshake::HandshakeLimits;
///
/// const SMALL: HandshakeLimits = HandshakeLimits { max_headers: 16, ..HandshakeLimits::DEFAULT };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeLimits {
    /// Header lines in a request, or in a response and all interim responses before it together.
    /// Values above [`MAX_HEADERS`](Self::MAX_HEADERS) count as that.
    pub max_headers: usize,
    /// Bytes in the target of a request.
    pub max_target: usize,
}

impl HandshakeLimits {
    /// 64 headers, and a target of 4096 bytes.
    pub const DEFAULT: Self = Self { max_headers: 64, max_target: 4096 };

    /// The most headers that any limit allows.
    ///
    /// While a head is parsed, its headers lie on the stack: four machine words each, in room for
    /// 16, 32, 64 or 128 of them, whichever is enough for those that have arrived. So firmware that
    /// allows 16 never spends more than 256 bytes on a 32-bit target.
    pub const MAX_HEADERS: usize = 128;
}

impl Default for HandshakeLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
