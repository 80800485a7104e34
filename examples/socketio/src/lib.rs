//! A Socket.IO server on the codec `rfc6455`: Engine.IO v4 and Socket.IO v5, over WebSocket and
//! HTTP long-polling.
//!
//! [`engine`] has sessions, which outlive their transports; [`socket`] has namespaces, rooms,
//! acknowledgements and binary events on top of them.
//!
//! ```
//! use rfc6455_socketio::engine::{self, Engine};
//! use rfc6455_socketio::socket::{self, Io, Namespace};
//!
//! let echo = Namespace::new("/")
//!     .on("message", |socket, args, _| socket.emit("message-back", args))
//!     .on("message-with-ack", |_, args, ack| ack.send(args));
//! let io = Io::new(socket::Config::DEFAULT, [echo]);
//! let engine = Engine::new(engine::Config::DEFAULT, move |connection| io.serve(connection));
//! let app = axum::Router::new().route("/socket.io/", engine.into_route());
//! # let _: axum::Router = app;
//! ```

pub mod engine;
pub mod socket;
mod transport;

/// Returns an identifier of 128 random bits.
fn random_id() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}
