//! The queue of frames that wait to be written.

use core::fmt;
use core::iter::Peekable;

#[cfg(feature = "bytes")]
use super::shared::Shared;
use super::storage::Storage;
#[cfg(not(feature = "bytes"))]
use super::unshared::Unshared as Shared;
use crate::bytes::move_to_front;
use crate::frame::FrameHeader;
use crate::mask::MaskingKey;
use crate::send::ControlFrame;

/// While fewer bytes than this wait, control frames go behind them: one write takes all.
const SHORT: usize = 16 << 10;

/// Frames in the order in which they were queued, and at most one that goes ahead of them.
///
/// A place in the queue is an index of the storage. A shared payload is not stored: it goes before
/// the byte at its place, and before an urgent frame there.
#[derive(Clone)]
pub(super) struct Outbox<S> {
    storage: S,
    /// `sent..end` waits.
    sent: usize,
    end: usize,
    shared: Shared,
    /// The start of a frame, at or before the first one that nothing was written of.
    boundary: usize,
    urgent: Option<Rare<Urgent>>,
    /// Its place in the queue, once any of what follows was handed out.
    urgent_at: Option<usize>,
}

/// Apart, where there is a heap, so that a connection that has none is smaller.
#[cfg(feature = "alloc")]
type Rare<T> = alloc::boxed::Box<T>;
#[cfg(not(feature = "alloc"))]
type Rare<T> = T;

/// A control frame that goes ahead of a long queue, at the next boundary between two frames.
#[derive(Clone)]
struct Urgent {
    frame: ControlFrame,
    /// Bytes at its end that wait: at least one.
    left: usize,
}

impl Urgent {
    fn bytes(&self) -> &[u8] {
        self.frame.get(self.frame.len().saturating_sub(self.left)..).unwrap_or_default()
    }
}

/// Without the bytes, which may be secret, and many.
impl<S> fmt::Debug for Outbox<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("sent", &self.sent)
            .field("end", &self.end)
            .field("shared", &self.shared.len())
            .field("urgent", &self.urgent.is_some())
            .finish_non_exhaustive()
    }
}

impl<S: Storage> Outbox<S> {
    pub(super) const fn new(storage: S) -> Self {
        Self {
            storage,
            sent: 0,
            end: 0,
            shared: Shared::new(),
            boundary: 0,
            urgent: None,
            urgent_at: None,
        }
    }

    pub(super) const fn storage(&self) -> &S {
        &self.storage
    }

    /// Returns how many bytes wait.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        let urgent = match &self.urgent {
            Some(urgent) => urgent.left,
            None => 0,
        };
        let stored = self.end.saturating_sub(self.sent).saturating_add(urgent);
        stored.saturating_add(self.shared.len())
    }

    /// Returns whether there is room for a frame of this length; makes it if necessary.
    #[inline]
    pub(super) fn reserve(&mut self, len: usize) -> bool {
        self.make_room(len);
        self.storage.reserve(self.end, len)
    }

    /// Queues a frame; `false`, with nothing changed, if there is no room for it.
    #[inline]
    pub(super) fn push(&mut self, head: &[u8], body: &[u8], key: Option<MaskingKey>) -> bool {
        let len = head.len().saturating_add(body.len());
        let appended = self.storage.append(self.end, head, body, key);
        if appended {
            self.end = self.end.saturating_add(len);
        }
        appended
    }

    /// Queues a payload behind its header, which was queued just before.
    #[cfg(feature = "bytes")]
    pub(super) fn share(&mut self, payload: bytes::Bytes) {
        self.shared.push(self.end, payload);
    }

    /// Lends room for a frame of at most `len` bytes, which [`extend`](Self::extend) queues.
    #[cfg(feature = "deflate")]
    pub(super) fn room(&mut self, len: usize) -> &mut [u8] {
        self.make_room(len);
        self.storage.extend_to(self.end, self.end.saturating_add(len));
        self.storage.bytes_mut().get_mut(self.end..).unwrap_or_default()
    }

    /// Lends room for a frame of this length, if that memory is initialised.
    #[inline]
    pub(super) fn initialised_room(&mut self, len: usize) -> Option<&mut [u8]> {
        self.storage.bytes_mut().get_mut(self.end..self.end.saturating_add(len))
    }

    /// Lends room for a control frame behind a short queue, if there is memory for it.
    #[inline]
    pub(super) fn control_room(&mut self) -> Option<&mut [u8]> {
        if self.len() >= SHORT {
            return None;
        }
        self.initialised_room(ControlFrame::MAX_LEN)
    }

    /// Queues a frame that was written to the front of the room.
    #[inline]
    pub(super) const fn extend(&mut self, len: usize) {
        self.end = self.end.saturating_add(len);
    }

    /// Returns whether [`push_control`](Self::push_control) has room for any control frame.
    pub(super) const fn takes_control(&self) -> bool {
        self.urgent.is_none()
    }

    /// Queues a control frame: behind a short queue, ahead of a long one; `false` if there is no
    /// room.
    #[cfg_attr(
        not(feature = "alloc"),
        allow(clippy::useless_conversion, reason = "it is where it is")
    )]
    pub(super) fn push_control(&mut self, frame: &ControlFrame) -> bool {
        if self.len() < SHORT && self.reserve(frame.len()) && self.push(frame, &[], None) {
            return true;
        }
        let is_free = self.urgent.is_none();
        if is_free {
            self.urgent = Some(Urgent { frame: *frame, left: frame.len() }.into());
        }
        is_free
    }

    /// Returns whether all that waits is stored, in order: nothing is shared, and nothing goes ahead.
    #[inline(always)]
    const fn is_plain(&self) -> bool {
        self.urgent.is_none() && self.shared.len() == 0
    }

    /// Returns the first bytes that wait, in one slice.
    #[inline]
    pub(super) fn first(&mut self) -> &[u8] {
        if self.is_plain() {
            return self.storage.bytes().get(self.sent..self.end).unwrap_or_default();
        }
        self.settle();
        self.slices().next().unwrap_or_default()
    }

    /// Settles what is written next: nothing will go ahead of it until it is.
    // Apart from the fast path; where code is to be small, the compiler decides.
    #[cfg_attr(feature = "std", inline(never))]
    pub(super) fn settle(&mut self) {
        if self.urgent.is_some() && self.urgent_at.is_none() {
            self.urgent_at = Some(self.next_boundary());
        }
    }

    /// Returns what waits, in order, once it is [settled](Self::settle); no slice is empty.
    pub(super) fn slices(&self) -> Slices<'_, impl Iterator<Item = (usize, &[u8])>> {
        let stored = self.storage.bytes().get(..self.end).unwrap_or_default();
        let urgent =
            self.urgent.as_ref().and_then(|urgent| Some((self.urgent_at?, urgent.bytes())));
        Slices { stored, at: self.sent, shared: self.shared.iter().peekable(), urgent }
    }

    /// Notes that so many bytes were written; `false`, with nothing changed, if fewer wait.
    ///
    /// Frees memory beyond what is retained once nothing waits in it.
    #[inline]
    pub(super) fn transmitted(&mut self, len: usize, retain: usize) -> bool {
        if len > self.len() {
            return false;
        }
        if self.is_plain() {
            self.sent = self.sent.saturating_add(len);
        } else {
            self.advance(len);
        }
        if self.sent == self.end && self.shared.len() == 0 {
            // What goes ahead of the queue is first in any case.
            self.urgent_at = self.urgent_at.map(|_| 0);
            (self.sent, self.end, self.boundary) = (0, 0, 0);
            self.release(retain);
        }
        true
    }

    /// Passes over so many bytes, of all kinds.
    #[inline(never)]
    fn advance(&mut self, len: usize) {
        let mut left = len;
        while left > 0 {
            let next = self.shared.iter().next().map_or(self.end, |(at, _)| at);
            let stop = self.urgent_at.map_or(next, |at| next.min(at));
            let stored = stop.saturating_sub(self.sent).min(left);
            self.sent = self.sent.saturating_add(stored);
            left = left.saturating_sub(stored);
            if let Some((taken, done)) = self.shared.advance(self.sent, left) {
                left = left.saturating_sub(taken);
                if done {
                    // Where it is unknown that a payload was here, its frame cannot be passed over.
                    self.boundary = self.boundary.max(self.sent);
                }
                continue;
            }
            if self.urgent_at != Some(self.sent) {
                if stored == 0 {
                    break;
                }
                continue;
            }
            let Some(urgent) = &mut self.urgent else { break };
            let taken = urgent.left.min(left);
            urgent.left = urgent.left.saturating_sub(taken);
            left = left.saturating_sub(taken);
            if urgent.left == 0 {
                (self.urgent, self.urgent_at) = (None, None);
            }
        }
    }

    /// Frees memory beyond this if nothing waits.
    pub(super) fn release(&mut self, retain: usize) {
        if self.end == 0 && self.storage.capacity() > retain {
            self.storage.release();
        }
        self.shared.release();
    }

    /// Finds the first boundary between two frames that nothing behind was written of.
    fn next_boundary(&mut self) -> usize {
        while self.boundary < self.sent {
            let rest = self.storage.bytes().get(self.boundary..self.end).unwrap_or_default();
            let Ok(Some((header, len))) = FrameHeader::decode(rest) else { return self.end };
            self.boundary = self.boundary.saturating_add(len);
            if self.shared.iter().next().is_none_or(|(at, _)| at != self.boundary) {
                let payload_len = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
                self.boundary = self.boundary.saturating_add(payload_len);
            }
        }
        self.boundary
    }

    /// Makes room for `len` bytes behind what waits, if there is none.
    #[inline]
    fn make_room(&mut self, len: usize) {
        let end = self.end.saturating_add(len);
        if self.sent > 0 && end > self.storage.bytes().len() {
            self.move_waiting(end);
        }
    }

    /// Moves what waits to the front if memory up to `end` is not to be had, or if half as much was
    /// sent as waits: at most two bytes are moved for each that was sent, and doubled memory is at
    /// most three times what waits.
    #[cold]
    fn move_waiting(&mut self, end: usize) {
        let waiting = self.end.saturating_sub(self.sent);
        if self.sent < waiting / 2 && end <= self.storage.max_len() {
            return;
        }
        let boundary = self.next_boundary();
        let by = self.sent;
        crate::fuel::burn(waiting);
        let bytes = self.storage.bytes_mut().get_mut(..self.end);
        move_to_front(bytes.unwrap_or_default(), by);
        (self.sent, self.end) = (0, waiting);
        self.boundary = boundary.saturating_sub(by);
        self.urgent_at = self.urgent_at.map(|at| at.saturating_sub(by));
        self.shared.shift(by);
    }
}

/// What waits to be written, slice by slice.
pub(super) struct Slices<'q, I: Iterator<Item = (usize, &'q [u8])>> {
    stored: &'q [u8],
    at: usize,
    shared: Peekable<I>,
    urgent: Option<(usize, &'q [u8])>,
}

impl<'q, I: Iterator<Item = (usize, &'q [u8])>> Iterator for Slices<'q, I> {
    type Item = &'q [u8];

    #[inline]
    fn next(&mut self) -> Option<&'q [u8]> {
        let shared = self.shared.peek().map(|(at, _)| *at);
        let urgent = self.urgent.map(|(at, _)| at);
        let stop = shared.into_iter().chain(urgent).fold(self.stored.len(), usize::min);
        if self.at < stop {
            let slice = self.stored.get(self.at..stop);
            self.at = stop;
            return slice;
        }
        if shared == Some(self.at) {
            return self.shared.next().map(|(_, payload)| payload);
        }
        self.urgent.take().map(|(_, frame)| frame)
    }
}
