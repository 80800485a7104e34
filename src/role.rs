//! The two roles, and the source of a client's masking keys (RFC 6455 §5.1, §5.3).

use core::fmt;

use crate::mask::MaskingKey;

mod sealed {
    pub trait Sealed {
        /// What the receiving half has to know of the role: nothing that takes memory, if the type
        /// says it all.
        type Side: super::Side;

        fn side(&self) -> Self::Side;

        /// Returns the key of the next frame that this end sends; `None` for a server.
        fn next_key(&mut self) -> Option<super::MaskingKey>;
    }
}

/// One of the two ends of a connection: [`Server`] or [`Client`], or [`AnyRole`] if that is chosen
/// at run time.
///
/// A server receives masked frames, sends unmasked ones, and is the first to close the transport
/// (§7.1.1).
pub trait Role: sealed::Sealed {
    /// Returns whether this end is the server.
    fn is_server(&self) -> bool {
        self.side().is_server()
    }
}

/// A role that the type says: [`Server`] or [`Client`].
pub trait FixedRole: Role {
    /// Whether this end is the server.
    const IS_SERVER: bool;
}

/// A role without the keys.
pub trait Side: Copy + fmt::Debug {
    fn is_server(self) -> bool;
}

#[derive(Clone, Copy, Debug)]
pub struct ServerSide;

#[derive(Clone, Copy, Debug)]
pub struct ClientSide;

#[derive(Clone, Copy, Debug)]
pub struct AnySide {
    is_server: bool,
}

impl Side for ServerSide {
    #[inline(always)]
    fn is_server(self) -> bool {
        true
    }
}

impl Side for ClientSide {
    #[inline(always)]
    fn is_server(self) -> bool {
        false
    }
}

impl Side for AnySide {
    #[inline(always)]
    fn is_server(self) -> bool {
        self.is_server
    }
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
    /// Creates a client's role, with the source of its masking keys.
    #[must_use]
    pub const fn new(keys: K) -> Self {
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

/// Either end, chosen at run time, for a library that is both in one type.
///
/// It costs a test of the role for each frame, and a few bytes.
///
/// ```
/// use rfc6455::{AnyRole, Connection, Limits};
/// let keys = || [0; 4]; // a real client draws each key from a CSPRNG
/// let ends = [AnyRole::Server, AnyRole::client(keys)];
/// let [mut server, mut client] = ends.map(|role| Connection::new(role, Limits::DEFAULT));
/// let mut out = [0; 16];
/// let len = client.send("Hi", &mut out)?;
/// assert!(server.receive(&mut &mut out[..len])?.is_some());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub enum AnyRole<K> {
    /// The end that accepted the connection.
    Server,
    /// The end that opened it.
    Client(Client<K>),
}

impl<K: ForkKeys> Clone for AnyRole<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Server => Self::Server,
            Self::Client(client) => Self::Client(client.clone()),
        }
    }
}

impl<K: MaskingKeys> AnyRole<K> {
    /// Creates a client's role, with the source of its masking keys.
    #[must_use]
    pub const fn client(keys: K) -> Self {
        Self::Client(Client::new(keys))
    }
}

impl Role for Server {}
impl<K: MaskingKeys> Role for Client<K> {}
impl<K: MaskingKeys> Role for AnyRole<K> {}

impl FixedRole for Server {
    const IS_SERVER: bool = true;
}

impl<K: MaskingKeys> FixedRole for Client<K> {
    const IS_SERVER: bool = false;
}

impl sealed::Sealed for Server {
    type Side = ServerSide;

    #[inline(always)]
    fn side(&self) -> ServerSide {
        ServerSide
    }

    #[inline(always)]
    fn next_key(&mut self) -> Option<MaskingKey> {
        None
    }
}

impl<K: MaskingKeys> sealed::Sealed for Client<K> {
    type Side = ClientSide;

    #[inline(always)]
    fn side(&self) -> ClientSide {
        ClientSide
    }

    #[inline]
    fn next_key(&mut self) -> Option<MaskingKey> {
        Some(MaskingKey(self.keys.next_key()))
    }
}

impl<K: MaskingKeys> sealed::Sealed for AnyRole<K> {
    type Side = AnySide;

    #[inline]
    fn side(&self) -> AnySide {
        AnySide { is_server: matches!(self, Self::Server) }
    }

    #[inline]
    fn next_key(&mut self) -> Option<MaskingKey> {
        match self {
            Self::Server => None,
            Self::Client(client) => client.next_key(),
        }
    }
}
