//! No payload waits where it is: that needs the feature `bytes`.

/// What [`Outbox`](super::outbox::Outbox) has instead of a list of such payloads.
#[derive(Clone)]
pub(super) struct Unshared;

#[allow(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "as with the feature")]
impl Unshared {
    pub(super) const fn new() -> Self {
        Self
    }

    pub(super) const fn len(&self) -> usize {
        0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        core::iter::empty()
    }

    pub(super) const fn advance(&mut self, _: usize, _: usize) -> Option<(usize, bool)> {
        None
    }

    pub(super) const fn shift(&mut self, _: usize) {}

    pub(super) const fn release(&mut self) {}
}
