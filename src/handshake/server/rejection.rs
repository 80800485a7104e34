//! Responses other than 101.

use crate::handshake::error::HandshakeSendError;
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
        let Self { status, headers, body } = *self;
        if !(200..=599).contains(&status) || matches!(status, 204 | 205 | 304) {
            return Err(HandshakeSendError::InvalidStatus);
        }
        check_headers(headers, &[])?;
        let (mut status_room, mut len_room) = ([0; MAX_DIGITS], [0; MAX_DIGITS]);
        let status_digits = digits(u64::from(status), &mut status_room);
        // A body whose length does not fit 64 bits cannot be in memory.
        let body_len = digits(u64::try_from(body.len()).unwrap_or(u64::MAX), &mut len_room);
        all_or_nothing(out, |to| {
            to.put(b"HTTP/1.1 ");
            to.put(status_digits);
            to.put(b" ");
            to.put(reason(status));
            to.put(b"\r\n");
            if status == 426 {
                to.put(b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
                to.put(b"Connection: close, Upgrade\r\n");
            } else {
                to.put(b"Connection: close\r\n");
            }
            to.header(b"Content-Length", body_len);
            to.headers(headers);
            to.put(b"\r\n");
            to.put(body);
        })
        .map_err(HandshakeSendError::from)
    }
}

/// The digits of `u64::MAX`.
const MAX_DIGITS: usize = 20;

fn digits(mut number: u64, room: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let mut begin = MAX_DIGITS;
    for (at, digit) in room.iter_mut().enumerate().rev() {
        *digit = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or_default());
        number /= 10;
        begin = at;
        if number == 0 {
            break;
        }
    }
    room.get(begin..).unwrap_or_default()
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
