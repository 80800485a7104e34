//! The slow path, one step at a time: a header, or the buffered part of a payload.

use super::accepted::AcceptedHeader;
use super::state::{ControlKind, Spill, State};
use super::{ReceiveHalf, Step};
use crate::bytes::copy;
use crate::close_frame;
use crate::error::{ProtocolError, Violation};
use crate::event::{Chunk, Event};
use crate::mask::{mask, mask_seeing};
use crate::opcode::MessageKind;
use crate::role::{Role, Side};

impl<R: Role> ReceiveHalf<R> {
    /// Takes a whole fragment, or the header of a frame; `plain` is that header, if the fast path has
    /// accepted it.
    #[inline(always)]
    pub(super) fn take_frame<'b>(
        &mut self,
        plain: Option<&AcceptedHeader>,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        if let Some(header) = plain {
            if let Some(event) = self.receive_whole_fragment(header, input) {
                return Ok(Step::Event(event));
            }
            return Ok(self.enter(header, header.len, input));
        }
        match self.judge(input, self.position)? {
            Some(header) => Ok(self.enter(&header, header.len, input)),
            None => Ok(self.spill(Spill::NOTHING, input)),
        }
    }

    /// Takes a header from the bytes that were spilled and from the input.
    #[inline(never)]
    pub(super) fn take_rest_of_header<'b>(
        &mut self,
        spill: Spill,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        let spilled = usize::from(spill.len);
        let start = self.position.wrapping_sub(u64::from(spill.len));
        let mut joined = spill.bytes;
        let more = copy(input, joined.get_mut(spilled..).unwrap_or_default());
        let joined = joined.get(..spilled.saturating_add(more)).unwrap_or_default();
        match self.judge(joined, start)? {
            Some(header) => Ok(self.enter(&header, header.len.saturating_sub(spilled), input)),
            None => Ok(self.spill(spill, input)),
        }
    }

    /// Takes a header byte by byte, which is less code: the first byte that is refused is the one
    /// that proves the violation.
    pub(super) fn take_header<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        while let Some((byte, State::Header(spill))) = input.first().zip(Some(&mut self.state)) {
            if let Some(place) = spill.bytes.get_mut(usize::from(spill.len)) {
                *place = *byte;
            }
            spill.len = spill.len.saturating_add(1);
            let State::Header(Spill { bytes, len }) = &self.state else { break };
            let arrived = bytes.get(..usize::from(*len)).unwrap_or(bytes);
            match self.judge_prefix(arrived) {
                Ok(Some(header)) => return Ok(self.enter(&header, 1, input)),
                Ok(None) => {}
                Err(violation) => {
                    let header = self.judged(arrived, violation);
                    return Err(ProtocolError { offset: self.position, violation, header });
                }
            }
            let _ = input.split_off_first_mut();
            self.position = self.position.wrapping_add(1);
        }
        Ok(Step::NeedsInput)
    }

    /// Keeps the input, all of which belongs to a header that is not complete.
    fn spill<'b>(&mut self, spill: Spill, input: &mut &'b mut [u8]) -> Step<'b> {
        let (mut spill, spilled) = (spill, usize::from(spill.len));
        let taken = copy(input, spill.bytes.get_mut(spilled..).unwrap_or_default());
        *input = &mut [];
        self.position = self.position.wrapping_add(taken as u64);
        spill.len = u8::try_from(spilled.saturating_add(taken)).unwrap_or(spill.len);
        self.state = State::Header(spill);
        Step::NeedsInput
    }

    /// Delivers the buffered part of a data frame's payload.
    #[inline(always)]
    pub(super) fn take_data<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        let State::Data(frame) = &mut self.state else { return Ok(Step::NeedsInput) };
        let message = &mut self.message;
        let Some(here) = frame.available(input) else { return Ok(Step::NeedsInput) };
        let piece = input.get_mut(..here).unwrap_or_default();
        let ascii = self.side.is_server() && mask_seeing(piece, frame.key);
        let utf8_before = message.utf8;
        let mut taken = here;
        let is_valid = ascii && message.utf8.is_boundary();
        let validate = message.kind == Some(MessageKind::Text) && !message.rsv1 && !is_valid;
        if validate && let Err(valid) = message.utf8.validate_before(piece, frame.text_left(here)) {
            if valid == 0 {
                let violation = Violation::InvalidUtf8;
                return Err(ProtocolError::new(self.position, violation));
            }
            // What is valid is delivered, as if the input had been split behind it.
            let invalid = piece.get_mut(valid..).unwrap_or_default();
            if self.side.is_server() {
                mask(invalid, frame.key.after(valid as u64));
            }
            taken = valid;
        }
        frame.advance(taken, self.side);
        self.position = self.position.wrapping_add(taken as u64);
        let payload = input.split_off_mut(..taken).unwrap_or_default();
        let complete = frame.left == 0;
        let last = complete && frame.is_last;
        let (kind, rsv1, utf8) = (message.kind, message.rsv1, [utf8_before, message.utf8]);
        if complete {
            self.leave_frame();
        }
        let (Some(kind), false) = (kind, payload.is_empty() && !last) else {
            return Ok(Step::Continue);
        };
        let first = self.message.deliver();
        if last {
            self.close_message();
        }
        Ok(Step::Event(Event::Data(Chunk { payload, kind, first, last, rsv1, utf8 })))
    }

    /// Collects the buffered part of a control frame's payload, and delivers the frame if that
    /// completes it.
    pub(super) fn take_control<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<'b>, ProtocolError> {
        let State::Control(kind, frame) = &mut self.state else { return Ok(Step::NeedsInput) };
        let kind = *kind;
        let Some(here) = frame.available(input) else { return Ok(Step::NeedsInput) };
        let piece = input.split_off_mut(..here).unwrap_or_default();
        if self.side.is_server() {
            mask(piece, frame.key);
        }
        self.control.push(piece);
        frame.advance(here, self.side);
        self.position = self.position.wrapping_add(here as u64);
        let left = frame.left;
        if kind == ControlKind::Close {
            let arrived = self.control.payload();
            if let Err((index, violation)) = close_frame::check(arrived, left) {
                let back = arrived.len().saturating_sub(index) as u64;
                return Err(ProtocolError::new(self.position.wrapping_sub(back), violation));
            }
        }
        if left > 0 {
            return Ok(Step::NeedsInput);
        }
        self.leave_frame();
        Ok(Step::Event(match kind {
            ControlKind::Ping => {
                // "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response,
                // unless it already received a Close frame." (§5.5.2)
                if self.answer_pings {
                    self.control.make_pending();
                    self.set_pending_pong();
                }
                Event::Ping
            }
            ControlKind::Pong => Event::Pong,
            ControlKind::Close => {
                self.end_with_close();
                let code = close_frame::code_of(self.control.payload());
                // "When sending a Close frame in response, the endpoint typically echos the
                // status code it received." (§5.5.1)
                self.set_pending_close(code);
                Event::Close(code)
            }
        }))
    }
}
