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
    Binary(Vec<u8>),
}

#[cfg(feature = "alloc")]
impl Heap {
    pub(super) const fn new() -> Self {
        Self { bytes: Bytes::Binary(Vec::new()), retained: 16 << 10 }
    }

    pub(super) const fn set_retained(&mut self, bytes: usize) {
        self.retained = bytes;
    }

    pub(super) fn capacity(&self) -> usize {
        match &self.bytes {
            Bytes::Text(text) => text.capacity(),
            Bytes::Binary(bytes) => bytes.capacity(),
        }
    }

    /// The memory, empty.
    fn take(&mut self) -> Vec<u8> {
        let empty = Bytes::Binary(Vec::new());
        let mut bytes = match core::mem::replace(&mut self.bytes, empty) {
            Bytes::Text(text) => text.into_bytes(),
            Bytes::Binary(bytes) => bytes,
        };
        bytes.clear();
        bytes
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
        let bytes = self.take();
        self.bytes = match kind {
            MessageKind::Text => Bytes::Text(String::from_utf8(bytes).unwrap_or_default()),
            MessageKind::Binary => Bytes::Binary(bytes),
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

    fn push(&mut self, bytes: &[u8]) -> bool {
        let Bytes::Binary(all) = &mut self.bytes else { return false };
        let room = all.try_reserve(bytes.len()).is_ok();
        if room {
            all.extend_from_slice(bytes);
        }
        room
    }

    fn message(&self) -> Message<'_> {
        match &self.bytes {
            Bytes::Text(text) => Message::Text(text),
            Bytes::Binary(bytes) => Message::Binary(bytes),
        }
    }

    #[inline]
    fn release(&mut self) {
        if self.capacity() > self.retained {
            self.bytes = Bytes::Binary(Vec::new());
        }
    }
}
