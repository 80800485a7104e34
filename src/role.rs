//! The two roles, and the source of a client's masking keys (RFC 6455 §5.1, §5.3).

use crate::mask::MaskingKey;

mod sealed {
    pub trait Sealed {}
}

/// One of the two ends of a connection: [`Server`] or [`Client`].
pub trait Role: sealed::Sealed {
    /// Whether this end is the server.
    ///
    /// A server receives masked frames, sends unmasked ones, and is the first to close the
    /// transport (§7.1.1).
    const IS_SERVER: bool;

    /// Returns the key of the next frame that this end sends; `None` for a server.
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

/// Forks the source of keys, because a copy of a generator with state would repeat its keys.
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
/// So use the operating system's generator, or a cryptographic one that is seeded from it; there is
/// no default. Every closure that returns four bytes is a source.
pub trait MaskingKeys {
    /// Returns four fresh bytes; called once for each frame.
    fn next_key(&mut self) -> [u8; 4];
}

impl<F: FnMut() -> [u8; 4]> MaskingKeys for F {
    #[inline]
    fn next_key(&mut self) -> [u8; 4] {
        self()
    }
}

/// A source of masking keys that can be forked.
///
/// A client's [`Connection`](crate::Connection) is [`Clone`] only with such a source. A function
/// pointer is one, because it has no state. A closure is none: a copy of its state would repeat its
/// keys.
///
/// ```compile_fail
/// use rfc6455::{Connection, Limits};
/// let mut state = 0_u32; // a real client draws each key from a CSPRNG
/// let keys = move || {
///     state += 1;
///     state.to_be_bytes()
/// };
/// let ws = Connection::client(keys, Limits::DEFAULT);
/// let copy = ws.clone();
/// ```
pub trait ForkKeys: MaskingKeys {
    /// Returns another source, whose keys are as fresh as this one's and repeat none of them.
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
