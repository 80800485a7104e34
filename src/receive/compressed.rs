//! Payload that an inflater takes bit by bit, from where it lies.

use core::mem;

use super::{Extension, ReceiveHalf, Stage};
use crate::error::ProtocolError;
use crate::event::Event;
use crate::identity::Serves;
use crate::mask::mask;
use crate::opcode::MessageKind;
use crate::role::Role;

/// Bytes of compressed payload that are unmasked at a time: they stay in the nearest cache.
const UNMASKED: usize = 8 << 10;

impl<R: Role> ReceiveHalf<R> {
    /// Whether the inflater that serves this connection, if any, may inflate its messages.
    #[inline]
    pub(crate) fn is_served_by(&self, serves: Option<Serves>) -> bool {
        self.extension == Extension::Deflate && serves.is_some_and(|serves| self.is(serves))
    }

    /// Lets an inflater serve this connection from now on; `None` if another one does, or if it is
    /// too late for the message that is open.
    pub(crate) fn serve(&mut self) -> Option<Serves> {
        if self.extension == Extension::Deflate || self.message.is_some() && self.rsv1 {
            return None;
        }
        self.extension = Extension::Deflate;
        Some(self.identity())
    }

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
        if self.stage == Stage::Compressed { self.message } else { None }
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

    /// Lets `take` have the next bytes of the compressed frame's payload, `most` at most; it
    /// returns how many it has taken from the front. The others stay in the input, unmasked.
    ///
    /// `unmasked` counts the bytes at the front of the input that are in the clear: each byte is
    /// unmasked once, however many calls it takes until it is inflated.
    pub(crate) fn take_compressed<T>(
        &mut self,
        input: &mut &mut [u8],
        unmasked: &mut usize,
        most: usize,
        take: impl FnOnce(&[u8]) -> (usize, T),
    ) -> (usize, T) {
        let here = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(input.len());
        if *unmasked == 0 {
            *unmasked = here;
            if R::IS_SERVER {
                *unmasked = here.min(UNMASKED);
                mask(input.get_mut(..*unmasked).unwrap_or_default(), self.key);
            }
        }
        let here = here.min(*unmasked).min(most);
        let (taken, result) = take(input.get(..here).unwrap_or_default());
        let taken = taken.min(here);
        *unmasked = unmasked.saturating_sub(taken);
        self.advance(taken);
        let _ = input.split_off_mut(..taken);
        (taken, result)
    }

    /// A part of the open message was delivered; returns whether it was the first.
    pub(crate) const fn delivered(&mut self) -> bool {
        !mem::replace(&mut self.begun, true)
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
