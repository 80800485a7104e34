//! A WebSocket protocol codec (RFC 6455) that does no I/O.
//!
//! A WebSocket library has two parts: one that moves bytes, which depends on the runtime, and one
//! that knows the protocol, which does not. This is the second one. It owns no socket, thread,
//! clock, random number or buffer: bytes that were received go in, events come out; messages go
//! in, bytes to be written come out.
//!
//! # Receiving
//! [`Connection::receive`] takes events off the front of a slice that you have read into. The
//! slice advances, so there is no count to apply; data is unmasked in place and borrowed from your
//! buffer, not from the connection, so that you can send while you hold it:
//!
//! ```
//! use rfc6455::{Connection, Event, Limits};
//!
//! let mut ws = Connection::server(Limits::DEFAULT);
//! let mut read = *b"\x81\x85\x01\x02\x03\x04\x49\x67\x6f\x68\x6e";
//! let mut input = &mut read[..];
//! let mut out = [0; 64];
//! while let Some(event) = ws.receive(&mut input)? {
//!     if let Event::Data(chunk) = event {
//!         let len = ws.send(&chunk, &mut out)?;
//!         assert_eq!(&out[..len], b"\x81\x05Hello");
//!     }
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A chunk is delivered when it is there, not when its frame is complete: a message of any size
//! passes through a buffer of any size. Who wants whole messages puts a [`MessageBuffer`] beside
//! the connection.
//!
//! # Answering
//! The protocol has its own frames to send: the answer to a Ping, and exactly one Close. They wait
//! in [`Connection::poll_transmit`]; ask for them after each call of `receive`, one that failed too.
//!
//! # Sending
//! - [`Connection::send`] writes a frame into your slice, all of it or nothing.
//! - [`Connection::send_header`] (a server's) and [`Connection::begin_frame`] give the header as a
//!   value and leave the payload where it is: for `writev`, completion I/O, and messages that are
//!   produced bit by bit.
//! - [`PreparedMessage`] is encoded once for any number of clients.
//! - [`Connection::ping`] and [`Connection::close`] give small frames by value.
//!
//! A client is made with its source of masking keys, and cannot send without them; a server has
//! none. Text is UTF-8 by its type. What a peer would have to reject cannot be sent: it is a
//! [`SendError`], and changes nothing.
//!
//! # Errors
//! A [`ProtocolError`] is the peer's fault: it names the rule, the offset of the byte that broke
//! it, and the close code, and its Close frame is ready. A [`SendError`] is the caller's. A normal
//! close is an [`Event::Close`], and a stream that ends without one is [`Eof::Abnormal`].
//!
//! # Two tasks
//! [`Connection::into_split`] gives a [`ReceiveHalf`] and a [`SendHalf`] that share nothing. What one
//! must tell the other, a Pong or a Close to be sent, is a [`Reply`], a value.
//!
//! # Opening
#![cfg_attr(feature = "handshake", doc = "[`handshake`] has both sides of it over HTTP/1.1.")]
#![cfg_attr(not(feature = "handshake"), doc = "The feature `handshake` has both sides of it.")]
//!
//! # Compressing
#![cfg_attr(feature = "deflate", doc = "[`deflate`] is permessage-deflate (RFC 7692).")]
#![cfg_attr(not(feature = "deflate"), doc = "The feature `deflate` is permessage-deflate.")]
//!
//! # Cost
//! A [`Connection`] is 256 bytes, and there is nothing else: no heap, no table. The feature
//! `handshake` brings `httparse`, `sha1` and `base64`; `deflate` brings `alloc` and `zlib-rs`; `alloc`
//! brings `MessageBuffer::new`; `std` brings `alloc` and, for speed alone, `multiversion` and
//! `simdutf8`.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod bytes;
mod close;
mod connection;
mod control;
#[cfg(feature = "deflate")]
pub mod deflate;
mod error;
mod event;
mod fragment;
mod frame;
#[doc(hidden)]
#[cfg(feature = "fuel")]
pub mod fuel;
#[cfg(not(feature = "fuel"))]
mod fuel;
#[cfg(feature = "handshake")]
pub mod handshake;
mod identity;
mod limits;
mod mask;
mod message;
mod opcode;
mod receive;
mod role;
mod send;
mod timing;
mod utf8;

pub use close::{CloseCode, CloseFrame};
pub use connection::Connection;
pub use control::{ControlPayload, Reply};
pub use error::{ProtocolError, SendError, Violation};
pub use event::{Chunk, Eof, Event};
pub use fragment::{Fragment, Part};
pub use frame::{EncodedHeader, FrameHeader};
pub use limits::Limits;
pub use mask::{MaskingKey, mask};
#[cfg(feature = "alloc")]
pub use message::Heap;
pub use message::{InSlice, Incoming, Message, MessageBuffer, Storage};
pub use opcode::{MessageKind, Opcode};
pub use receive::ReceiveHalf;
pub use role::{Client, ForkKeys, MaskingKeys, Role, Server};
pub use send::{ControlFrame, PreparedMessage, SendHalf};
pub use timing::{Due, Timeouts, Timing};
pub use utf8::Utf8;

/// The README's examples are tests.
#[cfg(all(doctest, feature = "std", feature = "handshake"))]
#[doc = include_str!("../README.md")]
struct Readme;
