//! A node, from its start to its drain.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use rand::RngExt;
use rfc6455_axum::rfc6455::CloseCode;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::app::App;
use crate::backplane::{Backplane, Event, memory::Memory, redis::Redis};
use crate::files::Files;
use crate::http::router;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::Item;
use crate::settings::Settings;
use crate::token::Tokens;

/// How often it is checked whether all connections are closed.
const CHECK: Duration = Duration::from_millis(20);

/// Why a node cannot start.
#[derive(Debug)]
pub struct Error {
    what: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Error {
    fn new<E>(what: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let what = what.into();
        move |source| Self { what, source: source.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.source)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// A node that accepts connections; dropped, it stops at once.
pub struct Server {
    address: SocketAddr,
    app: Arc<App>,
    stop: Option<oneshot::Sender<()>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts a node, with the backplane of its settings.
    ///
    /// # Errors
    /// If the address is taken, or a setting is not valid.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let mut tasks = JoinSet::new();
        let node = node_name(&settings);
        let (backplane, events) = match &settings.redis {
            Some(url) => Redis::start(url, &node, &settings, &mut tasks)
                .map_err(Error::new("the URL of Redis is not valid"))?,
            None => Memory::new(&settings).node(),
        };
        Self::with(settings, node, backplane, events, tasks).await
    }

    /// Starts a node that shares its memory with others of this process.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn start_beside(settings: Settings, memory: &Memory) -> Result<Self, Error> {
        let (backplane, events) = memory.node();
        let node = node_name(&settings);
        Self::with(settings, node, backplane, events, JoinSet::new()).await
    }

    async fn with(
        settings: Settings,
        node: Arc<str>,
        backplane: Arc<dyn Backplane>,
        events: mpsc::Receiver<Event>,
        mut tasks: JoinSet<()>,
    ) -> Result<Self, Error> {
        let metrics = Metrics::new().map_err(Error::new("the metrics cannot be registered"))?;
        let tokens = Tokens::new(settings.jwt_secret.as_deref())
            .map_err(Error::new("the secret of tokens is not valid"))?;
        let files = Files::open(settings.files.as_deref())
            .map_err(Error::new("the folder of files cannot be opened"))?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .map_err(Error::new(format!("cannot listen on {}", settings.listen)))?;
        let address = listener.local_addr().map_err(Error::new("the socket has no address"))?;
        if settings.jwt_secret.is_none() {
            tracing::warn!("no secret of tokens is set: /token gives one to everyone");
        }
        let hub = Hub::start(backplane, events, Arc::new(metrics), &settings, &mut tasks);
        let app = Arc::new(App::new(settings, node, hub, tokens, files));
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = listener.tap_io(|stream| {
            // Messages are written in batches already. If it fails, they are only later.
            let _ = stream.set_nodelay(true);
        });
        let serve = axum::serve(listener, router(app.clone()));
        tasks.spawn(async move {
            tokio::select! {
                Err(error) = serve.into_future() => tracing::error!(%error, "cannot accept"),
                _ = stopped => {}
            }
        });
        Ok(Self { address, app, stop: Some(stop), _tasks: tasks })
    }

    /// Returns the address that it accepts connections on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections with code 1012, one after the other, and accepts no more.
    ///
    /// It returns when all are closed, or when [`Settings::drain`] has passed.
    pub async fn drain(mut self) {
        let hub = &self.app.hub;
        let deadline = Instant::now() + self.app.settings.drain;
        hub.drain();
        tracing::info!(connections = hub.metrics.connections.get(), "draining");
        // Clients come back at once, so they leave over half of the time.
        let outboxes = hub.all_connections();
        let pause = self.app.settings.drain / 2 / u32::try_from(outboxes.len()).unwrap_or(1).max(1);
        let start = Instant::now();
        for (number, outbox) in (0..).zip(outboxes) {
            sleep_until(start + (pause * number).min(self.app.settings.drain / 2)).await;
            outbox.push(Item::Close(CloseCode::SERVICE_RESTART, "the server restarts"));
        }
        while hub.metrics.open.get() > 0 && Instant::now() < deadline {
            sleep(CHECK).await;
        }
        if let Some(stop) = self.stop.take() {
            // It fails only if the server has stopped already.
            let _ = stop.send(());
        }
    }
}

fn node_name(settings: &Settings) -> Arc<str> {
    match &settings.node {
        Some(name) => name.as_str().into(),
        None => format!("node-{:08x}", rand::rng().random::<u32>()).into(),
    }
}
