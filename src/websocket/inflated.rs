//! Compressed messages (RFC 7692 §7.2.2), inflated as they arrive.

use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "bytes")]
use bytes::Bytes;

#[cfg(feature = "bytes")]
use super::buffer::SPLIT;
use super::found::{Found, Part, Step};
use super::storage::Storage;
use crate::deflate::{self, Inflater};
use crate::error::{ProtocolError, Violation};
use crate::opcode::MessageKind;
use crate::receive::ReceiveHalf;
use crate::role::Role;
use crate::utf8::Utf8;

/// How much memory is initialised at first, and how much at once.
const FIRST_ROOM: usize = 256;
const ROOM: usize = 16 << 10;

/// The inflated part of the open message.
pub(super) struct Inflated {
    inflater: Inflater,
    bytes: Vec<u8>,
    len: usize,
    /// The longest part that was yielded since it was last asked for.
    peak: usize,
    /// A part of the open message was yielded.
    yielded: bool,
    /// The state of the text before the part that is held, and after it.
    utf8: [Utf8; 2],
    /// The violation that follows the valid text that is held.
    failure: Option<Violation>,
    open: bool,
}

/// Without the bytes, which may be secret, and many.
impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflated")
            .field("inflater", &self.inflater)
            .field("len", &self.len)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

impl Inflated {
    pub(super) const fn new(inflater: Inflater) -> Self {
        Self {
            inflater,
            bytes: Vec::new(),
            len: 0,
            peak: 0,
            yielded: false,
            utf8: [Utf8::new(); 2],
            failure: None,
            open: false,
        }
    }

    /// Inflates what has arrived of the compressed frame.
    pub(super) fn inflate<R: Role>(
        &mut self,
        half: &mut ReceiveHalf<R>,
        kind: MessageKind,
        input: &mut &mut [u8],
        stream_above: u64,
    ) -> Result<Step, ProtocolError> {
        if !self.open {
            (self.open, self.yielded, self.len) = (true, false, 0);
            self.utf8 = [Utf8::new(); 2];
        }
        loop {
            if let Some(violation) = self.failure.take() {
                return Err(self.inflater.fail(half, input, violation));
            }
            let Some(room) = room(&mut self.bytes, self.len) else {
                return Err(self.inflater.fail(half, input, Violation::MessageTooBig));
            };
            let (len, mut last) = match self.inflater.step(half, input, room)? {
                deflate::Step::Output { len, last } => (len, last),
                deflate::Step::FrameEnd => return Ok(Step::Frame),
                deflate::Step::Starved => return Ok(Step::Starved),
            };
            let piece = room.get(..len).unwrap_or_default();
            let mut valid = len;
            if kind == MessageKind::Text {
                let checked = self.utf8[1].validate(piece);
                if checked.is_err() || last && !self.utf8[1].is_boundary() {
                    self.failure = Some(Violation::InvalidUtf8);
                    (valid, last) = (checked.err().unwrap_or(len), false);
                }
            }
            self.len = self.len.saturating_add(valid);
            let streams = self.yielded || self.len as u64 > stream_above;
            if self.failure.is_some() && !(streams && self.len > 0) {
                continue; // fails, with nothing to be yielded before
            }
            if !last && !streams {
                continue;
            }
            if last {
                self.inflater.end_message(half);
                self.open = false;
            }
            if !streams {
                return Ok(Step::Found(Found::Inflated(kind)));
            }
            let part = Part { kind, first: !self.yielded, last, utf8: self.utf8 };
            self.yielded = true;
            self.utf8[0] = self.utf8[1];
            if self.len >= self.bytes.len() {
                // All of the room was filled: there is probably more to come.
                self.bytes.extend_to(self.len, self.len.saturating_mul(2).min(ROOM));
            }
            return Ok(Step::Found(Found::InflatedChunk(part)));
        }
    }

    /// Returns what is held, to be yielded.
    pub(super) fn take(&mut self) -> &mut [u8] {
        let len = self.take_len();
        self.bytes.get_mut(..len).unwrap_or_default()
    }

    /// Returns what is held, owned: without a copy if it is long, and without memory to spare.
    ///
    /// A piece that others follow is copied: it would take as long to initialise other memory for them.
    #[cfg(feature = "bytes")]
    pub(super) fn take_owned(&mut self) -> Bytes {
        let len = self.take_len();
        let stays = len < SPLIT || len < self.bytes.capacity() / 2 || self.open && len <= ROOM;
        if stays {
            return Bytes::copy_from_slice(self.bytes.get(..len).unwrap_or_default());
        }
        self.bytes.truncate(len);
        core::mem::take(&mut self.bytes).into()
    }

    fn take_len(&mut self) -> usize {
        self.peak = self.peak.max(self.len);
        core::mem::take(&mut self.len)
    }

    /// Returns the length of the longest part that was yielded since the last call.
    pub(super) const fn take_peak(&mut self) -> usize {
        core::mem::replace(&mut self.peak, 0)
    }

    pub(super) const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Frees memory beyond this if nothing is held, and the window if that is not needed.
    pub(super) fn release(&mut self, retain: usize) {
        if retain == 0 {
            self.inflater.release();
        }
        if self.len == 0 && self.bytes.capacity() > retain {
            self.bytes.release();
        }
    }
}

/// Returns room behind the first `len` bytes; `None` if there is no memory.
fn room(bytes: &mut Vec<u8>, len: usize) -> Option<&mut [u8]> {
    // No more is initialised than is likely to be filled, and none while there is some left.
    if bytes.len() <= len {
        bytes.extend_to(len, len.saturating_add(len.clamp(FIRST_ROOM, ROOM)));
    }
    let end = len.saturating_add(ROOM).min(bytes.len());
    bytes.get_mut(len..end).filter(|room| !room.is_empty())
}
