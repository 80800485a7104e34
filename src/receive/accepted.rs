//! A header that the rules have passed.

use crate::mask::MaskingKey;
use crate::opcode::Opcode;

/// A header that may come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AcceptedHeader {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
    pub(super) payload_len: u64,
    /// Length of the header in bytes.
    pub(super) len: usize,
    /// All zero if the frame is not masked.
    pub(super) key: MaskingKey,
}
