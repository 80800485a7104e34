//! What everything on a node needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rfc6455_axum::Config;
use rfc6455_axum::rfc6455::{Limits, Timeouts};

use crate::files::Files;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::DEFLATE;
use crate::settings::Settings;
use crate::token::Tokens;

/// The most lines a second about clients that misbehave.
const LINES: Quota = Quota::per_second(std::num::NonZeroU32::new(20).unwrap());

/// What everything on a node needs.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) node: Arc<str>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tokens: Tokens,
    pub(crate) files: Files,
    pub(crate) lines: DefaultDirectRateLimiter,
    next_connection: AtomicU64,
}

impl App {
    pub(crate) fn new(
        settings: Settings,
        node: Arc<str>,
        hub: Arc<Hub>,
        tokens: Tokens,
        files: Files,
    ) -> Self {
        let metrics = hub.metrics.clone();
        let lines = RateLimiter::direct(LINES);
        let next_connection = AtomicU64::new(1);
        Self { settings, node, hub, metrics, tokens, files, lines, next_connection }
    }

    /// Returns a name for a connection that no other one of the service has.
    pub(crate) fn connection_name(&self) -> Arc<str> {
        let number = self.next_connection.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", self.node).into()
    }

    /// Returns whether a line may be logged about a client. Clients cannot fill the disk.
    pub(crate) fn may_log(&self) -> bool {
        self.lines.check().is_ok()
    }

    /// Returns the settings of a WebSocket.
    pub(crate) fn websocket(&self) -> Config {
        let timing = &self.settings.timing;
        let max_message = self.settings.max_message as u64;
        let limits = Limits::DEFAULT.max_message(max_message).max_frame(max_message);
        let timeouts = Timeouts::DEFAULT.idle(Some(timing.heartbeat)).pong(Some(timing.pong));
        Config::DEFAULT.limits(limits).timeouts(timeouts).deflate(DEFLATE)
    }
}
