//! The server side: from bytes to a request.

mod connect;
mod rejection;
mod request;
mod response_head;
mod upgrade;

pub use rejection::Rejection;
pub use request::{PseudoHeaders, Request};
pub use response_head::ResponseHead;
pub use upgrade::{Acceptance, Upgrade};

use super::error::HandshakeError;
use super::http::head::Head;
use super::http::limits::HandshakeLimits;
use super::http::parse::parse_request;
use super::http::storage::HeadStorage;

/// The server's opening handshake: reads a request under any chunking.
///
/// ```
/// use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
///
/// let mut received = *b"GET /chat HTTP/1.1\r\n\
///     Host: server.example.com\r\n\
///     Upgrade: websocket\r\n\
///     Connection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Origin: http://example.com\r\n\
///     Sec-WebSocket-Protocol: chat, superchat\r\n\
///     Sec-WebSocket-Version: 13\r\n\r\n\
///     \x81\x80\0\0\0\0";
///
/// let mut storage = [0; 4096];
/// let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
/// let mut input = &mut received[..];
/// let request = handshake.receive(&mut input)?.expect("all of it has been received");
/// assert_eq!(request.path(), "/chat");
///
/// let upgrade = request.upgrade()?;
/// upgrade.require_origin(&["http://example.com"])?;
/// let mut out = [0; 512];
/// let subprotocol = upgrade.choose_subprotocol(&["superchat"]);
/// let acceptance = Acceptance::DEFAULT.subprotocol(subprotocol);
/// let len = upgrade.accept(&acceptance, &mut out)?;
/// assert!(out[..len].starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
///
/// // Behind the head, the client has already sent an empty text message.
/// assert_eq!(input, b"\x81\x80\0\0\0\0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServerHandshake<S> {
    head: Head<S>,
}

impl<S: HeadStorage> ServerHandshake<S> {
    /// Creates a handshake whose head may be as long as `storage`, within `limits`.
    ///
    /// [`HeadStorage`] lists the kinds of storage: lent, inline, or growing.
    #[must_use]
    pub const fn new(storage: S, limits: HandshakeLimits) -> Self {
        Self { head: Head::of_request(storage, limits) }
    }

    /// Returns the storage.
    #[must_use]
    pub const fn storage(&self) -> &S {
        self.head.storage()
    }

    /// Ends the handshake and returns its storage, for the next one.
    #[must_use]
    pub fn into_storage(self) -> S {
        self.head.into_storage()
    }

    /// Receives the head from the front of `input`, and returns the request once it is complete.
    ///
    /// The bytes after the head are left in `input`. `None` means that `input` is exhausted and
    /// more is needed. Under any chunking, every byte is scanned once, on arrival; the head is
    /// parsed when it is complete. A further call then consumes nothing and returns the same
    /// request.
    ///
    /// # Errors
    /// [`HandshakeError`] at the first byte that no well-formed head can have in its place, or that
    /// exceeds a limit. Send its [`response`](HandshakeError::response) and close the connection.
    /// This call and all further ones discard their whole `input` and return the same error.
    pub fn receive(
        &mut self,
        input: &mut &mut [u8],
    ) -> Result<Option<Request<'_>>, HandshakeError> {
        if !self.head.receive(input)? {
            return Ok(None);
        }
        // Parsing depends only on the head, so the error need not be stored to stay the same.
        match parse_request(self.head.bytes()) {
            Ok(parsed) => Ok(Some(Request::new(&parsed))),
            Err(error) => {
                *input = &mut [];
                Err(error.into())
            }
        }
    }
}
