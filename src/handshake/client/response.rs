//! A response, and the check that it accepts the offer (RFC 6455 §4.1).

use core::fmt;

use super::leniency::Leniency;
use super::request::{ClientRequest, Expected};
use crate::handshake::error::HandshakeError;
use crate::handshake::extension::{Extension, ExtensionLines, Extensions};
use crate::handshake::facts::{Facts, Name, Values};
use crate::handshake::http::chars::text;
use crate::handshake::http::headers::{Headers, values_of};
use crate::handshake::http::parse::{HttpVersion, ParsedResponse};

/// A well-formed response, with any status.
///
/// It borrows the head from the handshake's storage. Only a response other than 101 can have a
/// body, which is not read: it follows in the input, and the headers give its length.
#[derive(Clone, Copy, Debug)]
pub struct Response<'h> {
    status: u16,
    reason: &'h [u8],
    version: HttpVersion,
    headers: Headers<'h>,
    facts: Facts<'h>,
    pub(super) expected: Expected<'h>,
    pub(super) leniency: Leniency,
}

impl<'h> Response<'h> {
    pub(super) fn new(
        parsed: &ParsedResponse<'h>,
        expected: Expected<'h>,
        leniency: Leniency,
    ) -> Self {
        let ParsedResponse { status, reason, version, headers } = *parsed;
        let facts = Facts::of(headers);
        Self { status, reason, version, headers, facts, expected, leniency }
    }

    /// Creates a response that another HTTP stack has already parsed, for the same checks.
    ///
    /// HTTP syntax is that stack's responsibility; the requirements of RFC 6455, RFC 8441 and RFC
    /// 9220 are checked here, against the `request` that the stack has sent. [`Headers`] lists the
    /// types that headers can come from. With the feature `http`, `from_http` takes a
    /// `&http::Response`. [`ClientRequest`] has examples.
    #[must_use]
    pub fn from_parts(
        status: u16,
        version: HttpVersion,
        headers: impl Into<Headers<'h>>,
        request: &'h ClientRequest<'_>,
    ) -> Self {
        Self::from_expected(status, b"", version, headers.into(), request.expected())
    }

    pub(super) fn from_expected(
        status: u16,
        reason: &'h [u8],
        version: HttpVersion,
        headers: Headers<'h>,
        expected: Expected<'h>,
    ) -> Self {
        let facts = Facts::of(headers);
        Self { status, reason, version, headers, facts, expected, leniency: Leniency::NONE }
    }

    /// Sets what [`upgrade`](Self::upgrade) tolerates in this response.
    ///
    /// A [`ClientHandshake`](super::ClientHandshake) sets it for you.
    #[must_use]
    pub const fn with_leniency(mut self, leniency: Leniency) -> Self {
        self.leniency = leniency;
        self
    }

    /// Returns the status code, in 100..=599.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns the reason phrase, which has no meaning for programs.
    #[must_use]
    pub const fn reason(&self) -> &'h [u8] {
        self.reason
    }

    /// Returns the HTTP version.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// Returns all headers, in order.
    #[must_use]
    pub const fn headers(&self) -> Headers<'h> {
        self.headers
    }

    /// Returns the value of the first header called `name`, compared case-insensitively.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'h [u8]> {
        self.headers_named(name).next()
    }

    /// Returns the values of all headers called `name`, compared case-insensitively.
    pub fn headers_named<'n>(&self, name: &'n str) -> impl Iterator<Item = &'h [u8]> + use<'h, 'n> {
        values_of(self.headers, name)
    }

    /// Checks that the server accepts the upgrade, and uses only what was offered.
    ///
    /// This covers every requirement of RFC 6455 §4.1 on the response, and after an extended CONNECT
    /// every requirement of RFC 8441 §5.
    ///
    /// # Errors
    /// The first requirement that is not met; [`HandshakeError::Status`] if the status is not 101,
    /// or after an extended CONNECT not 2xx. You can still read this response then, such as its
    /// `Location` or `WWW-Authenticate`. Redirects are not followed automatically: if you follow
    /// one, decide which of your headers the other host may see.
    pub fn upgrade(&self) -> Result<Established<'h>, HandshakeError> {
        match &self.expected.accept {
            Some(accept) => self.check_switch(accept)?,
            None => self.check_tunnel()?,
        }
        let established = Established { response: *self, subprotocol: self.subprotocol()? };
        self.check_extensions()?;
        Ok(established)
    }

    /// Checks what only HTTP/1.1 has.
    fn check_switch(&self, expected: &[u8; 28]) -> Result<(), HandshakeError> {
        let facts = &self.facts;
        // RFC 6455 §4.1: "If the status code received from the server is not 101, the client
        // handles the response per HTTP [RFC2616] procedures."
        if self.status != 101 {
            return Err(HandshakeError::Status(self.status));
        }
        if self.version != HttpVersion::Http11 {
            return Err(HandshakeError::UnsupportedHttpVersion);
        }
        // RFC 6455 §4.1: "If the response lacks an |Upgrade| header field or the |Upgrade| header
        // field contains a value that is not an ASCII case-insensitive match for the value
        // "websocket", the client MUST _Fail the WebSocket Connection_."
        if !facts
            .seen(Name::Upgrade)
            .once()
            .is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        {
            return Err(HandshakeError::InvalidUpgrade);
        }
        // RFC 6455 §4.1: "If the response lacks a |Connection| header field or the |Connection|
        // header field doesn't contain a token that is an ASCII case-insensitive match for the
        // value "Upgrade", the client MUST _Fail the WebSocket Connection_."
        if !facts.connection_upgrade {
            return Err(HandshakeError::MissingConnectionUpgrade);
        }
        // RFC 9112 §6.3: "any response with a 1xx (Informational) [...] status code is always
        // terminated by the first empty line after the header fields". A server that announces a
        // body all the same is broken.
        if facts.body {
            return Err(HandshakeError::UnexpectedBody);
        }
        // RFC 6455 §4.1: "If the response lacks a |Sec-WebSocket-Accept| header field or the
        // |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of the
        // concatenation [...], the client MUST _Fail the WebSocket Connection_."
        let accept = facts.seen(Name::Accept).first.ok_or(HandshakeError::MissingAccept)?;
        // RFC 6455 §11.3.3: "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in
        // an HTTP response."
        if facts.seen(Name::Accept).repeated {
            return Err(HandshakeError::DuplicateAccept);
        }
        if accept == expected { Ok(()) } else { Err(HandshakeError::AcceptMismatch) }
    }

    /// Checks what only the response to an extended CONNECT has.
    fn check_tunnel(&self) -> Result<(), HandshakeError> {
        // RFC 9110 §9.3.6: "Any 2xx (Successful) response indicates that the sender (and all
        // inbound proxies) will switch to tunnel mode immediately after the response header
        // section". No other one does.
        if !(200..=299).contains(&self.status) {
            return Err(HandshakeError::Status(self.status));
        }
        if self.version < HttpVersion::Http2 {
            return Err(HandshakeError::UnsupportedHttpVersion);
        }
        // RFC 9113 §8.2.2: "An endpoint MUST NOT generate an HTTP/2 message containing
        // connection-specific header fields."
        if self.facts.connection || self.facts.seen(Name::Upgrade).first.is_some() {
            return Err(HandshakeError::ConnectionSpecificHeader);
        }
        // RFC 9110 §9.3.6: "A client MUST ignore any Content-Length or Transfer-Encoding header
        // fields received in a successful response to CONNECT." RFC 8441 §5 says the same of
        // Sec-WebSocket-Accept.
        Ok(())
    }

    fn subprotocol(&self) -> Result<Option<&'h [u8]>, HandshakeError> {
        // RFC 6455 §11.3.4: "the |Sec-WebSocket-Protocol| header field MUST NOT appear more than
        // once in an HTTP response."
        if self.facts.seen(Name::Subprotocols).repeated {
            return Err(HandshakeError::DuplicateSubprotocol);
        }
        let Some(chosen) = self.facts.seen(Name::Subprotocols).first else { return Ok(None) };
        // RFC 6455 §4.2.2: "The empty string is not the same as the null value for these purposes and
        // is not a legal value for this field."
        if chosen.is_empty() && self.leniency.empty_subprotocol {
            return Ok(None);
        }
        // RFC 6455 §4.1: "If the response includes a |Sec-WebSocket-Protocol| header field and
        // this header field indicates the use of a subprotocol that was not present in the
        // client's handshake [...], the client MUST _Fail the WebSocket Connection_."
        if self.expected.subprotocols.iter().any(|offered| offered.as_bytes() == chosen) {
            Ok(Some(chosen))
        } else {
            Err(HandshakeError::UnofferedSubprotocol)
        }
    }

    /// Checks that each extension was offered and occurs only once.
    ///
    /// The work is bounded by the square of the number of offered extensions, whatever the server
    /// sends: the check stops at the first extension that was not offered or is repeated.
    fn check_extensions(&self) -> Result<(), HandshakeError> {
        for line in self.extension_lines() {
            Extensions::parse(line)?;
        }
        for (index, extension) in self.extensions().enumerate() {
            // RFC 6455 §4.1: "If the response includes a |Sec-WebSocket-Extensions| header field
            // and this header field indicates the use of an extension that was not present in the
            // client's handshake [...], the client MUST _Fail the WebSocket Connection_."
            let mut offered = self.expected.offered_extensions();
            if !offered.any(|offered| offered.has_name_of(&extension)) {
                return Err(HandshakeError::UnofferedExtension);
            }
            if self.extensions().take(index).any(|earlier| earlier.has_name_of(&extension)) {
                return Err(HandshakeError::DuplicateExtension);
            }
        }
        Ok(())
    }

    fn extension_lines(&self) -> Values<'h> {
        self.facts.values(Name::Extensions, self.headers)
    }

    fn extensions(&self) -> ExtensionLines<'h> {
        ExtensionLines::of_checked(self.extension_lines())
    }
}

/// A response that meets RFC 6455 §4.1: "_The WebSocket Connection is Established_".
///
/// Returned by [`Response::upgrade`].
#[derive(Clone, Copy)]
pub struct Established<'h> {
    response: Response<'h>,
    /// One of the offered ones, which are text.
    subprotocol: Option<&'h [u8]>,
}

impl<'h> Established<'h> {
    /// Returns the subprotocol that the server chose among those offered.
    #[must_use]
    pub const fn subprotocol(&self) -> Option<&'h str> {
        match self.subprotocol {
            Some(subprotocol) => Some(text(subprotocol)),
            None => None,
        }
    }

    /// Returns the extensions in use: each was offered, and none is repeated.
    ///
    /// Their parameters are not checked; each extension must check its own.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'h>> + use<'h> {
        self.response.extensions()
    }

    /// Returns the response, with its headers.
    #[must_use]
    pub const fn response(&self) -> Response<'h> {
        self.response
    }
}

impl fmt::Debug for Established<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Established")
            .field("response", &self.response)
            .field("subprotocol", &self.subprotocol())
            .finish()
    }
}
