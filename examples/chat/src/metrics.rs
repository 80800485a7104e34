//! Figures about one node, in the text format of Prometheus.

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

/// The figures of one node.
pub(crate) struct Metrics {
    registry: Registry,
    /// Those that are authenticated.
    pub(crate) connections: IntGauge,
    /// All that were accepted, until they are closed.
    pub(crate) open: IntGauge,
    pub(crate) messages_in: IntCounter,
    pub(crate) messages_out: IntCounter,
    pub(crate) bytes_in: IntCounter,
    pub(crate) bytes_out: IntCounter,
    pub(crate) queued: IntGauge,
    /// By the reason that a connection has ended.
    pub(crate) ends: IntCounterVec,
    /// By the code of the error.
    pub(crate) refusals: IntCounterVec,
    /// By whether the client missed nothing.
    pub(crate) recoveries: IntCounterVec,
    pub(crate) publish: Histogram,
    pub(crate) backplane: IntGauge,
}

impl Metrics {
    /// Creates the figures.
    ///
    /// # Errors
    /// If two have the same name.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let counters = |name: &str, help: &str, label: &str| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            prometheus::Result::Ok(counters)
        };
        let seconds = vec![0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0, 5.0];
        let help = "The time from a publish to its answer by the backplane.";
        let publish = HistogramOpts::new("chat_publish_seconds", help).buckets(seconds);
        let publish = Histogram::with_opts(publish)?;
        registry.register(Box::new(publish.clone()))?;
        Ok(Self {
            connections: gauge("chat_connections", "Connections of users.")?,
            open: gauge("chat_websockets", "WebSockets, until they are closed.")?,
            messages_in: counter("chat_messages_received_total", "Messages of clients.")?,
            messages_out: counter("chat_messages_sent_total", "Messages to clients.")?,
            bytes_in: counter("chat_received_bytes_total", "Their payload.")?,
            bytes_out: counter("chat_sent_bytes_total", "Their payload, before compression.")?,
            queued: gauge("chat_queued_bytes", "What waits for clients to read it.")?,
            ends: counters("chat_ends_total", "Ends of connections.", "reason")?,
            refusals: counters("chat_errors_total", "Errors sent to clients.", "code")?,
            recoveries: counters("chat_recoveries_total", "Joins with a position.", "recovered")?,
            publish,
            backplane: gauge("chat_backplane_up", "1 while the backplane answers.")?,
            registry,
        })
    }

    /// Returns the figures as text.
    pub(crate) fn text(&self) -> String {
        let mut out = Vec::new();
        // Only writing could fail, and this goes to memory.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}
