//! Measures how long a message takes to arrive.

use std::time::{Duration, Instant};

use crate::output::time_for;

/// The header of a client's control frame: two bytes, and the masking key.
const CONTROL_HEADER: u64 = 6;

/// The incomplete message, measured by positions in the stream.
///
/// The bytes after a message belong to the next one, unless they are a control frame's. The reply
/// to a message is written before the next one is examined, so a client that reads slowly does not
/// lose time for the messages that it sends.
#[derive(Default)]
pub(crate) struct Underway {
    /// The position after the latest message or control frame.
    position: u64,
    /// Bytes of the open message before that position.
    before: u64,
    /// Bytes after that position, which may also be the beginning of a control frame.
    after: u64,
    /// When the first of these bytes was seen.
    since: Option<Instant>,
}

impl Underway {
    /// Records that a message ended at this position.
    pub(crate) fn message_ended(&mut self, position: u64) {
        *self = Self { position, ..Self::default() };
    }

    /// Records that a control frame with a payload of this length ended at this position.
    pub(crate) fn control_ended(&mut self, position: u64, payload: usize) {
        let control = CONTROL_HEADER.saturating_add(payload as u64);
        let taken = position.saturating_sub(self.position);
        self.before = self.before.saturating_add(taken.saturating_sub(control));
        (self.position, self.after) = (position, 0);
        self.start_or_stop();
    }

    /// Records that the input is exhausted at this position.
    pub(crate) fn input_ended(&mut self, position: u64) {
        self.after = position.saturating_sub(self.position);
        self.start_or_stop();
    }

    /// Returns whether the message exceeds `timeout` plus the time allowed for its length.
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
