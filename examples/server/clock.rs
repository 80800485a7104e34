//! The time that counts against a client.

use std::time::Duration;

/// The slowest pace at which a client may read or send.
const LEAST_BYTES_PER_SECOND: u32 = 16 << 10;

/// The header of a client's control frame: two bytes, and the masking key.
const CONTROL_HEADER: u64 = 6;

/// Returns the time allowed for a number of bytes.
pub(crate) fn time_for(bytes: u64) -> Duration {
    Duration::from_secs(1).saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX))
        / LEAST_BYTES_PER_SECOND
}

/// A clock for the deadlines of a client: it runs while the server waits for the client, but for
/// the time allowed for the bytes that then arrive.
///
/// A long message can therefore take as long as it needs at the slowest pace. Control frames earn
/// no time, or Pings would keep an open message in memory forever.
#[derive(Default)]
pub(crate) struct Clock {
    now: Duration,
    received: u64,
    /// Bytes of control frames for which no time has been withheld yet.
    control: u64,
}

impl Clock {
    /// Records that so many bytes were received.
    pub(crate) fn received(&mut self, len: usize) {
        self.received = self.received.saturating_add(len as u64);
    }

    /// Records that a control frame with this payload was among them.
    pub(crate) fn control(&mut self, payload: &[u8]) {
        self.control = self.control.saturating_add(CONTROL_HEADER + payload.len() as u64);
    }

    /// Adds the latest wait; returns the time.
    pub(crate) fn waited(&mut self, wait: Duration) -> Duration {
        let withheld = self.control.min(self.received);
        self.control -= withheld;
        self.now += wait.saturating_sub(time_for(self.received - withheld));
        self.received = 0;
        self.now
    }
}
