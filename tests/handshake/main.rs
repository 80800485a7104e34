//! The opening handshake (RFC 6455 §4).
#![cfg(feature = "handshake")]

#[path = "../common/mod.rs"]
mod common;

mod client;
mod connect;
mod limits;
#[cfg(feature = "alloc")]
mod owned;
mod parts;
mod properties;
mod server;
