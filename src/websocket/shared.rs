//! Payloads that wait to be written where they are, by reference count.

use alloc::collections::VecDeque;

use bytes::{Buf, Bytes};

/// Payloads, each with its place among the bytes of the queue: it goes before the byte there.
#[derive(Clone)]
pub(super) struct Shared {
    payloads: VecDeque<(usize, Bytes)>,
    /// Bytes in all of them.
    len: usize,
}

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
