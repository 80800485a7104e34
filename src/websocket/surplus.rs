//! Memory beyond what an idle connection retains: kept for a moment, as the next message may need it.

use core::time::Duration;

/// How long memory is kept that was not needed.
const MOMENT: Duration = Duration::from_secs(1);

/// Decides when surplus memory is freed: at once without a clock, or when none of it was needed for
/// a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surplus {
    /// The time was reported since surplus memory was last kept, so it will be reported again.
    clocked: bool,
    /// When to see what was needed since the last time.
    review: Option<Duration>,
}

impl Surplus {
    pub(super) const NONE: Self = Self { clocked: false, review: None };

    /// Returns whether surplus memory may be kept now, once for each time that is reported.
    pub(super) const fn may_stay(&mut self) -> bool {
        core::mem::replace(&mut self.clocked, false)
    }

    /// Returns whether the time may be expected to be reported.
    #[inline(always)]
    pub(super) const fn is_clocked(&self) -> bool {
        self.clocked
    }

    /// Notes the time; returns whether surplus memory is to be reviewed, if there is any.
    pub(super) fn is_due(&mut self, now: Duration, any: bool) -> bool {
        self.clocked = true;
        if !any {
            self.review = None;
        }
        any && self.review.is_none_or(|review| review <= now)
    }

    /// Notes that surplus memory was reviewed, and whether some is left.
    pub(super) fn reviewed(&mut self, now: Duration, any: bool) {
        self.review = now.checked_add(MOMENT).filter(|_| any);
    }

    pub(super) const fn deadline(&self) -> Option<Duration> {
        self.review
    }
}
