//! Compressed payload, which an inflater takes from the input as it can.

use super::ReceiveHalf;
use super::state::{Extension, State};
use crate::mask::mask;
use crate::opcode::MessageKind;
use crate::role::{Role, Side};

/// Bytes of compressed payload that are unmasked at a time: they stay in the nearest cache.
const UNMASKED: usize = 8 << 10;

impl<R: Role> ReceiveHalf<R> {
    /// Leaves messages with RSV1 to an inflater from now on.
    pub(crate) const fn inflate(&mut self) {
        self.extension = Extension::Deflate;
    }

    /// Returns the kind of the message whose payload is next, if it is compressed.
    #[inline]
    pub(crate) fn compressed(&self) -> Option<MessageKind> {
        if let State::Compressed(_) = self.state { self.message.kind } else { None }
    }

    /// Returns whether the compressed frame is the last one of its message.
    pub(crate) const fn is_last_frame(&self) -> bool {
        matches!(&self.state, State::Compressed(frame) if frame.is_last)
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
        let State::Compressed(frame) = &mut self.state else { return take(&[]) };
        let here = usize::try_from(frame.left).unwrap_or(usize::MAX).min(input.len());
        if *unmasked == 0 {
            *unmasked = here;
            if self.side.is_server() {
                *unmasked = here.min(UNMASKED);
                mask(input.get_mut(..*unmasked).unwrap_or_default(), frame.key);
            }
        }
        let here = here.min(*unmasked).min(most);
        let (taken, result) = take(input.get(..here).unwrap_or_default());
        let taken = taken.min(here);
        *unmasked = unmasked.saturating_sub(taken);
        frame.advance(taken, self.side);
        self.position = self.position.wrapping_add(taken as u64);
        let _ = input.split_off_mut(..taken);
        (taken, result)
    }

    /// Leaves the compressed frame, all of which was taken.
    pub(crate) fn end_compressed(&mut self) {
        if self.is_last_frame() {
            self.close_message();
        }
        self.leave_frame();
        self.update_fast_path();
    }
}
