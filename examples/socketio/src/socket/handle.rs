//! One client in one namespace.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::request::Parts;
use tokio::time::{Duration, timeout};

use super::ack::{Acks, NotAcknowledged};
use super::emitter::Emitter;
use super::namespace::Live;
use super::packet::{Body, Encoded, Packet};
use super::rooms::Target;
use super::value::Value;
use crate::engine::{Reason, Session};

/// What a client said of itself when it connected.
pub struct Handshake {
    pub(super) request: Arc<Parts>,
    pub(super) auth: Value,
}

impl Handshake {
    /// Returns the headers of the request that opened the session.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    /// Returns the credentials: an object, which is empty if the client sent none.
    #[must_use]
    pub const fn auth(&self) -> &Value {
        &self.auth
    }
}

/// Why a client is gone from a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// The client left the namespace.
    Client,
    /// The server disconnected the client.
    Server,
    /// The session has ended.
    Session(Reason),
}

/// A client that is connected to a namespace. A clone is the same client.
#[derive(Clone)]
pub struct Socket(Arc<Shared>);

struct Shared {
    id: Arc<str>,
    /// The identifier under which the client may come back.
    pid: Option<String>,
    namespace: Arc<Live>,
    session: Arc<Session>,
    handshake: Arc<Handshake>,
    is_recovered: bool,
    is_connected: AtomicBool,
    acks: Mutex<Acks>,
}

impl Socket {
    pub(super) fn new(
        id: Arc<str>,
        pid: Option<String>,
        namespace: Arc<Live>,
        session: Arc<Session>,
        handshake: Arc<Handshake>,
        is_recovered: bool,
    ) -> Self {
        let (is_connected, acks) = (AtomicBool::new(true), Mutex::default());
        Self(Arc::new(Shared {
            id,
            pid,
            namespace,
            session,
            handshake,
            is_recovered,
            is_connected,
            acks,
        }))
    }

    /// Returns the identifier, which other clients may know.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    pub(super) fn shared_id(&self) -> Arc<str> {
        self.0.id.clone()
    }

    /// Returns the name of the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.0.namespace.name
    }

    /// Returns what the client said of itself when it connected.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Returns whether the client is back, with its identifier, its rooms, and what it missed.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.0.is_recovered
    }

    /// Returns whether the client is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.is_connected.load(Ordering::Acquire)
    }

    /// Sends an event.
    pub fn emit(&self, name: &str, args: impl IntoIterator<Item = Value>) {
        let target = Target { only: Some(self.shared_id()), ..Target::default() };
        Emitter::new(self.0.namespace.clone(), target).emit(name, args);
    }

    /// Sends an event, and waits for the client's answer.
    ///
    /// Await it in a task of its own: a handler would wait for what the client sends behind it.
    ///
    /// # Errors
    /// [`NotAcknowledged`] if the client does not answer in time, or is gone.
    pub async fn ask(
        &self,
        name: &str,
        args: impl IntoIterator<Item = Value>,
        within: Duration,
    ) -> Result<Vec<Value>, NotAcknowledged> {
        let (id, answer) = self.acks().expect();
        let body = Body::Event(std::iter::once(name.into()).chain(args).collect());
        self.send(&Packet { id: Some(id), ..Packet::new(self.namespace(), body) });
        if !self.is_connected() {
            return Err(NotAcknowledged);
        }
        timeout(within, answer).await.or(Err(NotAcknowledged))?.or(Err(NotAcknowledged))
    }

    /// Prepares an event for everybody else in the namespace, or in rooms that are added.
    #[must_use]
    pub fn others(&self) -> Emitter {
        let target = Target { except: Some(self.shared_id()), ..Target::default() };
        Emitter::new(self.0.namespace.clone(), target)
    }

    /// Enters a room; returns `false` if the client is gone, or in [too many] already.
    ///
    /// [too many]: super::Config::max_rooms
    #[must_use]
    pub fn join(&self, room: &str) -> bool {
        self.0.namespace.rooms().join(&self.0.id, room)
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        self.0.namespace.rooms().leave(&self.0.id, room);
    }

    /// Disconnects the client from the namespace.
    pub fn disconnect(&self) {
        let bye = Packet::new(self.namespace(), Body::Disconnect);
        if self.is_connected() {
            self.send(&bye);
        }
        self.gone(Disconnect::Server);
    }

    /// Ends the whole session of the client.
    pub fn close(&self) {
        self.0.session.close();
    }

    pub(super) fn send(&self, packet: &Packet) {
        self.push(&packet.encode());
    }

    pub(super) fn push(&self, packet: &Encoded) {
        self.0.session.push(packet.messages());
    }

    pub(super) fn acks(&self) -> MutexGuard<'_, Acks> {
        self.0.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the client from the namespace; it may come back if only its connection is lost.
    pub(super) fn gone(&self, reason: Disconnect) {
        if !self.0.is_connected.swap(false, Ordering::AcqRel) {
            return;
        }
        let pid = self.0.pid.clone().filter(|_| matches!(reason, Disconnect::Session(_)));
        self.0.namespace.rooms().remove(&self.0.id, pid);
        self.acks().clear();
        (self.0.namespace.rules.on_disconnect)(self.clone(), reason);
    }
}
