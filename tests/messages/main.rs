//! Whole messages, and the values that collect them and serve several connections.
#![cfg(feature = "alloc")]

#[path = "../common/mod.rs"]
mod common;

mod buffer;
#[cfg(feature = "bytes")]
mod owned;
mod pairing;
mod websocket;
