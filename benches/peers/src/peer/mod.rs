//! The contenders, behind the same few traits.

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

/// A contender as a table shows it.
#[derive(Clone, Copy, Debug)]
pub struct About {
    pub name: &'static str,
    /// How it does less or more than the others.
    pub note: &'static str,
    /// The row of ours that does the same work: the reference of its ratio.
    pub beside: &'static str,
}

impl About {
    pub const fn new(name: &'static str, beside: &'static str, note: &'static str) -> Self {
        Self { name, note, beside }
    }
}

/// The destination of received messages, whole or in pieces.
pub trait Sink {
    fn piece(&mut self, bytes: &[u8], last: bool);
}

/// A server's connection that receives a stream and answers its pings.
pub trait Receive {
    const ABOUT: About;
    /// The reference of its ratio for text: that row also hands out text as a `str`, or as bytes.
    const BESIDE_IN_TEXT: &'static str = Self::ABOUT.beside;
    /// Creates a connection for a source of text or of binary messages.
    fn new(source: Source, text: bool) -> Self;
    /// Receives all messages of the source.
    fn receive<S: Sink>(&mut self, sink: &mut S);
    /// Returns the bytes of this value and its heap that the caller lends: one such buffer serves
    /// all connections of a thread.
    fn lent(&self) -> usize {
        0
    }
}

/// A connection, of a server or of a client, that sends one message repeatedly.
pub trait Send {
    const ABOUT: About;
    fn new(payload: Vec<u8>, source: Source) -> Self;
    /// Sends the message as many times as the source has messages.
    fn send(&mut self);
}

/// A server's connection that sends each received message back separately.
pub trait Echo {
    const ABOUT: About;
    fn new(source: Source) -> Self;
    /// Answers all messages of the source.
    fn echo(&mut self);
}

/// A server that answers one request with 101.
pub trait Accept {
    const ABOUT: About;
    fn new(source: Source) -> Self;
    fn accept(&mut self);
}
