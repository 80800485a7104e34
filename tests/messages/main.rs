//! Whole messages, and the values that collect them and serve several connections.
#![cfg(feature = "alloc")]

#[path = "../common/mod.rs"]
mod common;

mod buffer;
mod pairing;
mod websocket;
