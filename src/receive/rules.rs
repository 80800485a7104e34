//! Which headers may come now: every rule about a frame that depends on the state of the connection.
//!
//! The rules that depend on the header alone are in [`frame`](crate::frame).

use super::ReceiveHalf;
use super::accepted::AcceptedHeader;
use super::state::Extension;
use crate::error::{JudgedHeader, ProtocolError, Violation};
use crate::frame::{FrameHeader, MAX_CONTROL, Partial, Plain};
use crate::opcode::Opcode;
use crate::role::{Role, Side};

impl<R: Role> ReceiveHalf<R> {
    /// Returns the header at the front of `bytes` if it is of the common kind; `None` means: take the
    /// slow path, and [judge](Self::judge) it. What is accepted here is accepted there.
    #[inline(always)]
    pub(super) fn accept_plain(&self, bytes: &[u8]) -> Option<AcceptedHeader> {
        let Plain { first, payload_len, len, key } = Plain::read(bytes, self.side.is_server())?;
        let open = self.message.kind.is_some();
        let (opcode, may_come) = match first & 0x7F {
            0x0 => (Opcode::Continuation, open),
            0x1 => (Opcode::Text, !open),
            0x2 => (Opcode::Binary, !open),
            0x9 => (Opcode::Ping, self.control_frames < self.limits.max_control_frames),
            0xA => (Opcode::Pong, self.control_frames < self.limits.max_control_frames),
            _ => return None,
        };
        let fin = first & 0x80 != 0;
        let within = if opcode.is_control() {
            fin && payload_len <= MAX_CONTROL as u64
        } else {
            self.message.fragments < self.limits.max_fragments
                && payload_len <= self.limits.max_frame
                && payload_len <= self.limits.max_message.saturating_sub(self.message.declared)
                && (fin && self.message.utf8.is_boundary()
                    || !fin && payload_len >= u64::from(self.limits.min_fragment))
        };
        if may_come && within {
            Some(AcceptedHeader { fin, rsv1: false, opcode, payload_len, len, key })
        } else {
            None
        }
    }

    /// Judges the header at the front of `bytes`, which begin at offset `start` of the stream: by the
    /// rules for any header, and by those of this state. Returns `None` if more bytes are needed.
    #[inline(never)]
    pub(super) fn judge(
        &self,
        bytes: &[u8],
        start: u64,
    ) -> Result<Option<AcceptedHeader>, ProtocolError> {
        match self.judge_prefix(bytes) {
            Ok(header) => Ok(header),
            Err(violation) => Err(self.earliest(bytes, start, violation)),
        }
    }

    /// Finds the first byte that proves a violation in these header bytes, and which one it proves.
    #[cold]
    fn earliest(&self, bytes: &[u8], start: u64, violation: Violation) -> ProtocolError {
        let mut error = ProtocolError::new(start, violation);
        for len in 1..=bytes.len().min(FrameHeader::MAX_LEN) {
            let prefix = bytes.get(..len).unwrap_or(bytes);
            if let Err(violation) = self.judge_prefix(prefix) {
                error.violation = violation;
                error.header = self.judged(prefix, violation);
                break;
            }
            error.offset = error.offset.wrapping_add(1);
        }
        error
    }

    /// Returns what these header bytes, the last of which proves the violation, say.
    pub(super) fn judged(&self, prefix: &[u8], violation: Violation) -> JudgedHeader {
        let first = prefix.first().copied().unwrap_or_default();
        JudgedHeader::new(first, self.excess(prefix, violation))
    }

    /// Returns the length that these header bytes declare at least, if it breaks a rule; else 0.
    fn excess(&self, prefix: &[u8], violation: Violation) -> u64 {
        let Ok(Some(Partial { least, .. })) = Partial::read(prefix) else { return 0 };
        match violation {
            Violation::FrameTooBig => least,
            Violation::MessageTooBig => least.saturating_add(self.message.declared),
            _ => 0,
        }
    }

    #[inline]
    pub(super) fn judge_prefix(&self, bytes: &[u8]) -> Result<Option<AcceptedHeader>, Violation> {
        let Some(header) = Partial::read(bytes)? else { return Ok(None) };
        self.check_kind(&header)?;
        self.check_len(&header)?;
        let Partial { fin, rsv, opcode, least: payload_len, .. } = header;
        let rsv1 = rsv & Partial::RSV1 != 0;
        let complete = header.complete(bytes);
        Ok(complete.map(|(len, key)| AcceptedHeader { fin, rsv1, opcode, payload_len, len, key }))
    }

    /// Checks opcode, reserved bits and masking.
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
        match (header.opcode, self.message.kind) {
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
            if self.control_frames >= self.limits.max_control_frames
                && self.limits.max_control_frames != u32::MAX
            {
                return Err(Violation::TooManyControlFrames);
            }
        } else if self.message.fragments >= self.limits.max_fragments
            && self.limits.max_fragments != u32::MAX
        {
            return Err(Violation::TooManyFragments);
        }
        match header.masked {
            // "The server MUST close the connection upon receiving a frame that is not masked."
            Some(false) if self.side.is_server() => Err(Violation::UnmaskedFrame),
            // "A client MUST close a connection if it detects a masked frame." (§5.1)
            Some(true) if !self.side.is_server() => Err(Violation::MaskedFrame),
            _ => Ok(()),
        }
    }

    /// Checks the payload length, as far as its bytes have arrived.
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
        if least > self.limits.max_message.saturating_sub(self.message.declared) {
            return Err(Violation::MessageTooBig);
        }
        if !header.fin && most < u64::from(self.limits.min_fragment) {
            return Err(Violation::FragmentTooSmall);
        }
        // "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream
        // is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket
        // Connection_." (§8.1) Here the last frame is too short for the open code point.
        if header.fin && most < self.message.utf8.missing() {
            return Err(Violation::InvalidUtf8);
        }
        Ok(())
    }
}
