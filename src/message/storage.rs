//! Where the parts of a message are kept.

#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};

use super::Message;
use crate::bytes::copy;
use crate::opcode::MessageKind;

mod sealed {
    pub trait Sealed {}
}

/// A place that the parts of one message can be put together in: [`InSlice`], or
#[cfg_attr(feature = "alloc", doc = "[`Heap`].")]
#[cfg_attr(not(feature = "alloc"), doc = "`Heap` with the feature `alloc`.")]
pub trait Storage: sealed::Sealed {
    /// Whether [`bound`](Self::bound) is less than any limit can be.
    #[doc(hidden)]
    const BOUNDED: bool;
    /// Bytes that a message may have.
    #[doc(hidden)]
    fn bound(&self) -> u64;
    /// Begins a message.
    #[doc(hidden)]
    fn begin(&mut self, kind: MessageKind);
    /// Appends to a text message, if there is room.
    #[doc(hidden)]
    fn push_str(&mut self, text: &str) -> bool;
    /// Appends to a binary message, if there is room.
    #[doc(hidden)]
    fn push(&mut self, bytes: &[u8]) -> bool;
    /// Room for what comes next of a binary message of which `left` bytes of a frame are still to
    /// come, if it is worth to read into it.
    #[doc(hidden)]
    fn spare(&mut self, left: u64) -> Option<&mut [u8]>;
    /// Appends to a binary message what stands in its spare room.
    #[doc(hidden)]
    fn extend(&mut self, len: usize);
    /// What was put together.
    #[doc(hidden)]
    fn message(&self) -> Message<'_>;
    /// Gives back memory that is not to be retained.
    #[doc(hidden)]
    fn release(&mut self);
}

/// The caller's slice.
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

    fn message(&self) -> Message<'_> {
        let bytes = self.slice.get(..self.len).unwrap_or_default();
        match self.kind {
            // It is valid: only text was pushed. That bytes are text again costs a second scan
            // here, which the heap's `String` does not need.
            MessageKind::Text => Message::Text(core::str::from_utf8(bytes).unwrap_or_default()),
            MessageKind::Binary => Message::Binary(bytes),
        }
    }

    fn release(&mut self) {}
}

/// Memory from the allocator.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct Heap {
    bytes: Bytes,
    retained: usize,
}

/// Text is kept as text, so that it need not be scanned again.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
enum Bytes {
    Text(String),
    /// The first `len` bytes are the message's. Those behind it were written once, which is what
    /// it takes to lend memory without `unsafe`.
    Binary {
        bytes: Vec<u8>,
        len: usize,
    },
}

#[cfg(feature = "alloc")]
impl Bytes {
    const EMPTY: Self = Self::Binary { bytes: Vec::new(), len: 0 };
}

/// Where less has arrived, or is to come, nothing is lent: that would mean small reads, and more
/// memory than twice what has arrived.
#[cfg(feature = "alloc")]
const LENT_FROM: usize = 4 << 10;
/// What is lent at once: it has to be written once before, and is unmasked once behind, while it is
/// in the nearest cache.
#[cfg(feature = "alloc")]
const LENT: usize = 16 << 10;

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
            Bytes::Binary { bytes, .. } => bytes.capacity(),
        }
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
        let bytes = match core::mem::replace(&mut self.bytes, Bytes::EMPTY) {
            Bytes::Text(text) => text.into_bytes(),
            Bytes::Binary { bytes, .. } => bytes,
        };
        self.bytes = match kind {
            MessageKind::Text => {
                let mut bytes = bytes;
                bytes.clear();
                Bytes::Text(String::from_utf8(bytes).unwrap_or_default())
            }
            MessageKind::Binary => Bytes::Binary { bytes, len: 0 },
        };
    }

    fn push_str(&mut self, text: &str) -> bool {
        let Bytes::Text(all) = &mut self.bytes else { return false };
        let room = all.try_reserve(text.len()).is_ok();
        if room {
            all.push_str(text);
        }
        room
    }

    fn push(&mut self, piece: &[u8]) -> bool {
        let Bytes::Binary { bytes, len } = &mut self.bytes else { return false };
        let end = len.saturating_add(piece.len());
        if let Some(room) = bytes.get_mut(*len..end) {
            copy(piece, room);
        } else {
            bytes.truncate(*len);
            if bytes.try_reserve(piece.len()).is_err() {
                return false;
            }
            bytes.extend_from_slice(piece);
        }
        *len = end;
        true
    }

    fn spare(&mut self, left: u64) -> Option<&mut [u8]> {
        let Bytes::Binary { bytes, len } = &mut self.bytes else { return None };
        let most = LENT.min(usize::try_from(left).unwrap_or(LENT));
        if most.min(*len) < LENT_FROM {
            return None;
        }
        // Asked again, it lends the same: by then there is room.
        if bytes.capacity().saturating_sub(*len) < LENT_FROM {
            bytes.truncate(*len);
            bytes.try_reserve_exact(*len).ok()?;
        }
        let end = len.saturating_add(most).min(bytes.capacity());
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes.get_mut(*len..end)
    }

    fn extend(&mut self, more: usize) {
        if let Bytes::Binary { bytes, len } = &mut self.bytes {
            *len = len.saturating_add(more).min(bytes.len());
        }
    }

    fn message(&self) -> Message<'_> {
        match &self.bytes {
            Bytes::Text(text) => Message::Text(text),
            Bytes::Binary { bytes, len } => Message::Binary(bytes.get(..*len).unwrap_or_default()),
        }
    }

    #[inline]
    fn release(&mut self) {
        if self.capacity() > self.retained {
            self.bytes = Bytes::EMPTY;
        }
    }
}
