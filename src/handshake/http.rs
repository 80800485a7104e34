//! HTTP/1.1 as far as a handshake needs it: heads as they arrive, and as they are written.
//!
//! Nothing in here knows WebSocket, or imports from outside of this module but for `crate::bytes`.

pub(super) mod chars;
pub(super) mod error;
pub(super) mod head;
pub(super) mod headers;
pub(super) mod host;
pub(super) mod limits;
pub(super) mod parse;
mod scan;
pub(super) mod tokens;
pub(super) mod write;
