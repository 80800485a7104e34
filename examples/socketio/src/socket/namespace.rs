//! Namespaces: which clients may connect, and what events do.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Config;
use super::ack::Ack;
use super::handle::{Disconnect, Handshake, Socket};
use super::rooms::Rooms;
use super::value::Value;

type Decision = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;
type Middleware = Box<dyn Fn(Arc<Handshake>) -> Decision + Send + Sync>;
type OnConnect = Box<dyn Fn(Socket) + Send + Sync>;
type OnEvent = Box<dyn Fn(Socket, Vec<Value>, Ack) + Send + Sync>;
type OnDisconnect = Box<dyn Fn(Socket, Disconnect) + Send + Sync>;

/// Why a client may not connect: what its `connect_error` event says.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The message of the error.
    pub message: String,
    /// More about it, if there is.
    pub data: Option<Value>,
}

impl Refusal {
    /// Refuses with a message.
    #[must_use]
    pub fn new(message: &str) -> Self {
        Self { message: message.into(), data: None }
    }
}

/// What a namespace does. Its functions run in the task of a client, so they must not block.
pub struct Namespace {
    pub(super) name: String,
    pub(super) middleware: Vec<Middleware>,
    pub(super) on_connect: OnConnect,
    pub(super) on_event: HashMap<String, OnEvent>,
    pub(super) on_disconnect: OnDisconnect,
}

impl Namespace {
    /// Creates a namespace, whose name begins with a slash.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            middleware: Vec::new(),
            on_connect: Box::new(|_| ()),
            on_event: HashMap::new(),
            on_disconnect: Box::new(|_, _| ()),
        }
    }

    /// Adds a check that each client has to pass, also one that comes back.
    #[must_use]
    pub fn middleware<F>(
        mut self,
        check: impl Fn(Arc<Handshake>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.middleware.push(Box::new(move |handshake| Box::pin(check(handshake))));
        self
    }

    /// Sets what is done with a client that has connected.
    #[must_use]
    pub fn on_connect(mut self, handler: impl Fn(Socket) + Send + Sync + 'static) -> Self {
        self.on_connect = Box::new(handler);
        self
    }

    /// Sets what an event does, with its arguments.
    #[must_use]
    pub fn on(
        mut self,
        event: &str,
        handler: impl Fn(Socket, Vec<Value>, Ack) + Send + Sync + 'static,
    ) -> Self {
        self.on_event.insert(event.into(), Box::new(handler));
        self
    }

    /// Sets what is done when a client is gone.
    #[must_use]
    pub fn on_disconnect(
        mut self,
        handler: impl Fn(Socket, Disconnect) + Send + Sync + 'static,
    ) -> Self {
        self.on_disconnect = Box::new(handler);
        self
    }
}

/// A namespace that is served.
pub(super) struct Live {
    pub(super) name: String,
    pub(super) rules: Namespace,
    rooms: Mutex<Rooms>,
}

impl Live {
    pub(super) fn new(rules: Namespace, config: &Config) -> Self {
        let rooms = Mutex::new(Rooms::new(config));
        Self { name: rules.name.clone(), rules, rooms }
    }

    pub(super) fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
