//! What happened since the time was last reported, and what is due.

use core::time::Duration;

use super::receiver::Receiver;
use super::storage::Storage;
use crate::role::Role;
use crate::timers::{Timeouts, Timer, Timers};

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    timers: Timers,
    /// How many messages had ended before the one that was open when the time was last reported.
    ended: u32,
    /// A deadline has passed after which the transport is dropped.
    pub(super) is_over: bool,
}

impl Clock {
    /// Starts at zero, with the handshake done.
    pub(super) fn new(timeouts: Timeouts) -> Self {
        let mut timers = Timers::new(timeouts, Duration::ZERO);
        timers.opened(Duration::ZERO);
        Self { timers, ended: 0, is_over: false }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.timers.deadline()
    }

    /// Notes that this end has begun to close.
    pub(super) fn close(&mut self, now: Duration) {
        self.timers.closing(now);
    }

    /// Notes what has happened by now; returns the timer that has expired.
    pub(super) fn tick<R: Role, S: Storage>(
        &mut self,
        receiver: &mut Receiver<R, S>,
        closing: bool,
        now: Duration,
    ) -> Option<Timer> {
        let half = &receiver.half;
        if core::mem::take(&mut receiver.heard) {
            self.timers.received(now);
        }
        if !half.is_message_open() || self.ended != receiver.ended {
            self.ended = receiver.ended;
            self.timers.message_ended();
        }
        if half.is_message_open() {
            self.timers.message_begun(now);
        }
        if closing || !half.is_open() {
            self.timers.closing(now);
        }
        self.timers.handle_timeout(now)
    }
}
