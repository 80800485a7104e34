//! Moving bytes, without a length that could be wrong.

/// Copies as much of `from` to the front of `to` as there is room for, and tells how much.
#[inline]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..len), to.get_mut(..len)) {
        to.copy_from_slice(from);
    }
    len
}

/// Puts these bytes at the front of `to`, and gives what is behind them.
#[inline]
pub(crate) fn put<const N: usize>(to: &mut [u8], bytes: [u8; N]) -> Option<&mut [u8]> {
    let (place, left) = to.split_first_chunk_mut::<N>()?;
    *place = bytes;
    Some(left)
}
