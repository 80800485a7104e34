//! A response that owns its text.

use alloc::boxed::Box;

use super::contents::Strings;
use super::leniency::Leniency;
use super::request::Expected;
use super::response::Response;
use crate::handshake::http::headers::Headers;
use crate::handshake::http::parse::HttpVersion;
use crate::handshake::owned::OwnedHeaders;

/// A [`Response`] that owns its text, to be kept after the handshake or sent to another thread.
///
/// Made by [`Response::into_owned`]. [`response`](Self::response) lends it as a [`Response`] again,
/// in one pass over the headers.
///
/// ```
/// use rfc6455::handshake::{ClientRequest, HttpVersion, Offer, Response};
///
/// let offer = Offer::new("server.example.com", "/chat");
/// let request = ClientRequest::http1(offer, *b"the sample nonce")?;
/// let received = [("location", "/other")];
/// let response = Response::from_parts(307, HttpVersion::Http11, &received, &request);
/// let kept = response.into_owned();
/// drop(request);
/// assert_eq!(kept.response().header("Location"), Some(&b"/other"[..]));
/// assert!(kept.response().upgrade().is_err());
/// # Ok::<(), rfc6455::handshake::HandshakeSendError>(())
/// ```
#[derive(Clone)]
pub struct OwnedResponse {
    status: u16,
    reason: Box<[u8]>,
    version: HttpVersion,
    headers: OwnedHeaders,
    accept: Option<[u8; 28]>,
    subprotocols: Box<[Box<str>]>,
    extensions: Option<Box<str>>,
    leniency: Leniency,
}

impl OwnedResponse {
    /// Returns the response.
    #[must_use]
    pub fn response(&self) -> Response<'_> {
        let expected = Expected {
            accept: self.accept,
            subprotocols: Strings::Owned(&self.subprotocols),
            extensions: self.extensions.as_deref(),
        };
        let headers = Headers::from(&self.headers);
        Response::from_expected(self.status, &self.reason, self.version, headers, expected)
            .with_leniency(self.leniency)
    }
}

impl core::fmt::Debug for OwnedResponse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.response().fmt(f)
    }
}

impl Response<'_> {
    /// Copies the response and what it is checked against, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> OwnedResponse {
        OwnedResponse {
            status: self.status(),
            reason: self.reason().into(),
            version: self.version(),
            headers: OwnedHeaders::new(self.headers()),
            accept: self.expected.accept,
            subprotocols: self.expected.subprotocols.iter().map(Into::into).collect(),
            extensions: self.expected.extensions.map(Into::into),
            leniency: self.leniency,
        }
    }
}
