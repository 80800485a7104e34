//! The WebSocket protocol on tokio, by the codec [`rfc6455`].
//!
//! [`accept`] and [`connect`] open a [`WebSocketStream`], which receives and sends [`Message`]s:
//!
//! ```
//! use rfc6455_tokio::{Message, accept, client, Config, Request};
//! use rfc6455_tokio::rfc6455::CloseCode;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> rfc6455_tokio::Result<()> {
//! let (near, far) = tokio::io::duplex(1024); // or a TcpStream
//! let server = tokio::spawn(async move {
//!     let mut ws = accept(far).await?;
//!     while let Some(message) = ws.recv().await {
//!         let message = message?;
//!         if message.is_data() {
//!             ws.feed(message).await?;
//!         }
//!     }
//!     rfc6455_tokio::Result::Ok(())
//! });
//!
//! let request = Request::new("ws://localhost/")?;
//! let (mut ws, _response) = client(near, request, &Config::DEFAULT).await?;
//! ws.send("hello").await?;
//! assert_eq!(ws.recv().await.transpose()?, Some(Message::from("hello")));
//! ws.close(CloseCode::NORMAL, "done").await?;
//! server.await.unwrap()
//! # }
//! ```
//!
//! # What it does for you
//! While you await [`recv`](WebSocketStream::recv):
//! - Pings and the peer's Close are answered, and violations reported to the peer and to you;
//! - a Ping is sent after 30 seconds of silence, and a peer that does not answer it within 20 is
//!   given up; a message may take 5 minutes, the closing handshake 5 seconds, the opening one 10.
//!   [`Config`] changes each.
//!
//! # Sending
//! [`send`](WebSocketStream::send) queues a message and writes it. [`feed`](WebSocketStream::feed)
//! only queues it, and the next `recv` writes everything that is queued, before it waits: use it to
//! answer messages, and all answers to what arrived together leave with one system call. Both wait
//! while 64 KiB are queued, so a peer that reads slowly slows its sender down, and takes no memory.
//! After 30 seconds without progress, sending fails.
//!
//! # Compression
//! With [`Config::deflate`], permessage-deflate is negotiated. It is off by default, because it
//! takes up to 500 KiB for each connection, and because it reveals secrets by the lengths of
//! messages that mix them with what an attacker chooses.
//!
//! # With an HTTP stack
//! With the feature `hyper`, `upgrade` accepts a request that hyper received, over HTTP/1.1 and
//! HTTP/2. The crate `rfc6455-axum` makes an extractor of it. For another stack, perform the
//! handshake with [`rfc6455::handshake`], and join the transport by [`WebSocketStream::server`].
//!
//! # From tokio-tungstenite
//! | tokio-tungstenite | here |
//! |---|---|
//! | `accept_async(stream)` | [`accept`]`(stream)` |
//! | `accept_hdr_async(stream, callback)` | [`accept_with`]`(stream, &config, async \|upgrade\| ...)` |
//! | `accept_async_with_config` | [`accept_with`] |
//! | `connect_async(url)` | [`connect`]`(url)` |
//! | `connect_async_with_config` | [`connect_with`]`(request, &config)` |
//! | `client_async(request, stream)` | [`client`]`(stream, request, &config)` |
//! | `WebSocketStream::from_raw_socket` | [`WebSocketStream::server`], [`WebSocketStream::client`] |
//! | `ws.next()`, `ws.send()`, `ws.split()` of `futures` | the same, or [`recv`](WebSocketStream::recv), [`send`](WebSocketStream::send), [`into_split`](WebSocketStream::into_split) |
//! | `Message::Text(text)`, `text.as_str()` | the same |
//! | `ws.close(Some(CloseFrame { code, reason }))` | [`ws.close(code, reason)`](WebSocketStream::close), which also waits for the peer's Close |
//! | `Error::Protocol(ResetWithoutClosingHandshake)` | `None` from `recv`, and [`was_clean`](WebSocketStream::was_clean) is `false` |
//! | `Error::ConnectionClosed` | `None` from `recv` |
//! | `WebSocketConfig { max_message_size, .. }` | [`Config::websocket`] and its `limits` |
//! | `write_buffer_size`, `max_write_buffer_size` | [`Config::backpressure`] |
//! | `MaybeTlsStream` | [`MaybeTlsStream`] |
#![forbid(unsafe_code)]

mod accept;
mod alarm;
mod config;
mod connect;
mod connection;
mod error;
mod keys;
mod message;
mod scratch;
mod split;
mod stream;
mod transport;
#[cfg(feature = "hyper")]
mod upgrade;

pub use accept::{Accept, Reject, accept, accept_with};
pub use config::Config;
pub use connect::{Request, client, connect, connect_with};
pub use connection::Codec;
pub use error::{Error, Result};
pub use keys::Keys;
pub use message::{CloseFrame, Message};
pub use split::{Receiver, Sender};
pub use stream::WebSocketStream;
pub use transport::MaybeTlsStream;
#[cfg(feature = "hyper")]
pub use upgrade::{HyperIo, check_upgrade, upgrade};
pub use {bytes, http, rfc6455};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
