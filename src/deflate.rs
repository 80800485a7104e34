//! Compression of messages: permessage-deflate (RFC 7692), without I/O, in bounded steps.
//!
//! The two ends negotiate it in the opening handshake. A [`Config`] makes the client's
//! [offer](Config::offer) or the server's [response](Config::accept), and the result for both is
//! [`Negotiated`], which you give to the [`WebSocket`](crate::WebSocket). Nothing else changes.
//!
#![cfg_attr(feature = "handshake", doc = "```")]
#![cfg_attr(not(feature = "handshake"), doc = "```ignore")]
//! use rfc6455::deflate::Config;
//! use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
//! use rfc6455::{WebSocket, websocket};
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
//! let negotiated = Config::DEFAULT.accept_offer(&upgrade); // `None`: no compression
//! let response = negotiated.map(|negotiated| negotiated.response());
//! let extensions = response.as_deref();
//! upgrade.accept(&Acceptance::DEFAULT.extensions(extensions), &mut [0; 512])?;
//!
//! let mut ws = WebSocket::server(websocket::Config::DEFAULT).deflate(negotiated);
//! ws.feed(input);
//! let Some((websocket::Event::Message(message), _)) = ws.next()? else { panic!() };
//! assert_eq!(message.as_bytes(), b"Hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Receiving
//! Compressed and uncompressed messages look the same, whole and in
//! [chunks](crate::websocket::Config::stream_above). The [`Limits`](crate::Limits) on frames apply
//! as frames arrive. `max_message` counts inflated bytes too: the first byte over it fails the
//! connection with 1009, however little of the input produced that byte. Text is checked once,
//! after it is inflated.
//!
//! A message must end where a DEFLATE block does. A message that does not, or is corrupt in any
//! other way, fails with 1007. Nothing depends on the chunking of the stream.
//!
//! # Sending
//! A message is compressed if it is long enough ([`Config::threshold`]), or always
//! ([`Config::always`]). Send one that is
//! incompressible with [`send_plain`](crate::websocket::Sender::send_plain), and one that is
//! secret, too: an attacker who can inject text into the same compression context as a secret, and
//! observe lengths, can recover the secret.
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
//! [`WebSocket::release`](crate::WebSocket::release) frees what sending takes, at the price of
//! longer messages, and without takeover ([`Config::receive_takeover`]) also what receiving takes.
//! So does a connection that is quiet for so long that it sends a Ping.
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
pub(crate) use deflater::Deflater;
pub(crate) use inflater::{Inflater, Step};
pub use negotiation::{HeaderText, Negotiated};
pub use params::Params;
