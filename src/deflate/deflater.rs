//! Compression of outgoing messages (RFC 7692 §7.2.1).

use alloc::vec::Vec;
use core::fmt;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Method, Status, Strategy};

use super::config::Config;
use crate::error::SendError;
use crate::fragment::Fragment;
use crate::frame::FrameHeader;
use crate::fuel;
use crate::halves::{Internal, Sender};
use crate::identity::Serves;
use crate::role::Role;

/// Compresses messages for a [`Connection`](crate::Connection) or its sending half.
///
/// [`Negotiated`](super::Negotiated::deflater) creates it. It serves one connection, the first that
/// it compresses for; with any other it only returns [`SendError::Mispaired`]. Its memory is
/// allocated for the first message that is compressed, and you can [release](Self::release) it
/// between any two messages. To leave a message uncompressed, send it with
/// [`Connection::send`](crate::Connection::send), as if there were no extension: messages that are
/// compressed after it refer to those compressed before it.
///
/// Compression can leak secrets. An attacker who can inject text into the same compression context
/// as a secret, and observe lengths, can recover the secret. Do not compress such messages.
pub struct Deflater {
    /// The connection that this deflater serves.
    serves: Option<Serves>,
    context: Option<Deflate>,
    level: u8,
    mem_level: u8,
    window: u8,
    takeover: bool,
    threshold: usize,
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
            serves: None,
            context: None,
            level: config.level,
            mem_level: config.mem_level,
            window,
            takeover,
            threshold: config.threshold,
            open: false,
            used: false,
        }
    }

    /// Returns the length of output that suffices for any payload of `len` bytes.
    #[must_use]
    pub const fn bound(len: usize) -> usize {
        // zlib's own bound is the data plus an eighth, a sixty-fourth, and a few bytes.
        let more = (len >> 3).saturating_add(len >> 5).saturating_add(64);
        len.saturating_add(more).saturating_add(FrameHeader::MAX_LEN)
    }

    /// Writes a frame to the front of `out` and returns its length.
    ///
    /// A whole message is compressed unless it is below the [threshold](Config::threshold). A
    /// fragment is compressed if the first one of its message was. Without takeover, a whole
    /// message that compression would not shorten is sent as it is. With takeover, the compressed
    /// form has to be sent, because later messages refer to it.
    ///
    /// The receiver can inflate a fragment as soon as it arrives. If you began a message with
    /// [`Connection::send`](crate::Connection::send), its other fragments are sent that way too.
    ///
    /// ```
    /// use rfc6455::deflate::{Config, Deflater, Params};
    /// use rfc6455::{Connection, Limits};
    /// let config = Config::DEFAULT.threshold(0);
    /// let negotiated = config.accept(Params::default()).unwrap();
    /// let (mut ws, mut deflater) = (Connection::server(Limits::DEFAULT), negotiated.deflater());
    /// let mut out = [0; Deflater::bound(5)];
    /// let len = deflater.send(&mut ws, "Hello", &mut out)?;
    /// assert_eq!(&out[..len], b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"); // RFC 7692 §7.2.3.1
    /// let len = deflater.send(&mut ws, "Hello", &mut out)?;
    /// assert!(out[0] == 0xC1 && len < 9); // it refers to the first one
    /// # Ok::<(), rfc6455::SendError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Connection::send`](crate::Connection::send); [`SendError::BufferTooSmall`] if `out`
    /// is shorter than [`bound`](Self::bound) returns; [`SendError::Mispaired`] if the deflater and
    /// the connection do not belong together. In all these cases nothing is written, and nothing
    /// changes.
    pub fn send<'a, R: Role>(
        &mut self,
        ws: &mut impl Sender<R>,
        fragment: impl Into<Fragment<'a>>,
        out: &mut [u8],
    ) -> Result<usize, SendError> {
        let sender = ws.send_half(Internal(()))?;
        if !sender.may_be_served_by(self.serves) {
            return Err(SendError::Mispaired);
        }
        let fragment = Fragment { rsv1: false, ..fragment.into() };
        let kind = fragment.kind;
        let whole = kind.first && kind.last;
        if whole && fragment.payload().len() < self.threshold || !kind.first && !self.open {
            return sender.send(fragment, out);
        }
        sender.check_compressed(&fragment)?;
        let needed = Self::bound(fragment.payload().len());
        let Some(out) = out.get_mut(..needed) else {
            return Err(SendError::BufferTooSmall { needed });
        };
        self.serves = Some(sender.serve());
        // A short payload has a short header; the payload then moves up to it.
        let reserved = FrameHeader::MAX_LEN;
        let body = out.get_mut(reserved..).unwrap_or_default();
        let Some(len) = self.compress(fragment.payload(), kind.last, body) else {
            return Err(SendError::BufferTooSmall { needed });
        };
        if whole && !self.takeover && len >= fragment.payload().len() {
            // Compression gained nothing, and the next message does not refer to this one.
            return sender.send(fragment, out);
        }
        self.open = !kind.last;
        let body = body.get_mut(..len).unwrap_or_default();
        let header = sender.send_compressed(&fragment, body);
        let end = reserved.saturating_add(len);
        if let Some(place) = out.get_mut(..header.len()) {
            place.copy_from_slice(&header);
        }
        out.copy_within(reserved..end, header.len());
        Ok(header.len().saturating_add(len))
    }

    /// Appends a frame to `out`, which grows; otherwise the same as [`send`](Self::send).
    ///
    /// # Errors
    /// As for [`Connection::send`](crate::Connection::send); `out` is then unchanged.
    pub fn send_to_vec<'a, R: Role>(
        &mut self,
        ws: &mut impl Sender<R>,
        fragment: impl Into<Fragment<'a>>,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        let fragment = fragment.into();
        let start = out.len();
        out.resize(start.saturating_add(Self::bound(fragment.payload().len())), 0);
        let sent = self.send(ws, fragment, out.get_mut(start..).unwrap_or_default());
        out.truncate(start.saturating_add(sent.unwrap_or(0)));
        sent.map(|_| ())
    }

    /// Frees the memory if no compressed message is open, and returns whether none is held now.
    ///
    /// The next message then starts with an empty window, which is always correct.
    pub fn release(&mut self) -> bool {
        if !self.open {
            self.context = None;
        }
        self.context.is_none()
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
