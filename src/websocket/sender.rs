//! The sending half: from messages to bytes to write (RFC 6455 §6.1).

#[cfg(feature = "deflate")]
use alloc::boxed::Box;

#[cfg(feature = "bytes")]
use bytes::Bytes;

#[cfg(feature = "bytes")]
use super::buffer::SPLIT;
use super::clock::Clock;
use super::config::Config;
#[cfg(target_has_atomic = "32")]
use super::identity::Identity;
use super::outbox::Outbox;
#[cfg(feature = "bytes")]
use super::owned::OwnedMessage;
use super::receiver::TooMany;
use super::storage::Storage;
use crate::FAST;
use crate::close::CloseCode;
use crate::control::{PendingReply, Reply};
#[cfg(feature = "deflate")]
use crate::deflate::Deflater;
use crate::error::SendError;
use crate::fragment::Fragment;
#[cfg(feature = "bytes")]
use crate::fragment::FrameKind;
#[cfg(feature = "bytes")]
use crate::frame::FrameHeader;
use crate::role::{Role, Server};
use crate::send::{ControlFrame, PreparedMessage, SendHalf, header_len};

/// The sending half of a [`WebSocket`](super::WebSocket): it queues frames, up to a mark.
///
/// [`next`](super::WebSocket::next) lends it beside each event, to reply while the event is held.
#[derive(Debug)]
pub struct Sender<R: Role, S> {
    pub(super) half: SendHalf<R>,
    outbox: Outbox<S>,
    high_water: usize,
    retain: usize,
    /// The connection has failed: nothing may be sent but a Close.
    pub(super) failed: bool,
    /// That of both halves; it stands still while they are split.
    pub(super) clock: Clock,
    /// The connection that this half was split off.
    #[cfg(target_has_atomic = "32")]
    pub(super) split: Option<Identity>,
    #[cfg(feature = "deflate")]
    deflater: Option<Box<Deflater>>,
}

impl<R: Role, S: Storage> Sender<R, S> {
    pub(super) fn new(half: SendHalf<R>, config: &Config, storage: S) -> Self {
        Self {
            half,
            outbox: Outbox::new(storage),
            high_water: config.high_water,
            retain: config.retain,
            failed: false,
            clock: Clock::new(config.timeouts),
            #[cfg(target_has_atomic = "32")]
            split: None,
            #[cfg(feature = "deflate")]
            deflater: None,
        }
    }

    #[cfg(feature = "deflate")]
    pub(super) fn deflate_with(&mut self, deflater: Deflater) {
        self.deflater = Some(Box::new(deflater));
    }

    #[cfg(all(feature = "bytes", feature = "deflate"))]
    pub(super) fn deflater(&self) -> Option<&Deflater> {
        self.deflater.as_deref()
    }

    /// Frees all memory that nothing waits in, and that compression can do without.
    pub(super) fn release(&mut self) {
        self.outbox.release(0);
        #[cfg(feature = "deflate")]
        if let Some(deflater) = &mut self.deflater {
            deflater.release();
        }
    }

    /// Queues a message (`&str`, `&[u8]`, [`Message`](super::Message)), or a [`Fragment`] of one.
    ///
    /// It is compressed if compression was negotiated and the message is long enough.
    ///
    /// # Errors
    /// - [`SendError::Full`] means that it would exceed
    ///   [`Config::high_water`](super::Config::high_water), or the slice that is written from: send
    ///   it again when more was transmitted.
    /// - [`SendError::TooLong`] means that it exceeds that mark on its own, before compression: send
    ///   it in fragments.
    /// - [`SendError::MessageOpen`] and [`SendError::NoMessageOpen`] mean that the fragment cannot
    ///   come now.
    /// - [`SendError::Closed`] means that the closing handshake has begun.
    ///
    /// In all these cases nothing changes.
    #[inline]
    pub fn send<'a>(&mut self, message: impl Into<Fragment<'a>>) -> Result<(), SendError> {
        let fragment = message.into();
        #[cfg(feature = "deflate")]
        if self.deflater.is_some() {
            return self.send_deflated(fragment);
        }
        self.queue(&fragment)
    }

    /// Queues a message, or a fragment of one, that is not compressed even if others are.
    ///
    /// The first fragment decides for the whole message.
    ///
    /// Use it for what cannot be compressed, or contains a secret: the length of compressed data
    /// can reveal what it contains.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_plain<'a>(&mut self, message: impl Into<Fragment<'a>>) -> Result<(), SendError> {
        let fragment = message.into();
        #[cfg(feature = "deflate")]
        if self.half.is_compressing() {
            return self.send_deflated(fragment);
        }
        self.queue(&fragment)
    }

    /// Queues a message, or a fragment of one, as it is.
    #[inline(always)]
    fn queue(&mut self, fragment: &Fragment<'_>) -> Result<(), SendError> {
        self.check_open()?;
        self.half.check(fragment)?;
        let payload = fragment.payload();
        let len = header_len(payload.len() as u64, !self.is_server()).saturating_add(payload.len());
        self.check_room(len)?;
        if let Some(room) = self.outbox.initialised_room(len) {
            self.half.write(fragment, room);
            self.outbox.extend(len);
        } else if !S::IS_FIXED {
            let header = self.half.header_of(fragment);
            self.outbox.push(&header, payload, header.masking_key());
        }
        Ok(())
    }

    /// Queues a message that is owned; a server's is not copied if it is long.
    ///
    /// What is not compressed, and is 1 KiB or longer, waits where it is, by reference count. A
    /// client has to mask a copy.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    #[cfg(feature = "bytes")]
    pub fn send_owned(&mut self, message: impl Into<OwnedMessage>) -> Result<(), SendError> {
        let message = message.into();
        let fragment = Fragment::from(&message);
        #[cfg(feature = "deflate")]
        if self.deflater.is_some() {
            return self.send_deflated(fragment);
        }
        if !self.is_server() || fragment.payload().len() < SPLIT {
            return self.queue(&fragment);
        }
        self.check_open()?;
        self.half.check(&fragment)?;
        self.check_shared(fragment.payload().len())?;
        let header = self.half.header_of(&fragment);
        self.push_shared(&header, message.into_bytes());
        Ok(())
    }

    /// Queues a whole frame of a server, which is not copied if it is long.
    #[cfg(feature = "bytes")]
    pub(super) fn send_frame(
        &mut self,
        kind: FrameKind,
        header: &[u8],
        payload: &Bytes,
    ) -> Result<(), SendError> {
        self.check_open()?;
        self.half.check_frame(kind, false)?;
        self.check_shared(payload.len())?;
        self.push_shared(header, payload.clone());
        Ok(())
    }

    /// Checks that a payload of this length may be queued, and makes room for what is copied.
    #[cfg(feature = "bytes")]
    fn check_shared(&mut self, payload_len: usize) -> Result<(), SendError> {
        self.check_mark(payload_len.saturating_add(FrameHeader::MAX_LEN))?;
        let copied = if payload_len < SPLIT { payload_len } else { 0 };
        self.reserve(copied.saturating_add(FrameHeader::MAX_LEN))
    }

    #[cfg(feature = "bytes")]
    fn push_shared(&mut self, header: &[u8], payload: Bytes) {
        if payload.len() < SPLIT {
            self.outbox.push(header, &payload, None);
        } else {
            self.outbox.push(header, &[], None);
            self.outbox.share(payload);
        }
    }

    #[cfg(feature = "deflate")]
    #[inline(never)]
    fn send_deflated(&mut self, fragment: Fragment<'_>) -> Result<(), SendError> {
        let payload = fragment.payload();
        self.check_open()?;
        let header_len = header_len(payload.len() as u64, !self.is_server());
        self.check_mark(header_len.saturating_add(payload.len()))?;
        let Some(deflater) = &mut self.deflater else { return Err(SendError::Closed) };
        let room = self.outbox.room(Deflater::bound(payload.len()));
        let sent = deflater.send(&mut self.half, &fragment, room);
        match sent {
            Ok(len) => {
                self.outbox.extend(len);
                Ok(())
            }
            Err(SendError::BufferTooSmall { .. }) => Err(SendError::Full),
            Err(error) => Err(error),
        }
    }

    /// Queues a Ping (§5.5.2); `payload` has at most 125 bytes.
    ///
    /// It goes ahead of a long queue.
    ///
    /// # Errors
    /// [`SendError::TooLong`], [`SendError::Full`], [`SendError::Closed`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.check_open()?;
        self.check_control()?;
        let frame = self.half.ping(payload)?;
        self.push_control(&frame)
    }

    /// Queues an unsolicited Pong (§5.5.3). Pings are answered automatically.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.check_open()?;
        self.check_control()?;
        let frame = self.half.pong(payload)?;
        self.push_control(&frame)
    }

    /// Queues a Close frame (§5.5.1), which follows everything that is queued.
    ///
    /// Instead of the automatic answer to the peer's Close, or to a violation, this one is sent if
    /// you call it before anything else is received or transmitted.
    ///
    /// # Errors
    /// [`SendError::TooLong`] for a reason of more than 123 bytes; [`SendError::Full`] if the slice
    /// that is written from has no room; [`SendError::Closed`] if a Close frame was queued before.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        self.check_close()?;
        let frame = self.half.close(code, reason)?;
        self.push_close(&frame);
        Ok(())
    }

    /// Queues a Close frame without a status code.
    ///
    /// # Errors
    /// As for [`close`](Self::close).
    pub fn close_without_code(&mut self) -> Result<(), SendError> {
        self.check_close()?;
        let frame = self.half.close_without_code()?;
        self.push_close(&frame);
        Ok(())
    }

    /// Queues the frame that the receiving half asked for.
    ///
    /// # Errors
    /// [`SendError::Full`]: try again when more was transmitted. [`SendError::Closed`]: the reply is
    /// not needed any more.
    pub fn reply(&mut self, reply: &Reply) -> Result<(), SendError> {
        match reply {
            Reply::Pong(payload) => self.pong(payload),
            Reply::Close(Some(code)) => self.close(*code, ""),
            Reply::Close(None) => self.close_without_code(),
        }
    }

    /// Returns all bytes that wait to be written, slice by slice, for a vectored write.
    ///
    /// Until some of them are [transmitted](Self::transmitted), each further call begins with the
    /// same bytes: what is queued meanwhile goes behind them.
    pub fn transmit_slices(&mut self) -> impl Iterator<Item = &[u8]> {
        self.outbox.settle();
        self.outbox.slices()
    }

    /// Returns the next bytes to write, in one slice; empty if nothing waits.
    ///
    /// There may be more behind them: see [`transmit_slices`](Self::transmit_slices).
    #[inline]
    pub fn transmit(&mut self) -> &[u8] {
        self.outbox.first()
    }

    /// Reports that so many of the bytes to write were written.
    ///
    /// # Errors
    /// [`TooMany`], with nothing changed, if fewer wait.
    #[inline]
    pub fn transmitted(&mut self, len: usize) -> Result<(), TooMany> {
        if self.outbox.transmitted(len, self.retain) { Ok(()) } else { Err(TooMany) }
    }

    /// Writes everything that waits to be written.
    ///
    /// # Errors
    /// Those of the stream; what was not written still waits.
    #[cfg(feature = "std")]
    pub fn write_to(&mut self, stream: &mut impl std::io::Write) -> std::io::Result<()> {
        loop {
            let bytes = self.transmit();
            if bytes.is_empty() {
                return stream.flush();
            }
            let written = match stream.write(bytes) {
                Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if self.transmitted(written).is_err() {
                return Err(std::io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Returns whether this end is the server, which does not mask.
    #[inline(always)]
    pub(super) fn is_server(&self) -> bool {
        self.half.is_server()
    }

    /// Returns how many bytes wait to be written.
    #[inline]
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.outbox.len()
    }

    /// Returns whether a Close frame was queued: nothing may follow it.
    #[inline]
    #[must_use]
    pub const fn is_close_sent(&self) -> bool {
        self.half.is_close_sent()
    }

    /// Returns whether there is room for a Pong that answers a Ping, or for a Close.
    #[inline]
    pub(super) fn takes_answer(&mut self, close: bool) -> bool {
        if close { self.check_close().is_ok() } else { self.outbox.takes_control() }
    }

    /// Queues an automatic answer, for which there is room.
    pub(super) fn answer(&mut self, reply: &PendingReply<'_>) {
        if FAST && let Some(room) = self.outbox.control_room() {
            let len = self.half.answer_into(reply, room).unwrap_or_default();
            self.outbox.extend(len);
        } else if let Some(frame) = self.half.answer(reply) {
            match reply {
                PendingReply::Pong(_) => _ = self.outbox.push_control(&frame),
                // Nothing may follow it, so it follows everything.
                PendingReply::Close(_) => self.push_close(&frame),
            }
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.outbox.storage().capacity()
    }

    /// Checks that a frame of this length may be queued, and makes room for it.
    #[inline]
    fn check_room(&mut self, len: usize) -> Result<(), SendError> {
        self.check_mark(len)?;
        self.reserve(len)
    }

    /// Makes room for so many bytes.
    #[inline]
    fn reserve(&mut self, len: usize) -> Result<(), SendError> {
        if self.outbox.reserve(len) { Ok(()) } else { Err(SendError::Full) }
    }

    /// Checks that a frame of this length does not exceed the mark.
    #[inline]
    fn check_mark(&self, len: usize) -> Result<(), SendError> {
        if self.outbox.len().saturating_add(len) <= self.high_water {
            Ok(())
        } else if len > self.high_water {
            Err(SendError::TooLong)
        } else {
            Err(SendError::Full)
        }
    }

    fn check_close(&mut self) -> Result<(), SendError> {
        self.reserve(ControlFrame::MAX_LEN)
    }

    fn push_close(&mut self, frame: &ControlFrame) {
        self.outbox.push(frame, &[], None);
    }

    fn check_open(&self) -> Result<(), SendError> {
        if self.failed { Err(SendError::Closed) } else { Ok(()) }
    }

    fn check_control(&self) -> Result<(), SendError> {
        if self.outbox.takes_control() { Ok(()) } else { Err(SendError::Full) }
    }

    fn push_control(&mut self, frame: &ControlFrame) -> Result<(), SendError> {
        if self.outbox.push_control(frame) { Ok(()) } else { Err(SendError::Full) }
    }
}

impl<S: Storage> Sender<Server, S> {
    /// Queues a message that was encoded once for many clients.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_prepared(&mut self, message: &PreparedMessage<'_>) -> Result<(), SendError> {
        self.check_open()?;
        self.check_room(message.frame_len())?;
        let frame = self.half.send_prepared(message)?;
        self.outbox.push(frame, &[], None);
        Ok(())
    }
}
