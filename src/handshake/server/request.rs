//! A request, and the parts of its target.

use crate::handshake::facts::Facts;
use crate::handshake::http::chars::trim_ows;
use crate::handshake::http::headers::{HeaderSource, Headers, values_of};
use crate::handshake::http::host::split_host;
use crate::handshake::http::parse::{HttpVersion, ParsedRequest};

/// A well-formed request, with any method and any target.
///
/// It borrows the head from the handshake's storage. [`upgrade`](Self::upgrade) checks whether it
/// is the opening handshake of a WebSocket; if it is not, a server may still answer it with a page.
///
/// `F` is the source of the headers. It differs from the default only for a request that another
/// HTTP stack has parsed; see [`from_parts`](Self::from_parts).
#[derive(Clone, Copy, Debug)]
pub struct Request<'h, F = Headers<'h>> {
    method: &'h str,
    target: &'h str,
    version: HttpVersion,
    headers: F,
    pub(super) facts: Facts<'h>,
}

impl<'h> Request<'h> {
    pub(super) fn new(parsed: &ParsedRequest<'h, Facts<'h>>) -> Self {
        let ParsedRequest { method, target, version, headers, facts } = *parsed;
        Self { method, target, version, headers, facts }
    }
}

impl<'h, F: HeaderSource<'h>> Request<'h, F> {
    /// Creates a request that another HTTP stack has already parsed, for the same checks.
    ///
    /// HTTP syntax is that stack's responsibility; the requirements of RFC 6455 are checked here.
    ///
    /// ```
    /// use rfc6455::handshake::{HttpVersion, Request};
    ///
    /// #[derive(Clone, Copy)]
    /// struct Map<'h>(&'h [(String, Vec<u8>)]);
    ///
    /// impl<'h> IntoIterator for Map<'h> {
    ///     type Item = (&'h str, &'h [u8]);
    ///     type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'h>;
    ///     fn into_iter(self) -> Self::IntoIter {
    ///         Box::new(self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice())))
    ///     }
    /// }
    ///
    /// let headers = [
    ///     ("host".to_string(), b"example.com".to_vec()),
    ///     ("upgrade".to_string(), b"websocket".to_vec()),
    ///     ("connection".to_string(), b"Upgrade".to_vec()),
    ///     ("sec-websocket-version".to_string(), b"13".to_vec()),
    ///     ("sec-websocket-key".to_string(), b"dGhlIHNhbXBsZSBub25jZQ==".to_vec()),
    /// ];
    /// let request = Request::from_parts("GET", "/chat", HttpVersion::Http11, Map(&headers));
    /// let upgrade = request.upgrade()?;
    /// assert_eq!(&upgrade.accept_key(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    /// # Ok::<(), rfc6455::handshake::HandshakeError>(())
    /// ```
    #[must_use]
    pub fn from_parts(method: &'h str, target: &'h str, version: HttpVersion, headers: F) -> Self {
        let facts = headers.into_iter().collect();
        Self { method, target, version, headers, facts }
    }

    /// Returns the method, such as `GET`. Methods are case-sensitive.
    #[must_use]
    pub const fn method(&self) -> &'h str {
        self.method
    }

    /// Returns the HTTP version.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// Returns the target exactly as in the request line, with the query.
    #[must_use]
    pub const fn target(&self) -> &'h str {
        self.target
    }

    /// Returns the path of the target, without the query; it is never decoded or normalised.
    ///
    /// It is `/` if the target is an absolute URI without a path, and `*` or empty if the target is
    /// not a path at all, as with OPTIONS and CONNECT.
    #[must_use]
    pub fn path(&self) -> &'h str {
        let target = Target::of(self.target);
        match (target.path, target.authority) {
            ("", Some(_)) => "/",
            (path, _) => path,
        }
    }

    /// Returns the query of the target: everything after the first `?`.
    #[must_use]
    pub fn query(&self) -> Option<&'h str> {
        Target::of(self.target).query
    }

    /// Returns the requested host and port: of an absolute target, or else of the only `Host`.
    #[must_use]
    pub fn host(&self) -> Option<&'h str> {
        // RFC 9112 §3.2.2: "When an origin server receives a request with an absolute-form of
        // request-target, the origin server MUST ignore the received Host header field (if any)
        // and instead use the host information of the request-target."
        let authority = Target::of(self.target).authority;
        authority.or_else(|| core::str::from_utf8(self.facts.host.once()?).ok())
    }

    /// Returns all headers, in order.
    #[must_use]
    pub const fn headers(&self) -> F {
        self.headers
    }

    /// Returns the value of the first header called `name`, compared case-insensitively.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'h [u8]> {
        self.headers_named(name).next()
    }

    /// Returns the values of all headers called `name`, compared case-insensitively.
    pub fn headers_named<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = &'h [u8]> + use<'h, 'n, F> {
        values_of(self.headers, name)
    }

    /// Returns the cookies, as names and values (RFC 6265 §5.4). Parts without `=` are skipped.
    pub fn cookies(&self) -> impl Iterator<Item = (&'h [u8], &'h [u8])> + use<'h, F> {
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
        self.facts.origin.once()
    }
}

/// The parts of a request target (RFC 9112 §3.2).
struct Target<'h> {
    /// Present only in an absolute URI.
    authority: Option<&'h str>,
    path: &'h str,
    query: Option<&'h str>,
}

impl<'h> Target<'h> {
    fn of(target: &'h str) -> Self {
        let (before_query, query) = match target.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (target, None),
        };
        if before_query.starts_with('/') || before_query == "*" {
            return Self { authority: None, path: before_query, query };
        }
        // The target of CONNECT is an authority, with neither scheme nor path.
        let Some((_, rest)) = before_query.split_once("://") else {
            return Self { authority: None, path: "", query };
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        Self { authority: Some(authority), path, query }
    }
}

/// Returns whether `target` is a resource name (RFC 6455 §3), or an HTTP(S) URI that contains one.
pub(super) fn is_resource(target: &str) -> bool {
    // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST
    // NOT be used on these URIs."
    if target.contains('#') {
        return false;
    }
    if target.starts_with('/') {
        return true;
    }
    let Some((scheme, _)) = target.split_once("://") else { return false };
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && Target::of(target).authority.is_some_and(|host| split_host(host.as_bytes()).is_some())
}
