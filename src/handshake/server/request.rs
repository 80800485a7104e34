//! A request, and the parts of its target.

use core::fmt;

use crate::handshake::facts::{Facts, Name};
use crate::handshake::http::chars::{split_at_byte, text, trim_ows};
use crate::handshake::http::headers::{Headers, values_of};
use crate::handshake::http::host::split_host;
use crate::handshake::http::parse::{HttpVersion, ParsedRequest};

/// The pseudo-header fields of a request in HTTP/2 or HTTP/3 (RFC 9113 §8.3.1, RFC 8441 §4).
///
/// `None` stands for a field that is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PseudoHeaders<'h> {
    /// `:method`.
    pub method: &'h str,
    /// `:protocol`, which makes a CONNECT an extended one.
    pub protocol: Option<&'h str>,
    /// `:scheme`.
    pub scheme: Option<&'h str>,
    /// `:authority`: the host, with the port unless it is the default port of the scheme.
    pub authority: Option<&'h str>,
    /// `:path`, with the query.
    pub path: Option<&'h str>,
}

/// A well-formed request, with any method and any target.
///
/// It borrows the head from the handshake's storage, or from the HTTP stack that has parsed it; see
/// [`from_parts`](Self::from_parts). [`upgrade`](Self::upgrade) checks whether it is the opening
/// handshake of a WebSocket; if it is not, a server may still answer it with a page.
#[derive(Clone, Copy)]
pub struct Request<'h> {
    /// Text, as all of the target is.
    pub(super) method: &'h [u8],
    pub(super) target: &'h [u8],
    version: HttpVersion,
    /// What HTTP/2 and HTTP/3 send beside the target, and what an absolute target consists of if
    /// another stack has split it.
    pub(super) protocol: Option<&'h str>,
    pub(super) scheme: Option<&'h str>,
    pub(super) authority: Option<&'h str>,
    headers: Headers<'h>,
    pub(super) facts: Facts<'h>,
}

impl<'h> Request<'h> {
    pub(super) fn new(parsed: &ParsedRequest<'h>) -> Self {
        let ParsedRequest { method, target, version, headers } = *parsed;
        let facts = Facts::of(headers);
        let (protocol, scheme, authority) = (None, None, None);
        Self { method, target, version, protocol, scheme, authority, headers, facts }
    }

    /// Creates a request of HTTP/1 that another HTTP stack has already parsed, for the same checks.
    ///
    /// HTTP syntax is that stack's responsibility; the requirements of RFC 6455 are checked here.
    /// [`Headers`] lists the types that headers can come from. With the feature `http`, a
    /// `&http::Request` converts into a request.
    ///
    /// ```
    /// use rfc6455::handshake::{HttpVersion, Request};
    ///
    /// let headers = [
    ///     ("host".to_string(), b"example.com".to_vec()),
    ///     ("upgrade".to_string(), b"websocket".to_vec()),
    ///     ("connection".to_string(), b"Upgrade".to_vec()),
    ///     ("sec-websocket-version".to_string(), b"13".to_vec()),
    ///     ("sec-websocket-key".to_string(), b"dGhlIHNhbXBsZSBub25jZQ==".to_vec()),
    /// ];
    /// let request = Request::from_parts("GET", "/chat", HttpVersion::Http11, &headers);
    /// let upgrade = request.upgrade()?;
    /// assert_eq!(upgrade.accept_key().as_ref(), Some(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    /// # Ok::<(), rfc6455::handshake::HandshakeError>(())
    /// ```
    #[must_use]
    pub fn from_parts(
        method: &'h str,
        target: &'h str,
        version: HttpVersion,
        headers: impl Into<Headers<'h>>,
    ) -> Self {
        let path = Some(target);
        let pseudo = PseudoHeaders { method, path, ..PseudoHeaders::default() };
        Self::from_pseudo_headers(pseudo, version, headers)
    }

    /// Creates a request of HTTP/2 or HTTP/3, for the checks of RFC 8441 and RFC 9220.
    ///
    /// HTTP syntax is your HTTP stack's responsibility, and so is the setting
    /// `SETTINGS_ENABLE_CONNECT_PROTOCOL`, without which clients do not send such requests.
    ///
    /// ```
    /// use rfc6455::handshake::{Acceptance, HttpVersion, PseudoHeaders, Request};
    ///
    /// let pseudo = PseudoHeaders {
    ///     method: "CONNECT",
    ///     protocol: Some("websocket"),
    ///     scheme: Some("https"),
    ///     authority: Some("server.example.com"),
    ///     path: Some("/chat"),
    /// };
    /// let headers = [("sec-websocket-protocol", "chat"), ("sec-websocket-version", "13")];
    /// let request = Request::from_pseudo_headers(pseudo, HttpVersion::Http2, &headers);
    /// let upgrade = request.upgrade()?;
    /// let response = upgrade.accept_head(&Acceptance::DEFAULT.subprotocol(Some("chat")))?;
    /// assert_eq!(response.status(), 200);
    /// assert!(response.headers().eq([("sec-websocket-protocol", "chat")]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_pseudo_headers(
        pseudo: PseudoHeaders<'h>,
        version: HttpVersion,
        headers: impl Into<Headers<'h>>,
    ) -> Self {
        let PseudoHeaders { method, protocol, scheme, authority, path } = pseudo;
        let headers = headers.into();
        let facts = Facts::of(headers);
        let (method, target) = (method.as_bytes(), path.unwrap_or_default().as_bytes());
        Self { method, target, version, protocol, scheme, authority, headers, facts }
    }

    /// Sets the value of `:protocol`, which some HTTP stacks keep beside the request.
    ///
    /// ```
    /// # #[cfg(feature = "http")] {
    /// use rfc6455::handshake::Request;
    ///
    /// let received = http::Request::connect("https://server.example.com/chat")
    ///     .version(http::Version::HTTP_2)
    ///     .header("sec-websocket-version", "13")
    ///     .body(())?;
    /// // With hyper, the protocol is in `received.extensions()`.
    /// let request = Request::from(&received).with_protocol(Some("websocket"));
    /// assert!(request.upgrade().is_ok());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_protocol(mut self, protocol: Option<&'h str>) -> Self {
        self.protocol = protocol;
        self
    }

    /// Returns the method, such as `GET`. Methods are case-sensitive.
    #[must_use]
    pub const fn method(&self) -> &'h str {
        text(self.method)
    }

    /// Returns the HTTP version.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// Returns the pseudo-header fields. `path` is the target, and never `None`.
    ///
    /// In a request of HTTP/1, only `method` and `path` are present, unless another HTTP stack has
    /// split an absolute target.
    #[must_use]
    pub const fn pseudo_headers(&self) -> PseudoHeaders<'h> {
        let Self { protocol, scheme, authority, .. } = *self;
        let (method, path) = (self.method(), Some(self.target()));
        PseudoHeaders { method, protocol, scheme, authority, path }
    }

    /// Returns the target exactly as in the request line or in `:path`, with the query.
    #[must_use]
    pub const fn target(&self) -> &'h str {
        text(self.target)
    }

    /// Returns the path of the target, without the query; it is never decoded or normalised.
    ///
    /// It is `/` if the target is an absolute URI without a path, and `*` or empty if the target is
    /// not a path at all, as with OPTIONS and CONNECT.
    #[must_use]
    pub fn path(&self) -> &'h str {
        let target = Target::of(self.target);
        if target.path.is_empty() && (target.authority.is_some() || self.authority.is_some()) {
            "/"
        } else {
            text(target.path)
        }
    }

    /// Returns the query of the target: everything after the first `?`.
    #[must_use]
    pub fn query(&self) -> Option<&'h str> {
        Target::of(self.target).query.map(text)
    }

    /// Returns the requested host and port: of `:authority`, of an absolute target, or else of the
    /// only `Host`.
    #[must_use]
    pub fn host(&self) -> Option<&'h str> {
        // RFC 9112 §3.2.2: "When an origin server receives a request with an absolute-form of
        // request-target, the origin server MUST ignore the received Host header field (if any)
        // and instead use the host information of the request-target."
        // RFC 8441 §5: "The Host information is conveyed as part of the :authority pseudo-header
        // field, which is required on every HTTP/2 transaction."
        let authority = self.authority.or_else(|| Target::of(self.target).authority.map(text));
        authority.or_else(|| core::str::from_utf8(self.facts.seen(Name::Host).once()?).ok())
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

    /// Returns the cookies, as names and values (RFC 6265 §5.4). Parts without `=` are skipped.
    pub fn cookies(&self) -> impl Iterator<Item = (&'h [u8], &'h [u8])> + use<'h> {
        self.headers_named("cookie").flat_map(|line| line.split(|&byte| byte == b';')).filter_map(
            |pair| {
                let pair = trim_ows(pair);
                let (name, value) =
                    pair.split_at_checked(pair.iter().position(|&byte| byte == b'=')?)?;
                Some((name, value.strip_prefix(b"=")?))
            },
        )
    }

    /// Returns the value of `Origin`, if there is exactly one.
    ///
    /// To check it, use [`Upgrade::require_origin`](crate::handshake::Upgrade::require_origin).
    #[must_use]
    pub fn origin(&self) -> Option<&'h [u8]> {
        self.facts.seen(Name::Origin).once()
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("pseudo_headers", &self.pseudo_headers())
            .field("version", &self.version)
            .field("headers", &self.headers)
            .finish()
    }
}

/// The parts of a request target (RFC 9112 §3.2).
struct Target<'h> {
    /// Present only in an absolute URI.
    authority: Option<&'h [u8]>,
    path: &'h [u8],
    query: Option<&'h [u8]>,
}

impl<'h> Target<'h> {
    fn of(target: &'h [u8]) -> Self {
        let (before_query, query) = match split_at_byte(target, b'?') {
            Some((before, query)) => (before, Some(query)),
            None => (target, None),
        };
        if before_query.starts_with(b"/") || before_query == b"*" {
            return Self { authority: None, path: before_query, query };
        }
        // The target of CONNECT is an authority, with neither scheme nor path.
        let Some((_, rest)) = split_scheme(before_query) else {
            return Self { authority: None, path: b"", query };
        };
        let end = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, b""));
        Self { authority: Some(authority), path, query }
    }
}

/// Splits an absolute URI at its first `://`.
fn split_scheme(uri: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = uri.windows(3).position(|window| window == b"://")?;
    let (scheme, rest) = uri.split_at_checked(at)?;
    Some((scheme, rest.strip_prefix(b"://")?))
}

/// Returns whether `target` is a resource name (RFC 6455 §3), or an HTTP(S) URI that contains one.
pub(super) fn is_resource(target: &[u8]) -> bool {
    // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST
    // NOT be used on these URIs."
    if target.contains(&b'#') {
        return false;
    }
    if target.starts_with(b"/") {
        return true;
    }
    let Some((scheme, rest)) = split_scheme(target) else { return false };
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    is_http(scheme) && rest.get(..end).is_some_and(|authority| split_host(authority).is_some())
}

/// Returns whether `scheme` is `http` or `https`.
pub(super) fn is_http(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https")
}

/// Returns whether `authority` is a host with an optional port.
pub(super) fn is_authority(authority: &str) -> bool {
    split_host(authority.as_bytes()).is_some()
}
