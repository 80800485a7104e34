//! Memory for one direction: a slice, a `Vec`, or a `BytesMut`.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

#[cfg(feature = "bytes")]
use bytes::BytesMut;

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
/// A `Vec<u8>` (with the feature `alloc`) grows with what has arrived or is queued. So does a
/// `BytesMut` (`bytes`), off which messages can be split without a copy.
pub trait Storage: sealed::Sealed {
    /// Whether all of it is initialised, and none is ever allocated or freed.
    #[doc(hidden)]
    const IS_FIXED: bool;
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
    const IS_FIXED: bool = true;

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

/// Memory that grows. What was used of it stays initialised, so that nothing is filled twice.
#[cfg(feature = "alloc")]
trait Growable: AsRef<[u8]> + AsMut<[u8]> + Default {
    fn held(&self) -> usize;
    /// Keeps the first `len` bytes.
    fn keep(&mut self, len: usize);
    /// Allocates memory for so many more bytes, with some to spare.
    fn make_room(&mut self, more: usize) -> bool;
    fn fill_to(&mut self, len: usize);
    fn extend(&mut self, bytes: &[u8]);
}

#[cfg(feature = "alloc")]
impl Growable for Vec<u8> {
    fn held(&self) -> usize {
        self.capacity()
    }

    fn keep(&mut self, len: usize) {
        self.truncate(len);
    }

    fn make_room(&mut self, more: usize) -> bool {
        self.try_reserve(more).is_ok()
    }

    fn fill_to(&mut self, len: usize) {
        self.resize(len, 0);
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Its memory comes back when all messages that were split off it are gone.
#[cfg(feature = "bytes")]
impl Growable for BytesMut {
    fn held(&self) -> usize {
        self.capacity()
    }

    fn keep(&mut self, len: usize) {
        self.truncate(len);
    }

    fn make_room(&mut self, more: usize) -> bool {
        // It has no call that fails; only this length would.
        let fits = self.len().saturating_add(more) <= isize::MAX.unsigned_abs() / 2;
        if fits {
            self.reserve(more);
        }
        fits
    }

    fn fill_to(&mut self, len: usize) {
        self.resize(len, 0);
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

#[cfg(feature = "alloc")]
impl<G: Growable> sealed::Sealed for G {}

#[cfg(feature = "alloc")]
impl<G: Growable> Storage for G {
    const IS_FIXED: bool = false;

    #[inline]
    fn bytes(&self) -> &[u8] {
        self.as_ref()
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self.as_mut()
    }

    fn max_len(&self) -> usize {
        usize::MAX
    }

    fn capacity(&self) -> usize {
        self.held()
    }

    #[inline]
    fn extend_to(&mut self, keep: usize, len: usize) {
        let filled = self.bytes().len();
        if filled < len && reserve_behind(self, keep, len.saturating_sub(keep)) {
            fuel::burn(len.saturating_sub(self.bytes().len()));
            self.fill_to(len);
        }
    }

    #[inline]
    fn reserve(&mut self, at: usize, len: usize) -> bool {
        at.saturating_add(len) <= self.bytes().len() || reserve_behind(self, at, len)
    }

    #[inline]
    fn append(&mut self, at: usize, head: &[u8], body: &[u8], key: Option<MaskingKey>) -> bool {
        let room = self.bytes_mut().get_mut(at..);
        room.is_some_and(|room| write(room, head, body, key))
            || append_behind(self, at, head, body, key)
    }

    fn release(&mut self) {
        *self = Self::default();
    }
}

/// Appends to memory that is not initialised yet, without filling it in advance.
#[cfg(feature = "alloc")]
#[inline(never)]
fn append_behind(
    bytes: &mut impl Growable,
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
    bytes.keep(at);
    bytes.extend(head);
    let Some(mut key) = key else {
        bytes.extend(body);
        return true;
    };
    for piece in body.chunks(MASKED) {
        let start = bytes.as_ref().len();
        bytes.extend(piece);
        mask(bytes.as_mut().get_mut(start..).unwrap_or_default(), key);
        key = key.after(piece.len() as u64);
    }
    true
}

/// Allocates memory behind the first `at` bytes, and keeps no others if they would have to move.
#[cfg(feature = "alloc")]
fn reserve_behind(bytes: &mut impl Growable, at: usize, len: usize) -> bool {
    if bytes.held().saturating_sub(at) >= len {
        return true;
    }
    bytes.keep(at);
    fuel::burn(at);
    bytes.make_room(len)
}

#[cfg(all(test, feature = "bytes"))]
mod tests {
    use super::{BytesMut, Growable, MaskingKey, Storage, Vec, append_behind};

    fn check<G: Growable + for<'b> From<&'b [u8]>>() {
        // No allocator is asked for so much.
        for len in [isize::MAX.unsigned_abs(), usize::MAX] {
            let mut bytes = G::from(b"held");
            assert!(!Storage::reserve(&mut bytes, 4, len));
            bytes.extend_to(4, len.saturating_add(4));
            assert_eq!(bytes.bytes(), b"held");
        }
        // What is behind the kept bytes is overwritten, whether or not there is room.
        for len in [3, 5_000] {
            let mut bytes = G::from(b"kept, and more");
            let key = MaskingKey([1, 2, 3, 4]);
            assert!(append_behind(&mut bytes, 4, b"<", &alloc::vec![0; len], Some(key)));
            let masked = [1, 2, 3, 4].into_iter().cycle().take(len);
            assert!(bytes.bytes().iter().copied().eq(b"kept<".iter().copied().chain(masked)));
        }
    }

    #[test]
    fn memory_that_cannot_be_had_is_refused_and_what_is_held_stays() {
        check::<Vec<u8>>();
        check::<BytesMut>();
    }
}
