//! The sending half: from messages to bytes (RFC 6455 §5, §6.1).

use crate::bytes::copy;
use crate::close::CloseCode;
use crate::control::{PendingReply, Reply};
use crate::error::SendError;
use crate::fragment::{Fragment, FrameKind};
use crate::frame::{EncodedHeader, FrameHeader, MAX_CONTROL};
use crate::mask::{MaskingKey, mask};
use crate::opcode::{MessageKind, Opcode};
use crate::role::{Role, Server};
use crate::utf8::Utf8;

mod control;
mod prepared;
mod write;

pub use control::ControlFrame;
use control::write_control;
pub use prepared::PreparedMessage;
pub(crate) use write::header_len;
use write::write_frame;

/// The sending half of a [`Connection`](crate::Connection).
#[derive(Clone, Debug)]
pub struct SendHalf<R> {
    role: R,
    /// Payload bytes that the open frame still lacks; 0 between frames.
    frame_left: u64,
    /// The key for the next payload byte of the open frame.
    key: MaskingKey,
    progress: Progress,
    /// The open frame is the last of its message, which ends with it.
    frame_last: bool,
    /// The validation state of the open message's text.
    utf8: Utf8,
    allow_rsv1: bool,
}

/// The part of the current message that was sent so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// None: no message is open.
    Idle,
    /// Part of a message of this kind, but not all of it.
    Message(MessageKind),
    /// The same, through a deflater.
    #[cfg(feature = "deflate")]
    Compressed(MessageKind),
    /// A Close frame, so nothing more.
    Closed,
}

impl<R: Role> SendHalf<R> {
    pub(crate) const fn new(role: R) -> Self {
        Self {
            role,
            frame_left: 0,
            key: MaskingKey([0; 4]),
            progress: Progress::Idle,
            frame_last: false,
            utf8: Utf8::new(),
            allow_rsv1: false,
        }
    }

    /// Writes a data frame to the front of `out` and returns its length.
    ///
    /// See [`Connection::send`](crate::Connection::send).
    ///
    /// # Errors
    /// See [`Connection::send`](crate::Connection::send); nothing is written in those cases.
    #[inline]
    pub fn send<'a>(
        &mut self,
        fragment: impl Into<Fragment<'a>>,
        out: &mut [u8],
    ) -> Result<usize, SendError> {
        let fragment = fragment.into();
        let payload = fragment.payload;
        self.check(&fragment)?;
        let header_len = header_len(payload.len() as u64, !self.role.is_server());
        let needed = header_len.saturating_add(payload.len());
        let Some(out) = out.get_mut(..needed) else {
            return Err(SendError::BufferTooSmall { needed });
        };
        self.write(&fragment, out);
        Ok(needed)
    }

    /// Writes a fragment that has passed the [check](Self::check) to the front of `out`, which has
    /// room for it.
    #[inline(always)]
    pub(crate) fn write(&mut self, fragment: &Fragment<'_>, out: &mut [u8]) {
        let header = self.header(fragment.kind, fragment.rsv1, fragment.payload.len() as u64);
        write_frame(&header, fragment.payload, out);
        self.follow(fragment.kind, fragment.utf8[1]);
    }

    /// Returns the header of a fragment that has passed the [check](Self::check); its payload
    /// follows, masked with the header's key.
    #[inline]
    pub(crate) fn header_of(&mut self, fragment: &Fragment<'_>) -> EncodedHeader {
        let header = self.header(fragment.kind, fragment.rsv1, fragment.payload.len() as u64);
        self.follow(fragment.kind, fragment.utf8[1]);
        header.to_bytes()
    }

    /// Begins a data frame whose payload follows in pieces, and returns its header.
    ///
    /// See [`Connection::begin_frame`](crate::Connection::begin_frame).
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`SendError::TooLong`] if `len` is 2^63 or more.
    pub fn begin_frame(&mut self, kind: FrameKind, len: u64) -> Result<EncodedHeader, SendError> {
        self.check_frame(kind, false)?;
        if len > u64::MAX >> 1 {
            return Err(SendError::TooLong);
        }
        if kind.last && len < self.utf8.missing() {
            return Err(SendError::InvalidUtf8);
        }
        let header = self.header(kind, false, len);
        self.progress = Progress::Message(kind.message);
        self.frame_last = kind.last;
        self.frame_left = len;
        self.key = header.masking_key.unwrap_or(self.key);
        self.end_frame();
        Ok(header.to_bytes())
    }

    /// Prepares the next piece of the open frame's payload; a client masks it in place.
    ///
    /// See [`Connection::frame_payload`](crate::Connection::frame_payload).
    ///
    /// # Errors
    /// [`SendError::TooLong`] if the piece is longer than what the frame still lacks,
    /// [`SendError::InvalidUtf8`] for bytes that its text cannot have there; neither changes
    /// anything.
    pub fn frame_payload(&mut self, piece: &mut [u8]) -> Result<(), SendError> {
        let left = self.frame_left.checked_sub(piece.len() as u64).ok_or(SendError::TooLong)?;
        if self.progress == Progress::Message(MessageKind::Text) {
            let mut utf8 = self.utf8;
            let follow = if self.frame_last { left } else { u64::MAX };
            utf8.validate_before(piece, follow).map_err(|_| SendError::InvalidUtf8)?;
            self.utf8 = utf8;
        }
        if !self.role.is_server() {
            mask(piece, self.key);
            self.key = self.key.after(piece.len() as u64);
        }
        if !piece.is_empty() {
            self.frame_left = left;
            self.end_frame();
        }
        Ok(())
    }

    /// Returns a Ping frame (§5.5.2).
    ///
    /// # Errors
    /// [`SendError::TooLong`] for more than 125 bytes; [`SendError::FrameOpen`];
    /// [`SendError::Closed`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<ControlFrame, SendError> {
        self.control(Opcode::Ping, payload)
    }

    /// Returns an unsolicited Pong frame (§5.5.3).
    ///
    /// The Pongs that answer a Ping are [replies](Self::reply).
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<ControlFrame, SendError> {
        self.control(Opcode::Pong, payload)
    }

    /// Returns a Close frame (§5.5.1), which is the last one, with a reason of at most 123 bytes.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<ControlFrame, SendError> {
        let mut payload = [0; MAX_CONTROL];
        let [high, low, room @ ..] = &mut payload;
        [*high, *low] = code.get().to_be_bytes();
        if reason.len() > room.len() {
            return Err(SendError::TooLong);
        }
        let len = copy(reason.as_bytes(), room).saturating_add(2);
        let frame = self.control(Opcode::Close, payload.get(..len).unwrap_or_default())?;
        self.progress = Progress::Closed;
        Ok(frame)
    }

    /// Returns a Close frame without a status code; it is the last frame.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn close_without_code(&mut self) -> Result<ControlFrame, SendError> {
        let frame = self.control(Opcode::Close, &[])?;
        self.progress = Progress::Closed;
        Ok(frame)
    }

    /// Returns the frame that the receiving half asked for.
    ///
    /// # Errors
    /// [`SendError::FrameOpen`]: try again when the frame is complete. [`SendError::Closed`]: the
    /// reply is not needed any more.
    pub fn reply(&mut self, reply: &Reply) -> Result<ControlFrame, SendError> {
        match reply {
            Reply::Pong(payload) => self.pong(payload),
            Reply::Close(Some(code)) => self.close(*code, ""),
            Reply::Close(None) => self.close_without_code(),
        }
    }

    /// Returns the header of a whole message that was compressed to so many bytes.
    #[cfg(all(feature = "bytes", feature = "deflate"))]
    pub(crate) fn header_of_compressed(&mut self, kind: FrameKind, len: u64) -> EncodedHeader {
        self.header(kind, true, len).to_bytes()
    }

    /// Returns the header of a fragment whose payload was compressed to `body`.
    ///
    /// The fragment has passed the [check](Self::check). A client masks `body` in place.
    #[cfg(feature = "deflate")]
    pub(crate) fn send_compressed(
        &mut self,
        fragment: &Fragment<'_>,
        body: &mut [u8],
    ) -> EncodedHeader {
        let header = self.header(fragment.kind, true, body.len() as u64);
        if let Some(key) = header.masking_key {
            mask(body, key);
        }
        self.follow(fragment.kind, fragment.utf8[1]);
        if !fragment.kind.last {
            self.progress = Progress::Compressed(fragment.kind.message);
        }
        header.to_bytes()
    }

    /// Returns whether the open message was begun through a deflater.
    #[cfg(feature = "deflate")]
    pub(crate) const fn is_compressing(&self) -> bool {
        matches!(self.progress, Progress::Compressed(_))
    }

    #[inline(always)]
    pub(crate) fn is_server(&self) -> bool {
        self.role.is_server()
    }

    /// Returns whether the payload of a frame is incomplete.
    #[inline]
    pub(crate) const fn is_frame_open(&self) -> bool {
        self.frame_left > 0
    }

    /// Returns whether a Close frame was sent: nothing may follow it.
    #[inline]
    #[must_use]
    pub const fn is_close_sent(&self) -> bool {
        matches!(self.progress, Progress::Closed)
    }

    /// Allows or forbids RSV1 on a message's first frame.
    ///
    /// Allow it if you negotiated an extension that defines this bit.
    pub const fn allow_rsv1(&mut self, allow: bool) {
        self.allow_rsv1 = allow;
    }

    /// Encodes a control frame, which may come between the frames of a message, not inside a frame.
    #[inline]
    pub(crate) fn control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
    ) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        if payload.len() > MAX_CONTROL {
            return Err(SendError::TooLong);
        }
        Ok(self.control_frame(opcode, payload))
    }

    /// Encodes a control frame that is known to be allowed.
    #[cfg_attr(feature = "std", inline(always))]
    fn control_frame(&mut self, opcode: Opcode, payload: &[u8]) -> ControlFrame {
        ControlFrame::new(opcode, payload, self.role.next_key())
    }

    /// Encodes a pending reply; `None` if it cannot be sent now, or ever.
    #[cfg_attr(feature = "std", inline(always))]
    pub(crate) fn answer(&mut self, pending: &PendingReply<'_>) -> Option<ControlFrame> {
        let mut code = [0; 2];
        let (opcode, payload) = self.unpack_reply(pending, &mut code)?;
        Some(self.control_frame(opcode, payload))
    }

    /// Writes a pending reply to the front of `out`, which has room for any control frame.
    #[inline(always)]
    pub(crate) fn answer_into(
        &mut self,
        pending: &PendingReply<'_>,
        out: &mut [u8],
    ) -> Option<usize> {
        let mut code = [0; 2];
        let (opcode, payload) = self.unpack_reply(pending, &mut code)?;
        Some(write_control(opcode, payload, self.role.next_key(), out))
    }

    /// Returns the opcode and payload of a pending reply; `code` has room for a status code.
    #[inline(always)]
    fn unpack_reply<'o>(
        &mut self,
        pending: &PendingReply<'o>,
        code: &'o mut [u8; 2],
    ) -> Option<(Opcode, &'o [u8])> {
        self.check_open().ok()?;
        Some(match *pending {
            PendingReply::Pong(payload) => (Opcode::Pong, payload),
            PendingReply::Close(given) => {
                self.progress = Progress::Closed;
                let Some(given) = given else { return Some((Opcode::Close, &[])) };
                *code = given.get().to_be_bytes();
                (Opcode::Close, code)
            }
        })
    }

    /// "The application MUST NOT send any more data frames after sending a Close frame." (§5.5.1)
    #[inline]
    fn check_open(&self) -> Result<(), SendError> {
        if self.is_close_sent() {
            Err(SendError::Closed)
        } else if self.frame_left > 0 {
            Err(SendError::FrameOpen { left: self.frame_left })
        } else {
            Ok(())
        }
    }

    /// Checks that a frame of this kind may come now (§5.4).
    #[inline]
    pub(crate) fn check_frame(&self, kind: FrameKind, compressed: bool) -> Result<(), SendError> {
        self.check_open()?;
        match self.progress {
            Progress::Idle if kind.first => Ok(()),
            Progress::Message(_) if kind.first => Err(SendError::MessageOpen),
            Progress::Message(open) if open == kind.message && !compressed => Ok(()),
            #[cfg(feature = "deflate")]
            Progress::Compressed(_) if kind.first => Err(SendError::MessageOpen),
            #[cfg(feature = "deflate")]
            Progress::Compressed(open) if open == kind.message && compressed => Ok(()),
            _ => Err(SendError::NoMessageOpen),
        }
    }

    #[inline]
    pub(crate) fn check(&self, fragment: &Fragment<'_>) -> Result<(), SendError> {
        self.check_fragment(fragment, false)
    }

    /// Checks like [`check`](Self::check), for a deflater.
    #[cfg(feature = "deflate")]
    pub(crate) fn check_compressed(&self, fragment: &Fragment<'_>) -> Result<(), SendError> {
        self.check_fragment(fragment, true)
    }

    #[inline(always)]
    fn check_fragment(&self, fragment: &Fragment<'_>, compressed: bool) -> Result<(), SendError> {
        self.check_frame(fragment.kind, compressed)?;
        if fragment.rsv1 && !self.allow_rsv1 {
            return Err(SendError::Rsv1NotAllowed);
        }
        let [before, after] = fragment.utf8;
        let before_is = if fragment.kind.first { Utf8::new() } else { self.utf8 };
        if before != before_is || (fragment.kind.last && !after.is_boundary()) {
            return Err(SendError::InvalidUtf8);
        }
        Ok(())
    }

    /// Makes the header of a data frame, with a fresh key if this is a client.
    #[inline]
    fn header(&mut self, kind: FrameKind, rsv1: bool, payload_len: u64) -> FrameHeader {
        let opcode = if kind.first { kind.message.opcode() } else { Opcode::Continuation };
        let rsv = [rsv1 && kind.first, false, false];
        let masking_key = self.role.next_key();
        FrameHeader { fin: kind.last, rsv, opcode, masking_key, payload_len }
    }

    /// Records that a frame of this kind was sent.
    #[inline]
    fn follow(&mut self, kind: FrameKind, utf8: Utf8) {
        self.progress = if kind.last { Progress::Idle } else { Progress::Message(kind.message) };
        self.utf8 = utf8;
    }

    /// Ends the message if its last frame is complete.
    fn end_frame(&mut self) {
        if self.frame_left == 0 && self.frame_last {
            self.progress = Progress::Idle;
        }
    }
}

impl SendHalf<Server> {
    /// Returns the header of a data frame; write the payload unchanged right after it.
    ///
    /// See [`Connection::send_header`](crate::Connection::send_header).
    ///
    /// # Errors
    /// As for [`send`](Self::send), except [`SendError::BufferTooSmall`].
    #[inline]
    pub fn send_header<'a>(
        &mut self,
        fragment: impl Into<Fragment<'a>>,
    ) -> Result<EncodedHeader, SendError> {
        let fragment = fragment.into();
        self.check(&fragment)?;
        Ok(self.header_of(&fragment))
    }

    /// Returns the bytes of a [prepared](PreparedMessage) message, if it may be sent now.
    ///
    /// # Errors
    /// [`SendError::Closed`], [`SendError::MessageOpen`], [`SendError::FrameOpen`].
    #[inline]
    pub fn send_prepared<'p>(
        &mut self,
        message: &PreparedMessage<'p>,
    ) -> Result<&'p [u8], SendError> {
        self.check_frame(FrameKind::whole(MessageKind::Binary), false)?;
        Ok(message.frame)
    }
}
