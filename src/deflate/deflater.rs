//! Compression of outgoing messages (RFC 7692 §7.2.1).

use core::fmt;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Method, Status, Strategy};

use super::config::Config;
use crate::error::SendError;
use crate::fragment::Fragment;
use crate::frame::FrameHeader;
use crate::fuel;
use crate::role::Role;
use crate::send::SendHalf;

/// Compresses the messages of one connection.
///
/// Its memory is allocated for the first message that is compressed, and can be released between
/// any two messages. A message that is not compressed bypasses it: later messages do not refer to
/// it.
pub(crate) struct Deflater {
    context: Option<Deflate>,
    level: u8,
    mem_level: u8,
    window: u8,
    takeover: bool,
    threshold: usize,
    always: bool,
    /// A compressed message is open.
    open: bool,
    /// The context has been used since it was created.
    used: bool,
}

/// The bytes that are removed from the end of a message before it is sent (§7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

impl Deflater {
    pub(crate) const fn new(config: &Config, window: u8, takeover: bool) -> Self {
        Self {
            context: None,
            level: config.level,
            mem_level: config.mem_level,
            window,
            takeover,
            threshold: if config.always { 0 } else { config.threshold },
            always: config.always,
            open: false,
            used: false,
        }
    }

    /// Returns the length of output that suffices for any payload of `len` bytes.
    pub(crate) const fn bound(len: usize) -> usize {
        // zlib's own bound is the data plus an eighth, a sixty-fourth, and a few bytes.
        let more = (len >> 3).saturating_add(len >> 5).saturating_add(64);
        len.saturating_add(more).saturating_add(FrameHeader::MAX_LEN)
    }

    /// Writes a frame to the front of `out`, which has room for [as much as it can
    /// take](Self::bound), and returns its length.
    ///
    /// A whole message is compressed unless it is below the [threshold](Config::threshold). A
    /// fragment is compressed if the first one of its message was. Without takeover, a whole
    /// message that compression would not shorten is sent as it is. With takeover, the compressed
    /// form has to be sent, because later messages refer to it. [`Config::always`] overrides both.
    ///
    /// # Errors
    /// As for [`SendHalf::send`]; nothing is written then, and nothing changes.
    pub(crate) fn send<R: Role>(
        &mut self,
        half: &mut SendHalf<R>,
        fragment: &Fragment<'_>,
        out: &mut [u8],
    ) -> Result<usize, SendError> {
        let kind = fragment.kind;
        let whole = kind.first && kind.last;
        if whole && fragment.payload().len() < self.threshold || !kind.first && !self.open {
            return half.send(*fragment, out);
        }
        half.check_compressed(fragment)?;
        let needed = Self::bound(fragment.payload().len());
        let Some(out) = out.get_mut(..needed) else {
            return Err(SendError::BufferTooSmall { needed });
        };
        // A short payload has a short header; the payload then moves up to it.
        let reserved = FrameHeader::MAX_LEN;
        let body = out.get_mut(reserved..).unwrap_or_default();
        let Some(len) = self.compress(fragment.payload(), kind.last, body) else {
            return Err(SendError::BufferTooSmall { needed });
        };
        if whole && !self.takeover && !self.always && len >= fragment.payload().len() {
            // Compression gained nothing, and the next message does not refer to this one.
            return half.send(*fragment, out);
        }
        self.open = !kind.last;
        let body = body.get_mut(..len).unwrap_or_default();
        let header = half.send_compressed(fragment, body);
        let end = reserved.saturating_add(len);
        if let Some(place) = out.get_mut(..header.len()) {
            place.copy_from_slice(&header);
        }
        out.copy_within(reserved..end, header.len());
        Ok(header.len().saturating_add(len))
    }

    /// Frees the memory if no compressed message is open.
    ///
    /// The next message then starts with an empty window, which is always correct.
    pub(crate) fn release(&mut self) {
        if !self.open {
            self.context = None;
        }
    }

    /// Returns whether the peer can be sent a message that was compressed elsewhere with this
    /// window.
    ///
    /// The peer's window then contains a message that this context does not, so the context must be
    /// empty, or become so before the next message.
    #[cfg(feature = "bytes")]
    pub(crate) const fn passes_on(&self, window: u8) -> bool {
        let forgets = !self.takeover || self.context.is_none();
        forgets && !self.open && window <= self.window
    }

    /// Compresses `payload` to the front of `out`, up to the end of a byte; returns the length.
    pub(crate) fn compress(&mut self, payload: &[u8], last: bool, out: &mut [u8]) -> Option<usize> {
        let config = self.config();
        self.used &= self.context.is_some();
        let context = self.context.get_or_insert_with(|| Deflate::new_with_config(config));
        // Without takeover (RFC 7692 §7.1.1), each message is compressed with an empty window.
        if !self.takeover && !self.open && self.used {
            context.reset();
        }
        self.used = true;
        let start = (context.total_in(), context.total_out());
        let status = context.compress(payload, out, DeflateFlush::SyncFlush);
        let taken = context.total_in().wrapping_sub(start.0);
        let len = usize::try_from(context.total_out().wrapping_sub(start.1)).ok()?;
        fuel::burn(fuel::CALL.saturating_add(payload.len()).saturating_add(len));
        let flushed = matches!(status, Ok(Status::Ok | Status::BufError));
        if !flushed || taken != payload.len() as u64 || len >= out.len() {
            // This cannot happen, because `out` is longer than anything zlib makes of the payload.
            self.context = None;
            return None;
        }
        if !last {
            return Some(len);
        }
        // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
        if out.get(..len).is_some_and(|all| all.ends_with(&TAIL)) {
            return Some(len.saturating_sub(TAIL.len()));
        }
        // There was nothing to flush: the message ends with the first byte of an empty block.
        let place = out.first_mut()?;
        *place = 0;
        Some(1)
    }

    fn config(&self) -> DeflateConfig {
        let mut config = DeflateConfig {
            level: i32::from(self.level),
            method: Method::Deflated,
            window_bits: i32::from(self.window).saturating_neg(),
            mem_level: i32::from(self.mem_level),
            strategy: Strategy::Default,
        };
        if self.window < 9 {
            // Runs reach back one byte, whatever the window; literals do not reach back.
            config.window_bits = -9;
            config.strategy = Strategy::Rle;
        }
        config
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("level", &self.level)
            .field("window", &self.window)
            .field("takeover", &self.takeover)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
