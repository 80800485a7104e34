//! Compression of messages: permessage-deflate (RFC 7692), without I/O, in bounded steps.
//!
//! The two ends negotiate it in the opening handshake. A [`Config`] makes the client's
//! [offer](Config::offer) or the server's [response](Config::accept), and the result for both is
//! [`Negotiated`]. That creates an [`Inflater`] and a [`Deflater`] for the connection. They sit
//! beside it, or each beside its half, and share nothing; uncompressed data does not pass through
//! them.
//!
#![cfg_attr(feature = "handshake", doc = "```")]
#![cfg_attr(not(feature = "handshake"), doc = "```ignore")]
//! use rfc6455::deflate::Config;
//! use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
//! use rfc6455::{Connection, Incoming, Limits, MessageBuffer};
//!
//! let mut received = *b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
//!     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
//!     Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n\
//!     \xC1\x87\0\0\0\0\xF2\x48\xCD\xC9\xC9\x07\0";
//! let mut head = [0; 1024];
//! let mut handshake = ServerHandshake::new(&mut head, HandshakeLimits::DEFAULT);
//! let mut input = &mut received[..];
//! let upgrade = handshake.receive(&mut input)?.unwrap().upgrade()?;
//!
//! let negotiated = Config::DEFAULT.accept_offer(&upgrade).unwrap(); // `None`: no compression
//! let response = negotiated.response();
//! let mut out = vec![0; 512];
//! upgrade.accept(&Acceptance::DEFAULT.extensions(Some(&response)), &mut out)?;
//!
//! let (mut inflater, mut deflater) = (negotiated.inflater(), negotiated.deflater());
//! let (mut ws, mut messages) = (Connection::server(Limits::DEFAULT), MessageBuffer::new());
//! let Some(Incoming::Message(message)) =
//!     messages.receive_inflated(&mut inflater, &mut ws, &mut input)?
//! else {
//!     panic!("there was one")
//! };
//! assert_eq!(message.as_bytes(), b"Hello");
//! out.clear();
//! deflater.send_to_vec(&mut ws, message, &mut out)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Receiving
//! [`MessageBuffer::receive_inflated`](crate::MessageBuffer::receive_inflated) yields whole
//! messages. [`Inflater::receive`] yields chunks of a length that you choose, so a message of any
//! size passes through an output of any size. Compressed and uncompressed messages look the same.
//! The [`Limits`](crate::Limits) on frames apply as frames arrive. `max_message` counts inflated
//! bytes too: the first byte over it fails the connection with 1009, however little of the input
//! produced that byte. Text is checked once, after it is inflated.
//!
//! A message must end where a DEFLATE block does. A message that does not, or is corrupt in any
//! other way, fails with 1007. Nothing depends on the chunking of the stream.
//!
//! # Sending
//! [`Deflater::send`] compresses a message, or a fragment of one, if it is long enough. If a
//! message should not be compressed, because it is incompressible or secret, bypass the deflater:
//! send it with [`Connection::send`](crate::Connection::send).
//!
//! # Cost
//! Compression costs nothing before the first compressed message. From then on, each connection
//! holds the memory below, in KiB, with 64-bit pointers (narrower ones take a little less). Sending
//! takes, by the negotiated window ([`Config::send_window`]) and the memory level
//! ([`Config::mem_level`]):
//!
//! | window | 9 | 8 | 5 | 1 |
//! |---|---|---|---|---|
//! | 15 | 484 | 372 | 274 | 260 |
//! | 13 | 388 | 276 | 178 | 164 |
//! | 11 | 364 | 252 | 154 | 140 |
//! | 9 | 358 | 246 | 148 | 134 |
//!
//! Receiving takes 47 KiB for every window. The compression level makes no difference to memory.
//! Without takeover ([`Config::send_takeover`], [`Config::receive_takeover`]), all of it can be
//! freed between two messages, with [`Deflater::release`] and [`Inflater::release`]. A deflater can
//! always be released, at the price of longer messages.
//!
//! zlib-rs does the work. It allocates from Rust's allocator by way of `std`, so the target must
//! have `std`, and it panics if there is no memory left. A window of 8 bits is accepted from a
//! peer, but zlib-rs cannot compress with one: a server declines an offer that demands it, and a
//! client that is told to use it sends nothing but literals and runs.

mod config;
mod deflater;
#[cfg(feature = "handshake")]
mod handshake;
mod inflater;
mod negotiation;
mod params;

pub use config::Config;
pub use deflater::Deflater;
pub use inflater::Inflater;
pub(crate) use inflater::Step;
pub use negotiation::{HeaderText, Negotiated};
pub use params::Params;
