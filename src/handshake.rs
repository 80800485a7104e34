//! The opening handshake over HTTP/1.1 (RFC 6455 §4), HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220),
//! without I/O and without allocation.
//!
//! A WebSocket begins as an HTTP request. A server reads it with [`ServerHandshake`] and answers
//! with [`Upgrade::accept`] or [`Rejection::write`]; a client writes it with
//! [`ClientHandshake::write_request`] and reads the answer with [`ClientHandshake::receive`].
//!
//! If an HTTP stack reads and writes the heads, use [`Request::from_parts`] and
//! [`Upgrade::accept_head`], or as a client [`ClientRequest`] and [`Response::from_parts`]: the
//! checks are the same. With the feature `http`, the types of the crate `http` convert directly. In
//! HTTP/2 and HTTP/3 there always is such a stack; see [`Request::from_pseudo_headers`] and
//! [`ClientRequest::http2`].
//!
//! # Input
//! Both take what they need off the front of a slice of received bytes. What is left when the head
//! is complete belongs to the connection: give the same slice to it. The head is kept in storage of
//! your choice, whose capacity is therefore the limit on the head's length: [`HeadStorage`] lists a
//! slice that you lend, an array, and with the feature `alloc` a buffer that grows with what
//! arrives. Every byte is looked at once on arrival, and once more when the head is parsed, however
//! the input was cut; nor does the verdict depend on the cuts. A head fails at the first byte that
//! no well-formed head can have in its place: a peer that speaks another protocol is refused at its
//! greeting.
//!
//! With the feature `alloc`, each of these can live without a borrow: a handshake over a
//! `HeadBuffer`, a client's [`ClientHandshake`] or [`ClientRequest`] after `into_owned`, and a
//! [`Request`] or [`Response`] after `into_owned`.
//!
//! # Strictness
//! What two parties could read in two ways is refused: lines that do not end with CR LF, folded
//! headers, whitespace before a colon, control characters, a second `Host`, `Origin` or
//! `Sec-WebSocket-Key`, a request with a body. What is over a limit is refused, never cut off. What
//! people really send is taken: `Connection: keep-alive, Upgrade`, lists over several lines, an
//! empty line before a request. What else some clients and servers send has to be allowed by name:
//! [`Leniency`] for a response, and the origins `null` and `file://` in
//! [`Upgrade::require_origin`]. A plain request for a page is [`HandshakeError::NotAnUpgrade`], and
//! may be answered with one.
//!
//! # Errors
//! [`HandshakeError`] is the peer's fault and carries its response; [`HandshakeSendError`] is our
//! caller's and changes nothing. Time is the caller's too: give a peer some seconds for its head,
//! and then close the connection.
//!
//! # What it costs
//! A [`ServerHandshake`] is about a hundred bytes, and the storage comes from the caller. The stack
//! does not depend on what the peer sends. No handshake follows redirects,
//! keeps cookies, or goes through proxies.

#![allow(clippy::mut_mut, reason = "a slice that advances is a `&mut &mut [u8]`")]

mod client;
mod error;
mod extension;
mod facts;
mod http;
#[cfg(feature = "http")]
mod http_types;
mod key;
mod origin;
#[cfg(feature = "alloc")]
mod owned;
mod reserved;
mod server;
#[cfg(any(not(feature = "sha1"), test))]
mod sha1;
mod subprotocols;

#[cfg(feature = "alloc")]
pub use client::OwnedResponse;
pub use client::{ClientHandshake, ClientRequest, Established, Leniency, Offer, Response};
pub use error::{HandshakeError, HandshakeSendError};
pub use extension::{Extension, ExtensionParam, ExtensionParamValue, ExtensionParams, Extensions};
pub use http::headers::{HeaderIter, HeaderSource, Headers};
pub use http::limits::HandshakeLimits;
pub use http::parse::HttpVersion;
#[cfg(feature = "alloc")]
pub use http::storage::HeadBuffer;
pub use http::storage::HeadStorage;
pub use key::accept_key;
#[cfg(feature = "alloc")]
pub use owned::OwnedRequest;
pub use server::{
    Acceptance, PseudoHeaders, Rejection, Request, ResponseHead, ServerHandshake, Upgrade,
};
