//! The contents of a client's request.

use super::contents::{Contents, Pairs, Strings};
use crate::handshake::error::HandshakeSendError;
use crate::handshake::extension::Extensions;
use crate::handshake::http::host::split_host;
use crate::handshake::origin::is_origin;
use crate::handshake::reserved::check_headers;
use crate::handshake::subprotocols::is_subprotocol_offer;

/// The contents of a client's request.
///
/// ```
/// use rfc6455::handshake::Offer;
///
/// let offer = Offer::new("example.com:8080", "/chat?room=1").subprotocols(&["chat"]);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Offer<'a> {
    /// The host, with the port unless it is the default port of the scheme.
    pub host: &'a str,
    /// The path and the query; it begins with `/`.
    pub target: &'a str,
    /// Up to 32 different tokens, in order of preference.
    pub subprotocols: &'a [&'a str],
    /// The value of `Sec-WebSocket-Extensions`.
    pub extensions: Option<&'a str>,
    /// The origin on whose behalf the client acts, if it is a browser.
    pub origin: Option<&'a str>,
    /// Other headers, such as `Authorization`, `Cookie` and `User-Agent`.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Offer<'a> {
    /// Creates an offer with only the required parts.
    #[must_use]
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { host, target, subprotocols: &[], extensions: None, origin: None, headers: &[] }
    }

    /// Sets [`host`](Self::host).
    #[must_use]
    pub const fn host(mut self, host: &'a str) -> Self {
        self.host = host;
        self
    }

    /// Sets [`target`](Self::target).
    #[must_use]
    pub const fn target(mut self, target: &'a str) -> Self {
        self.target = target;
        self
    }

    /// Sets [`subprotocols`](Self::subprotocols).
    #[must_use]
    pub const fn subprotocols(mut self, subprotocols: &'a [&'a str]) -> Self {
        self.subprotocols = subprotocols;
        self
    }

    /// Sets [`extensions`](Self::extensions).
    #[must_use]
    pub const fn extensions(mut self, extensions: Option<&'a str>) -> Self {
        self.extensions = extensions;
        self
    }

    /// Sets [`origin`](Self::origin).
    #[must_use]
    pub const fn origin(mut self, origin: Option<&'a str>) -> Self {
        self.origin = origin;
        self
    }

    /// Sets [`headers`](Self::headers).
    #[must_use]
    pub const fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }

    pub(super) const fn contents(&self) -> Contents<'a> {
        let Self { host, target, subprotocols, extensions, origin, headers } = *self;
        let (subprotocols, headers) = (Strings::Borrowed(subprotocols), Pairs::Borrowed(headers));
        Contents { host, target, subprotocols, extensions, origin, headers }
    }

    pub(super) fn check(&self) -> Result<(), HandshakeSendError> {
        // RFC 6455 §4.1: "The components of the WebSocket URI passed into this algorithm (/host/,
        // /port/, /resource name/, and /secure/ flag) MUST be valid according to the specification
        // of WebSocket URIs specified in Section 3."
        if split_host(self.host.as_bytes()).is_none() {
            return Err(HandshakeSendError::InvalidHost);
        }
        let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if !self.target.starts_with('/') || !self.target.bytes().all(visible) {
            return Err(HandshakeSendError::InvalidTarget);
        }
        if !self.origin.is_none_or(|origin| is_origin(origin.as_bytes())) {
            return Err(HandshakeSendError::InvalidOrigin);
        }
        let subprotocols = || self.subprotocols.iter().map(|offered| offered.as_bytes());
        if !self.subprotocols.is_empty() && !is_subprotocol_offer(subprotocols) {
            return Err(HandshakeSendError::InvalidSubprotocols);
        }
        if self.extensions.is_some_and(|value| Extensions::parse(value.as_bytes()).is_err()) {
            return Err(HandshakeSendError::InvalidExtensions);
        }
        check_headers(self.headers, &["host", "origin"])
    }
}
