//! How much memory the receiving half holds, and when it is freed.

use core::time::Duration;

#[cfg(feature = "deflate")]
use super::inflated::Inflated;
use super::receiver::{Joining, Receiver};
use super::storage::Storage;
use super::surplus::Surplus;
use crate::role::Role;

impl<R: Role, S: Storage> Receiver<R, S> {
    /// Frees the memory that the next bytes do not need, beyond the retained amount; what a message
    /// has just needed may stay, to be reviewed.
    #[inline(always)]
    pub(super) fn release(&mut self) {
        let stays = self.surplus.is_clocked() && self.surplus_stays();
        self.free(if stays { usize::MAX } else { self.retain });
    }

    /// Returns whether what a message has just needed may stay, to be reviewed.
    ///
    /// If nothing is retained, memory that messages are split off does not: many connections then use
    /// the same in turns, which stays in the cache.
    #[inline(never)]
    fn surplus_stays(&mut self) -> bool {
        if self.retain == 0 && self.buffer.is_split() {
            return false;
        }
        !self.half.is_message_open() && self.capacity() > self.retain && self.surplus.may_stay()
    }

    /// Frees surplus memory that has not been needed lately.
    pub(super) fn review(&mut self, now: Duration) {
        if self.surplus.is_due(now, self.capacity() > self.retain) {
            let needed = self.buffer.take_peak();
            #[cfg(feature = "deflate")]
            let needed = needed.max(self.inflated.as_deref_mut().map_or(0, Inflated::take_peak));
            // A buffer grows to twice what it needs.
            self.release_to(self.retain.max(needed.saturating_mul(2)));
            self.surplus.reviewed(now, self.capacity() > self.retain);
        }
    }

    /// Frees surplus memory: the time will not be reported any more.
    pub(super) fn stop_clock(&mut self) {
        self.surplus = Surplus::NONE;
        self.release_to(self.retain);
    }

    /// Frees the memory that the next bytes do not need, beyond this amount, although some may be
    /// lent.
    pub(super) fn release_to(&mut self, retain: usize) {
        self.commit();
        self.free(retain);
    }

    #[inline(always)]
    fn free(&mut self, retain: usize) {
        let open = self.joining == Joining::Message;
        self.buffer.release(open, retain);
        #[cfg(feature = "deflate")]
        if let Some(inflated) = &mut self.inflated {
            inflated.release(retain);
        }
    }

    pub(super) fn capacity(&self) -> usize {
        let held = self.buffer.capacity();
        #[cfg(feature = "deflate")]
        let held = held.saturating_add(self.inflated.as_deref().map_or(0, Inflated::capacity));
        held
    }
}
