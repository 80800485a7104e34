//! Whole frames, written where there is room.

use crate::bytes::copy;
use crate::frame::FrameHeader;
use crate::mask::mask_copy;

/// Writes a frame whose header is known to be legal to the front of `out`, which has room for it.
#[inline(always)]
pub(super) fn write_frame(header: &FrameHeader, payload: &[u8], out: &mut [u8]) {
    let body = header.write(out).unwrap_or_default();
    match header.masking_key {
        Some(key) => mask_copy(payload, body, key),
        None => _ = copy(payload, body),
    }
}

/// Returns the length of a frame's header in bytes.
#[inline]
pub(crate) const fn header_len(payload_len: u64, masked: bool) -> usize {
    match (payload_len, masked) {
        (0..=125, false) => 2,
        (126..=0xFFFF, false) => 4,
        (0..=125, true) => 6,
        (126..=0xFFFF, true) => 8,
        (_, false) => 10,
        (_, true) => 14,
    }
}
