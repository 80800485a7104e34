//! The two ways of the packets of a session, and the pages that may use them.

pub(crate) mod origin;
pub(crate) mod polling;
pub(crate) mod websocket;
