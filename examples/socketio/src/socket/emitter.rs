//! Events for many sockets.

use std::sync::Arc;

use super::namespace::Live;
use super::rooms::Target;
use super::value::Value;

/// Sends events to the sockets of a namespace, or of some of its rooms.
pub struct Emitter {
    namespace: Arc<Live>,
    target: Target,
}

impl Emitter {
    pub(super) fn new(namespace: Arc<Live>, target: Target) -> Self {
        Self { namespace, target }
    }

    /// Adds a room; its members receive the event once, however many rooms they share.
    #[must_use]
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.target.rooms.push(room.into());
        self
    }

    /// Sends an event.
    pub fn emit(self, name: &str, args: impl IntoIterator<Item = Value>) {
        let event = std::iter::once(name.into()).chain(args).collect();
        self.namespace.rooms().emit(&self.namespace.name, self.target, event);
    }
}
