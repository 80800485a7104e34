//! The client side: from an offer to a response.

mod contents;
mod leniency;
mod offer;
#[cfg(feature = "alloc")]
mod owned_offer;
#[cfg(feature = "alloc")]
mod owned_response;
mod request;
mod response;

pub use leniency::Leniency;
pub use offer::Offer;
#[cfg(feature = "alloc")]
pub use owned_response::OwnedResponse;
pub use request::ClientRequest;
pub use response::{Established, Response};

use super::error::{HandshakeError, HandshakeSendError};
use super::http::head::Head;
use super::http::limits::HandshakeLimits;
use super::http::parse::{is_interim, parse_response};
use super::http::storage::HeadStorage;

/// The client's opening handshake: writes a request, and reads the response under any chunking.
///
/// ```
/// use rfc6455::handshake::{ClientHandshake, HandshakeLimits, Offer};
///
/// let nonce = *b"the sample nonce"; // Sixteen bytes from a cryptographic random generator.
/// let offer = Offer::new("server.example.com", "/chat").subprotocols(&["chat"]);
/// let mut storage = [0; 4096];
/// let mut handshake =
///     ClientHandshake::new(offer, nonce, &mut storage, HandshakeLimits::DEFAULT)?;
///
/// let mut out = [0; 512];
/// let len = handshake.write_request(&mut out)?;
/// assert!(out[..len].starts_with(b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"));
///
/// let mut received = *b"HTTP/1.1 101 Switching Protocols\r\n\
///     Upgrade: websocket\r\n\
///     Connection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
///     Sec-WebSocket-Protocol: chat\r\n\r\n\
///     \x81\x00";
/// let mut input = &mut received[..];
/// let response = handshake.receive(&mut input)?.expect("all of it has been received");
/// assert_eq!(response.upgrade()?.subprotocol(), Some("chat"));
///
/// // Behind the head, the server has already sent an empty text message.
/// assert_eq!(input, b"\x81\x00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `'a` is the lifetime of the [`Offer`], and `S` the storage of the response. To put a handshake
/// into a struct without lifetimes, use `into_owned` and a `HeadBuffer`, with the feature `alloc`:
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use rfc6455::handshake::{ClientHandshake, HandshakeLimits, HeadBuffer, Offer};
///
/// struct Peer {
///     handshake: ClientHandshake<'static, HeadBuffer>,
/// }
///
/// let host = "server.example.com".to_string();
/// let nonce = *b"the sample nonce"; // Sixteen bytes from a cryptographic random generator.
/// let (storage, limits) = (HeadBuffer::new(8192), HandshakeLimits::DEFAULT);
/// let handshake = ClientHandshake::new(Offer::new(&host, "/chat"), nonce, storage, limits)?;
/// let peer = Peer { handshake: handshake.into_owned() };
/// drop(host);
/// assert_eq!(peer.handshake.key(), "dGhlIHNhbXBsZSBub25jZQ==");
/// # }
/// # Ok::<(), rfc6455::handshake::HandshakeSendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientHandshake<'a, S = &'a mut [u8]> {
    request: ClientRequest<'a>,
    head: Head<S>,
    leniency: Leniency,
}

impl<'a, S: HeadStorage> ClientHandshake<'a, S> {
    /// Creates a handshake that sends `offer`.
    ///
    /// The response may be as long as `storage`, within `limits`. Interim responses are skipped,
    /// but count as part of it: their bytes and headers are charged to the same limits.
    /// [`HeadStorage`] lists the kinds of storage: lent, inline, or growing.
    ///
    /// `nonce` must come from a cryptographic random generator, and be fresh for each connection:
    /// it distinguishes the answer of a WebSocket server from a recorded or cached one.
    ///
    /// # Errors
    /// [`HandshakeSendError`] if something in the offer is invalid or reserved for the handshake.
    pub fn new(
        offer: Offer<'a>,
        nonce: [u8; 16],
        storage: S,
        limits: HandshakeLimits,
    ) -> Result<Self, HandshakeSendError> {
        let request = ClientRequest::http1(offer, nonce)?;
        Ok(Self { request, head: Head::of_response(storage, limits), leniency: Leniency::NONE })
    }

    /// Copies what is borrowed from the offer, so that only the storage may borrow.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn into_owned(self) -> ClientHandshake<'static, S> {
        let Self { request, head, leniency } = self;
        ClientHandshake { request: request.into_owned(), head, leniency }
    }

    /// Sets what this client tolerates in the rest of the response; by default, nothing.
    pub const fn set_leniency(&mut self, leniency: Leniency) {
        self.leniency = leniency;
        self.head.allow_missing_reason_space(leniency.missing_reason_space);
    }

    /// Returns the request, with its headers for an HTTP stack.
    #[must_use]
    pub const fn request(&self) -> &ClientRequest<'a> {
        &self.request
    }

    /// Returns the value of `Sec-WebSocket-Key`.
    #[must_use]
    pub const fn key(&self) -> &str {
        match self.request.key() {
            Some(key) => key,
            // There always is one in HTTP/1.1.
            None => "",
        }
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

    /// Writes the request into `out` and returns its length.
    ///
    /// # Errors
    /// [`HandshakeSendError::BufferTooSmall`] if `out` is too short; `out` is then unchanged.
    pub fn write_request(&self, out: &mut [u8]) -> Result<usize, HandshakeSendError> {
        self.request.write(out)
    }

    /// Receives the head from the front of `input`, and returns the response once it is complete.
    ///
    /// The bytes after the head are left in `input`. `None` means that `input` is exhausted and
    /// more is needed. Under any chunking, every byte is scanned once, on arrival; the head is
    /// parsed when it is complete. A further call then consumes nothing and returns the same
    /// response.
    ///
    /// # Errors
    /// [`HandshakeError`] at the first byte that no well-formed head can have in its place, or that
    /// exceeds a limit. Close the connection. This call and all further ones discard their whole
    /// `input` and return the same error.
    pub fn receive(
        &mut self,
        input: &mut &mut [u8],
    ) -> Result<Option<Response<'_>>, HandshakeError> {
        while self.head.receive(input)? {
            if !is_interim(self.head.bytes()) {
                return self.response(input).map(Some);
            }
            if let Err(error) = self.head.pass_over() {
                *input = &mut [];
                return Err(error.into());
            }
        }
        Ok(None)
    }

    fn response(&self, input: &mut &mut [u8]) -> Result<Response<'_>, HandshakeError> {
        // Parsing depends only on the head, so the error need not be stored to stay the same.
        match parse_response(self.head.bytes()) {
            Ok(parsed) => Ok(Response::new(&parsed, self.request.expected(), self.leniency)),
            Err(error) => {
                *input = &mut [];
                Err(error.into())
            }
        }
    }
}
