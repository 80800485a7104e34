//! Byte copies that both slices bound, so that no length can be wrong.

use core::cell::Cell;

use crate::{FAST, fuel};

/// Copies as much of `from` as fits to the front of `to`; returns the number of bytes copied.
#[inline]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    fuel::burn(len);
    if !FAST || !copy_short::<16>(from, to, len) && !copy_short::<4>(from, to, len) {
        copy_each(from, to);
    }
    len
}

/// Copies `N` to 4 `N` bytes as words that may overlap.
///
/// Returns `false`, with nothing copied, for any other length.
#[inline]
fn copy_short<const N: usize>(from: &[u8], to: &mut [u8], len: usize) -> bool {
    let (Some(from), Some(to)) = (from.get(..len), to.get_mut(..len)) else { return false };
    let (Some(last), Some(place)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) else {
        return false;
    };
    if len > N.saturating_mul(4) {
        return false;
    }
    *place = *last;
    for (to, from) in to.as_chunks_mut::<N>().0.iter_mut().zip(from.as_chunks::<N>().0) {
        *to = *from;
    }
    true
}

/// Copies byte by byte, up to the end of the shorter slice.
///
/// This is a loop because `copy_from_slice` could panic if the optimiser did not see the lengths.
/// It is not inlined because the loop becomes the platform's `memcpy` only in a separate function,
/// whose arguments are known not to overlap.
#[inline(never)]
fn copy_each(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Moves all but the first `by` bytes to the front.
///
/// This is the only call of `copy_within`, so that it is inlined even where the optimiser favours
/// size: the panic that it contains is then seen to be unreachable. Without `FAST` it is a loop, which
/// spares the platform's `memmove`.
#[inline]
pub(crate) fn move_to_front(bytes: &mut [u8], by: usize) {
    if FAST {
        if by <= bytes.len() {
            bytes.copy_within(by.., 0);
        }
        return;
    }
    let cells = Cell::from_mut(bytes).as_slice_of_cells();
    for (to, from) in cells.iter().zip(cells.iter().skip(by)) {
        to.set(from.get());
    }
}

/// Writes `bytes` to the front of `to` and returns the rest of it; `None` if they do not fit.
#[inline]
pub(crate) fn put<const N: usize>(to: &mut [u8], bytes: [u8; N]) -> Option<&mut [u8]> {
    let (place, left) = to.split_first_chunk_mut::<N>()?;
    *place = bytes;
    Some(left)
}
