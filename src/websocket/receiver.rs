//! The receiving half: from bytes read to whole messages (RFC 6455 §5.4, §6.2).

#[cfg(feature = "deflate")]
use alloc::boxed::Box;

use super::buffer::{Buffer, Place};
use super::config::Config;
use super::event::{Event, Message, Text};
#[cfg(feature = "deflate")]
use super::found::Step;
use super::found::{Found, Part};
#[cfg(target_has_atomic = "32")]
use super::identity::Identity;
#[cfg(feature = "deflate")]
use super::inflated::Inflated;
use super::storage::Storage;
use super::surplus::Surplus;
use crate::control::Reply;
use crate::error::{ProtocolError, Violation};
use crate::event::{self, Chunk, Eof};
use crate::mask::{mask, mask_seeing};
use crate::opcode::MessageKind;
use crate::receive::{ReceiveHalf, Whole};
use crate::role::Role;
use crate::utf8::{Utf8, to_str};

/// The receiving half of a [`WebSocket`](super::WebSocket).
///
/// It sends nothing. Ask for the frame that the other half must send with
/// [`poll_reply`](Self::poll_reply), and pass it to [`Sender::reply`](super::Sender::reply).
#[derive(Debug)]
pub struct Receiver<R: Role, S> {
    pub(super) half: ReceiveHalf<R>,
    pub(super) buffer: Buffer<S>,
    /// The open message, unless it is compressed.
    pub(super) joining: Joining,
    stream_above: u64,
    pub(super) retain: usize,
    pub(super) surplus: Surplus,
    /// The connection that this half was split off.
    #[cfg(target_has_atomic = "32")]
    pub(super) split: Option<Identity>,
    /// Bytes have arrived since the time was last reported, or it never was.
    pub(super) heard: bool,
    /// Messages that did not arrive in one piece, so that one can be told from the next.
    pub(super) ended: u32,
    /// A text in one frame was invalid, and the bytes behind it are yet to be discarded.
    stale: bool,
    /// The room behind the last byte was lent uninitialised; bytes found there have been read.
    #[cfg(feature = "bytes")]
    pub(super) lent_uninitialised: bool,
    #[cfg(feature = "deflate")]
    pub(super) inflated: Option<Box<Inflated>>,
}

/// What happens to the data of the open message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joining {
    /// No message is open, or nothing of it has arrived.
    Nothing,
    /// It is joined in the buffer.
    Message,
    /// It is longer than is joined: each piece is yielded.
    Chunks,
}

impl<R: Role, S: Storage> Receiver<R, S> {
    pub(super) fn new(half: ReceiveHalf<R>, config: &Config, storage: S) -> Self {
        let mut half = half;
        half.set_limits(bounded(config, &storage));
        half.answer_pings(config.answer_pings);
        half.leave_from(config.stream_above.saturating_add(1));
        Self {
            half,
            buffer: Buffer::new(storage),
            joining: Joining::Nothing,
            stream_above: config.stream_above,
            retain: config.retain,
            surplus: Surplus::NONE,
            #[cfg(target_has_atomic = "32")]
            split: None,
            heard: true,
            ended: 0,
            stale: false,
            #[cfg(feature = "bytes")]
            lent_uninitialised: false,
            #[cfg(feature = "deflate")]
            inflated: None,
        }
    }

    #[cfg(feature = "deflate")]
    pub(super) fn inflate_with(&mut self, inflater: crate::deflate::Inflater) {
        self.half.inflate();
        self.inflated = Some(Box::new(Inflated::new(inflater)));
    }

    /// Returns room for the next bytes of the stream: read into it, then call
    /// [`received`](Self::received).
    ///
    /// See [`WebSocket::read_buf`](super::WebSocket::read_buf).
    pub fn read_buf(&mut self) -> &mut [u8] {
        self.commit();
        self.discard_stale();
        let open = self.joining == Joining::Message;
        self.buffer.room(open, self.half.frame_left())
    }

    /// Reports that so many bytes were read into the front of [`read_buf`](Self::read_buf).
    ///
    /// # Errors
    /// [`TooMany`], with nothing changed, if that is more than there is room for.
    #[inline]
    pub fn received(&mut self, len: usize) -> Result<(), TooMany> {
        if !self.buffer.fill(len) {
            return Err(TooMany);
        }
        self.heard |= len > 0;
        Ok(())
    }

    /// Copies `bytes` into the read buffer, as if they had been read; returns how many.
    ///
    /// See [`WebSocket::feed`](super::WebSocket::feed).
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        self.commit();
        self.discard_stale();
        let len = self.buffer.append(self.joining == Joining::Message, bytes);
        self.heard |= len > 0;
        len
    }

    /// Returns the next event; `Ok(None)` when everything that was received is used up.
    ///
    /// See [`WebSocket::next`](super::WebSocket::next).
    ///
    /// # Errors
    /// The peer broke the protocol or exceeded a limit.
    #[inline(always)]
    #[allow(clippy::should_implement_trait, reason = "it lends: the event borrows the buffer")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, ProtocolError> {
        let Some(whole) = self.find_whole() else { return self.next_in_parts() };
        self.next_whole(&whole)
    }

    /// Finds a message in one frame, all of which has arrived.
    #[inline(always)]
    pub(super) fn find_whole(&self) -> Option<Whole> {
        self.half.find_whole(self.buffer.peek()?)
    }

    /// Yields the message that was found.
    #[inline(always)]
    pub(super) fn next_whole(&mut self, whole: &Whole) -> Result<Option<Event<'_>>, ProtocolError> {
        let Whole { kind, header_len, len, key } = *whole;
        self.half.received_whole(whole);
        let Some(payload) = self.buffer.take(header_len, len) else { return Ok(None) };
        let is_server = self.half.is_server();
        let message = match kind {
            MessageKind::Binary => {
                if is_server {
                    mask(payload, key);
                }
                Message::Binary(payload)
            }
            MessageKind::Text if is_server && mask_seeing(payload, key) => {
                Message::Text(Text::checked(payload))
            }
            MessageKind::Text => match to_str(payload) {
                Some(text) => Message::Text(text.into()),
                None => return Err(fail_text(&mut self.half, &mut self.stale, payload)),
            },
        };
        Ok(Some(Event::Message(message)))
    }

    /// Yields anything but a whole message in one frame.
    #[inline(never)]
    pub(super) fn next_in_parts(&mut self) -> Result<Option<Event<'_>>, ProtocolError> {
        if self.rest() {
            return Ok(None);
        }
        self.next_found()
    }

    #[inline(never)]
    fn next_found(&mut self) -> Result<Option<Event<'_>>, ProtocolError> {
        let Some(found) = self.find()? else { return Ok(None) };
        Ok(Some(match found {
            Found::Message(kind, place) => Event::Message(whole(kind, self.buffer.get(place))),
            Found::Chunk(part, place) => Event::Chunk(part.of(self.buffer.get(place))),
            #[cfg(feature = "deflate")]
            Found::Inflated(kind) => {
                let payload = self.inflated.as_deref_mut().map(Inflated::take).unwrap_or_default();
                Event::Message(whole(kind, payload))
            }
            #[cfg(feature = "deflate")]
            Found::InflatedChunk(part) => {
                let payload = self.inflated.as_deref_mut().map(Inflated::take).unwrap_or_default();
                Event::Chunk(part.of(payload))
            }
            Found::Ping => Event::Ping(self.half.control_payload()),
            Found::Pong => Event::Pong(self.half.control_payload()),
            Found::Close => Event::Close(self.half.close_frame()),
        }))
    }

    /// Forgets what was read if there is nothing more to read and nothing to free, as after most reads;
    /// returns whether that is so.
    #[inline(always)]
    pub(super) fn rest(&mut self) -> bool {
        #[cfg(feature = "bytes")]
        if self.lent_uninitialised {
            return false;
        }
        #[cfg(feature = "deflate")]
        if self.inflated.is_some() {
            return false; // it may hold more
        }
        self.joining != Joining::Message && self.buffer.rest(self.retain)
    }

    /// Returns whether everything that was received is used up.
    #[inline(always)]
    fn is_used_up(&self) -> bool {
        #[cfg(feature = "deflate")]
        if self.half.compressed().is_some() {
            return false; // the inflater may hold more
        }
        self.buffer.is_drained()
    }

    /// Finds the next event; gives memory back if there is none.
    #[inline(always)]
    pub(super) fn find(&mut self) -> Result<Option<Found>, ProtocolError> {
        self.commit();
        let found = if self.is_used_up() { Ok(None) } else { self.find_event() };
        match found {
            Ok(Some(Found::Close)) => self.discard_message(),
            Ok(Some(_)) => {}
            Ok(None) => self.release(),
            Err(_) => {
                self.discard_message();
                self.buffer.clear();
                self.release();
            }
        }
        found
    }

    /// Discards the bytes behind the message that failed the connection.
    #[inline]
    pub(super) fn discard_stale(&mut self) {
        if core::mem::take(&mut self.stale) {
            self.buffer.clear();
        }
    }

    /// Forgets the open message, which will not end.
    fn discard_message(&mut self) {
        self.joining = Joining::Nothing;
        #[cfg(feature = "deflate")]
        if let Some(inflated) = &mut self.inflated {
            inflated.take();
        }
    }

    #[inline(always)]
    fn find_event(&mut self) -> Result<Option<Found>, ProtocolError> {
        self.discard_stale();
        loop {
            #[cfg(feature = "deflate")]
            if let Some(kind) = self.half.compressed() {
                match self.find_inflated(kind)? {
                    Step::Found(found) => return Ok(Some(found)),
                    Step::Frame => {}
                    Step::Starved => return Ok(None),
                }
            }
            let mut input = self.buffer.input();
            let before = input.len();
            let event = self.half.receive_slowly(&mut input)?;
            let consumed = before.saturating_sub(input.len());
            let found = match event {
                Some(event::Event::Data(chunk)) => {
                    let Chunk { payload, kind, first, last, utf8, .. } = chunk;
                    let part = Part { kind, first, last, utf8 };
                    let len = payload.len();
                    let place = self.buffer.consume(consumed, len);
                    match self.take(part, place) {
                        Some(found) => return Ok(Some(found)),
                        None => continue,
                    }
                }
                Some(event::Event::Ping) => Some(Found::Ping),
                Some(event::Event::Pong) => Some(Found::Pong),
                Some(event::Event::Close(_)) => Some(Found::Close),
                None => None,
            };
            self.buffer.consume(consumed, 0);
            #[cfg(feature = "deflate")]
            if found.is_none() && self.half.compressed().is_some() {
                continue;
            }
            return Ok(found);
        }
    }

    /// Takes a piece of the open message, which was just consumed.
    fn take(&mut self, part: Part, place: Place) -> Option<Found> {
        self.ended = self.ended.wrapping_add(u32::from(part.last));
        if self.joining == Joining::Chunks {
            if part.last {
                self.joining = Joining::Nothing;
            }
            return Some(Found::Chunk(part, place));
        }
        let first = self.joining == Joining::Nothing;
        self.buffer.join(place, first);
        let joined = self.buffer.joined_len() as u64;
        let declared = if part.last { joined } else { self.half.declared() };
        if declared > self.stream_above {
            self.joining = if part.last { Joining::Nothing } else { Joining::Chunks };
            let part = Part { first: true, utf8: [Utf8::new(), part.utf8[1]], ..part };
            return Some(Found::Chunk(part, self.buffer.take_joined()));
        }
        self.joining = if part.last { Joining::Nothing } else { Joining::Message };
        part.last.then(|| Found::Message(part.kind, self.buffer.take_joined()))
    }

    /// Inflates the part of the compressed frame that has arrived.
    #[cfg(feature = "deflate")]
    fn find_inflated(&mut self, kind: MessageKind) -> Result<Step, ProtocolError> {
        let mut input = self.buffer.input();
        let before = input.len();
        let Some(inflated) = &mut self.inflated else { return Ok(Step::Starved) };
        let step = inflated.inflate(&mut self.half, kind, &mut input, self.stream_above);
        self.ended = self.ended.wrapping_add(u32::from(!self.half.is_message_open()));
        let consumed = before.saturating_sub(input.len());
        self.buffer.consume(consumed, 0);
        step
    }

    /// Returns whether nothing more will be received: the peer has closed or failed, or the stream
    /// has ended.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        !self.half.is_open()
    }

    /// Reports the end of the stream, and returns how it ended.
    pub fn receive_eof(&mut self) -> Eof {
        self.commit();
        self.discard_message();
        self.buffer.clear();
        let eof = self.half.receive_eof();
        self.release();
        eof
    }

    /// Notes what was put into memory that was lent uninitialised; returns how many bytes.
    #[cfg_attr(
        not(feature = "bytes"),
        allow(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "none is lent")
    )]
    pub(super) fn commit(&mut self) -> usize {
        #[cfg(feature = "bytes")]
        if core::mem::take(&mut self.lent_uninitialised) {
            let len = self.buffer.fill_all();
            self.heard |= len > 0;
            return len;
        }
        0
    }

    /// Takes the pending reply, for [`Sender::reply`](super::Sender::reply).
    ///
    /// If several Pings arrived since the last call, only the latest is answered (§5.5.3).
    pub fn poll_reply(&mut self) -> Option<Reply> {
        self.half.poll_reply()
    }
}

/// Returns the limits, with messages no longer than the storage can hold.
fn bounded<S: Storage>(config: &Config, storage: &S) -> crate::Limits {
    // Behind a message, there must be room for a byte of the next header.
    let most = storage.max_len().saturating_sub(1) as u64;
    let limits = config.limits;
    if most < limits.max_message && config.stream_above > most {
        limits.max_message(most)
    } else {
        limits
    }
}

/// The caller reported more bytes than it had room for. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl core::fmt::Display for TooMany {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("more bytes were reported than there was room for")
    }
}

impl core::error::Error for TooMany {}

/// Returns a message that was joined, and validated as it arrived if it is text.
fn whole(kind: MessageKind, payload: &mut [u8]) -> Message<'_> {
    match kind {
        MessageKind::Text => Message::Text(Text::checked(payload)),
        MessageKind::Binary => Message::Binary(payload),
    }
}

/// Fails the connection at the first impossible byte of this text, which was just received; notes
/// that what is behind it is stale.
#[cold]
fn fail_text<R: Role>(half: &mut ReceiveHalf<R>, stale: &mut bool, text: &[u8]) -> ProtocolError {
    *stale = true;
    let valid = Utf8::new().validate_before(text, 0).err().unwrap_or_default();
    let unread = text.len().saturating_sub(valid) as u64;
    let offset = half.position().wrapping_sub(unread);
    let error = ProtocolError::new(offset, Violation::InvalidUtf8);
    half.fail(error);
    error
}
