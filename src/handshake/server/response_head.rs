//! A response as status and headers, for an HTTP stack that writes it.

use crate::handshake::http::chars::text;
use crate::handshake::http::parse::HttpVersion;

/// The status and the headers of a response, for an HTTP stack to send.
///
/// Everything in it has been checked, and nothing is allocated. It is made by
/// [`Upgrade::accept_head`](super::Upgrade::accept_head) and
/// [`Rejection::head`](super::Rejection::head). With the feature
/// `http`, it converts into an `http::Response<()>`.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ResponseHead<'a> {
    pub(super) version: HttpVersion,
    pub(super) status: u16,
    /// What every response with this status has.
    pub(super) fixed: &'static [(&'static str, &'static str)],
    pub(super) accept: Option<[u8; 28]>,
    pub(super) content_length: Option<Digits>,
    pub(super) subprotocol: Option<&'a str>,
    pub(super) extensions: Option<&'a str>,
    pub(super) headers: &'a [(&'a str, &'a str)],
}

impl ResponseHead<'_> {
    /// Returns the HTTP version of the request, and therefore of this response.
    #[must_use]
    pub const fn version(&self) -> HttpVersion {
        self.version
    }

    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns all headers, in the order in which they are written.
    ///
    /// Names are spelled as in HTTP/1.1 for HTTP/1.1, and in lower case for HTTP/2 and HTTP/3,
    /// except for your own headers, which are as you spelled them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lower = self.version >= HttpVersion::Http2;
        let named = move |spelled, lower_case| if lower { lower_case } else { spelled };
        let accept = self.accept.as_ref();
        (self.fixed.iter().copied())
            .chain(accept.map(|accept| ("Sec-WebSocket-Accept", text(accept))))
            .chain(self.content_length.as_ref().map(move |digits| {
                (named("Content-Length", "content-length"), text(digits.as_bytes()))
            }))
            .chain(self.subprotocol.map(move |subprotocol| {
                (named("Sec-WebSocket-Protocol", "sec-websocket-protocol"), subprotocol)
            }))
            .chain(self.extensions.map(move |extensions| {
                (named("Sec-WebSocket-Extensions", "sec-websocket-extensions"), extensions)
            }))
            .chain(self.headers.iter().copied())
    }
}

/// The digits of `u64::MAX`.
const MAX_DIGITS: usize = 20;

/// A number in decimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    room: [u8; MAX_DIGITS],
    /// Where the digits begin; they extend to the end.
    begin: usize,
}

impl Digits {
    pub(super) fn of(mut number: u64) -> Self {
        let mut digits = Self { room: [0; MAX_DIGITS], begin: MAX_DIGITS };
        for (at, digit) in digits.room.iter_mut().enumerate().rev() {
            *digit = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or_default());
            number /= 10;
            digits.begin = at;
            if number == 0 {
                break;
            }
        }
        digits
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.room.get(self.begin..).unwrap_or_default()
    }
}
