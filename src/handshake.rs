//! The opening handshake over HTTP/1.1 (RFC 6455 §4), without I/O and without allocation.
//!
//! A WebSocket begins as an HTTP request. A server reads it with [`ServerHandshake`] and answers
//! with [`Upgrade::accept`] or [`Rejection::write`]; a client writes it with
//! [`ClientHandshake::write_request`] and reads the answer with [`ClientHandshake::receive`].
//!
//! # Input
//! Both take what they need off the front of a slice of received bytes. What is left when the head
//! is complete belongs to the connection: give the same slice to it. The head is kept in storage
//! that the caller lends, whose length is therefore the limit on the head's. Every byte is looked
//! at once on arrival, and once more when the head is parsed, however the input was cut; nor does
//! the verdict depend on the cuts. A head fails at the first byte that no well-formed head can have
//! in its place: a peer that speaks another protocol is refused at its greeting.
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
//! A [`ServerHandshake`] is about a hundred bytes, the storage comes from the caller, and a parse
//! takes the stack that [`HandshakeLimits::MAX_HEADERS`] tells of. No handshake follows redirects,
//! keeps cookies, or goes through proxies.

#![allow(clippy::mut_mut, reason = "a slice that advances is a `&mut &mut [u8]`")]

mod client;
mod error;
mod extension;
mod facts;
mod http;
mod key;
mod origin;
mod reserved;
mod server;
mod subprotocols;

pub use client::{ClientHandshake, Established, Leniency, Offer, Response};
pub use error::{HandshakeError, HandshakeSendError};
pub use extension::{Extension, ExtensionParam, ExtensionParamValue, ExtensionParams, Extensions};
pub use http::headers::{HeaderIter, HeaderSource, Headers};
pub use http::limits::HandshakeLimits;
pub use http::parse::HttpVersion;
pub use key::accept_key;
pub use server::{Acceptance, Rejection, Request, ServerHandshake, Upgrade};
