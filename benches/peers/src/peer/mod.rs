//! The contenders: what each can be asked to do, behind the same few traits.

use crate::source::Source;

pub mod fastwebsockets;
pub mod layer;
pub mod limit;
pub mod ours;
pub mod sockudo;
pub mod soketto;
pub mod tokio_websockets;
pub mod tungstenite;
pub mod websocket_sans_io;
#[cfg(wslay)]
pub mod wslay;

/// What a table says about a contender.
#[derive(Clone, Copy, Debug)]
pub struct About {
    pub name: &'static str,
    /// Where it does less or more than the others.
    pub note: &'static str,
    /// Which of our rows does the same work: the one that its ratio is taken of.
    pub beside: &'static str,
}

impl About {
    pub const fn new(name: &'static str, beside: &'static str, note: &'static str) -> Self {
        Self { name, note, beside }
    }
}

/// Where received messages go, whole or in pieces.
pub trait Sink {
    fn piece(&mut self, bytes: &[u8], last: bool);
}

/// A server's connection that receives a stream and answers its pings.
pub trait Receive {
    const ABOUT: About;
    /// For a source whose messages are text, or are not.
    fn new(source: Source, text: bool) -> Self;
    /// Receives as many messages as the source has.
    fn receive<S: Sink>(&mut self, sink: &mut S);
    /// How many bytes of this value and its heap the caller lends: one such buffer serves all
    /// connections of a thread.
    fn lent(&self) -> usize {
        0
    }
}

/// A connection, of a server or of a client, that sends a message over and over.
pub trait Send {
    const ABOUT: About;
    fn new(payload: Vec<u8>, source: Source) -> Self;
    /// Sends it as many times as the source has messages.
    fn send(&mut self);
}

/// A server's connection that sends back what it receives, each message by itself.
pub trait Echo {
    const ABOUT: About;
    fn new(source: Source) -> Self;
    /// Answers as many messages as the source has.
    fn echo(&mut self);
}

/// A server that answers one request with 101.
pub trait Accept {
    const ABOUT: About;
    fn new(source: Source) -> Self;
    fn accept(&mut self);
}
