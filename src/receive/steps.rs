//! One step at a time: a header, or what is there of a payload.

use core::mem;

use super::rules::Accepted;
use super::{ReceiveHalf, Stage, Step, Waiting};
use crate::bytes::copy;
use crate::close;
use crate::error::{ProtocolError, Violation};
use crate::event::{Chunk, Event};
use crate::mask::{mask, mask_seeing};
use crate::opcode::{MessageKind, Opcode};
use crate::role::Role;
use crate::utf8::Utf8;

impl<R: Role> ReceiveHalf<R> {
    /// Reads a header, from the input alone or from what was spilled of it and the input.
    #[inline]
    pub(super) fn take_header<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        if self.spilled > 0 {
            return self.take_rest_of_header(input);
        }
        match self.judge(input, self.position)? {
            Some(accepted) => Ok(self.begin(&accepted, accepted.len, input)),
            None => Ok(self.spill(input)),
        }
    }

    #[inline(never)]
    fn take_rest_of_header<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        let spilled = usize::from(self.spilled);
        let start = self.position.wrapping_sub(u64::from(self.spilled));
        let mut joined = self.spill;
        let more = copy(input, joined.get_mut(spilled..).unwrap_or_default());
        let joined = joined.get(..spilled.saturating_add(more)).unwrap_or_default();
        match self.judge(joined, start)? {
            Some(accepted) => {
                self.spilled = 0;
                Ok(self.begin(&accepted, accepted.len.saturating_sub(spilled), input))
            }
            None => Ok(self.spill(input)),
        }
    }

    /// Keeps the input, all of which belongs to a header that is not complete.
    fn spill<'b>(&mut self, input: &mut &'b mut [u8]) -> Step<'b> {
        let spilled = usize::from(self.spilled);
        let taken = copy(input, self.spill.get_mut(spilled..).unwrap_or_default());
        *input = &mut [];
        self.position = self.position.wrapping_add(taken as u64);
        self.spilled = u8::try_from(spilled.saturating_add(taken)).unwrap_or(self.spilled);
        Step::Starved
    }

    /// Takes the last bytes of a header that was accepted, and enters the payload.
    #[inline]
    pub(super) fn begin<'b>(
        &mut self,
        accepted: &Accepted,
        taken: usize,
        input: &mut &'b mut [u8],
    ) -> Step<'b> {
        let _ = input.split_off_mut(..taken);
        self.position = self.position.wrapping_add(taken as u64);
        let Accepted { fin, rsv1, opcode, payload_len, key, .. } = *accepted;
        self.remaining = payload_len;
        self.key = key;
        let kind = match opcode {
            Opcode::Continuation => None,
            Opcode::Text => Some(MessageKind::Text),
            Opcode::Binary => Some(MessageKind::Binary),
            Opcode::Ping => return self.begin_control(Stage::Ping),
            Opcode::Pong => return self.begin_control(Stage::Pong),
            Opcode::Close => return self.begin_control(Stage::Close),
        };
        if kind.is_some() {
            (self.message, self.rsv1, self.begun) = (kind, rsv1, false);
            (self.message_len, self.fragments, self.utf8) = (0, 0, Utf8::new());
        }
        self.controls = 0;
        self.fin = fin;
        self.fragments = self.fragments.saturating_add(1);
        self.message_len = self.message_len.saturating_add(payload_len);
        let compressed = self.rsv1 && self.extension.inflates();
        self.stage = if compressed { Stage::Compressed } else { Stage::Data };
        Step::Again
    }

    #[inline]
    fn begin_control<'b>(&mut self, stage: Stage) -> Step<'b> {
        self.controls = self.controls.saturating_add(1);
        self.stage = stage;
        if self.control.begin(self.remaining, stage != Stage::Pong) {
            self.reply = Waiting::NOTHING;
        }
        Step::Again
    }

    /// Takes a Ping or Pong that lies in the input whole, as nearly all do, in one step.
    #[inline(always)]
    pub(super) fn take_whole_control<'b>(
        &mut self,
        accepted: &Accepted,
        input: &mut &'b mut [u8],
    ) -> Option<Event<'b>> {
        let is_ping = match accepted.opcode {
            Opcode::Ping => true,
            Opcode::Pong => false,
            _ => return None,
        };
        let len = usize::try_from(accepted.payload_len).ok()?;
        let frame = input.split_off_mut(..accepted.len.saturating_add(len))?;
        self.position = self.position.wrapping_add(frame.len() as u64);
        self.controls = self.controls.saturating_add(1);
        let payload = frame.get_mut(accepted.len..)?;
        if R::IS_SERVER {
            mask(payload, accepted.key);
        }
        if is_ping && self.answer_pings {
            self.control.wait_for(payload);
            self.reply = Waiting::PONG;
            return Some(Event::Ping);
        }
        if self.control.begin(accepted.payload_len, is_ping) {
            self.reply = Waiting::NOTHING;
        }
        self.control.push(payload);
        Some(if is_ping { Event::Ping } else { Event::Pong })
    }

    /// Takes a fragment that lies in the input whole, and is not text to be validated, in one step.
    #[inline(always)]
    pub(super) fn take_whole_fragment<'b, const TEXT: bool>(
        &mut self,
        accepted: &Accepted,
        input: &mut &'b mut [u8],
    ) -> Option<Event<'b>> {
        let (kind, starts) = match accepted.opcode {
            Opcode::Continuation => (self.message?, false),
            Opcode::Text => (MessageKind::Text, true),
            Opcode::Binary => (MessageKind::Binary, true),
            _ => return None,
        };
        if TEXT && kind == MessageKind::Text || accepted.payload_len == 0 {
            return None;
        }
        let len = usize::try_from(accepted.payload_len).ok()?;
        let frame = input.split_off_mut(..accepted.len.saturating_add(len))?;
        self.position = self.position.wrapping_add(frame.len() as u64);
        let payload = frame.get_mut(accepted.len..)?;
        if R::IS_SERVER {
            mask(payload, accepted.key);
        }
        if starts {
            (self.rsv1, self.begun, self.message_len, self.fragments) = (false, false, 0, 0);
        }
        let last = accepted.fin;
        let first = !mem::replace(&mut self.begun, true);
        let utf8 = [self.utf8; 2];
        self.controls = 0;
        self.fin = last;
        if last {
            self.end_message();
        } else {
            self.message = Some(kind);
            self.fragments = self.fragments.saturating_add(1);
            self.message_len = self.message_len.saturating_add(accepted.payload_len);
        }
        self.idle = last;
        Some(Event::Data(Chunk { payload, kind, first, last, rsv1: self.rsv1, utf8 }))
    }

    #[inline]
    pub(super) fn end_message(&mut self) {
        (self.message, self.message_len, self.fragments) = (None, 0, 0);
        self.utf8 = Utf8::new();
    }

    /// Delivers what is there of a data frame's payload.
    #[inline(always)]
    pub(super) fn take_data<'b, const TEXT: bool>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        let Some(here) = self.available(input) else { return Ok(Step::Starved) };
        let piece = input.get_mut(..here).unwrap_or_default();
        let ascii = R::IS_SERVER && mask_seeing(piece, self.key);
        let utf8_before = self.utf8;
        let mut taken = here;
        let is_valid = ascii && self.utf8.is_boundary();
        if TEXT && self.message == Some(MessageKind::Text) && !self.rsv1 && !is_valid {
            let left = self.text_left(here);
            if let Err(valid) = self.utf8.validate_before(piece, left) {
                if valid == 0 {
                    let violation = Violation::InvalidUtf8;
                    return Err(ProtocolError { offset: self.position, violation });
                }
                // What is valid is delivered, as if the input had been cut behind it.
                let invalid = piece.get_mut(valid..).unwrap_or_default();
                if R::IS_SERVER {
                    mask(invalid, self.key.after(valid as u64));
                }
                taken = valid;
            }
        }
        self.advance(taken);
        let payload = input.split_off_mut(..taken).unwrap_or_default();
        let last = self.remaining == 0 && self.fin;
        if self.remaining == 0 {
            self.stage = Stage::Header;
        }
        let (Some(kind), false) = (self.message, payload.is_empty() && !last) else {
            return Ok(Step::Again);
        };
        let first = !mem::replace(&mut self.begun, true);
        let utf8 = [utf8_before, self.utf8];
        if last {
            self.end_message();
        }
        Ok(Step::Event(Event::Data(Chunk { payload, kind, first, last, rsv1: self.rsv1, utf8 })))
    }

    /// How much of the payload is there; `None` if that is nothing of something.
    #[inline]
    fn available(&self, input: &[u8]) -> Option<usize> {
        let here = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(input.len());
        if here == 0 && self.remaining > 0 { None } else { Some(here) }
    }

    /// How much text is known to follow the next `here` bytes.
    pub(crate) fn text_left(&self, here: usize) -> u64 {
        if self.fin { self.remaining.saturating_sub(here as u64) } else { u64::MAX }
    }

    /// How much is to come of the frame of a binary message, uncompressed, that is under way.
    #[inline]
    pub(crate) fn binary_left(&self) -> u64 {
        let plain = self.message == Some(MessageKind::Binary) && !self.rsv1;
        if self.stage == Stage::Data && plain { self.remaining } else { 0 }
    }

    /// Collects what is there of a control frame's payload, and delivers the frame if that is all.
    pub(super) fn take_control<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        let Some(here) = self.available(input) else { return Ok(Step::Starved) };
        let piece = input.split_off_mut(..here).unwrap_or_default();
        if R::IS_SERVER {
            mask(piece, self.key);
        }
        self.control.push(piece);
        self.advance(here);
        if self.stage == Stage::Close {
            let arrived = self.control.payload();
            if let Err((index, violation)) = close::check(arrived, self.remaining) {
                let back = arrived.len().saturating_sub(index) as u64;
                return Err(ProtocolError { offset: self.position.wrapping_sub(back), violation });
            }
        }
        if self.remaining > 0 {
            return Ok(Step::Starved);
        }
        let event = match mem::replace(&mut self.stage, Stage::Header) {
            Stage::Ping => {
                // "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response,
                // unless it already received a Close frame." (§5.5.2)
                if self.answer_pings {
                    self.control.wait();
                    self.reply = Waiting::PONG;
                }
                Event::Ping
            }
            Stage::Close => {
                self.stage = Stage::Closed;
                let code = self.close_frame().map(|frame| frame.code);
                // "When sending a Close frame in response, the endpoint typically echos the
                // status code it received." (§5.5.1)
                self.reply = Waiting::close(code);
                Event::Close(code)
            }
            _ => Event::Pong,
        };
        Ok(Step::Event(event))
    }

    /// Counts payload bytes that were taken.
    #[inline]
    pub(super) fn advance(&mut self, taken: usize) {
        self.position = self.position.wrapping_add(taken as u64);
        self.remaining = self.remaining.saturating_sub(taken as u64);
        if R::IS_SERVER {
            self.key = self.key.after(taken as u64);
        }
    }
}
