//! Engine.IO v4: sessions over HTTP long-polling and WebSocket, with heartbeats and upgrades.

mod connection;
pub mod packet;
pub mod payload;
pub(crate) mod server;
mod session;
mod state;

use std::time::Duration;

use rfc6455_axum::rfc6455::deflate;

pub use connection::{Connection, Incoming};
pub use server::Engine;
pub(crate) use session::{Exchange, Probe, Session};
pub use state::Reason;

/// What a server of Engine.IO accepts, waits for, and keeps.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The time between a Pong and the next Ping. Default: 25 seconds.
    pub ping_interval: Duration,
    /// The time within which a Ping is answered. Default: 20 seconds.
    pub ping_timeout: Duration,
    /// The time that a WebSocket has to take a session over. Default: 10 seconds.
    pub upgrade_timeout: Duration,
    /// The longest message, and the longest body of a POST, in bytes. Default: 1,000,000.
    pub max_payload: usize,
    /// What one session queues for a client that does not receive it, in bytes, of which each
    /// packet takes 64 more than it carries. Default: 16 MiB.
    pub max_queued: usize,
    /// Sessions at the same time. Default: 10,000.
    pub max_sessions: usize,
    /// Origins other than the server's own whose pages may connect, such as `https://example.com`.
    pub origins: Vec<String>,
    /// The compression of a WebSocket. Default: none.
    pub deflate: Option<deflate::Config>,
}

impl Config {
    /// The default of every field.
    pub const DEFAULT: Self = Self {
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        upgrade_timeout: Duration::from_secs(10),
        max_payload: 1_000_000,
        max_queued: 16 << 20,
        max_sessions: 10_000,
        origins: Vec::new(),
        deflate: None,
    };
}
