//! Headers and requests that own their text, to be kept after the handshake.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::http::headers::{HeaderSource, Headers};
use super::http::parse::HttpVersion;
use super::server::{PseudoHeaders, Request};

/// Headers in three blocks of memory, however many there are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct OwnedHeaders {
    names: Box<str>,
    values: Box<[u8]>,
    /// Where each field ends in `names` and in `values`.
    ends: Box<[(usize, usize)]>,
}

impl OwnedHeaders {
    pub(super) fn new(headers: Headers<'_>) -> Self {
        let (mut names, mut values, mut ends) = (String::new(), Vec::new(), Vec::new());
        for (name, value) in headers {
            names.push_str(name);
            values.extend_from_slice(value);
            ends.push((names.len(), values.len()));
        }
        Self { names: names.into(), values: values.into(), ends: ends.into() }
    }
}

impl HeaderSource for OwnedHeaders {
    fn field(&self, index: usize) -> Option<(&str, &[u8])> {
        let (name_end, value_end) = *self.ends.get(index)?;
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        let (name, value) = before.copied().unwrap_or_default();
        Some((self.names.get(name..name_end)?, self.values.get(value..value_end)?))
    }
}

/// A [`Request`] that owns its text, to be kept after the handshake or sent to another thread.
///
/// Made by [`Request::into_owned`]. [`request`](Self::request) lends it as a [`Request`] again, in
/// one pass over the headers. With the feature `http`, an `http::Request<()>` is the other form
/// that owns its text.
///
/// ```
/// use rfc6455::handshake::{HandshakeLimits, HeadBuffer, ServerHandshake};
///
/// let mut received = *b"GET /chat HTTP/1.1\r\nHost: example.com\r\nX-Forwarded-For: ::1\r\n\r\n";
/// let mut handshake = ServerHandshake::new(HeadBuffer::new(8192), HandshakeLimits::DEFAULT);
/// let request = handshake.receive(&mut &mut received[..])?.expect("it has arrived whole");
/// let kept = request.into_owned();
/// drop(handshake);
/// assert_eq!(kept.request().header("x-forwarded-for"), Some(&b"::1"[..]));
/// # Ok::<(), rfc6455::handshake::HandshakeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedRequest {
    method: Box<str>,
    target: Box<str>,
    version: HttpVersion,
    protocol: Option<Box<str>>,
    scheme: Option<Box<str>>,
    authority: Option<Box<str>>,
    headers: OwnedHeaders,
}

impl OwnedRequest {
    /// Returns the request.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        let pseudo = PseudoHeaders {
            method: &self.method,
            protocol: self.protocol.as_deref(),
            scheme: self.scheme.as_deref(),
            authority: self.authority.as_deref(),
            path: Some(&self.target),
        };
        Request::from_pseudo_headers(pseudo, self.version, &self.headers)
    }
}

impl core::fmt::Debug for OwnedRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.request().fmt(f)
    }
}

impl Request<'_> {
    /// Copies the request, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> OwnedRequest {
        let PseudoHeaders { method, protocol, scheme, authority, .. } = self.pseudo_headers();
        OwnedRequest {
            method: method.into(),
            target: self.target().into(),
            version: self.version(),
            protocol: protocol.map(Into::into),
            scheme: scheme.map(Into::into),
            authority: authority.map(Into::into),
            headers: OwnedHeaders::new(self.headers()),
        }
    }
}
