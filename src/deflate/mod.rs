//! Compression of messages: permessage-deflate (RFC 7692), without I/O, in bounded steps.
//!
//! The two ends agree on it in the opening handshake: a [`Policy`] makes the client's
//! [offer](Policy::offer), the server's [answer](Policy::accept), and an [`Agreement`] of
//! both. That makes an [`Inflater`] and a [`Deflater`] for the connection, which stand beside it,
//! or each beside its half: nothing is shared, and what is not compressed does not pass through them.
//!
#![cfg_attr(feature = "handshake", doc = "```")]
#![cfg_attr(not(feature = "handshake"), doc = "```ignore")]
//! use rfc6455::deflate::Policy;
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
//! let agreement = Policy::DEFAULT.accept_offer(&upgrade).unwrap(); // `None`: do without
//! let answer = agreement.answer();
//! let mut out = vec![0; 512];
//! upgrade.accept(&Acceptance { extensions: Some(&answer), ..Acceptance::default() }, &mut out)?;
//!
//! let (mut inflater, mut deflater) = (agreement.inflater(), agreement.deflater());
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
//! [`MessageBuffer::receive_inflated`](crate::MessageBuffer::receive_inflated) gives whole messages,
//! [`Inflater::receive`] chunks of a length that you choose: a message of any size passes through
//! an output of any size. What was compressed and what was not look the same. Frames keep their
//! bounds of [`Limits`](crate::Limits) while they arrive; `max_message` counts inflated bytes too,
//! and the first one over it ends the connection with 1009, however little of the input has come
//! to that. Text is checked once, after it is inflated.
//!
//! A message must end where a block of DEFLATE does; one that does not, or is otherwise corrupt,
//! ends with 1007. Nothing depends on how the stream was cut.
//!
//! # Sending
//! [`Deflater::send`] compresses a message, or a fragment of one, if it is long enough. One that is
//! not to be compressed, as it is incompressible or secret, is sent with
//! [`Connection::send`](crate::Connection::send) past the deflater.
//!
//! # What it costs
//! Nothing before the first compressed message. From then on, in KiB for each connection (with 64-bit
//! pointers; narrower ones take a little less), what we send takes, by the window that was agreed to
//! ([`Policy::send_window`]) and the memory level ([`Policy::mem_level`]):
//!
//! | window | 9 | 8 | 5 | 1 |
//! |---|---|---|---|---|
//! | 15 | 484 | 372 | 274 | 260 |
//! | 13 | 388 | 276 | 178 | 164 |
//! | 11 | 364 | 252 | 154 | 140 |
//! | 9 | 358 | 246 | 148 | 134 |
//!
//! and what we receive 47 KiB for every window. The level makes no difference to memory. Without
//! takeover ([`Policy::send_takeover`], [`Policy::receive_takeover`]) all of it can be given back
//! between two messages, with [`Deflater::release`] and [`Inflater::release`]; a deflater can
//! always do so, at the price of longer messages.
//!
//! The work is done by zlib-rs. It takes its memory from Rust's allocator by way of `std`, which the
//! target must therefore have, and panics if there is none left. A window of 8 bits
//! is accepted from a peer. To compress with one is beyond it: a server declines an offer that
//! demands it, and a client that is told to sends nothing but literals and runs.

mod agreement;
mod deflater;
#[cfg(feature = "handshake")]
mod handshake;
mod inflater;
mod params;
mod policy;

pub use agreement::{Agreement, HeaderText};
pub use deflater::{Deflater, Outgoing};
pub use inflater::Inflater;
pub(crate) use inflater::Step;
pub use params::Params;
pub use policy::Policy;
