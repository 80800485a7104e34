//! Who masks, and where the keys come from (RFC 6455 §5.1, §5.3).

use crate::mask::MaskingKey;

mod sealed {
    pub trait Sealed {}
}

/// One of the two ends: [`Server`] or [`Client`].
pub trait Role: sealed::Sealed {
    /// Whether this end is the server: it receives masked frames, sends unmasked ones, and is the
    /// first to close the transport (§7.1.1).
    const IS_SERVER: bool;

    /// The key of the next frame that this end sends; `None` for a server.
    #[doc(hidden)]
    fn next_key(&mut self) -> Option<MaskingKey>;
}

/// The end that accepted the connection.
///
/// > A server MUST NOT mask any frames that it sends to the client. (§5.1)
#[derive(Clone, Copy, Debug, Default)]
pub struct Server;

/// The end that opened the connection, with the source of its masking keys.
///
/// > A client MUST mask all frames that it sends to the server. (§5.1)
#[derive(Debug)]
pub struct Client<K> {
    keys: K,
}

/// A copy of a client, or of its connection, draws its own keys: that of a generator which has
/// state would repeat them.
impl<K: ForkKeys> Clone for Client<K> {
    fn clone(&self) -> Self {
        Self { keys: self.keys.fork() }
    }
}

impl<K: MaskingKeys> Client<K> {
    pub(crate) const fn new(keys: K) -> Self {
        Self { keys }
    }
}

/// A source of masking keys.
///
/// > The masking key needs to be unpredictable; thus, the masking key MUST be derived from a strong
/// > source of entropy, and the masking key for a given frame MUST NOT make it simple for a
/// > server/proxy to predict the masking key for a subsequent frame. (§5.3)
///
/// So this is the operating system's generator, or a cryptographic one that is seeded from it;
/// there is no default. Every closure that returns four bytes is a source.
pub trait MaskingKeys {
    /// Four fresh bytes; asked for once for each frame.
    fn next_key(&mut self) -> [u8; 4];
}

impl<F: FnMut() -> [u8; 4]> MaskingKeys for F {
    #[inline]
    fn next_key(&mut self) -> [u8; 4] {
        self()
    }
}

/// A source of masking keys that can be had twice: what a [`Connection`](crate::Connection) of a
/// client needs to be [`Clone`].
///
/// A function pointer is one, as it has no state of its own.
pub trait ForkKeys: MaskingKeys {
    /// Returns another source, whose keys are as fresh as those of this one: it repeats none.
    #[must_use]
    fn fork(&self) -> Self;
}

impl ForkKeys for fn() -> [u8; 4] {
    fn fork(&self) -> Self {
        *self
    }
}

impl sealed::Sealed for Server {}
impl<K> sealed::Sealed for Client<K> {}

impl Role for Server {
    const IS_SERVER: bool = true;

    #[inline]
    fn next_key(&mut self) -> Option<MaskingKey> {
        None
    }
}

impl<K: MaskingKeys> Role for Client<K> {
    const IS_SERVER: bool = false;

    #[inline]
    fn next_key(&mut self) -> Option<MaskingKey> {
        Some(MaskingKey(self.keys.next_key()))
    }
}
