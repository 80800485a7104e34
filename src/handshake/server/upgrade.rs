//! Checks a request (RFC 6455 §4.2.1), and accepts it with the response 101 (§4.2.2).

use super::request::{Request, is_authority, is_http, is_resource};
use super::response_head::ResponseHead;
use crate::handshake::error::{HandshakeError, HandshakeSendError};
use crate::handshake::extension::{Extension, ExtensionLines, Extensions};
use crate::handshake::facts::{Name, Values};
use crate::handshake::http::chars::text;
use crate::handshake::http::host::split_host;
use crate::handshake::http::parse::HttpVersion;
use crate::handshake::http::write::all_or_nothing;
use crate::handshake::key::{accept_key, is_key};
use crate::handshake::origin::is_allowed;
use crate::handshake::reserved::check_headers;
use crate::handshake::subprotocols::{SubprotocolLines, is_subprotocol_offer};

/// A request that meets RFC 6455 §4.2.1, ready to be accepted or rejected.
///
/// In HTTP/2 and HTTP/3, it meets RFC 8441 §5. Returned by [`Request::upgrade`].
#[derive(Clone, Copy, Debug)]
pub struct Upgrade<'h> {
    request: Request<'h>,
    /// The base64 of sixteen bytes; `None` in HTTP/2 and HTTP/3.
    key: Option<&'h [u8]>,
}

/// What the server agrees to, for [`Upgrade::accept`] and [`Upgrade::accept_head`]; by default, nothing.
///
/// ```
/// use rfc6455::handshake::Acceptance;
///
/// let acceptance = Acceptance::DEFAULT.subprotocol(Some("chat")).headers(&[("Server", "demo")]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Acceptance<'a> {
    /// One of the subprotocols that the client offered.
    pub subprotocol: Option<&'a str>,
    /// The value of `Sec-WebSocket-Extensions`: extensions that the client offered.
    pub extensions: Option<&'a str>,
    /// Other headers, such as `Set-Cookie` and `Server`.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Acceptance<'a> {
    /// Agrees to nothing but the upgrade.
    pub const DEFAULT: Self = Self { subprotocol: None, extensions: None, headers: &[] };

    /// Sets [`subprotocol`](Self::subprotocol).
    #[must_use]
    pub const fn subprotocol(mut self, subprotocol: Option<&'a str>) -> Self {
        self.subprotocol = subprotocol;
        self
    }

    /// Sets [`extensions`](Self::extensions).
    #[must_use]
    pub const fn extensions(mut self, extensions: Option<&'a str>) -> Self {
        self.extensions = extensions;
        self
    }

    /// Sets [`headers`](Self::headers).
    #[must_use]
    pub const fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }
}

impl<'h> Request<'h> {
    /// Checks that this is an opening handshake: every requirement of RFC 6455 §4.2.1.
    ///
    /// In HTTP/2 and HTTP/3, it is an extended CONNECT: every requirement of RFC 8441 §5, which
    /// replaces the method, `Host`, `Upgrade`, `Connection` and `Sec-WebSocket-Key`.
    ///
    /// # Errors
    /// The first requirement that is not met. [`HandshakeError::NotAnUpgrade`], which is checked
    /// first, means that the request does not ask for WebSocket: a server that also serves pages
    /// can then serve one.
    pub fn upgrade(&self) -> Result<Upgrade<'h>, HandshakeError> {
        let key = if self.version() < HttpVersion::Http2 {
            Some(self.check_get()?)
        } else {
            self.check_connect()?;
            None
        };
        // RFC 6454 §7.3: "The user agent MUST NOT include more than one Origin header field in any
        // HTTP request." With two, a check of one could be bypassed with the other.
        if self.facts.seen(Name::Origin).repeated {
            return Err(HandshakeError::DuplicateOrigin);
        }
        let upgrade = Upgrade { request: *self, key };
        if self.facts.seen(Name::Subprotocols).first.is_some()
            && !is_subprotocol_offer(|| upgrade.subprotocol_lines())
        {
            return Err(HandshakeError::InvalidSubprotocols);
        }
        for line in upgrade.extension_lines() {
            Extensions::parse(line)?;
        }
        Ok(upgrade)
    }

    /// Checks what only HTTP/1.1 has, and returns the key.
    fn check_get(&self) -> Result<&'h [u8], HandshakeError> {
        let facts = &self.facts;
        // RFC 6455 §4.2.1: "An |Upgrade| header field containing the value "websocket", treated as
        // an ASCII case-insensitive value."
        if !facts.upgrade_websocket {
            return Err(HandshakeError::NotAnUpgrade);
        }
        // RFC 6455 §4.2.1: "An HTTP/1.1 or higher GET request, including a "Request-URI" [RFC2616]
        // that should be interpreted as a /resource name/ defined in Section 3 (or an absolute
        // HTTP/HTTPS URI containing the /resource name/)."
        if self.version() < HttpVersion::Http11 {
            return Err(HandshakeError::UnsupportedHttpVersion);
        }
        if self.method != b"GET" {
            return Err(HandshakeError::MethodNotGet);
        }
        let is_valid = match self.scheme {
            None => is_resource(self.target),
            // Another HTTP stack has split an absolute URI. Its path may be empty.
            Some(scheme) => {
                let path = self.target;
                is_http(scheme.as_bytes())
                    && self.authority.is_some_and(is_authority)
                    && (is_resource(path) || matches!(path, [] | [b'?', ..]))
            }
        };
        if !is_valid {
            return Err(HandshakeError::InvalidTarget);
        }
        self.check_host()?;
        // RFC 6455 §4.2.1: "A |Connection| header field that includes the token "Upgrade", treated
        // as an ASCII case-insensitive value."
        if !facts.connection_upgrade {
            return Err(HandshakeError::MissingConnectionUpgrade);
        }
        self.check_body_and_version()?;
        // RFC 6455 §4.2.1: "A |Sec-WebSocket-Key| header field with a base64-encoded (see Section
        // 4 of [RFC4648]) value that, when decoded, is 16 bytes in length."
        let key = facts.seen(Name::Key).first.ok_or(HandshakeError::MissingKey)?;
        // RFC 6455 §11.3.1: "The |Sec-WebSocket-Key| header field MUST NOT appear more than once
        // in an HTTP request."
        if facts.seen(Name::Key).repeated {
            return Err(HandshakeError::DuplicateKey);
        }
        if is_key(key) { Ok(key) } else { Err(HandshakeError::InvalidKey) }
    }

    /// Checks what every version of HTTP has.
    #[inline]
    pub(super) fn check_body_and_version(&self) -> Result<(), HandshakeError> {
        // A server that took the body for frames would disagree with every intermediary about
        // where the request ends.
        if self.facts.body {
            return Err(HandshakeError::UnexpectedBody);
        }
        // RFC 6455 §4.2.1: "A |Sec-WebSocket-Version| header field, with a value of 13."
        if self.facts.seen(Name::Version).once() != Some(b"13") {
            return Err(HandshakeError::UnsupportedVersion);
        }
        Ok(())
    }

    fn check_host(&self) -> Result<(), HandshakeError> {
        // RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any
        // HTTP/1.1 request message that lacks a Host header field and to any request message that
        // contains more than one Host header field line or a Host header field with an invalid
        // field value."
        let host = self.facts.seen(Name::Host).first.ok_or(HandshakeError::MissingHost)?;
        if self.facts.seen(Name::Host).repeated {
            return Err(HandshakeError::DuplicateHost);
        }
        split_host(host).map(|_| ()).ok_or(HandshakeError::InvalidHost)
    }
}

impl<'h> Upgrade<'h> {
    /// Returns the request, with its path, its headers, and its cookies.
    #[must_use]
    pub const fn request(&self) -> Request<'h> {
        self.request
    }

    /// Returns the client's offered subprotocols: different tokens, in order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'h str> + use<'h> {
        self.subprotocol_lines().map(text)
    }

    /// Returns the client's preferred one among `supported`, for [`Acceptance::subprotocol`].
    #[must_use]
    pub fn choose_subprotocol(&self, supported: &[&str]) -> Option<&'h str> {
        self.subprotocols().find(|offered| supported.contains(offered))
    }

    /// Returns the client's offered extensions, in order of preference.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'h>> + use<'h> {
        ExtensionLines::of_checked(self.extension_lines())
    }

    /// Returns whether the request comes from `allowed`: the same scheme, host and port.
    ///
    /// The scheme's default port may be omitted; letters are compared
    /// case-insensitively. Nothing else is equal: no subdomain, no other port. A request without
    /// `Origin`, which is not from a browser, matches no origin. An `allowed` that is not an
    /// origin, such as one with a path, allows nothing.
    ///
    /// `null` and `file://` are origins without a host. Each equals only itself, byte for
    /// byte. They name no site: a sandboxed frame in any page sends `null`, and any local file
    /// sends `null` or `file://`, depending on the browser. Allow them only if the server does not
    /// authenticate by cookies.
    #[must_use]
    pub fn origin_is(&self, allowed: &str) -> bool {
        self.request.origin().is_some_and(|origin| is_allowed(origin, allowed.as_bytes()))
    }

    /// Checks that the request comes from one of `allowed`, compared as [`origin_is`] does.
    ///
    /// Browsers let every page open a WebSocket to every server, and send the user's cookies with
    /// it. A server that authenticates by cookies needs this check.
    ///
    /// [`origin_is`]: Self::origin_is
    ///
    /// # Errors
    /// [`HandshakeError::OriginNotAllowed`] if it does not; the response is 403.
    pub fn require_origin(&self, allowed: &[&str]) -> Result<(), HandshakeError> {
        // RFC 6455 §10.2: "If the origin indicated is unacceptable to the server, then it SHOULD
        // respond to the WebSocket handshake with a reply containing HTTP 403 Forbidden status
        // code."
        if allowed.iter().any(|allowed| self.origin_is(allowed)) {
            Ok(())
        } else {
            Err(HandshakeError::OriginNotAllowed)
        }
    }

    /// Returns the value of `Sec-WebSocket-Accept` for this request; `None` in HTTP/2 and HTTP/3.
    ///
    /// [`accept`](Self::accept) and [`accept_head`](Self::accept_head) add it automatically.
    #[must_use]
    pub fn accept_key(&self) -> Option<[u8; 28]> {
        self.key.map(accept_key)
    }

    /// Writes the response 101 into `out` and returns its length.
    ///
    /// Once you have sent it, the connection is open, and the rest of the input belongs to it.
    ///
    /// # Errors
    /// [`HandshakeSendError`] if `out` is too short, if you accept something that was not offered,
    /// if a header is invalid or reserved for the handshake, or if the request is one of HTTP/2 or
    /// HTTP/3. `out` is then unchanged.
    pub fn accept(
        &self,
        acceptance: &Acceptance<'_>,
        out: &mut [u8],
    ) -> Result<usize, HandshakeSendError> {
        self.check(acceptance)?;
        let accept = self.accept_key().ok_or(HandshakeSendError::NotHttp1)?;
        all_or_nothing(out, |to| {
            // RFC 6455 §4.2.2: "A Status-Line with a 101 response code as per RFC 2616", "An
            // |Upgrade| header field with value "websocket"", "A |Connection| header field with
            // value "Upgrade"", "A |Sec-WebSocket-Accept| header field".
            to.put(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                  Connection: Upgrade\r\n",
            );
            to.header(b"Sec-WebSocket-Accept", &accept);
            if let Some(subprotocol) = acceptance.subprotocol {
                to.header(b"Sec-WebSocket-Protocol", subprotocol.as_bytes());
            }
            if let Some(extensions) = acceptance.extensions {
                to.header(b"Sec-WebSocket-Extensions", extensions.as_bytes());
            }
            to.headers(acceptance.headers);
            to.put(b"\r\n");
        })
        .map_err(HandshakeSendError::from)
    }

    /// Returns the same response as status and headers, for an HTTP stack to send.
    ///
    /// In HTTP/1.1 the status is 101. In HTTP/2 and HTTP/3 it is 200, without `Upgrade`,
    /// `Connection` and `Sec-WebSocket-Accept`.
    ///
    /// ```
    /// use rfc6455::handshake::{Acceptance, HttpVersion, Request};
    ///
    /// let headers = [
    ///     ("host", "example.com"),
    ///     ("upgrade", "websocket"),
    ///     ("connection", "Upgrade"),
    ///     ("sec-websocket-version", "13"),
    ///     ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    /// ];
    /// let request = Request::from_parts("GET", "/chat", HttpVersion::Http11, &headers);
    /// let upgrade = request.upgrade()?;
    /// let response = upgrade.accept_head(&Acceptance::DEFAULT.headers(&[("Server", "demo")]))?;
    /// assert_eq!(response.status(), 101);
    /// assert!(response.headers().eq([
    ///     ("Upgrade", "websocket"),
    ///     ("Connection", "Upgrade"),
    ///     ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ///     ("Server", "demo"),
    /// ]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HandshakeSendError`] if you accept something that was not offered, or if a header is
    /// invalid or reserved for the handshake.
    pub fn accept_head<'a>(
        &self,
        acceptance: &Acceptance<'a>,
    ) -> Result<ResponseHead<'a>, HandshakeSendError> {
        self.check(acceptance)?;
        let accept = self.accept_key();
        let (status, fixed): (_, &[_]) = match accept {
            Some(_) => (101, &[("Upgrade", "websocket"), ("Connection", "Upgrade")]),
            // RFC 8441 §5: "[RFC6455] requires the use of Connection and Upgrade header fields that
            // are not part of HTTP/2."
            None => (200, &[]),
        };
        let Acceptance { subprotocol, extensions, headers } = *acceptance;
        let (version, content_length) = (self.request.version(), None);
        Ok(ResponseHead {
            version,
            status,
            fixed,
            accept,
            content_length,
            subprotocol,
            extensions,
            headers,
        })
    }

    fn check(&self, acceptance: &Acceptance<'_>) -> Result<(), HandshakeSendError> {
        if let Some(subprotocol) = acceptance.subprotocol {
            // RFC 6455 §4.2.2: "If the client's handshake did not contain such a header field or if
            // the server does not agree to any of the client's requested subprotocols, the only
            // acceptable value is null."
            if !self.subprotocols().any(|offered| offered == subprotocol) {
                return Err(HandshakeSendError::SubprotocolNotOffered);
            }
        }
        if let Some(extensions) = acceptance.extensions {
            let accepted = Extensions::parse(extensions.as_bytes())
                .map_err(|_| HandshakeSendError::InvalidExtensions)?;
            // RFC 6455 §4.2.2: "Extensions not listed by the client MUST NOT be listed."
            for extension in accepted {
                if !self.extensions().any(|offered| offered.has_name_of(&extension)) {
                    return Err(HandshakeSendError::ExtensionNotOffered);
                }
            }
        }
        check_headers(acceptance.headers, &[])
    }

    fn subprotocol_lines(&self) -> SubprotocolLines<'h> {
        let lines = self.request.facts.values(Name::Subprotocols, self.request.headers());
        SubprotocolLines::new(lines)
    }

    fn extension_lines(&self) -> Values<'h> {
        self.request.facts.values(Name::Extensions, self.request.headers())
    }
}
