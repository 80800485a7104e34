//! The client side: from an offer to a response.

mod leniency;
mod offer;
mod response;

pub use leniency::Leniency;
pub use offer::Offer;
pub use response::{Established, Response};

use super::error::{HandshakeError, HandshakeSendError};
use super::http::head::Head;
use super::http::limits::HandshakeLimits;
use super::http::parse::{is_interim, parse_response};
use super::http::write::all_or_nothing;
use super::key::{accept_key, encode_key};

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
#[derive(Debug)]
pub struct ClientHandshake<'a> {
    offer: Offer<'a>,
    key: [u8; 24],
    head: Head<'a>,
    leniency: Leniency,
}

impl<'a> ClientHandshake<'a> {
    /// Creates a handshake that sends `offer`.
    ///
    /// The response may be as long as `storage`, within `limits`. Interim responses are skipped,
    /// but count as part of it: their bytes and headers are charged to the same limits.
    ///
    /// `nonce` must come from a cryptographic random generator, and be fresh for each connection:
    /// it distinguishes the answer of a WebSocket server from a recorded or cached one.
    ///
    /// # Errors
    /// [`HandshakeSendError`] if something in the offer is invalid or reserved for the handshake.
    pub fn new(
        offer: Offer<'a>,
        nonce: [u8; 16],
        storage: &'a mut [u8],
        limits: HandshakeLimits,
    ) -> Result<Self, HandshakeSendError> {
        offer.check()?;
        let head = Head::of_response(storage, limits);
        Ok(Self { offer, key: encode_key(nonce), head, leniency: Leniency::NONE })
    }

    /// Sets what this client tolerates in the rest of the response; by default, nothing.
    pub const fn set_leniency(&mut self, leniency: Leniency) {
        self.leniency = leniency;
        self.head.allow_missing_reason_space(leniency.missing_reason_space);
    }

    /// Writes the request into `out` and returns its length.
    ///
    /// # Errors
    /// [`HandshakeSendError::BufferTooSmall`] if `out` is too short; `out` is then unchanged.
    pub fn write_request(&self, out: &mut [u8]) -> Result<usize, HandshakeSendError> {
        let Offer { host, target, subprotocols, extensions, origin, headers } = self.offer;
        all_or_nothing(out, |to| {
            // RFC 6455 §4.1: "The method of the request MUST be GET, and the HTTP version MUST be
            // at least 1.1."
            to.put(b"GET ");
            to.put(target.as_bytes());
            to.put(b" HTTP/1.1\r\n");
            to.header(b"Host", host.as_bytes());
            to.put(b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
            to.header(b"Sec-WebSocket-Key", &self.key);
            if let Some(origin) = origin {
                to.header(b"Origin", origin.as_bytes());
            }
            if let [first, others @ ..] = subprotocols {
                to.put(b"Sec-WebSocket-Protocol: ");
                to.put(first.as_bytes());
                for other in others {
                    to.put(b", ");
                    to.put(other.as_bytes());
                }
                to.put(b"\r\n");
            }
            if let Some(extensions) = extensions {
                to.header(b"Sec-WebSocket-Extensions", extensions.as_bytes());
            }
            to.headers(headers);
            to.put(b"\r\n");
        })
        .map_err(HandshakeSendError::from)
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
        match parse_response(self.head.bytes(), self.head.header_count()) {
            Ok(parsed) => {
                let accept = accept_key(&self.key);
                Ok(Response::new(&parsed, self.offer, accept, self.leniency))
            }
            Err(error) => {
                *input = &mut [];
                Err(error.into())
            }
        }
    }
}
