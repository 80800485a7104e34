//! The contenders, behind the same traits: level 1, a window of 15 bits, no threshold.

use crate::source::{Output, Source};

pub mod bare;
pub mod ours;
pub mod sockudo;
#[cfg(feature = "soketto")]
pub mod soketto;
pub mod yawc;

/// A server's connection that compresses what it sends.
pub trait Send {
    fn new(takeover: bool, output: Output) -> Self;
    /// Sends all texts, each in its own frame.
    fn send(&mut self, texts: &[String]);
}

/// A client's connection that inflates what it receives.
pub trait Receive {
    fn new(takeover: bool, source: Source) -> Self;
    /// Receives all messages of the source.
    fn receive(&mut self, message: &mut dyn FnMut(&[u8]));
}

/// The answer of a server that wants takeover, or none.
pub const fn agreed(takeover: bool) -> &'static str {
    if takeover {
        "permessage-deflate"
    } else {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    }
}
