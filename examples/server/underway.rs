//! How long a message takes to arrive.

use std::time::{Duration, Instant};

use crate::output::time_for;

/// The header of a client's control frame: two bytes, and the masking key.
const CONTROL_HEADER: u64 = 6;

/// The message that is under way, as positions in the stream show it.
///
/// The bytes after a message belong to the next one, unless they are a control frame's. The reply
/// to a message is written before the next one is looked at, so a client that reads slowly does not
/// lose time for what it sends.
#[derive(Default)]
pub(crate) struct Underway {
    /// The position after the latest message or control frame.
    position: u64,
    /// Bytes of the open message before that.
    before: u64,
    /// Bytes after it, which may also be the beginning of a control frame.
    after: u64,
    /// When the first of these bytes was seen.
    since: Option<Instant>,
}

impl Underway {
    /// Notes that a message has ended at this position.
    pub(crate) fn message_ended(&mut self, position: u64) {
        *self = Self { position, ..Self::default() };
    }

    /// Notes that a control frame with so long a payload has ended at this position.
    pub(crate) fn control_ended(&mut self, position: u64, payload: usize) {
        let control = CONTROL_HEADER.saturating_add(payload as u64);
        let taken = position.saturating_sub(self.position);
        self.before = self.before.saturating_add(taken.saturating_sub(control));
        (self.position, self.after) = (position, 0);
        self.start_or_stop();
    }

    /// Notes that the input is used up at this position.
    pub(crate) fn input_ended(&mut self, position: u64) {
        self.after = position.saturating_sub(self.position);
        self.start_or_stop();
    }

    /// Whether the message takes longer than `timeout` and the time that its length may take.
    pub(crate) fn is_overdue(&self, timeout: Duration) -> bool {
        let allowed = timeout.saturating_add(time_for(self.len()));
        self.since.is_some_and(|since| since.elapsed() > allowed)
    }

    fn start_or_stop(&mut self) {
        if self.len() == 0 {
            self.since = None;
        } else if self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }

    fn len(&self) -> u64 {
        self.before.saturating_add(self.after)
    }
}
