//! What an end offers and accepts, and what it spends.

/// What we offer or accept, and what we are ready to spend on it.
///
/// "Send" is what we compress, "receive" what the peer does, whichever role we have. The default
/// is the peer's best compression at a moderate price: 15 bits and takeover both ways, level 1.
///
/// ```
/// use rfc6455::deflate::Policy;
/// const MANY_QUIET_CLIENTS: Policy =
///     Policy::DEFAULT.send_takeover(false).receive_takeover(false).mem_level(5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    pub(super) send_window: u8,
    pub(super) receive_window: u8,
    pub(super) send_takeover: bool,
    pub(super) receive_takeover: bool,
    pub(super) fallback: bool,
    pub(super) level: u8,
    pub(super) mem_level: u8,
    pub(super) threshold: usize,
    pub(super) max_ratio: u32,
}

impl Policy {
    /// The defaults of all choices.
    pub const DEFAULT: Self = Self {
        send_window: 15,
        receive_window: 15,
        send_takeover: true,
        receive_takeover: true,
        fallback: true,
        level: 1,
        mem_level: 8,
        threshold: 32,
        max_ratio: u32::MAX,
    };

    /// The base-2 logarithm of the window that we compress with, at most: 9 to 15, where what is
    /// outside counts as the nearest. It takes up memory here and at the peer. Default: 15.
    #[must_use]
    pub const fn send_window(mut self, bits: u8) -> Self {
        self.send_window = clamp(bits, 9, 15);
        self
    }

    /// The base-2 logarithm of the window that the peer is asked to compress with, at most: 8 to
    /// 15. It saves memory at the peer; the inflater has the same size for all. Default: 15, with
    /// which nothing is asked.
    #[must_use]
    pub const fn receive_window(mut self, bits: u8) -> Self {
        self.receive_window = clamp(bits, 8, 15);
        self
    }

    /// Whether our messages may refer to earlier ones. Without, they are longer, and the memory
    /// can be given back between two of them. Default: yes.
    #[must_use]
    pub const fn send_takeover(mut self, takeover: bool) -> Self {
        self.send_takeover = takeover;
        self
    }

    /// Whether the peer's messages may refer to earlier ones. Without, the memory can be given back
    /// between two of them. Default: yes.
    #[must_use]
    pub const fn receive_takeover(mut self, takeover: bool) -> Self {
        self.receive_takeover = takeover;
        self
    }

    /// Whether a client that asks for a [smaller window](Self::receive_window) or for no
    /// [takeover](Self::receive_takeover) also takes a server that grants neither: it makes a second
    /// offer without them. A server tells its clients, and makes no use of this. Default: yes.
    #[must_use]
    pub const fn fallback(mut self, fallback: bool) -> Self {
        self.fallback = fallback;
        self
    }

    /// zlib's level, 0 (none) to 9 (slowest). Default: 1.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = clamp(level, 0, 9);
        self
    }

    /// zlib's memory level, 1 to 9: how much is looked at before a code is made. Default: 8.
    #[must_use]
    pub const fn mem_level(mut self, level: u8) -> Self {
        self.mem_level = clamp(level, 1, 9);
        self
    }

    /// A whole message shorter than this is sent as it is. Default: 32 bytes.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// How many inflated bytes a message may have for each payload byte of it that has come; more
    /// ends with 1009. Payload counts in steps of 1 KiB: the step that is being received counts
    /// whole, or as much of it as headers have declared. So the verdict does not depend on the
    /// chunking, and a header that declares much allows no more. DEFLATE cannot exceed 1,032.
    /// Default: no such bound, as [`Limits::max_message`](crate::Limits::max_message) already bounds
    /// the inflated bytes.
    #[must_use]
    pub const fn max_ratio(mut self, ratio: u32) -> Self {
        self.max_ratio = ratio;
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const fn clamp(value: u8, least: u8, most: u8) -> u8 {
    if value < least {
        least
    } else if value > most {
        most
    } else {
        value
    }
}
