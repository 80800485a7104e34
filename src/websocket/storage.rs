//! Memory for one direction: a slice, a `Vec`, or a `BytesMut`.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::bytes::copy;
#[cfg(feature = "alloc")]
use crate::fuel;
#[cfg(feature = "alloc")]
use crate::mask::mask;
use crate::mask::{MaskingKey, mask_copy};

mod sealed {
    pub trait Sealed {}
}

/// Memory that a [`WebSocket`](super::WebSocket) reads into, or writes from.
///
/// A `&mut [u8]` needs no allocator and bounds what fits.
#[cfg_attr(feature = "alloc", doc = "A `Vec<u8>` grows with what has arrived or is queued.")]
#[cfg_attr(not(feature = "alloc"), doc = "With the feature `alloc`, `Vec<u8>` is one too.")]
pub trait Storage: sealed::Sealed {
    /// Returns all initialised bytes.
    #[doc(hidden)]
    fn bytes(&self) -> &[u8];
    /// The same, to be changed.
    #[doc(hidden)]
    fn bytes_mut(&mut self) -> &mut [u8];
    /// Returns the length beyond which nothing fits.
    #[doc(hidden)]
    fn max_len(&self) -> usize;
    /// Returns how many bytes of memory are held.
    #[doc(hidden)]
    fn capacity(&self) -> usize;
    /// Initialises up to `len` bytes, fewer if there is no memory; the first `keep` stay as they are.
    #[doc(hidden)]
    fn extend_to(&mut self, keep: usize, len: usize);
    /// Makes sure that [`append`](Self::append) can write so many bytes behind the first `at`, which
    /// stay as they are; `false` if there is no memory.
    #[doc(hidden)]
    fn reserve(&mut self, at: usize, len: usize) -> bool;
    /// Writes `head`, and `body` with this mask, behind the first `at` bytes; `false`, with these
    /// unchanged, if there is no memory.
    #[doc(hidden)]
    fn append(&mut self, at: usize, head: &[u8], body: &[u8], key: Option<MaskingKey>) -> bool;
    /// Frees the memory, with its contents.
    #[doc(hidden)]
    fn release(&mut self);
}

/// Writes `head` and the masked `body` to the front of `room`, if they fit.
#[inline]
fn write(room: &mut [u8], head: &[u8], body: &[u8], key: Option<MaskingKey>) -> bool {
    let needed = head.len().saturating_add(body.len());
    if room.len() < needed {
        return false;
    }
    let written = copy(head, room);
    let room = room.get_mut(written..).unwrap_or_default();
    match key {
        None => _ = copy(body, room),
        Some(key) => mask_copy(body, room, key),
    }
    true
}

impl sealed::Sealed for &mut [u8] {}

impl Storage for &mut [u8] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn max_len(&self) -> usize {
        self.len()
    }

    fn capacity(&self) -> usize {
        self.len()
    }

    fn extend_to(&mut self, _: usize, _: usize) {}

    #[inline]
    fn reserve(&mut self, at: usize, len: usize) -> bool {
        at.saturating_add(len) <= self.len()
    }

    #[inline]
    fn append(&mut self, at: usize, head: &[u8], body: &[u8], key: Option<MaskingKey>) -> bool {
        self.get_mut(at..).is_some_and(|room| write(room, head, body, key))
    }

    fn release(&mut self) {}
}

/// Bytes that are masked at a time behind their copy, while they are in the nearest cache.
#[cfg(feature = "alloc")]
const MASKED: usize = 4 << 10;

/// What was used of the memory stays initialised, so that it is never filled in advance twice.
#[cfg(feature = "alloc")]
impl sealed::Sealed for Vec<u8> {}

#[cfg(feature = "alloc")]
impl Storage for Vec<u8> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn max_len(&self) -> usize {
        usize::MAX
    }

    fn capacity(&self) -> usize {
        Self::capacity(self)
    }

    #[inline]
    fn extend_to(&mut self, keep: usize, len: usize) {
        if self.len() >= len {
            return;
        }
        if !reserve_behind(self, keep, len.saturating_sub(keep)) {
            return;
        }
        fuel::burn(len.saturating_sub(self.len()));
        self.resize(len, 0);
    }

    #[inline]
    fn reserve(&mut self, at: usize, len: usize) -> bool {
        at.saturating_add(len) <= self.len() || reserve_behind(self, at, len)
    }

    #[inline]
    fn append(&mut self, at: usize, head: &[u8], body: &[u8], key: Option<MaskingKey>) -> bool {
        if self.get_mut(at..).is_some_and(|room| write(room, head, body, key)) {
            return true;
        }
        append_behind(self, at, head, body, key)
    }

    fn release(&mut self) {
        *self = Self::new();
    }
}

/// Appends to memory that is not initialised yet, without filling it in advance.
#[cfg(feature = "alloc")]
#[inline(never)]
fn append_behind(
    bytes: &mut Vec<u8>,
    at: usize,
    head: &[u8],
    body: &[u8],
    key: Option<MaskingKey>,
) -> bool {
    let len = head.len().saturating_add(body.len());
    if !reserve_behind(bytes, at, len) {
        return false;
    }
    fuel::burn(len);
    bytes.truncate(at);
    bytes.extend_from_slice(head);
    let Some(mut key) = key else {
        bytes.extend_from_slice(body);
        return true;
    };
    for piece in body.chunks(MASKED) {
        let start = bytes.len();
        bytes.extend_from_slice(piece);
        mask(bytes.get_mut(start..).unwrap_or_default(), key);
        key = key.after(piece.len() as u64);
    }
    true
}

/// Allocates memory behind the first `at` bytes, and keeps no others if they would have to move.
#[cfg(feature = "alloc")]
fn reserve_behind(bytes: &mut Vec<u8>, at: usize, len: usize) -> bool {
    if bytes.capacity().saturating_sub(at) >= len {
        return true;
    }
    bytes.truncate(at);
    fuel::burn(at);
    bytes.try_reserve(len).is_ok()
}
