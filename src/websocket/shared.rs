//! Payloads that wait to be written where they are, by reference count.

#[cfg(feature = "bytes")]
use alloc::collections::VecDeque;

#[cfg(feature = "bytes")]
use bytes::{Buf, Bytes};

/// Payloads, each with its place among the bytes of the queue: it goes before the byte there.
#[derive(Clone, Default)]
pub(super) struct Shared {
    #[cfg(feature = "bytes")]
    payloads: VecDeque<(usize, Bytes)>,
    /// Bytes in all of them.
    #[cfg(feature = "bytes")]
    len: usize,
}

#[cfg(feature = "bytes")]
impl Shared {
    pub(super) const fn new() -> Self {
        Self { payloads: VecDeque::new(), len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, at: usize, payload: Bytes) {
        self.len = self.len.saturating_add(payload.len());
        self.payloads.push_back((at, payload));
    }

    /// Returns the places of all payloads, and what is left of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.payloads.iter().map(|(at, payload)| (*at, &payload[..]))
    }

    /// Takes up to `most` bytes off the first payload if it is here; returns how many, and whether
    /// that was all of it.
    pub(super) fn advance(&mut self, at: usize, most: usize) -> Option<(usize, bool)> {
        let (_, payload) = self.payloads.front_mut().filter(|(place, _)| *place == at)?;
        let len = payload.len().min(most);
        payload.advance(len);
        self.len = self.len.saturating_sub(len);
        let done = payload.is_empty();
        if done {
            self.payloads.pop_front();
        }
        Some((len, done))
    }

    /// Moves all places to the front by this.
    pub(super) fn shift(&mut self, by: usize) {
        for (at, _) in &mut self.payloads {
            *at = at.saturating_sub(by);
        }
    }

    /// Frees the memory of the list if it is empty.
    pub(super) fn release(&mut self) {
        if self.payloads.capacity() > 0 && self.payloads.is_empty() {
            self.payloads = VecDeque::new();
        }
    }
}

/// Without the feature `bytes`, there are none.
#[cfg(not(feature = "bytes"))]
#[allow(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "as with the feature")]
impl Shared {
    pub(super) const fn new() -> Self {
        Self {}
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
