//! The part of HTTP/1.1 that a handshake needs: reading heads as they arrive, and writing them.
//!
//! This module knows nothing of WebSocket, and imports only `crate::bytes` from outside.

pub(super) mod chars;
pub(super) mod error;
pub(super) mod head;
pub(super) mod headers;
pub(super) mod host;
pub(super) mod limits;
pub(super) mod parse;
mod scan;
pub(super) mod storage;
pub(super) mod tokens;
pub(super) mod write;
