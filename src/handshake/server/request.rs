//! A request, and the parts of its target.

use crate::handshake::facts::Facts;
use crate::handshake::http::chars::trim_ows;
use crate::handshake::http::headers::{HeaderSource, Headers, values_of};
use crate::handshake::http::host::split_host;
use crate::handshake::http::parse::{HttpVersion, ParsedRequest};

/// A well-formed request, with any method and any target.
///
/// It borrows the head from the handshake's storage. [`upgrade`](Self::upgrade) tells whether it
/// is the opening handshake of a WebSocket; if it is not, a server may still answer it with a page.
///
/// `F` is where the headers come from; it only differs for a request that another HTTP stack has
/// parsed, see [`from_parts`](Self::from_parts).
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
    /// A request that an HTTP stack has parsed already, for the same checks.
    ///
    /// That stack answers for the grammar of HTTP; what RFC 6455 demands is checked here.
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

    /// The method, such as `GET`. Methods tell upper from lower case.
    #[must_use]
    pub const fn method(&self) -> &'h str {
        self.method
    }

    /// The version of HTTP.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// The target as it stands in the request line, with the query.
    #[must_use]
    pub const fn target(&self) -> &'h str {
        self.target
    }

    /// The path of the target, without the query; never decoded or normalised.
    ///
    /// `/` if the target is an absolute URI without a path, and `*` or empty if the target is no
    /// path at all, as with OPTIONS and CONNECT.
    #[must_use]
    pub fn path(&self) -> &'h str {
        let target = Target::of(self.target);
        match (target.path, target.authority) {
            ("", Some(_)) => "/",
            (path, _) => path,
        }
    }

    /// The query of the target: what follows the first `?`.
    #[must_use]
    pub fn query(&self) -> Option<&'h str> {
        Target::of(self.target).query
    }

    /// The host and port the request is for: those of an absolute target, else the only `Host`.
    #[must_use]
    pub fn host(&self) -> Option<&'h str> {
        // RFC 9112 §3.2.2: "When an origin server receives a request with an absolute-form of
        // request-target, the origin server MUST ignore the received Host header field (if any)
        // and instead use the host information of the request-target."
        let authority = Target::of(self.target).authority;
        authority.or_else(|| core::str::from_utf8(self.facts.host.once()?).ok())
    }

    /// All headers, in order.
    #[must_use]
    pub const fn headers(&self) -> F {
        self.headers
    }

    /// The value of the first header called `name`, in any case of letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'h [u8]> {
        self.headers_named(name).next()
    }

    /// The values of all headers called `name`, in any case of letters.
    pub fn headers_named<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = &'h [u8]> + use<'h, 'n, F> {
        values_of(self.headers, name)
    }

    /// The cookies, as name and value (RFC 6265 §5.4). What has no `=` is passed over.
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

    /// The value of `Origin`, if there is exactly one.
    ///
    /// To decide by it, use [`Upgrade::require_origin`](crate::handshake::Upgrade::require_origin).
    #[must_use]
    pub fn origin(&self) -> Option<&'h [u8]> {
        self.facts.origin.once()
    }
}

/// The parts of a request target (RFC 9112 §3.2).
struct Target<'h> {
    /// Only of an absolute URI.
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
        // The authority that CONNECT takes has neither scheme nor path.
        let Some((_, rest)) = before_query.split_once("://") else {
            return Self { authority: None, path: "", query };
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        Self { authority: Some(authority), path, query }
    }
}

/// Whether `target` is a resource name (RFC 6455 §3), or an HTTP(S) URI that contains one.
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
