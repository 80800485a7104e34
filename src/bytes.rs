//! Moving bytes, without a length that could be wrong.

/// Copies as much of `from` to the front of `to` as there is room for, and tells how much.
#[inline]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if len > 64 {
        copy_many(from, to);
    } else {
        copy_each(from, to);
    }
    len
}

/// A loop, because `copy_from_slice` could panic if the optimiser did not see the lengths.
#[inline]
fn copy_each(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Not inlined, because only as a function of its own, whose arguments are known not to overlap,
/// does the loop become the platform's `memcpy`.
#[inline(never)]
fn copy_many(from: &[u8], to: &mut [u8]) {
    copy_each(from, to);
}

/// Puts these bytes at the front of `to`, and gives what is behind them.
#[inline]
pub(crate) fn put<const N: usize>(to: &mut [u8], bytes: [u8; N]) -> Option<&mut [u8]> {
    let (place, left) = to.split_first_chunk_mut::<N>()?;
    *place = bytes;
    Some(left)
}
