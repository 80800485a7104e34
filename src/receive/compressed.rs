//! Payload that an inflater takes bit by bit, from where it lies.

use super::{ReceiveHalf, Stage};
use crate::error::ProtocolError;
use crate::event::Event;
use crate::mask::mask;
use crate::opcode::MessageKind;
use crate::role::Role;

impl<R: Role> ReceiveHalf<R> {
    /// As [`receive`](Self::receive), but it stops, with `None`, where the payload of a
    /// [compressed](Self::compressed) frame begins.
    #[inline]
    pub(crate) fn receive_to_compressed<'b, const TEXT: bool>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        self.receive_stepwise::<TEXT, true>(input)
    }

    /// The kind of the message whose payload is next, if it is a compressed one.
    #[inline]
    pub(crate) fn compressed(&self) -> Option<MessageKind> {
        if self.stage == Stage::Data && self.rsv1 { self.message } else { None }
    }

    /// Whether the compressed frame is the last one of its message.
    pub(crate) const fn is_last_frame(&self) -> bool {
        self.fin
    }

    /// Payload bytes that the compressed frame still lacks.
    pub(crate) const fn frame_left(&self) -> u64 {
        self.remaining
    }

    /// Payload bytes that the headers of the open message have declared so far.
    pub(crate) const fn declared(&self) -> u64 {
        self.message_len
    }

    /// Lets `take` have what is there of the compressed frame's payload, `most` bytes of it; it
    /// tells how many it has taken from the front. The others stay in the input as they were.
    pub(crate) fn take_compressed<T>(
        &mut self,
        input: &mut &mut [u8],
        most: usize,
        take: impl FnOnce(&[u8]) -> (usize, T),
    ) -> (usize, T) {
        let here = usize::try_from(self.remaining).unwrap_or(usize::MAX);
        let here = here.min(input.len()).min(most);
        let piece = input.get_mut(..here).unwrap_or_default();
        if R::IS_SERVER {
            mask(piece, self.key);
        }
        let (taken, result) = take(piece);
        let taken = taken.min(here);
        if R::IS_SERVER && taken < here {
            mask(piece.get_mut(taken..).unwrap_or_default(), self.key.after(taken as u64));
        }
        self.advance(taken);
        let _ = input.split_off_mut(..taken);
        (taken, result)
    }

    /// Goes on behind the compressed frame, all of which was taken.
    pub(crate) fn end_compressed(&mut self) {
        self.stage = Stage::Header;
        if self.fin {
            self.end_message();
        }
        self.idle = self.message.is_none();
    }
}
