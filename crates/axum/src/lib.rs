#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod rejection;
mod upgrade;

pub use rejection::WebSocketUpgradeRejection;
pub use rfc6455_tokio::{CloseFrame, Config, Error, HyperIo, Message, Receiver, Sender, rfc6455};
pub use upgrade::WebSocketUpgrade;

/// A WebSocket that a handler has accepted.
pub type WebSocket = rfc6455_tokio::WebSocketStream<HyperIo>;
