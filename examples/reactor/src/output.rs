//! What one batch of input is answered with.

use std::io::IoSlice;
use std::mem;
use std::time::Duration;

use arrayvec::ArrayVec;

/// The most bytes that are read at a time.
pub(crate) const READ: usize = 128 << 10;
/// How often deadlines are looked at.
pub(crate) const TICK: Duration = Duration::from_secs(1);
/// How many seconds a client may leave a reply untouched.
pub(crate) const STALL: u32 = 10;
/// From this length on, a payload is written from where it was read; a shorter one is copied, which
/// costs less than another slice.
pub(crate) const LENT: usize = 4 << 10;
/// Each lent payload takes two slices: its own, and what was copied before it.
pub(crate) const SLICES: usize = 2 * READ / LENT + 1;

/// The answer to one batch of input, which leaves with one write.
///
/// Its memory is shared by all connections, and borrowed for one batch.
pub struct Output<'b> {
    slices: ArrayVec<IoSlice<'b>, SLICES>,
    /// Memory that is not used yet, but for `copied` bytes at its front that no slice has yet.
    room: &'b mut [u8],
    copied: usize,
    /// What does not fit: longer answers than their questions.
    spilled: Vec<u8>,
}

impl<'b> Output<'b> {
    /// How much longer than the input the room must be: for the header of a message that the input
    /// continues, and for a control frame.
    pub(crate) const SLACK: usize = 256;

    pub(crate) fn new(room: &'b mut [u8]) -> Self {
        Self { slices: ArrayVec::new(), room, copied: 0, spilled: Vec::new() }
    }

    /// Returns the memory for the next bytes. Report with [`wrote`](Self::wrote) how many you wrote
    /// to its front.
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.room[self.copied..]
    }

    /// Appends so many bytes at the front of the [`room`](Self::room).
    pub fn wrote(&mut self, len: usize) {
        self.copied += len;
        debug_assert!(self.copied <= self.room.len());
    }

    /// Appends a copy of these bytes.
    pub fn copy(&mut self, bytes: &[u8]) {
        let room = &mut self.room[self.copied..];
        if bytes.len() > room.len() || !self.spilled.is_empty() {
            return self.spilled.extend_from_slice(bytes);
        }
        room[..bytes.len()].copy_from_slice(bytes);
        self.wrote(bytes.len());
    }

    /// Returns whether bytes of this length are better [lent](Self::lend) than copied.
    #[must_use]
    pub fn lends(&self, len: usize) -> bool {
        len >= LENT && self.slices.remaining_capacity() > 3
    }

    /// Appends these bytes without a copy, if it [`lends`](Self::lends) so many.
    pub fn lend(&mut self, bytes: &'b [u8]) {
        self.cut();
        self.slices.push(IoSlice::new(bytes));
    }

    /// Passes everything that is to be written to `write`, with its length.
    pub(crate) fn finish<T>(mut self, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
        self.cut();
        if !self.spilled.is_empty() {
            // Shortens the lifetime of the slices to that of what was spilled.
            let mut slices: ArrayVec<IoSlice<'_>, SLICES> = mem::take(&mut self.slices);
            slices.push(IoSlice::new(&self.spilled));
            return write(&slices);
        }
        write(&self.slices)
    }

    /// Makes a slice of what was copied.
    fn cut(&mut self) {
        if self.copied > 0 {
            let (copied, rest) = mem::take(&mut self.room).split_at_mut(self.copied);
            self.slices.push(IoSlice::new(copied));
            (self.room, self.copied) = (rest, 0);
        }
    }
}
