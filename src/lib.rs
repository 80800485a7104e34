//! A WebSocket protocol codec (RFC 6455) that performs no I/O.
//!
//! A WebSocket library has two parts: one moves bytes, and depends on the runtime; the other knows
//! the protocol, and does not. This crate is the second part. It owns no socket, thread, clock or
//! random number generator. You pass it the bytes you receive, and it yields events; you pass it
//! messages, and it produces the bytes to write.
//!
//! ```text
//!                      your application
//!             events  ^                |  messages, pings, closes
//!                     |                v
//!   +-----------------------------------------------------+
//!   | WebSocket                buffers, whole messages,   |
//!   |   Receiver, Sender       compression, deadlines     |
//!   +-----------------------------------------------------+
//!   | Connection               events, replies, closing,  |
//!   |   ReceiveHalf, SendHalf  in buffers of yours        |
//!   +-----------------------------------------------------+
//!   | FrameHeader, mask, Utf8, CloseCode     the parts    |
//!   +-----------------------------------------------------+
//!         bytes read  ^                |  bytes to write
//!                     |                v
//!          your transport: TCP, TLS, an async runtime, ...
//! ```
//!
//! # Messages
//! A [`WebSocket`] is all that most programs need. You read into the room that it lends, take
//! events off it, and write what it queues:
//!
#![cfg_attr(feature = "alloc", doc = "```")]
#![cfg_attr(not(feature = "alloc"), doc = "```ignore")]
//! use rfc6455::WebSocket;
//! use rfc6455::websocket::{Config, Event};
//!
//! let mut ws = WebSocket::server(Config::DEFAULT);
//! let mut stream = &b"\x81\x85\x01\x02\x03\x04\x49\x67\x6f\x68\x6e"[..];
//! let n = std::io::Read::read(&mut stream, ws.read_buf())?;
//! ws.received(n)?;
//! while let Some((event, tx)) = ws.next()? {
//!     if let Event::Message(message) = event {
//!         tx.send(message)?;
//!     }
//! }
//! assert_eq!(ws.transmit(), b"\x81\x05Hello");
//! ws.transmitted(7)?;
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! An event borrows the read buffer, and the sender beside it sends while you hold it. Messages are
//! put together in that buffer; those longer than [`Config::stream_above`](websocket::Config) are
//! yielded in chunks. Pings, the peer's Close and violations are answered automatically. See
//! [`websocket`] for a loop that drives it.
//!
//! # Chunks
//! A [`Connection`] has no buffer. [`Connection::receive`] takes events off the front of the slice
//! that you have read into. The slice advances, so there is no byte count to apply. Data is unmasked
//! in place and borrowed from your buffer, not from the connection, so you can send while you hold
//! it:
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
//! message of any size passes through a buffer of any size.
//!
//! The protocol itself sends two kinds of frame: the Pong that answers a Ping, and exactly one
//! Close. Take pending ones from [`Connection::poll_transmit`] after each call of `receive`,
//! including a call that failed.
//!
//! # Sending
//! [`WebSocket::send`] queues a message, or refuses if more than
//! [`Config::high_water`](websocket::Config) bytes would be queued. A [`Connection`] leaves the
//! bytes to you:
//! - [`Connection::send`] writes a whole frame into your slice, or nothing.
//! - [`Connection::send_header`] (servers only) and [`Connection::begin_frame`] return the header
//!   by value and leave the payload where it is: for `writev`, for completion I/O, and for messages
//!   that are produced piece by piece.
//! - [`Connection::ping`] and [`Connection::close`] return small frames by value.
//!
//! A [`PreparedMessage`] is encoded once and sent to any number of clients.
//!
//! You create a client with a source of masking keys, and it cannot send without one; a server has
//! none. Text is UTF-8 by its type, or because it was checked when it arrived. Anything that a peer
//! would have to reject cannot be sent: the call returns a [`SendError`] and changes nothing.
//!
//! # Errors
//! A [`ProtocolError`] is the peer's fault. It names the rule, the offset of the byte that broke
//! it, and the close code. The Close frame that reports it is already pending: write what is queued
//! before you drop the transport. A [`SendError`] is the caller's fault. A normal close is no error
//! but an event, and a stream that ends without one is [`Eof::Abnormal`].
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
//!       or sent          (transmit)              |
//!          |                  |                  |
//!          +------------------+------------------+
//!                             |
//!                        is_closed()         drop the transport
//! ```
//!
//! After an exchange of Close frames, the server drops the transport; the client waits, within a
//! deadline, for the end of the stream.
//!
//! # Deadlines
//! Call [`WebSocket::handle_timeout`] after each wait, and at the latest at its
//! [`deadline`](WebSocket::deadline). Beside a [`Connection`], keep [`Timers`].
//!
//! # Two tasks
//! [`WebSocket::into_split`] returns a receiving and a sending half that share nothing, and so does
//! [`Connection::into_split`]. When the receiving half needs a Pong or a Close to be sent, it gives
//! you a [`Reply`]: a value that you hand to the sending half.
//!
//! # On your runtime
//! A blocking stream is read and written in turns: see [`websocket`]. For tokio there is
//! `rfc6455-tokio`, and for axum `rfc6455-axum`, packages beside this one.
//!
//! **An event loop** over sockets that do not block reads until nothing more has come, and writes
//! what can be written. It reads no more from a peer that does not read its answers:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use rfc6455::websocket::Event;
//! use rfc6455::{Server, WebSocket};
//! use std::io::{ErrorKind, Read, Result, Write};
//!
//! /// Serves a socket that is readable or writable; returns whether to wait for it to be writable.
//! fn serve(ws: &mut WebSocket<Server, Vec<u8>>, socket: &mut (impl Read + Write)) -> Result<bool> {
//!     while ws.queued() < 64 << 10 {
//!         match socket.read(ws.read_buf()) {
//!             Ok(0) => _ = ws.receive_eof(),
//!             Ok(n) => ws.received(n).map_err(std::io::Error::other)?,
//!             Err(error) if error.kind() == ErrorKind::WouldBlock => break,
//!             Err(error) => return Err(error),
//!         }
//!         while let Ok(Some((event, tx))) = ws.next() {
//!             if let Event::Message(message) = event {
//!                 tx.send(message).map_err(std::io::Error::other)?;
//!             }
//!         }
//!         if ws.is_closed() {
//!             break;
//!         }
//!     }
//!     match ws.write_to(socket) {
//!         Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
//!         _ => Ok(ws.wants_transmit()),
//!     }
//! }
//! ```
//!
//! **Completion I/O** owns the buffers that it reads into. Copy them into a `WebSocket` with
//! [`feed`](WebSocket::feed), or let a [`Connection`] work on them in place: it holds no buffer,
//! and thousands of idle connections then share those of the ring.
//!
//! **Without an allocator**, a `WebSocket` works over two slices: see [`WebSocket::new`]. It needs
//! no operating system, and the transport may be a UART.
//!
//! # Opening
//! A connection opens with an HTTP request and response; the codec takes over after them.
#![cfg_attr(feature = "handshake", doc = "[`handshake`] implements both sides over HTTP/1.1.")]
#![cfg_attr(not(feature = "handshake"), doc = "The feature `handshake` implements both sides.")]
//!
//! # Compressing
#![cfg_attr(feature = "deflate", doc = "[`deflate`] implements permessage-deflate (RFC 7692).")]
#![cfg_attr(feature = "deflate", doc = "Pass what was negotiated to [`WebSocket::deflate`].")]
#![cfg_attr(not(feature = "deflate"), doc = "The feature `deflate` implements permessage-deflate.")]
//!
//! # Cost
//! A [`Connection`] is 256 bytes, and that is all: no heap, no tables. A [`WebSocket`] is 1,336
//! bytes at most, and its buffers: they grow with what has arrived or is queued, and shrink when
//! they are empty. Over slices, it needs no allocator.
//!
//! The feature `handshake` has no dependency; `sha1` brings in the crate of that name, whose hash
//! uses the CPU's instructions; `deflate` brings in `alloc` and `zlib-rs`; `bytes` brings in `alloc` and `bytes`, for messages that are owned without a copy;
//! `alloc` adds `WebSocket::server` and `WebSocket::client`; `std` brings in `alloc` and, purely for speed,
//! `multiversion` and `simdutf8`.
//!
//! On a Cortex-M4 at `opt-level = "z"`, a server without `std` takes 4.9 KB of flash, and 3.9 KB more
//! with whole messages over slices. `handshake` adds 6.5 KB, `sha1` 3 KB, and `alloc` 1.3 KB to
//! whole messages, without the allocator.
#![no_std]
#![cfg_attr(not(feature = "unchecked-utf8"), forbid(unsafe_code))]
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

/// Whether code is used that is there for speed alone. Without it, the crate takes less memory for
/// code, and does the same.
pub(crate) const FAST: bool = cfg!(feature = "std");

mod bytes;
mod close;
mod close_frame;
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

pub use close::CloseCode;
pub use close_frame::CloseFrame;
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
pub use role::{AnyRole, Client, FixedRole, ForkKeys, MaskingKeys, Role, Server};
pub use send::{ControlFrame, PreparedMessage, SendHalf};
pub use timers::{Timeouts, Timer, Timers};
pub use utf8::Utf8;
pub use websocket::WebSocket;

/// Compiles and tests the README's examples.
#[cfg(all(doctest, feature = "std", feature = "handshake"))]
#[doc = include_str!("../README.md")]
struct Readme;
