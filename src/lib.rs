//! A WebSocket protocol codec (RFC 6455) that performs no I/O.
//!
//! A WebSocket library has two parts: one moves bytes, and depends on the runtime; the other knows
//! the protocol, and does not. This crate is the second part. It owns no socket, thread, clock,
//! random number generator or buffer. You pass it the bytes you receive, and it yields events; you
//! pass it messages, and it produces the bytes to write.
//!
//! ```text
//!                      your application
//!             events  ^                |  messages, pings, closes
//!                     |                v
//!   +-----------------------------------------------------+
//!   | MessageBuffer            whole messages (optional)  |
//!   | deflate                  compression (a feature)    |
//!   | Connection               events, replies, closing   |
//!   |   ReceiveHalf, SendHalf  the two directions         |
//!   | FrameHeader, mask, Utf8, CloseCode     the parts    |
//!   +-----------------------------------------------------+
//!         bytes read  ^                |  bytes to write
//!                     |                v
//!          your transport: TCP, TLS, an async runtime, ...
//! ```
//!
//! # Receiving
//! [`Connection::receive`] takes events off the front of the slice that you have read into. The
//! slice advances, so there is no byte count to apply. Data is unmasked in place and borrowed from
//! your buffer, not from the connection, so you can send while you hold it:
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
//! A chunk is yielded as soon as its bytes arrive, without waiting for the rest of its frame, so a
//! message of any size passes through a buffer of any size. For whole messages, pair the connection
//! with a [`MessageBuffer`].
//!
//! # Answering
//! The protocol itself sends two kinds of frame: the Pong that answers a Ping, and exactly one
//! Close. Take pending ones from [`Connection::poll_transmit`] after each call of `receive`,
//! including a call that failed.
//!
//! # Sending
//! - [`Connection::send`] writes a whole frame into your slice, or nothing.
//! - [`Connection::send_header`] (servers only) and [`Connection::begin_frame`] return the header
//!   by value and leave the payload where it is: for `writev`, for completion I/O, and for messages
//!   that are produced piece by piece.
//! - [`PreparedMessage`] is encoded once and sent to any number of clients.
//! - [`Connection::ping`] and [`Connection::close`] return small frames by value.
//!
//! You create a client with a source of masking keys, and it cannot send without one; a server has
//! none. Text is UTF-8 by its type. Anything that a peer would have to reject cannot be sent: the
//! call returns a [`SendError`] and changes nothing.
//!
//! # Errors
//! A [`ProtocolError`] is the peer's fault. It names the rule, the offset of the byte that broke
//! it, and the close code; the Close frame that reports it is already pending. A [`SendError`] is
//! the caller's fault. A normal close is no error but an [`Event::Close`], and a stream that ends
//! without one is [`Eof::Abnormal`].
//!
//! Every connection ends in one of three ways:
//!
//! ```text
//!                    transport connected
//!                             |
//!                     opening handshake
//!                             |
//!                           open             receive, send, ping
//!                             |
//!          +------------------+------------------+
//!          |                  |                  |
//!     Close sent          violation        end of stream
//!     or received         received         without a Close
//!          |                  |                  |
//!    Close received       Close sent             |
//!       or sent         (poll_transmit)          |
//!          |                  |                  |
//!          +------------------+------------------+
//!                             |
//!                        is_closed()         drop the transport
//! ```
//!
//! After an exchange of Close frames, the server drops the transport; the client waits, within a
//! deadline, for the end of the stream.
//!
//! # Two tasks
//! [`Connection::into_split`] returns a [`ReceiveHalf`] and a [`SendHalf`] that share nothing. When
//! the receiving half needs a Pong or a Close to be sent, it gives you a [`Reply`]: a value that
//! you hand to the sending half.
//!
//! # Opening
//! A connection opens with an HTTP request and response; the codec takes over after them.
#![cfg_attr(feature = "handshake", doc = "[`handshake`] implements both sides over HTTP/1.1.")]
#![cfg_attr(not(feature = "handshake"), doc = "The feature `handshake` implements both sides.")]
//!
//! # Compressing
#![cfg_attr(feature = "deflate", doc = "[`deflate`] implements permessage-deflate (RFC 7692).")]
#![cfg_attr(not(feature = "deflate"), doc = "The feature `deflate` implements permessage-deflate.")]
//!
//! # Cost
//! A [`Connection`] is 256 bytes, and that is all: no heap, no tables. The feature `handshake`
//! brings in `httparse`, `sha1` and `base64`; `deflate` brings in `alloc` and `zlib-rs`; `alloc`
//! adds `MessageBuffer::new`; `std` brings in `alloc` and, purely for speed, `multiversion` and
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
mod limits;
mod mask;
mod opcode;
mod receive;
mod role;
mod send;
mod timers;
mod utf8;
pub mod websocket;

pub use close::{CloseCode, CloseFrame};
pub use connection::Connection;
pub use control::{ControlPayload, Reply};
pub use error::{ProtocolError, SendError, Violation};
pub use event::{Chunk, Eof, Event};
pub use fragment::{Fragment, FrameKind};
pub use frame::{EncodedHeader, FrameHeader};
pub use limits::Limits;
pub use mask::{MaskingKey, mask};
pub use opcode::{MessageKind, Opcode};
pub use receive::ReceiveHalf;
pub use role::{AnyRole, Client, ForkKeys, MaskingKeys, Role, Server};
pub use send::{ControlFrame, PreparedMessage, SendHalf};
pub use timers::{Timeouts, Timer, Timers};
pub use utf8::Utf8;
pub use websocket::WebSocket;

/// Compiles and tests the README's examples.
#[cfg(all(doctest, feature = "std", feature = "handshake"))]
#[doc = include_str!("../README.md")]
struct Readme;
