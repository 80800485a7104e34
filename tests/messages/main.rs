//! The layer over everything: whole messages, and the memory that they take.
#![cfg(feature = "alloc")]

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod buffer;
#[cfg(feature = "bytes")]
mod owned;
mod reuse;
mod values;
mod websocket;
