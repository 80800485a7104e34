//! The queue of frames that wait to be written.

use super::storage::Storage;
use crate::frame::FrameHeader;
use crate::mask::MaskingKey;
use crate::send::ControlFrame;

/// While fewer bytes than this wait, control frames go behind them: one write takes all.
const SHORT: usize = 16 << 10;

/// Frames in the order in which they were queued, and at most one that goes ahead of them.
#[derive(Clone, Debug)]
pub(super) struct Outbox<S> {
    storage: S,
    /// `sent..end` waits.
    sent: usize,
    end: usize,
    /// The start of a frame, at or before the first one that nothing was written of.
    boundary: usize,
    urgent: Urgent,
}

/// A control frame that goes ahead of a long queue, at the next boundary between two frames.
#[derive(Clone, Debug)]
struct Urgent {
    bytes: [u8; ControlFrame::MAX_LEN],
    /// 0 if there is none.
    len: usize,
    sent: usize,
    /// Its place in the queue, once any of what follows was handed out.
    at: Option<usize>,
}

impl<S: Storage> Outbox<S> {
    pub(super) const fn new(storage: S) -> Self {
        let bytes = [0; ControlFrame::MAX_LEN];
        let urgent = Urgent { bytes, len: 0, sent: 0, at: None };
        Self { storage, sent: 0, end: 0, boundary: 0, urgent }
    }

    pub(super) const fn storage(&self) -> &S {
        &self.storage
    }

    /// Returns how many bytes wait.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        let urgent = self.urgent.len.saturating_sub(self.urgent.sent);
        self.end.saturating_sub(self.sent).saturating_add(urgent)
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
        self.urgent.len == 0
    }

    /// Queues a control frame: behind a short queue, ahead of a long one; `false` if there is no
    /// room.
    pub(super) fn push_control(&mut self, frame: &[u8]) -> bool {
        if self.len() < SHORT && self.reserve(frame.len()) && self.push(frame, &[], None) {
            return true;
        }
        let (true, Some(place)) = (self.urgent.len == 0, self.urgent.bytes.get_mut(..frame.len()))
        else {
            return false;
        };
        place.copy_from_slice(frame);
        (self.urgent.len, self.urgent.sent, self.urgent.at) = (frame.len(), 0, None);
        true
    }

    /// Returns the next bytes to write, in up to three slices.
    pub(super) fn transmit(&mut self) -> [&[u8]; 3] {
        if self.urgent.len > 0 && self.urgent.at.is_none() {
            self.urgent.at = Some(self.next_boundary());
        }
        let bytes = self.storage.bytes();
        let at = self.urgent.at.unwrap_or(self.end);
        let before = bytes.get(self.sent..at).unwrap_or_default();
        let urgent = self.urgent.bytes.get(self.urgent.sent..self.urgent.len).unwrap_or_default();
        [before, urgent, bytes.get(at.max(self.sent)..self.end).unwrap_or_default()]
    }

    /// Notes that so many bytes were written; `false`, with nothing changed, if fewer wait.
    pub(super) fn transmitted(&mut self, len: usize) -> bool {
        if len > self.len() {
            return false;
        }
        let mut left = len;
        if let Some(at) = self.urgent.at {
            let before = at.saturating_sub(self.sent).min(left);
            self.sent = self.sent.saturating_add(before);
            left = left.saturating_sub(before);
            let urgent = self.urgent.len.saturating_sub(self.urgent.sent).min(left);
            self.urgent.sent = self.urgent.sent.saturating_add(urgent);
            left = left.saturating_sub(urgent);
            if self.urgent.sent == self.urgent.len {
                (self.urgent.len, self.urgent.sent, self.urgent.at) = (0, 0, None);
            }
        }
        self.sent = self.sent.saturating_add(left);
        if self.sent == self.end {
            (self.sent, self.end, self.boundary) = (0, 0, 0);
            self.urgent.at = self.urgent.at.map(|_| 0);
        }
        true
    }

    /// Frees memory beyond this if nothing waits.
    pub(super) fn release(&mut self, retain: usize) {
        if self.end == 0 && self.storage.capacity() > retain {
            self.storage.release();
        }
    }

    /// Finds the first boundary between two frames that nothing behind was written of.
    fn next_boundary(&mut self) -> usize {
        while self.boundary < self.sent {
            let rest = self.storage.bytes().get(self.boundary..self.end).unwrap_or_default();
            let Ok(Some((header, len))) = FrameHeader::decode(rest) else { return self.end };
            let payload_len = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
            self.boundary = self.boundary.saturating_add(len).saturating_add(payload_len);
        }
        self.boundary
    }

    /// Moves what waits to the front if that makes room for `len` bytes that is not there, or if
    /// more was sent than waits: each byte is moved once at most for each that was sent.
    fn make_room(&mut self, len: usize) {
        let waiting = self.end.saturating_sub(self.sent);
        let fits = self.end.saturating_add(len) <= self.storage.bytes().len();
        let bounded = self.storage.max_len() < self.end.saturating_add(len);
        if self.sent == 0 || fits || self.sent < waiting && !bounded {
            return;
        }
        let boundary = self.next_boundary();
        let by = self.sent;
        crate::fuel::burn(waiting);
        let bytes = self.storage.bytes_mut();
        if self.end <= bytes.len() && by <= self.end {
            bytes.copy_within(by..self.end, 0);
        }
        (self.sent, self.end) = (0, waiting);
        self.boundary = boundary.saturating_sub(by);
        self.urgent.at = self.urgent.at.map(|at| at.saturating_sub(by));
    }
}
