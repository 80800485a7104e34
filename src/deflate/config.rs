//! The configuration of one end: what it offers and accepts, and what it spends.

/// The compression that this end offers or accepts, and the resources that it spends on it.
///
/// "Send" settings are about what this end compresses, "receive" settings about what the peer does,
/// whichever role this end has. The default gets the peer's best compression at a moderate price:
/// 15 bits and takeover both ways, level 1.
///
/// ```
/// use rfc6455::deflate::Config;
/// const MANY_QUIET_CLIENTS: Config =
///     Config::DEFAULT.send_takeover(false).receive_takeover(false).mem_level(5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    pub(super) send_window: u8,
    pub(super) receive_window: u8,
    pub(super) send_takeover: bool,
    pub(super) receive_takeover: bool,
    pub(super) fallback: bool,
    pub(super) level: u8,
    pub(super) mem_level: u8,
    pub(super) threshold: usize,
    pub(super) always: bool,
    pub(super) only_offered: bool,
    pub(super) max_ratio: u32,
}

impl Config {
    /// The default of every setting.
    pub const DEFAULT: Self = Self {
        send_window: 15,
        receive_window: 15,
        send_takeover: true,
        receive_takeover: true,
        fallback: true,
        level: 1,
        mem_level: 8,
        threshold: 32,
        always: false,
        only_offered: false,
        max_ratio: u32::MAX,
    };

    /// Returns the window that this end compresses with.
    #[cfg(feature = "bytes")]
    pub(crate) const fn window(&self) -> u8 {
        self.send_window
    }

    /// Limits the window that this end compresses with.
    ///
    /// `bits` is a base-2 logarithm from 9 to 15; a value outside counts as the nearest one. The
    /// window takes memory here and at the peer. Default: 15.
    #[must_use]
    pub const fn send_window(mut self, bits: u8) -> Self {
        self.send_window = clamp(bits, 9, 15);
        self
    }

    /// Limits the window that the peer is asked to compress with.
    ///
    /// `bits` is a base-2 logarithm from 8 to 15; a value outside counts as the nearest one. A
    /// small window saves memory at the peer; the inflater has the same size for all. Default: 15,
    /// which asks for nothing.
    #[must_use]
    pub const fn receive_window(mut self, bits: u8) -> Self {
        self.receive_window = clamp(bits, 8, 15);
        self
    }

    /// Sets whether this end's messages may refer to earlier ones.
    ///
    /// If not, they are longer, but the memory can be freed between two of them. Default: yes.
    #[must_use]
    pub const fn send_takeover(mut self, takeover: bool) -> Self {
        self.send_takeover = takeover;
        self
    }

    /// Sets whether the peer's messages may refer to earlier ones.
    ///
    /// If not, the memory can be freed between two of them. Default: yes.
    #[must_use]
    pub const fn receive_takeover(mut self, takeover: bool) -> Self {
        self.receive_takeover = takeover;
        self
    }

    /// Sets whether a client makes a second offer, without the demands of the first.
    ///
    /// A client that asks for a [smaller window](Self::receive_window) or for no
    /// [takeover](Self::receive_takeover) then also accepts a server that grants neither. A server
    /// dictates to its clients, and makes no use of this. Default: yes.
    #[must_use]
    pub const fn fallback(mut self, fallback: bool) -> Self {
        self.fallback = fallback;
        self
    }

    /// Sets whether a server answers only with parameters that the client's offer had.
    ///
    /// A server may also ask for what was not offered: for its own [smaller
    /// window](Self::send_window), and for no [takeover](Self::receive_takeover) on either side
    /// (RFC 7692 §7.1). Some clients fail the connection then. With this setting the server still
    /// keeps to its own window and takeover, which no client can notice, but a client that offers
    /// nothing keeps its takeover. The defaults of the other settings ask for nothing. Default: no.
    #[must_use]
    pub const fn only_offered(mut self, only: bool) -> Self {
        self.only_offered = only;
        self
    }

    /// Sets zlib's level, 0 (none) to 9 (slowest). Default: 1.
    #[must_use]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = clamp(level, 0, 9);
        self
    }

    /// Sets zlib's memory level, 1 to 9: symbols buffered per Huffman block. Default: 8.
    #[must_use]
    pub const fn mem_level(mut self, level: u8) -> Self {
        self.mem_level = clamp(level, 1, 9);
        self
    }

    /// Sets the length below which a whole message is sent as it is. Default: 32 bytes.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Sets whether every message is compressed, even one that is short or does not get shorter.
    ///
    /// RFC 7692 lets each message go either way (§6), but some peers mishandle one that is not
    /// compressed once compression was negotiated. With this setting only
    /// [`send_plain`](crate::websocket::Sender::send_plain) and a broadcast (feature `bytes`) may
    /// send one. A [threshold](Self::threshold) of 0 is not enough: without takeover, it still
    /// leaves alone what does not get shorter. Default: no.
    #[must_use]
    pub const fn always(mut self, always: bool) -> Self {
        self.always = always;
        self
    }

    /// Limits the inflated bytes of a message for each of its payload bytes that has arrived.
    ///
    /// More fails with 1009. Payload counts in steps of 1 KiB: the step that is being received
    /// counts whole, or as much of it as headers have declared. So the verdict does not depend on
    /// the chunking, and a header that declares much allows no more. DEFLATE cannot exceed 1,032.
    /// Default: no such limit, because [`Limits::max_message`](crate::Limits::max_message) already
    /// bounds the inflated bytes.
    #[must_use]
    pub const fn max_ratio(mut self, ratio: u32) -> Self {
        self.max_ratio = ratio;
        self
    }
}

impl Default for Config {
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
