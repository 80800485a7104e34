//! Which headers may come now: every rule about a frame that needs the connection's state.

use super::{Extension, ReceiveHalf};
use crate::error::{ProtocolError, Violation};
use crate::frame::{FrameHeader, MAX_CONTROL, Partial, Plain};
use crate::mask::MaskingKey;
use crate::opcode::Opcode;
use crate::role::Role;

/// A header that may come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
    pub(super) payload_len: u64,
    /// Bytes of the header.
    pub(super) len: usize,
    /// Zero for none.
    pub(super) key: MaskingKey,
}

impl<R: Role> ReceiveHalf<R> {
    /// The header at the front of `bytes` if it is one that nearly all are; `None` means to
    /// [judge](Self::judge) it. What is accepted here is accepted there.
    #[inline(always)]
    pub(super) fn accept_plain(&self, bytes: &[u8]) -> Option<Accepted> {
        let Plain { first, payload_len, len, key } = Plain::read(bytes, R::IS_SERVER)?;
        let open = self.message.is_some();
        let (opcode, may_come) = match first & 0x7F {
            0x0 => (Opcode::Continuation, open),
            0x1 => (Opcode::Text, !open),
            0x2 => (Opcode::Binary, !open),
            0x9 => (Opcode::Ping, self.controls < self.limits.max_controls),
            0xA => (Opcode::Pong, self.controls < self.limits.max_controls),
            _ => return None,
        };
        let fin = first & 0x80 != 0;
        let within = if opcode.is_control() {
            fin && payload_len <= MAX_CONTROL as u64
        } else {
            self.fragments < self.limits.max_fragments
                && payload_len <= self.limits.max_frame
                && payload_len <= self.limits.max_message.saturating_sub(self.message_len)
                && (fin && self.utf8.is_boundary()
                    || !fin && payload_len >= u64::from(self.limits.min_fragment))
        };
        if may_come && within {
            Some(Accepted { fin, rsv1: false, opcode, payload_len, len, key })
        } else {
            None
        }
    }

    /// The header at the front of `bytes`, which stand at offset `start` of the stream, judged by
    /// the rules of its own and those of this state.
    #[inline(never)]
    pub(super) fn judge(
        &self,
        bytes: &[u8],
        start: u64,
    ) -> Result<Option<Accepted>, ProtocolError> {
        match self.judge_prefix(bytes) {
            Ok(header) => Ok(header),
            Err(violation) => Err(self.earliest(bytes, start, violation)),
        }
    }

    /// Where the violation in these header bytes is first proved, and which one it is there.
    #[cold]
    fn earliest(&self, bytes: &[u8], start: u64, violation: Violation) -> ProtocolError {
        let mut error = ProtocolError { offset: start, violation };
        for len in 1..=bytes.len().min(FrameHeader::MAX_LEN) {
            if let Err(violation) = self.judge_prefix(bytes.get(..len).unwrap_or(bytes)) {
                error.violation = violation;
                break;
            }
            error.offset = error.offset.wrapping_add(1);
        }
        error
    }

    #[inline]
    fn judge_prefix(&self, bytes: &[u8]) -> Result<Option<Accepted>, Violation> {
        let Some(header) = Partial::read(bytes)? else { return Ok(None) };
        self.check_kind(&header)?;
        self.check_len(&header)?;
        let Partial { fin, rsv, opcode, least: payload_len, .. } = header;
        let rsv1 = rsv & Partial::RSV1 != 0;
        let complete = header.complete(bytes);
        Ok(complete.map(|(len, key)| Accepted { fin, rsv1, opcode, payload_len, len, key }))
    }

    /// The rules that opcode, bits and mask must fit here.
    #[inline]
    fn check_kind(&self, header: &Partial) -> Result<(), Violation> {
        let starts = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        // "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.
        // If a nonzero value is received and none of the negotiated extensions defines the meaning
        // of such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_."
        // (§5.2; RFC 7692 §6 defines RSV1 on a message's first frame alone)
        let allowed = if self.extension != Extension::None && starts { Partial::RSV1 } else { 0 };
        if header.rsv & !allowed != 0 {
            return Err(Violation::ReservedBits);
        }
        // "The fragments of one message MUST NOT be interleaved between the fragments of another
        // message unless an extension has been negotiated that can interpret the interleaving."
        // (§5.4)
        match (header.opcode, self.message) {
            (Opcode::Continuation, None) => return Err(Violation::UnexpectedContinuation),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Violation::ExpectedContinuation);
            }
            _ => {}
        }
        // "Implementations that have implementation- and/or platform-specific limitations
        // regarding the frame size or total message size after reassembly from multiple frames
        // MUST protect themselves against exceeding those limits." (§10.4)
        if header.opcode.is_control() {
            if self.controls >= self.limits.max_controls && self.limits.max_controls != u32::MAX {
                return Err(Violation::TooManyControls);
            }
        } else if self.fragments >= self.limits.max_fragments
            && self.limits.max_fragments != u32::MAX
        {
            return Err(Violation::TooManyFragments);
        }
        match header.masked {
            // "The server MUST close the connection upon receiving a frame that is not masked."
            Some(false) if R::IS_SERVER => Err(Violation::UnmaskedFrame),
            // "A client MUST close a connection if it detects a masked frame." (§5.1)
            Some(true) if !R::IS_SERVER => Err(Violation::MaskedFrame),
            _ => Ok(()),
        }
    }

    /// The rules that the payload's length must fit here.
    #[inline]
    fn check_len(&self, header: &Partial) -> Result<(), Violation> {
        let Partial { least, most, .. } = *header;
        if header.opcode.is_control() {
            // "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned
            // integer" (§5.5.1)
            if header.opcode == Opcode::Close && (least, most) == (1, 1) {
                return Err(Violation::CloseTooShort);
            }
            return Ok(());
        }
        if least > self.limits.max_frame {
            return Err(Violation::FrameTooBig);
        }
        if least > self.limits.max_message.saturating_sub(self.message_len) {
            return Err(Violation::MessageTooBig);
        }
        if !header.fin && most < u64::from(self.limits.min_fragment) {
            return Err(Violation::FragmentTooSmall);
        }
        // "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream
        // is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket
        // Connection_." (§8.1) Here the last frame is too short for the open code point.
        if header.fin && most < self.utf8.missing() {
            return Err(Violation::InvalidUtf8);
        }
        Ok(())
    }
}
