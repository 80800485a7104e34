//! How long a message takes to arrive.

use std::time::Duration;

use crate::output::time_for;

/// The header of a client's control frame: two bytes, and the masking key.
const CONTROL_HEADER: u64 = 6;

/// The message that is under way, as the position in the stream shows it.
///
/// Bytes after the latest message belong to the next one, unless they are a control frame's. Time
/// counts while the client is waited for, so that it does not pay for what takes us long.
#[derive(Default)]
pub(crate) struct Underway {
    /// The position after the latest message or control frame.
    position: u64,
    /// Bytes of the open message before that.
    before: u64,
    /// Bytes after it, which may also be the beginning of a control frame.
    after: u64,
    waited: Duration,
}

impl Underway {
    /// A message has ended here.
    pub(crate) fn message_ended(&mut self, position: u64) {
        *self = Self { position, ..Self::default() };
    }

    /// A control frame with so long a payload has ended here.
    pub(crate) fn control_ended(&mut self, position: u64, payload: usize) {
        let control = CONTROL_HEADER.saturating_add(payload as u64);
        let taken = position.saturating_sub(self.position);
        self.before = self.before.saturating_add(taken.saturating_sub(control));
        (self.position, self.after) = (position, 0);
        if self.before == 0 {
            // What was waited for was the control frame.
            self.waited = Duration::ZERO;
        }
    }

    /// The input is used up here.
    pub(crate) fn input_ended(&mut self, position: u64) {
        self.after = position.saturating_sub(self.position);
    }

    /// The client was waited for.
    pub(crate) fn wait(&mut self, time: Duration) {
        if self.len() > 0 {
            self.waited = self.waited.saturating_add(time);
        }
    }

    /// Whether it takes longer than `timeout` and the time that its length may take.
    pub(crate) fn is_overdue(&self, timeout: Duration) -> bool {
        self.waited > timeout.saturating_add(time_for(self.len()))
    }

    fn len(&self) -> u64 {
        self.before.saturating_add(self.after)
    }
}
