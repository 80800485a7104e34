//! Storage for the parts of a message.

#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};

use super::Message;
use crate::bytes::copy;
use crate::opcode::MessageKind;
use crate::utf8::to_str;

mod sealed {
    pub trait Sealed {}
}

/// Storage that one message can be assembled in: [`InSlice`], or
#[cfg_attr(feature = "alloc", doc = "[`Heap`].")]
#[cfg_attr(not(feature = "alloc"), doc = "`Heap` with the feature `alloc`.")]
pub trait Storage: sealed::Sealed {
    /// Whether [`bound`](Self::bound) can be lower than the connection's limit.
    #[doc(hidden)]
    const BOUNDED: bool;
    /// Returns the length of the longest message that fits, in bytes.
    #[doc(hidden)]
    fn bound(&self) -> u64;
    /// Begins a message.
    #[doc(hidden)]
    fn begin(&mut self, kind: MessageKind);
    /// Appends to a text message; `false` if there is no room.
    #[doc(hidden)]
    fn push_str(&mut self, text: &str) -> bool;
    /// Appends to a binary message; `false` if there is no room.
    #[doc(hidden)]
    fn push(&mut self, bytes: &[u8]) -> bool;
    /// Returns room to read the next part of a binary message into, if that is worthwhile.
    ///
    /// `left` bytes of the current frame are still to come.
    #[doc(hidden)]
    fn spare(&mut self, left: u64) -> Option<&mut [u8]>;
    /// Appends the first `len` bytes of the room that was lent.
    #[doc(hidden)]
    fn extend(&mut self, len: usize);
    /// Begins a message that is written in place, into [`room`](Self::room).
    #[cfg(feature = "deflate")]
    #[doc(hidden)]
    fn begin_in_place(&mut self, kind: MessageKind);
    /// Returns the room after the part of a message that has been written in place.
    ///
    /// The room is empty if the storage is full; `None` if memory cannot be allocated.
    #[cfg(feature = "deflate")]
    #[doc(hidden)]
    fn room(&mut self) -> Option<&mut [u8]>;
    /// Returns the message that was assembled.
    #[doc(hidden)]
    fn message(&self) -> Message<'_>;
    /// Frees memory beyond the retained amount.
    #[doc(hidden)]
    fn release(&mut self);
}

/// Storage in the caller's slice.
#[derive(Debug)]
pub struct InSlice<'s> {
    slice: &'s mut [u8],
    len: usize,
    kind: MessageKind,
}

impl<'s> InSlice<'s> {
    pub(super) const fn new(slice: &'s mut [u8]) -> Self {
        Self { slice, len: 0, kind: MessageKind::Binary }
    }
}

impl sealed::Sealed for InSlice<'_> {}

impl Storage for InSlice<'_> {
    const BOUNDED: bool = true;

    fn bound(&self) -> u64 {
        self.slice.len() as u64
    }

    fn begin(&mut self, kind: MessageKind) {
        (self.len, self.kind) = (0, kind);
    }

    fn push_str(&mut self, text: &str) -> bool {
        self.push(text.as_bytes())
    }

    fn push(&mut self, bytes: &[u8]) -> bool {
        let end = self.len.saturating_add(bytes.len());
        let Some(room) = self.slice.get_mut(self.len..end) else { return false };
        copy(bytes, room);
        self.len = end;
        true
    }

    fn spare(&mut self, left: u64) -> Option<&mut [u8]> {
        let room = self.slice.get_mut(self.len..)?;
        let len = room.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        room.get_mut(..len)
    }

    fn extend(&mut self, len: usize) {
        self.len = self.len.saturating_add(len).min(self.slice.len());
    }

    #[cfg(feature = "deflate")]
    fn begin_in_place(&mut self, kind: MessageKind) {
        self.begin(kind);
    }

    #[cfg(feature = "deflate")]
    fn room(&mut self) -> Option<&mut [u8]> {
        self.slice.get_mut(self.len..)
    }

    fn message(&self) -> Message<'_> {
        whole(self.kind, self.slice.get(..self.len).unwrap_or_default())
    }

    fn release(&mut self) {}
}

/// Returns these bytes as a message of this kind.
///
/// Text was validated when it arrived. Making it a `str` again costs a second scan, which text kept
/// as a `String` does not need.
fn whole(kind: MessageKind, bytes: &[u8]) -> Message<'_> {
    match kind {
        MessageKind::Text => Message::Text(to_str(bytes).unwrap_or_default()),
        MessageKind::Binary => Message::Binary(bytes),
    }
}

/// Storage on the heap.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct Heap {
    bytes: Bytes,
    retained: usize,
}

/// Memory for a message; text that arrives in pieces is kept as text, to save a second scan.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
enum Bytes {
    Text(String),
    /// The first `len` bytes are the message's. The rest is initialised, as lending memory without
    /// `unsafe` requires.
    Raw {
        bytes: Vec<u8>,
        len: usize,
        kind: MessageKind,
    },
}

#[cfg(feature = "alloc")]
impl Bytes {
    const EMPTY: Self = Self::Raw { bytes: Vec::new(), len: 0, kind: MessageKind::Binary };

    /// Takes the memory, regardless of its contents.
    fn take(&mut self) -> Vec<u8> {
        match core::mem::replace(self, Self::EMPTY) {
            Self::Text(text) => text.into_bytes(),
            Self::Raw { bytes, .. } => bytes,
        }
    }
}

/// The length that must have arrived, and must still be to come, for memory to be lent.
///
/// With less, reads would be small, and memory would exceed twice what has arrived.
#[cfg(feature = "alloc")]
const LENT_FROM: usize = 4 << 10;
/// The most memory that is lent at once.
///
/// It is initialised once before the read and unmasked once after it, while it is in the L1 cache.
#[cfg(feature = "alloc")]
const LENT: usize = 16 << 10;
/// Room for messages that are written in place: how much at first, and how little is too little.
#[cfg(feature = "deflate")]
const FIRST_ROOM: usize = 256;
#[cfg(feature = "deflate")]
const LEAST_ROOM: usize = 64;

#[cfg(feature = "alloc")]
impl Heap {
    pub(super) const fn new() -> Self {
        Self { bytes: Bytes::EMPTY, retained: 16 << 10 }
    }

    pub(super) const fn set_retained(&mut self, bytes: usize) {
        self.retained = bytes;
    }

    pub(super) fn capacity(&self) -> usize {
        match &self.bytes {
            Bytes::Text(text) => text.capacity(),
            Bytes::Raw { bytes, .. } => bytes.capacity(),
        }
    }
}

/// Initialises `bytes` up to this length, for which there is memory.
#[cfg(feature = "alloc")]
fn write_to(bytes: &mut Vec<u8>, end: usize) {
    if bytes.len() < end {
        crate::fuel::burn(end.saturating_sub(bytes.len()));
        bytes.resize(end, 0);
    }
}

#[cfg(feature = "alloc")]
impl sealed::Sealed for Heap {}

#[cfg(feature = "alloc")]
impl Storage for Heap {
    const BOUNDED: bool = false;

    fn bound(&self) -> u64 {
        u64::MAX
    }

    fn begin(&mut self, kind: MessageKind) {
        let mut bytes = self.bytes.take();
        self.bytes = match kind {
            MessageKind::Text => {
                bytes.clear();
                Bytes::Text(String::from_utf8(bytes).unwrap_or_default())
            }
            MessageKind::Binary => Bytes::Raw { bytes, len: 0, kind },
        };
    }

    fn push_str(&mut self, text: &str) -> bool {
        let Bytes::Text(all) = &mut self.bytes else { return false };
        let (len, capacity) = (all.len(), all.capacity());
        let room = all.try_reserve(text.len()).is_ok();
        crate::fuel::burn(if all.capacity() > capacity { len } else { 0 });
        if room {
            crate::fuel::burn(text.len());
            all.push_str(text);
        }
        room
    }

    fn push(&mut self, piece: &[u8]) -> bool {
        let Bytes::Raw { bytes, len, .. } = &mut self.bytes else { return false };
        let end = len.saturating_add(piece.len());
        if let Some(room) = bytes.get_mut(*len..end) {
            copy(piece, room);
        } else {
            let capacity = bytes.capacity();
            bytes.truncate(*len);
            if bytes.try_reserve(piece.len()).is_err() {
                return false;
            }
            crate::fuel::burn(if bytes.capacity() > capacity { *len } else { 0 });
            crate::fuel::burn(piece.len());
            bytes.extend_from_slice(piece);
        }
        *len = end;
        true
    }

    fn spare(&mut self, left: u64) -> Option<&mut [u8]> {
        let Bytes::Raw { bytes, len, .. } = &mut self.bytes else { return None };
        let most = LENT.min(usize::try_from(left).unwrap_or(LENT));
        if most.min(*len) < LENT_FROM {
            return None;
        }
        // A repeated call lends the same room, because by then there is enough.
        if bytes.capacity().saturating_sub(*len) < LENT_FROM {
            bytes.truncate(*len);
            bytes.try_reserve_exact(*len).ok()?;
            crate::fuel::burn(*len);
        }
        let end = len.saturating_add(most).min(bytes.capacity());
        write_to(bytes, end);
        bytes.get_mut(*len..end)
    }

    #[cfg(feature = "deflate")]
    fn begin_in_place(&mut self, kind: MessageKind) {
        self.bytes = Bytes::Raw { bytes: self.bytes.take(), len: 0, kind };
    }

    #[cfg(feature = "deflate")]
    fn room(&mut self) -> Option<&mut [u8]> {
        let Bytes::Raw { bytes, len, .. } = &mut self.bytes else { return None };
        if bytes.capacity().saturating_sub(*len) < LEAST_ROOM {
            bytes.truncate(*len);
            bytes.try_reserve((*len).max(FIRST_ROOM)).ok()?;
            crate::fuel::burn(*len);
        }
        // Initialise no more than is likely to be filled, but lend again what already was.
        let more = (*len).clamp(FIRST_ROOM, LENT);
        write_to(bytes, len.saturating_add(more).min(bytes.capacity()));
        let end = len.saturating_add(LENT).min(bytes.len());
        bytes.get_mut(*len..end)
    }

    fn extend(&mut self, more: usize) {
        if let Bytes::Raw { bytes, len, .. } = &mut self.bytes {
            *len = len.saturating_add(more).min(bytes.len());
        }
    }

    fn message(&self) -> Message<'_> {
        match &self.bytes {
            Bytes::Text(text) => Message::Text(text),
            Bytes::Raw { bytes, len, kind } => whole(*kind, bytes.get(..*len).unwrap_or_default()),
        }
    }

    #[inline]
    fn release(&mut self) {
        if self.capacity() > self.retained {
            self.bytes = Bytes::EMPTY;
        }
    }
}
