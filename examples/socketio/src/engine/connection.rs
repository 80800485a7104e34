//! The application's end of a session.

use std::sync::Arc;

use axum::http::request::Parts;
use bytes::Bytes;
use rfc6455_axum::rfc6455::websocket::Utf8Bytes;
use tokio::sync::mpsc;

use super::packet::Packet;
use super::session::Session;
use super::state::Reason;

/// A message of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
}

impl From<Incoming> for Packet {
    fn from(message: Incoming) -> Self {
        match message {
            Incoming::Text(text) => Self::Text(text),
            Incoming::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

/// One end of a session. The session is closed when it is dropped.
pub struct Connection {
    pub(crate) session: Arc<Session>,
    /// The head of the request that opened the session.
    pub(crate) request: Arc<Parts>,
    incoming: mpsc::Receiver<Incoming>,
}

impl Connection {
    pub(super) fn new(
        session: Arc<Session>,
        request: Parts,
        incoming: mpsc::Receiver<Incoming>,
    ) -> Self {
        Self { session, request: Arc::new(request), incoming }
    }

    /// Receives the next message; `None` after the end of the session.
    pub async fn recv(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }

    /// Queues a message.
    pub fn send(&self, message: impl Into<Packet>) {
        self.session.push([message.into()]);
    }

    /// Returns the reason once the session has ended.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.session.reason()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.session.close();
    }
}
