//! A server: all of its namespaces.

use std::collections::HashMap;
use std::sync::Arc;

use super::Config;
use super::client::Client;
use super::emitter::Emitter;
use super::namespace::{Live, Namespace};
use super::rooms::Target;
use crate::engine::Connection;

/// A server of Socket.IO. A clone is the same server.
#[derive(Clone)]
pub struct Io {
    pub(super) config: Arc<Config>,
    pub(super) namespaces: Arc<HashMap<String, Arc<Live>>>,
}

impl Io {
    /// Creates a server with these namespaces.
    #[must_use]
    pub fn new(config: Config, namespaces: impl IntoIterator<Item = Namespace>) -> Self {
        let live = namespaces.into_iter().map(|rules| Arc::new(Live::new(rules, &config)));
        let namespaces = Arc::new(live.map(|live| (live.name.clone(), live)).collect());
        Self { config: Arc::new(config), namespaces }
    }

    /// Serves a session until its end.
    pub fn serve(&self, connection: Connection) -> impl Future<Output = ()> + Send + use<> {
        Client::new(self.clone(), connection).run()
    }

    /// Prepares an event for everybody in a namespace; `None` if there is no such namespace.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Emitter> {
        let live = self.namespaces.get(name)?;
        Some(Emitter::new(live.clone(), Target::default()))
    }
}
