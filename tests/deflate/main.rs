//! Compression of messages: permessage-deflate (RFC 7692).
#![cfg(feature = "deflate")]

#[path = "../common/mod.rs"]
mod common;

mod messages;
mod negotiation;
mod properties;
