//! The fast paths: frames that lie in the input whole, received in one step.
//!
//! What they take, the slow path would take too, with the same result; what they do not take, they
//! leave as it is.

use super::ReceiveHalf;
use super::accepted::AcceptedHeader;
use crate::FAST;
use crate::event::{Chunk, Event};
use crate::frame::Plain;
use crate::mask::{MaskingKey, mask, mask_seeing};
use crate::opcode::{MessageKind, Opcode};
use crate::role::{Role, Side};
use crate::utf8::{Utf8, to_str};

/// The header of a message in one frame, which is followed by its payload.
#[derive(Clone, Copy)]
pub(crate) struct Whole {
    pub(crate) kind: MessageKind,
    pub(crate) header_len: usize,
    /// Length of the payload in bytes.
    pub(crate) len: usize,
    /// All zero if the frame is not masked.
    pub(crate) key: MaskingKey,
}

impl<R: Role> ReceiveHalf<R> {
    /// Receives a message in one frame that lies in the input whole: the common case, on registers.
    ///
    /// Returns `None`, with nothing changed, for everything else, violations among it.
    #[inline(always)]
    pub(super) fn receive_whole<'b>(&mut self, input: &mut &'b mut [u8]) -> Option<Chunk<'b>> {
        let whole = self.find_whole(input)?;
        let Whole { kind, header_len, len, key } = whole;
        let payload = input.get_mut(header_len..)?.get_mut(..len)?;
        if kind == MessageKind::Text {
            if !Self::unmask_text(self.side, payload, key) {
                return None;
            }
        } else if self.side.is_server() {
            mask(payload, key);
        }
        input.split_off_mut(..header_len)?;
        let payload = input.split_off_mut(..len)?;
        self.received_whole(&whole);
        let utf8 = [Utf8::new(); 2];
        Some(Chunk { payload, kind, first: true, last: true, rsv1: false, utf8 })
    }

    /// Finds a message in one frame at the front of the input, which holds all of it.
    #[inline(always)]
    pub(crate) fn find_whole(&self, input: &[u8]) -> Option<Whole> {
        if !FAST || !self.is_between_messages {
            return None;
        }
        let Plain { first, payload_len, len: header_len, key } =
            Plain::read(input, self.side.is_server())?;
        let kind = match first {
            0x81 => MessageKind::Text,
            0x82 => MessageKind::Binary,
            _ => return None,
        };
        if payload_len >= u64::from(self.fast_below) {
            return None;
        }
        let len = usize::try_from(payload_len).ok()?;
        if input.get(header_len..)?.len() < len {
            return None;
        }
        Some(Whole { kind, header_len, len, key })
    }

    /// Notes that this message was received.
    #[inline(always)]
    pub(crate) fn received_whole(&mut self, whole: &Whole) {
        let len = whole.header_len.wrapping_add(whole.len);
        self.position = self.position.wrapping_add(len as u64);
        self.control_frames = 0;
    }

    /// Unmasks text and returns `true`, or returns `false` and leaves the payload as it was.
    #[inline(never)]
    fn unmask_text(side: R::Side, payload: &mut [u8], key: MaskingKey) -> bool {
        let ascii = side.is_server() && mask_seeing(payload, key);
        let valid = ascii || to_str(payload).is_some();
        if side.is_server() && !valid {
            mask(payload, key);
        }
        valid
    }

    /// Receives a Ping or Pong that lies in the input whole, as nearly all do.
    #[inline(always)]
    pub(super) fn receive_whole_control<'b>(
        &mut self,
        header: &AcceptedHeader,
        input: &mut &'b mut [u8],
    ) -> Option<Event<'b>> {
        let is_ping = match header.opcode {
            Opcode::Ping => true,
            Opcode::Pong => false,
            _ => return None,
        };
        let len = usize::try_from(header.payload_len).ok()?;
        let frame = input.split_off_mut(..header.len.saturating_add(len))?;
        self.position = self.position.wrapping_add(frame.len() as u64);
        self.control_frames = self.control_frames.saturating_add(1);
        let payload = frame.get_mut(header.len..)?;
        if self.side.is_server() {
            mask(payload, header.key);
        }
        if is_ping && self.answer_pings {
            self.control.set_pending(payload);
            self.set_pending_pong();
            return Some(Event::Ping);
        }
        self.make_room_for_control(header.payload_len, is_ping);
        self.control.push(payload);
        Some(if is_ping { Event::Ping } else { Event::Pong })
    }

    /// Receives a fragment that lies in the input whole and is no text to be validated.
    #[inline(always)]
    pub(super) fn receive_whole_fragment<'b>(
        &mut self,
        header: &AcceptedHeader,
        input: &mut &'b mut [u8],
    ) -> Option<Event<'b>> {
        let kind = match header.opcode {
            Opcode::Continuation => self.message.kind?,
            Opcode::Text => MessageKind::Text,
            Opcode::Binary => MessageKind::Binary,
            _ => return None,
        };
        if kind == MessageKind::Text || header.payload_len == 0 || self.is_for_inflater() {
            return None;
        }
        let len = usize::try_from(header.payload_len).ok()?;
        let frame = input.split_off_mut(..header.len.saturating_add(len))?;
        self.position = self.position.wrapping_add(frame.len() as u64);
        let payload = frame.get_mut(header.len..)?;
        if self.side.is_server() {
            mask(payload, header.key);
        }
        self.control_frames = 0;
        self.message.apply(header);
        let (first, last) = (self.message.deliver(), header.fin);
        let (rsv1, utf8) = (self.message.rsv1, [self.message.utf8; 2]);
        if last {
            self.close_message();
        }
        Some(Event::Data(Chunk { payload, kind, first, last, rsv1, utf8 }))
    }
}
