//! Control frames (RFC 6455 §5.5), ready to be written.

use core::num::NonZeroU8;
use core::ops::Deref;

use super::write::{header_len, write_frame};
use crate::frame::FrameHeader;
use crate::mask::MaskingKey;
use crate::opcode::Opcode;

/// Writes a control frame to the front of `out`, which has room for it, and returns its length.
#[cfg_attr(feature = "std", inline(always))]
pub(super) fn write_control(
    opcode: Opcode,
    payload: &[u8],
    masking_key: Option<MaskingKey>,
    out: &mut [u8],
) -> usize {
    let payload_len = payload.len() as u64;
    let header = FrameHeader { fin: true, rsv: [false; 3], opcode, masking_key, payload_len };
    write_frame(&header, payload, out);
    header_len(payload_len, masking_key.is_some()).saturating_add(payload.len())
}

/// A whole control frame by value; dereferences to its bytes, at most 131.
#[derive(Clone, Copy)]
pub struct ControlFrame {
    bytes: [u8; Self::MAX_LEN],
    /// At least 2. The type excludes zero, so that an `Option` of a frame moves like the frame.
    len: NonZeroU8,
}

impl ControlFrame {
    /// The length of the longest control frame in bytes: a header of 6 and a payload of 125.
    pub const MAX_LEN: usize = 131;

    /// Encodes a control frame; `payload` has at most 125 bytes.
    #[cfg_attr(feature = "std", inline(always))]
    pub(super) fn new(opcode: Opcode, payload: &[u8], key: Option<MaskingKey>) -> Self {
        let mut frame = Self { bytes: [0; Self::MAX_LEN], len: NonZeroU8::MIN };
        let len = write_control(opcode, payload, key, &mut frame.bytes);
        frame.len = u8::try_from(len).ok().and_then(NonZeroU8::new).unwrap_or(frame.len);
        frame
    }
}

impl Deref for ControlFrame {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len.get())).unwrap_or_default()
    }
}

impl AsRef<[u8]> for ControlFrame {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl core::fmt::Debug for ControlFrame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:02X?}", &**self)
    }
}
