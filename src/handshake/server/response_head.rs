//! A response as status and headers, for an HTTP stack that writes it.

use super::rejection::{Digits, Rejection};
use super::upgrade::Acceptance;
use crate::handshake::http::chars::text;
use crate::handshake::http::parse::HttpVersion;

/// The status and the headers of a response, for an HTTP stack to send.
///
/// Everything in it has been checked, and nothing is allocated. It is made by
/// [`Upgrade::accept_head`](super::Upgrade::accept_head) and [`Rejection::head`]. With the feature
/// `http`, it converts into an `http::Response<()>`.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ResponseHead<'a> {
    version: HttpVersion,
    status: u16,
    /// What every response with this status has.
    fixed: &'static [(&'static str, &'static str)],
    accept: Option<[u8; 28]>,
    content_length: Option<Digits>,
    subprotocol: Option<&'a str>,
    extensions: Option<&'a str>,
    headers: &'a [(&'a str, &'a str)],
}

impl<'a> ResponseHead<'a> {
    pub(super) const fn of_acceptance(
        version: HttpVersion,
        accept: Option<[u8; 28]>,
        acceptance: &Acceptance<'a>,
    ) -> Self {
        let Acceptance { subprotocol, extensions, headers } = *acceptance;
        let (status, fixed): (_, &[_]) = match accept {
            Some(_) => (101, &[("Upgrade", "websocket"), ("Connection", "Upgrade")]),
            // RFC 8441 §5: "[RFC6455] requires the use of Connection and Upgrade header fields that
            // are not part of HTTP/2."
            None => (200, &[]),
        };
        let content_length = None;
        Self { version, status, fixed, accept, content_length, subprotocol, extensions, headers }
    }

    pub(super) const fn of_rejection(
        version: HttpVersion,
        fixed: &'static [(&'static str, &'static str)],
        content_length: Digits,
        rejection: &Rejection<'a>,
    ) -> Self {
        Self {
            version,
            status: rejection.status,
            fixed,
            accept: None,
            content_length: Some(content_length),
            subprotocol: None,
            extensions: None,
            headers: rejection.headers,
        }
    }

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
