//! What receiving has found, without the bytes, which stay where they are.

use super::buffer::Place;
use crate::event::Chunk;
use crate::opcode::MessageKind;
use crate::utf8::Utf8;

/// What was found in the buffer.
pub(super) enum Found {
    Message(MessageKind, Place),
    #[cfg(feature = "deflate")]
    Inflated(MessageKind),
    Chunk(Part, Place),
    #[cfg(feature = "deflate")]
    InflatedChunk(Part),
    Ping,
    Pong,
    Close,
}

/// All of a [`Chunk`] but its payload.
pub(super) struct Part {
    pub(super) kind: MessageKind,
    pub(super) first: bool,
    pub(super) last: bool,
    pub(super) utf8: [Utf8; 2],
}

impl Part {
    pub(super) const fn of(self, payload: &mut [u8]) -> Chunk<'_> {
        let Self { kind, first, last, utf8 } = self;
        Chunk { payload, kind, first, last, rsv1: false, utf8 }
    }
}

/// The outcome of inflating.
#[cfg(feature = "deflate")]
pub(super) enum Step {
    Found(Found),
    /// The next header is needed.
    Frame,
    /// The input is used up.
    Starved,
}
