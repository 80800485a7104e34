//! Responses other than 101.

use super::response_head::{Digits, ResponseHead};
use crate::handshake::error::{HandshakeError, HandshakeSendError};
use crate::handshake::http::parse::HttpVersion;
use crate::handshake::http::write::all_or_nothing;
use crate::handshake::reserved::check_headers;

/// A response that ends the handshake without a WebSocket: a refusal, a redirect, or a page.
///
/// It always closes the connection: `Connection: close` and `Content-Length` are added
/// automatically. With status 426, so are `Upgrade` and `Sec-WebSocket-Version`.
///
/// ```
/// use rfc6455::handshake::Rejection;
///
/// let mut out = [0; 256];
/// let headers = &[("WWW-Authenticate", "Basic realm=\"chat\"")];
/// let len = Rejection::new(401).headers(headers).body(b"who are you?").write(&mut out)?;
/// assert!(out[..len].starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// # Ok::<(), rfc6455::handshake::HandshakeSendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rejection<'a> {
    /// The status, in 200..=599 except 204, 205 and 304, which have no body.
    pub status: u16,
    /// Other headers, such as `Content-Type`, `Location` or `Retry-After`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body. A response to HEAD has none: leave it empty.
    pub body: &'a [u8],
}

impl<'a> Rejection<'a> {
    /// Creates a response with this status, without a body or other headers.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self { status, headers: &[], body: b"" }
    }

    /// Sets [`status`](Self::status).
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Sets [`headers`](Self::headers).
    #[must_use]
    pub const fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }

    /// Sets [`body`](Self::body).
    #[must_use]
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// Writes the response into `out` and returns its length.
    ///
    /// # Errors
    /// [`HandshakeSendError`] if `out` is too short, the status is not allowed, or a header is
    /// invalid or reserved for the handshake. `out` is then unchanged.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, HandshakeSendError> {
        let head = self.head(HttpVersion::Http11)?;
        let status_digits = Digits::of(u64::from(self.status));
        all_or_nothing(out, |to| {
            to.put(b"HTTP/1.1 ");
            to.put(status_digits.as_bytes());
            to.put(b" ");
            to.put(reason(self.status));
            to.put(b"\r\n");
            for (name, value) in head.headers() {
                to.header(name.as_bytes(), value.as_bytes());
            }
            to.put(b"\r\n");
            to.put(self.body);
        })
        .map_err(HandshakeSendError::from)
    }

    /// Returns the response as status and headers, for an HTTP stack to send before the body.
    ///
    /// For HTTP/2 and HTTP/3 there is no `Connection` and no `Upgrade`, so a rejection with status
    /// 426 is not possible; with 400, `Sec-WebSocket-Version` is added automatically. A status of
    /// 2xx is not possible either, because it would accept the request.
    ///
    /// ```
    /// use rfc6455::handshake::{HttpVersion, Rejection};
    ///
    /// let rejection = Rejection::new(404);
    /// let response = rejection.head(HttpVersion::Http11)?;
    /// assert_eq!(response.status(), 404);
    /// assert!(response.headers().eq([("Connection", "close"), ("Content-Length", "0")]));
    ///
    /// let response = rejection.head(HttpVersion::Http2)?;
    /// assert!(response.headers().eq([("content-length", "0")]));
    /// # Ok::<(), rfc6455::handshake::HandshakeSendError>(())
    /// ```
    ///
    /// # Errors
    /// [`HandshakeSendError`] if the status is not allowed, or a header is invalid or reserved for
    /// the handshake.
    pub fn head(&self, version: HttpVersion) -> Result<ResponseHead<'a>, HandshakeSendError> {
        let status = self.status;
        // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response". In
        // HTTP/2 it cannot, and there 2xx accepts (RFC 9110 §9.3.6).
        let has_upgrade = version < HttpVersion::Http2;
        let is_refusal = match status {
            204 | 205 | 304 => false,
            200..=299 | 426 => has_upgrade,
            _ => (300..=599).contains(&status),
        };
        if !is_refusal {
            return Err(HandshakeSendError::InvalidStatus);
        }
        check_headers(self.headers, &[])?;
        let fixed: &[_] = match (status, has_upgrade) {
            (426, _) => &[
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Connection", "close, Upgrade"),
            ],
            (_, true) => &[("Connection", "close")],
            (400, false) => &[("sec-websocket-version", "13")],
            (_, false) => &[],
        };
        // A body whose length does not fit 64 bits cannot be in memory.
        let length = Digits::of(u64::try_from(self.body.len()).unwrap_or(u64::MAX));
        Ok(ResponseHead {
            version,
            status,
            fixed,
            accept: None,
            content_length: Some(length),
            subprotocol: None,
            extensions: None,
            headers: self.headers,
        })
    }
}

impl HandshakeError {
    /// Returns the same response as a [`Rejection`], for an HTTP stack, or to add a body.
    ///
    /// In HTTP/2 and HTTP/3, status 426 becomes 400, because 426 demands an `Upgrade`.
    ///
    /// ```
    /// use rfc6455::handshake::{HandshakeError, HttpVersion};
    ///
    /// let rejection = HandshakeError::MethodNotGet.rejection(HttpVersion::Http11);
    /// assert_eq!((rejection.status, rejection.headers), (405, &[("Allow", "GET")][..]));
    /// let response = rejection.body(b"GET only").head(HttpVersion::Http11)?;
    /// assert!(response.headers().any(|header| header == ("Content-Length", "8")));
    /// # Ok::<(), rfc6455::handshake::HandshakeSendError>(())
    /// ```
    #[must_use]
    pub fn rejection(self, version: HttpVersion) -> Rejection<'static> {
        match self.status() {
            426 if version >= HttpVersion::Http2 => Rejection::new(400),
            405 => Rejection::new(405).headers(&[("Allow", "GET")]),
            status => Rejection::new(status),
        }
    }
}

/// Returns the reason phrase of a status that is likely here. It may be empty (RFC 9112 §4).
const fn reason(status: u16) -> &'static [u8] {
    match status {
        200 => b"OK",
        301 => b"Moved Permanently",
        302 => b"Found",
        303 => b"See Other",
        307 => b"Temporary Redirect",
        308 => b"Permanent Redirect",
        400 => b"Bad Request",
        401 => b"Unauthorized",
        403 => b"Forbidden",
        404 => b"Not Found",
        405 => b"Method Not Allowed",
        406 => b"Not Acceptable",
        408 => b"Request Timeout",
        410 => b"Gone",
        414 => b"URI Too Long",
        421 => b"Misdirected Request",
        426 => b"Upgrade Required",
        429 => b"Too Many Requests",
        431 => b"Request Header Fields Too Large",
        500 => b"Internal Server Error",
        501 => b"Not Implemented",
        502 => b"Bad Gateway",
        503 => b"Service Unavailable",
        504 => b"Gateway Timeout",
        505 => b"HTTP Version Not Supported",
        _ => b"",
    }
}
