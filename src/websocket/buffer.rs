//! The buffer that is read into, and in which messages stay until they are yielded.
//!
//! ```text
//!   0        begun        joined        unread        filled          initialised
//!   ┌──────────┬─────────────┬─────────────┬─────────────┬───────────────┐
//!   │ yielded  │ open message│ headers     │ to be read  │ room          │
//!   └──────────┴─────────────┴─────────────┴─────────────┴───────────────┘
//! ```
//!
//! A message in one frame is not moved: what arrives of it is already behind what has arrived.
//! Later fragments move down, over their headers.

use core::fmt;

#[cfg(feature = "bytes")]
use bytes::{Buf, BufMut, Bytes, BytesMut, buf::Limit};

use super::storage::Storage;
use crate::bytes::move_to_front;
use crate::frame::FrameHeader;
use crate::fuel;

/// What is read at a time in the long run: half of a small L1 cache, with its copy.
const READ: usize = 8 << 10;
/// What is read at first. It doubles whenever a read fills it, so that memory is initialised in
/// proportion to what arrives.
const FIRST_READ: usize = 256;
/// The most of a long message that is read at a time, so that it is unmasked in the L1 cache.
const LONG_READ: usize = 16 << 10;
/// The rest of a message that is read at once, if there is memory for it: one long copy is quicker
/// than several, but not if it is to be unmasked far behind.
const REST: usize = 64 << 10;
/// How far reads of short messages advance before they begin at the front again.
const LAP: usize = 16 << 10;
/// The most of an open message that is moved to the front to save a short read.
const MOVED: usize = 1 << 10;

#[derive(Clone)]
pub(super) struct Buffer<S> {
    storage: S,
    /// The open message is in `begun..joined`; empty if none is open.
    begun: usize,
    joined: usize,
    /// Bytes in `unread..filled` have been read from the transport, but not from here.
    unread: usize,
    filled: usize,
    /// How much memory is initialised for the next read.
    next_read: usize,
    /// How much room was lent for it.
    lent: usize,
    /// How much to read between messages: one more like the last, if that was alone.
    expected: usize,
    /// Where the last message began.
    last: usize,
    /// How much memory was filled at most since it was last asked for.
    peak: usize,
    /// Messages of so many bytes were split off the front of this memory, which they share.
    split: usize,
}

/// Without the bytes, which may be secret, and many.
impl<S> fmt::Debug for Buffer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("begun", &self.begun)
            .field("joined", &self.joined)
            .field("unread", &self.unread)
            .field("filled", &self.filled)
            .finish_non_exhaustive()
    }
}

impl<S: Storage> Buffer<S> {
    pub(super) const fn new(storage: S) -> Self {
        Self {
            storage,
            begun: 0,
            joined: 0,
            unread: 0,
            filled: 0,
            next_read: FIRST_READ,
            lent: 0,
            expected: READ,
            last: 0,
            peak: 0,
            split: 0,
        }
    }

    /// Returns how much memory is held, with that of messages that were split off it.
    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        self.storage.capacity().saturating_add(self.split_len())
    }

    /// Returns how much was split off.
    #[inline(always)]
    const fn split_len(&self) -> usize {
        if S::IS_FIXED { 0 } else { self.split }
    }

    /// Returns whether messages were split off this memory.
    pub(super) const fn is_split(&self) -> bool {
        self.split > 0
    }

    /// Returns the bytes that are to be read, without a way to change them.
    #[inline(always)]
    pub(super) fn peek(&self) -> Option<&[u8]> {
        self.storage.bytes().get(self.unread..self.filled)
    }

    /// Returns the bytes that are to be read.
    pub(super) fn input(&mut self) -> &mut [u8] {
        self.storage.bytes_mut().get_mut(self.unread..self.filled).unwrap_or_default()
    }

    /// Returns whether everything was read.
    #[inline(always)]
    pub(super) const fn is_drained(&self) -> bool {
        self.unread >= self.filled
    }

    /// Takes `len` bytes of the input, behind a header.
    #[inline(always)]
    pub(super) fn take(&mut self, header_len: usize, len: usize) -> Option<&mut [u8]> {
        let start = self.unread.wrapping_add(header_len);
        self.unread = start.wrapping_add(len);
        self.last = start;
        self.storage.bytes_mut().get_mut(start..self.unread)
    }

    /// Notes that so many bytes of the input were read; returns where the last `len` of them are.
    #[inline(always)]
    pub(super) fn consume(&mut self, consumed: usize, len: usize) -> Place {
        self.unread = self.unread.saturating_add(consumed);
        Place { at: self.unread.saturating_sub(len), len }
    }

    /// Joins the bytes here, which were just consumed, to the open message, or opens one.
    pub(super) fn join(&mut self, place: Place, first: bool) {
        let Place { at, len } = place;
        if first {
            (self.begun, self.joined) = (at, at);
        }
        if at != self.joined && len > 0 {
            fuel::burn(len);
            let (by, end) = (at.saturating_sub(self.joined), at.saturating_add(len));
            let bytes = self.storage.bytes_mut().get_mut(self.joined..end);
            move_to_front(bytes.unwrap_or_default(), by);
        }
        self.joined = self.joined.saturating_add(len);
    }

    /// Returns how long the open message is by now.
    pub(super) const fn joined_len(&self) -> usize {
        self.joined.saturating_sub(self.begun)
    }

    /// Ends the open message, whole or in part; returns where it is.
    pub(super) fn take_joined(&mut self) -> Place {
        let place = Place { at: self.begun, len: self.joined_len() };
        (self.last, self.begun) = (self.begun, self.joined);
        place
    }

    /// Returns the bytes at this place.
    #[inline(always)]
    pub(super) fn get(&mut self, place: Place) -> &mut [u8] {
        let end = place.at.saturating_add(place.len);
        self.storage.bytes_mut().get_mut(place.at..end).unwrap_or_default()
    }

    /// Returns room for the next bytes of the stream, of which `left` belong to the open frame.
    ///
    /// `open` says whether a message is open that is being joined.
    pub(super) fn room(&mut self, open: bool, left: u64) -> &mut [u8] {
        self.settle(open);
        let want = self.prepare(left, |storage| storage.bytes().len());
        let end = self.filled.saturating_add(want).min(self.storage.max_len());
        self.grow(|storage, filled| storage.extend_to(filled, end));
        let room = self.storage.bytes_mut().get_mut(self.filled..).unwrap_or_default();
        self.lent = room.len().min(want);
        room.get_mut(..self.lent).unwrap_or_default()
    }

    /// Copies the front of `bytes` behind what was read; returns how many fit.
    pub(super) fn append(&mut self, open: bool, bytes: &[u8]) -> usize {
        self.settle(open);
        self.lent = 0;
        let end = self.filled.saturating_add(bytes.len());
        // If more is held than was yielded, growing moves fewer bytes for each that comes.
        let moves_few = self.begun >= self.filled.saturating_sub(self.begun);
        if self.storage.capacity() < end && (moves_few || self.storage.max_len() < end) {
            self.move_to_front();
        }
        let room = self.storage.max_len().saturating_sub(self.filled);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if !self.grow(|storage, filled| storage.append(filled, bytes, &[], None)) {
            return 0;
        }
        self.filled = self.filled.saturating_add(bytes.len());
        bytes.len()
    }

    /// Forgets what was yielded.
    #[inline(always)]
    fn settle(&mut self, open: bool) {
        if !open {
            (self.begun, self.joined) = (self.unread, self.unread);
        }
        if self.is_drained() {
            // The headers behind the open message are gone.
            (self.unread, self.filled) = (self.joined, self.joined);
        }
    }

    /// Moves what is held, once [settled](Self::settle), to where the next bytes can follow; returns
    /// how many to read, if that is `ready` for them.
    #[inline(always)]
    fn prepare(&mut self, left: u64, ready: fn(&S) -> usize) -> usize {
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if self.filled.saturating_sub(self.begun) <= MOVED {
            self.move_to_front();
        }
        let want = match left {
            0 => self.expected,
            1..READ if self.filled.saturating_add(READ) > LAP => left,
            1..READ => READ,
            READ..REST => left,
            REST.. => LONG_READ,
        };
        let ready = ready(&self.storage).saturating_sub(self.filled);
        let want = want.min(self.next_read.max(ready));
        if self.storage.capacity() < self.filled.saturating_add(want) {
            self.move_to_front();
        }
        want
    }

    /// Does what may take more memory behind what is filled.
    #[inline(always)]
    fn grow<T>(&mut self, take: impl FnOnce(&mut S, usize) -> T) -> T {
        let before = self.storage.capacity();
        let result = take(&mut self.storage, self.filled);
        if !S::IS_FIXED && self.storage.capacity() > before {
            // It is other memory, or all of it came back.
            self.split = 0;
        }
        result
    }

    /// Notes that so many bytes were read into the room; `false`, with nothing changed, if that is
    /// more than was lent.
    pub(super) fn fill(&mut self, len: usize) -> bool {
        let fits = len <= self.lent;
        if fits {
            self.lent = 0;
            self.filled = self.filled.saturating_add(len);
            if len >= self.next_read {
                self.next_read = self.next_read.saturating_mul(2).min(LONG_READ);
            }
        }
        fits
    }

    /// Notes that all bytes were read that are in the memory; returns how many.
    #[cfg(feature = "bytes")]
    pub(super) fn fill_all(&mut self) -> usize {
        let len = self.storage.bytes().len().saturating_sub(self.filled);
        self.lent = len;
        self.fill(len);
        len
    }

    /// Returns how much memory was filled at most since the last call.
    pub(super) fn take_peak(&mut self) -> usize {
        core::mem::take(&mut self.peak).max(self.filled)
    }

    /// Does what [`release`](Self::release) does if that is little; `false`, with nothing changed, if
    /// it is not: bytes are held, there is memory to be freed, or a long message was read.
    #[inline(always)]
    pub(super) fn rest(&mut self, retain: usize) -> bool {
        let is_small =
            self.filled <= READ && self.split_len() == 0 && self.storage.capacity() <= retain;
        let rests = is_small && self.is_drained();
        if rests {
            self.expected = READ;
            self.clear();
        }
        rests
    }

    /// Frees memory beyond this if nothing is held.
    pub(super) fn release(&mut self, open: bool, retain: usize) {
        if !open && self.is_drained() {
            self.expected = READ;
            let filled = self.filled.saturating_add(self.split_len());
            if filled > READ {
                self.peak = self.peak.max(filled);
                // One read per message spares the steps of two.
                if self.last <= FrameHeader::MAX_LEN {
                    self.expected = filled.min(LONG_READ + FrameHeader::MAX_LEN);
                }
            }
            self.clear();
            if S::IS_FIXED {
                return;
            }
            if self.capacity() > retain {
                self.storage.release();
                self.next_read = self.next_read.min(retain.max(FIRST_READ));
                // A longer first read would only be copied more, as the memory grows again.
                self.expected = READ;
                self.split = 0;
            }
        }
    }

    /// Discards everything.
    pub(super) fn clear(&mut self) {
        self.lent = 0;
        (self.begun, self.joined, self.unread, self.filled) = (0, 0, 0, 0);
    }

    /// Moves what is held to the front, over what was yielded.
    fn move_to_front(&mut self) {
        let by = self.begun;
        if by == 0 {
            return;
        }
        fuel::burn(self.filled.saturating_sub(by));
        let bytes = self.storage.bytes_mut().get_mut(..self.filled);
        move_to_front(bytes.unwrap_or_default(), by);
        self.begun = 0;
        self.joined = self.joined.saturating_sub(by);
        self.unread = self.unread.saturating_sub(by);
        self.filled = self.filled.saturating_sub(by);
    }
}

/// A place in the buffer, until more is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    at: usize,
    len: usize,
}

/// From this length on, a message is split off the buffer, and holds on to all of it; a shorter one
/// is copied.
#[cfg(feature = "bytes")]
pub(super) const SPLIT: usize = 1 << 10;

#[cfg(feature = "bytes")]
impl Buffer<BytesMut> {
    /// Returns where the last `len` bytes are that were taken.
    #[inline]
    pub(super) const fn latest(&self, len: usize) -> Place {
        Place { at: self.unread.saturating_sub(len), len }
    }

    /// Takes the bytes at this place, behind which everything else is that is still held.
    #[inline]
    pub(super) fn take_owned(&mut self, place: Place) -> Bytes {
        let Place { at, len } = place;
        self.last = self.split.saturating_add(at);
        if len < SPLIT {
            return Bytes::copy_from_slice(self.get(place));
        }
        let end = at.saturating_add(len);
        if end > self.storage.len() {
            return Bytes::new();
        }
        self.storage.advance(at);
        let taken = self.storage.split_to(len).freeze();
        self.split = self.split.saturating_add(end);
        self.begun = self.begun.saturating_sub(end);
        self.joined = self.joined.saturating_sub(end);
        self.unread = self.unread.saturating_sub(end);
        self.filled = self.filled.saturating_sub(end);
        taken
    }

    /// Lends room for the next bytes that is not initialised: whatever is put there has been read.
    pub(super) fn room_mut(&mut self, open: bool, left: u64) -> Limit<&mut BytesMut> {
        self.settle(open);
        if self.split > 0 && self.filled == self.begun {
            self.clear();
            self.storage.clear();
            // More than is left is only there if all of it comes back, as the messages are gone.
            if self.storage.try_reclaim(self.storage.capacity().saturating_add(1)) {
                self.split = 0;
            }
        }
        let want = self.prepare(left, BytesMut::capacity);
        self.storage.truncate(self.filled);
        self.grow(|storage, _| storage.reserve(want));
        (&mut self.storage).limit(want)
    }
}
