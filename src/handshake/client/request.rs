//! A client's request, written as bytes or as headers, and what its response is checked against.

use super::contents::{Contents, Strings};
use super::offer::Offer;
#[cfg(feature = "alloc")]
use super::owned_offer::OwnedOffer;
use crate::handshake::error::HandshakeSendError;
use crate::handshake::extension::Extensions;
use crate::handshake::http::chars::text;
use crate::handshake::http::parse::HttpVersion;
use crate::handshake::http::write::all_or_nothing;
use crate::handshake::key::{accept_key, encode_key};
use crate::handshake::server::PseudoHeaders;

/// A checked request of a client, which [`ClientHandshake`](super::ClientHandshake) writes.
///
/// Use it directly if another HTTP stack sends the request and parses the response: give it
/// [`headers`](Self::headers), and what it has received to
/// [`Response::from_parts`](super::Response::from_parts). With the feature `http`, it converts into
/// an `http::Request<()>`.
///
/// `'a` is the lifetime of the [`Offer`]; with the feature `alloc`, `into_owned` makes it
/// `'static`.
///
/// ```
/// use rfc6455::handshake::{ClientRequest, HttpVersion, Offer, Response};
///
/// let nonce = *b"the sample nonce"; // Sixteen bytes from a cryptographic random generator.
/// let request = ClientRequest::http1(Offer::new("server.example.com", "/chat"), nonce)?;
/// assert!(request.headers().eq([
///     ("Host", "server.example.com"),
///     ("Upgrade", "websocket"),
///     ("Connection", "Upgrade"),
///     ("Sec-WebSocket-Version", "13"),
///     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
/// ]));
///
/// let received = [
///     ("upgrade", "websocket"),
///     ("connection", "upgrade"),
///     ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
/// ];
/// let response = Response::from_parts(101, HttpVersion::Http11, &received, &request);
/// assert_eq!(response.upgrade()?.subprotocol(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientRequest<'a> {
    form: Form,
    offer: Held<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Get { key: [u8; 24] },
    Connect { scheme: &'static str, version: HttpVersion },
}

#[derive(Clone, Debug)]
enum Held<'a> {
    Borrowed(Offer<'a>),
    #[cfg(feature = "alloc")]
    Owned(OwnedOffer),
}

/// What a response is checked against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'r> {
    /// The only valid `Sec-WebSocket-Accept`; `None` after an extended CONNECT.
    pub(super) accept: Option<[u8; 28]>,
    pub(super) subprotocols: Strings<'r>,
    pub(super) extensions: Option<&'r str>,
}

impl<'r> Expected<'r> {
    pub(super) fn offered_extensions(&self) -> Extensions<'r> {
        Extensions::of_checked(self.extensions.unwrap_or_default().as_bytes())
    }
}

impl<'a> ClientRequest<'a> {
    /// Creates the GET request of HTTP/1.1.
    ///
    /// `nonce` must come from a cryptographic random generator, and be fresh for each connection:
    /// it distinguishes the answer of a WebSocket server from a recorded or cached one.
    ///
    /// # Errors
    /// [`HandshakeSendError`] if something in the offer is invalid or reserved for the handshake.
    pub fn http1(offer: Offer<'a>, nonce: [u8; 16]) -> Result<Self, HandshakeSendError> {
        offer.check()?;
        Ok(Self { form: Form::Get { key: encode_key(nonce) }, offer: Held::Borrowed(offer) })
    }

    /// Creates the extended CONNECT of HTTP/2 (RFC 8441).
    ///
    /// `scheme` is `https` for a `wss` URI, and `http` for a `ws` URI. Send it only if the server's
    /// SETTINGS frame contained `SETTINGS_ENABLE_CONNECT_PROTOCOL` with the value 1; your HTTP
    /// stack knows.
    ///
    /// ```
    /// use rfc6455::handshake::{ClientRequest, HttpVersion, Offer, PseudoHeaders, Response};
    ///
    /// let offer = Offer::new("server.example.com", "/chat").subprotocols(&["chat", "superchat"]);
    /// let request = ClientRequest::http2(offer, "https")?;
    /// assert_eq!(request.pseudo_headers().protocol, Some("websocket"));
    /// assert!(request.headers().eq([
    ///     ("sec-websocket-version", "13"),
    ///     ("sec-websocket-protocol", "chat"),
    ///     ("sec-websocket-protocol", "superchat"),
    /// ]));
    ///
    /// let received = [("sec-websocket-protocol", "chat")];
    /// let response = Response::from_parts(200, HttpVersion::Http2, &received, &request);
    /// assert_eq!(response.upgrade()?.subprotocol(), Some("chat"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HandshakeSendError::InvalidScheme`] for any other scheme; otherwise the same errors as
    /// [`http1`](Self::http1).
    pub fn http2(offer: Offer<'a>, scheme: &str) -> Result<Self, HandshakeSendError> {
        Self::connect(offer, scheme, HttpVersion::Http2)
    }

    /// Creates the extended CONNECT of HTTP/3 (RFC 9220), which is the same as that of HTTP/2.
    ///
    /// # Errors
    /// The same as those of [`http2`](Self::http2).
    pub fn http3(offer: Offer<'a>, scheme: &str) -> Result<Self, HandshakeSendError> {
        Self::connect(offer, scheme, HttpVersion::Http3)
    }

    fn connect(
        offer: Offer<'a>,
        scheme: &str,
        version: HttpVersion,
    ) -> Result<Self, HandshakeSendError> {
        offer.check()?;
        // RFC 8441 §5: "The scheme of the target URI (Section 5.1 of [RFC7230]) MUST be "https" for
        // "wss"-schemed WebSockets and "http" for "ws"-schemed WebSockets."
        let scheme = match scheme {
            "https" => "https",
            "http" => "http",
            _ => return Err(HandshakeSendError::InvalidScheme),
        };
        Ok(Self { form: Form::Connect { scheme, version }, offer: Held::Borrowed(offer) })
    }

    /// Copies what is borrowed from the offer, so that the request borrows nothing.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn into_owned(self) -> ClientRequest<'static> {
        let offer = match self.offer {
            Held::Borrowed(offer) => OwnedOffer::new(&offer),
            Held::Owned(offer) => offer,
        };
        ClientRequest { form: self.form, offer: Held::Owned(offer) }
    }

    /// Returns the HTTP version.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        match self.form {
            Form::Get { .. } => HttpVersion::Http11,
            Form::Connect { version, .. } => version,
        }
    }

    /// Returns the value of `Sec-WebSocket-Key`; `None` in HTTP/2 and HTTP/3.
    #[must_use]
    pub const fn key(&self) -> Option<&str> {
        match &self.form {
            Form::Get { key } => Some(text(key)),
            Form::Connect { .. } => None,
        }
    }

    /// Returns the method and the target; in HTTP/2 and HTTP/3, all pseudo-header fields.
    #[must_use]
    pub fn pseudo_headers(&self) -> PseudoHeaders<'_> {
        let Contents { host, target, .. } = self.contents();
        let path = Some(target);
        match self.form {
            Form::Get { .. } => PseudoHeaders { method: "GET", path, ..PseudoHeaders::default() },
            // RFC 8441 §5: "The :protocol pseudo-header field MUST be included in the CONNECT
            // request, and it MUST have a value of "websocket" to initiate a WebSocket connection
            // on an HTTP/2 stream."
            Form::Connect { scheme, .. } => PseudoHeaders {
                method: "CONNECT",
                protocol: Some("websocket"),
                scheme: Some(scheme),
                authority: Some(host),
                path,
            },
        }
    }

    /// Returns all headers, in the order in which they are written.
    ///
    /// Each subprotocol has a header of its own, which means the same as one header with a list
    /// (RFC 6455 §11.3.4). Names are spelled as in HTTP/1.1 for HTTP/1.1, and in lower case for
    /// HTTP/2 and HTTP/3, except for your own headers, which are as you spelled them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let contents = self.contents();
        let key = self.key();
        let lower = key.is_none();
        let named = move |spelled, lower_case| if lower { lower_case } else { spelled };
        let only_http1: &[_] = match key {
            Some(_) => &[("Upgrade", "websocket"), ("Connection", "Upgrade")],
            // RFC 8441 §5: "[RFC6455] requires the use of Connection and Upgrade header fields that
            // are not part of HTTP/2. They MUST NOT be included in the CONNECT request defined
            // here."
            None => &[],
        };
        let host = key.is_some().then_some(("Host", contents.host));
        host.into_iter()
            .chain(only_http1.iter().copied())
            .chain([(named("Sec-WebSocket-Version", "sec-websocket-version"), "13")])
            .chain(key.map(|key| ("Sec-WebSocket-Key", key)))
            .chain(contents.origin.map(move |origin| (named("Origin", "origin"), origin)))
            .chain(contents.subprotocols.iter().map(move |subprotocol| {
                (named("Sec-WebSocket-Protocol", "sec-websocket-protocol"), subprotocol)
            }))
            .chain(contents.extensions.map(move |extensions| {
                (named("Sec-WebSocket-Extensions", "sec-websocket-extensions"), extensions)
            }))
            .chain(contents.headers.iter())
    }

    /// Writes the request of HTTP/1.1 into `out` and returns its length.
    ///
    /// # Errors
    /// [`HandshakeSendError::BufferTooSmall`] if `out` is too short, and
    /// [`HandshakeSendError::NotHttp1`] for HTTP/2 and HTTP/3; `out` is then unchanged.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, HandshakeSendError> {
        let Form::Get { key } = &self.form else { return Err(HandshakeSendError::NotHttp1) };
        let Contents { host, target, subprotocols, extensions, origin, headers } = self.contents();
        all_or_nothing(out, |to| {
            // RFC 6455 §4.1: "The method of the request MUST be GET, and the HTTP version MUST be
            // at least 1.1."
            to.put(b"GET ");
            to.put(target.as_bytes());
            to.put(b" HTTP/1.1\r\n");
            to.header(b"Host", host.as_bytes());
            to.put(b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
            to.header(b"Sec-WebSocket-Key", key);
            if let Some(origin) = origin {
                to.header(b"Origin", origin.as_bytes());
            }
            let mut before: &[u8] = b"Sec-WebSocket-Protocol: ";
            for subprotocol in subprotocols.iter() {
                to.put(before);
                to.put(subprotocol.as_bytes());
                before = b", ";
            }
            if before == b", " {
                to.put(b"\r\n");
            }
            if let Some(extensions) = extensions {
                to.header(b"Sec-WebSocket-Extensions", extensions.as_bytes());
            }
            for (name, value) in headers.iter() {
                to.header(name.as_bytes(), value.as_bytes());
            }
            to.put(b"\r\n");
        })
        .map_err(HandshakeSendError::from)
    }

    pub(super) fn expected(&self) -> Expected<'_> {
        let Contents { subprotocols, extensions, .. } = self.contents();
        let accept = match &self.form {
            Form::Get { key } => Some(accept_key(key)),
            Form::Connect { .. } => None,
        };
        Expected { accept, subprotocols, extensions }
    }

    fn contents(&self) -> Contents<'_> {
        match &self.offer {
            Held::Borrowed(offer) => offer.contents(),
            #[cfg(feature = "alloc")]
            Held::Owned(offer) => offer.contents(),
        }
    }
}
