//! Acknowledgements, of either end's events.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::handle::Socket;
use super::packet::{Body, Packet};
use super::value::Value;

/// The answer that an event may ask for.
pub struct Ack(Option<(Socket, u64)>);

impl Ack {
    pub(super) fn new(socket: &Socket, id: Option<u64>) -> Self {
        Self(id.map(|id| (socket.clone(), id)))
    }

    /// Answers, if the event asks for an answer.
    pub fn send(self, args: impl IntoIterator<Item = Value>) {
        if let Some((socket, id)) = self.0 {
            let body = Body::Ack(args.into_iter().collect());
            socket.send(&Packet { id: Some(id), ..Packet::new(socket.namespace(), body) });
        }
    }
}

/// The client did not answer in time, or is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAcknowledged;

/// The server's events that a client has not answered yet.
#[derive(Default)]
pub(super) struct Acks {
    next: u64,
    waiting: HashMap<u64, oneshot::Sender<Vec<Value>>>,
}

impl Acks {
    pub(super) fn expect(&mut self) -> (u64, oneshot::Receiver<Vec<Value>>) {
        let (sender, receiver) = oneshot::channel();
        // Those that nobody awaits any longer.
        self.waiting.retain(|_, waiting| !waiting.is_closed());
        self.waiting.insert(self.next, sender);
        self.next += 1;
        (self.next - 1, receiver)
    }

    /// Delivers an answer; one that nobody awaits is dropped.
    pub(super) fn resolve(&mut self, id: u64, args: Vec<Value>) {
        if let Some(waiting) = self.waiting.remove(&id) {
            let _ = waiting.send(args);
        }
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}
