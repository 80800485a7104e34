//! Settings of one end.

use std::time::Duration;

use rfc6455::handshake::HandshakeLimits;
use rfc6455::{Limits, Timeouts, websocket};

/// What one end accepts, waits for, and keeps.
///
/// ```
/// use rfc6455_tokio::{Config, rfc6455::{Limits, deflate}};
/// let config = Config::DEFAULT
///     .limits(Limits::DEFAULT.max_message(64 << 10))
///     .deflate(deflate::Config::DEFAULT);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Limits, deadlines and buffers after the handshake. Default: that of the codec, but
    /// [`retain`](websocket::Config::retain) is 0, because all connections of a thread share the memory
    /// that they read into.
    pub websocket: websocket::Config,
    /// Limits on the head of the peer's handshake. Default: [`HandshakeLimits::DEFAULT`].
    pub handshake: HandshakeLimits,
    /// The longest head of the peer's handshake, in bytes. Default: 16 KiB.
    pub max_head: usize,
    /// How many bytes wait to be written before a sender has to wait as well. Default: 64 KiB.
    ///
    /// So one connection queues at most this, and one message.
    pub backpressure: usize,
    /// How long a write may make no progress. Default: 30 seconds; `None` means forever.
    pub write_timeout: Option<Duration>,
    /// The compression to offer or to accept. Default: none.
    pub deflate: Option<rfc6455::deflate::Config>,
    /// How [`connect`](crate::connect) opens `wss` URLs. Default: with the root certificates of
    /// Mozilla.
    #[cfg(feature = "rustls")]
    pub tls: Option<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>,
}

impl Config {
    /// The default of every field.
    pub const DEFAULT: Self = Self {
        websocket: websocket::Config::DEFAULT.retain(0),
        handshake: HandshakeLimits::DEFAULT,
        max_head: 16 << 10,
        backpressure: 64 << 10,
        write_timeout: Some(Duration::from_secs(30)),
        deflate: None,
        #[cfg(feature = "rustls")]
        tls: None,
    };

    /// Sets [`websocket`](Self::websocket).
    #[must_use]
    pub fn websocket(mut self, config: websocket::Config) -> Self {
        self.websocket = config;
        self
    }

    /// Sets the limits on what the peer may send.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.websocket.limits = limits;
        self
    }

    /// Sets how long to wait for the peer.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.websocket.timeouts = timeouts;
        self
    }

    /// Sets [`handshake`](Self::handshake).
    #[must_use]
    pub fn handshake(mut self, limits: HandshakeLimits) -> Self {
        self.handshake = limits;
        self
    }

    /// Sets [`max_head`](Self::max_head), in bytes.
    #[must_use]
    pub fn max_head(mut self, bytes: usize) -> Self {
        self.max_head = bytes;
        self
    }

    /// Sets [`backpressure`](Self::backpressure), in bytes.
    #[must_use]
    pub fn backpressure(mut self, bytes: usize) -> Self {
        self.backpressure = bytes;
        self
    }

    /// Sets [`write_timeout`](Self::write_timeout).
    #[must_use]
    pub fn write_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Sets [`deflate`](Self::deflate).
    #[must_use]
    pub fn deflate(mut self, config: impl Into<Option<rfc6455::deflate::Config>>) -> Self {
        self.deflate = config.into();
        self
    }

    /// Sets [`tls`](Self::tls).
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn tls(mut self, config: std::sync::Arc<tokio_rustls::rustls::ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}
