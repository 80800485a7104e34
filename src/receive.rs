//! From bytes to events (RFC 6455 §5, §6.2): the interface, and the loop that drives the state.
//!
//! [`state`] has the states and all transitions, [`rules`] the headers that may come in each of
//! them, [`fast`] the fast paths, [`payload`] the steps of the slow path, [`compressed`] what an
//! inflater takes, and [`pending`] the frame that answers the peer.

use core::mem;

use crate::FAST;
use crate::close_frame::CloseFrame;
use crate::control::{ControlBuffer, ControlPayload, PendingReply, Reply};
use crate::error::ProtocolError;
use crate::event::{Eof, Event};
use crate::limits::Limits;
use crate::role::{Role, Side};

mod accepted;
#[cfg(feature = "deflate")]
mod compressed;
mod fast;
#[cfg(all(test, feature = "std"))]
mod fast_tests;
mod payload;
mod pending;
mod rules;
mod state;

pub(crate) use fast::Whole;
use pending::Pending;
use state::{Cause, End, Extension, OpenMessage, Spill, State};

/// The receiving half of a [`Connection`](crate::Connection).
///
/// It sends nothing. Ask for the frame that the other half must send with
/// [`poll_reply`](Self::poll_reply), and pass it to [`SendHalf::reply`](crate::SendHalf::reply).
#[derive(Clone, Debug)]
pub struct ReceiveHalf<R: Role> {
    /// Bytes of the stream that were consumed; after a failure, the offset that proved it.
    position: u64,
    state: State,
    message: OpenMessage,
    /// Control frames since the last data frame.
    control_frames: u32,
    limits: Limits,
    /// The fast path takes whole messages that are shorter than this.
    fast_below: u32,
    /// The fast path may be taken: no message is open, and no frame.
    is_between_messages: bool,
    /// Payloads of control frames: the latest one, and that of a pending Pong.
    control: ControlBuffer,
    pending: Pending,
    extension: Extension,
    answer_pings: bool,
    side: R::Side,
}

/// The outcome of one step of the slow path.
enum Step<'b> {
    Event(Event<'b>),
    Continue,
    /// The input is used up.
    NeedsInput,
}

impl<R: Role> ReceiveHalf<R> {
    /// Creates a receiving half for the first byte after the handshake.
    #[must_use]
    pub(crate) const fn new(side: R::Side, limits: Limits) -> Self {
        Self {
            position: 0,
            state: State::BETWEEN_FRAMES,
            message: OpenMessage::NONE,
            control_frames: 0,
            limits,
            fast_below: state::fast_below(&limits),
            is_between_messages: true,
            control: ControlBuffer::new(),
            pending: Pending::NOTHING,
            extension: Extension::None,
            answer_pings: true,
            side,
        }
    }

    /// Takes the next event off the front of `input`, or returns `Ok(None)` when `input` is used up.
    ///
    /// See [`Connection::receive`](crate::Connection::receive).
    ///
    /// # Errors
    /// Returns the violation when the peer breaks a rule; the connection has failed then.
    #[inline(always)]
    pub fn receive<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        match self.receive_whole(input) {
            Some(chunk) => Ok(Some(Event::Data(chunk))),
            // The end of every read.
            None if input.is_empty() => Ok(None),
            None => self.receive_slowly(input),
        }
    }

    /// Receives the next event, one step at a time.
    ///
    /// Returns `None` where the payload of a compressed frame begins, too.
    #[inline(never)]
    pub(crate) fn receive_slowly<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let result = loop {
            let step = match self.state {
                State::Header(_) if !FAST => self.take_header(input),
                State::Header(Spill { len: 0, .. }) => {
                    let header = self.accept_plain(input);
                    if let Some(header) = &header
                        && let Some(event) = self.receive_whole_control(header, input)
                    {
                        return Ok(Some(event)); // neither the state nor the message has changed
                    }
                    self.take_frame(header.as_ref(), input)
                }
                State::Header(spill) => self.take_rest_of_header(spill, input),
                State::Data(_) => self.take_data(input),
                State::Compressed(_) => break Ok(None),
                State::Control(..) => self.take_control(input),
                State::Ended(_) => {
                    let discarded = mem::take(input);
                    break match self.error() {
                        // With more input only, so that a loop that passes errors over ends.
                        Some(error) if !discarded.is_empty() => Err(error),
                        _ => Ok(None),
                    };
                }
            };
            match step {
                Ok(Step::Continue) => {}
                Ok(Step::Event(event)) => break Ok(Some(event)),
                Ok(Step::NeedsInput) => break Ok(None),
                Err(error) => {
                    self.fail(error);
                    *input = &mut [];
                    break Err(error);
                }
            }
        };
        self.update_fast_path();
        result
    }

    /// Ends the stream: cleanly if a Close frame was received before.
    pub fn receive_eof(&mut self) -> Eof {
        self.end_with_stream()
    }

    /// Takes the pending reply, for [`SendHalf::reply`](crate::SendHalf::reply).
    ///
    /// If several Pings arrived since the last call, only the latest is answered (§5.5.3).
    pub fn poll_reply(&mut self) -> Option<Reply> {
        Some(match self.take_pending()? {
            PendingReply::Pong(payload) => Reply::Pong(ControlPayload::new(payload)),
            PendingReply::Close(code) => Reply::Close(code),
        })
    }

    /// Returns the payload of the control frame that the latest event reported, at most 125 bytes.
    /// It is available until more is received.
    ///
    /// The payload of a Pong is empty if a pending answer to a Ping left no room for it: the two
    /// share 125 bytes.
    #[inline]
    #[must_use]
    pub fn control_payload(&self) -> &[u8] {
        self.control.payload()
    }

    /// Returns the peer's Close frame, once [`Event::Close`] has reported one with a status code.
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame<'_>> {
        if self.is_close_received() { CloseFrame::of_checked(self.control.payload()) } else { None }
    }

    /// Returns whether more may be received: no Close frame, no violation, no end of the stream.
    #[inline]
    pub(crate) const fn is_open(&self) -> bool {
        !matches!(self.state, State::Ended(_))
    }

    #[inline(always)]
    pub(crate) fn is_server(&self) -> bool {
        self.side.is_server()
    }

    /// Returns whether the stream has ended.
    #[inline]
    #[must_use]
    pub const fn is_eof(&self) -> bool {
        matches!(self.state, State::Ended(End { is_eof: true, .. }))
    }

    /// Returns whether the peer's Close frame was received.
    #[inline]
    #[must_use]
    pub const fn is_close_received(&self) -> bool {
        matches!(self.state, State::Ended(End { cause: Cause::Close, .. }))
    }

    /// Returns the violation that failed the connection.
    #[inline]
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        match self.state {
            State::Ended(End { cause: Cause::Failure(violation, header), .. }) => {
                Some(ProtocolError { offset: self.position, violation, header })
            }
            _ => None,
        }
    }

    /// Returns how many bytes of the stream were taken and not discarded.
    #[inline]
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Returns how many payload bytes of the current frame have not arrived: 0 between frames, and
    /// while a header is incomplete.
    #[inline]
    #[must_use]
    pub const fn frame_left(&self) -> u64 {
        match &self.state {
            State::Data(frame) | State::Compressed(frame) | State::Control(_, frame) => frame.left,
            State::Header(_) | State::Ended(_) => 0,
        }
    }

    /// Returns whether a message is open: its first header has arrived, its last byte has not.
    #[inline]
    #[must_use]
    pub const fn is_message_open(&self) -> bool {
        self.is_open() && self.message.kind.is_some()
    }

    /// Returns how many payload bytes the headers of the open message have declared so far.
    #[inline]
    pub(crate) const fn declared(&self) -> u64 {
        self.message.declared
    }

    /// Returns the number of control frames since the last data frame.
    #[inline]
    #[must_use]
    pub const fn control_frames_since_data(&self) -> u32 {
        self.control_frames
    }

    /// Returns the limits in force.
    #[inline]
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sets whether an extension was negotiated that defines RSV1 on a message's first frame, as
    /// RFC 7692 does.
    ///
    /// Text with RSV1 is not validated: the extension interprets it. Has no effect once an inflater
    /// serves the connection.
    pub const fn allow_rsv1(&mut self, allow: bool) {
        if !self.extension.inflates() {
            self.extension = if allow { Extension::Foreign } else { Extension::None };
        }
    }

    /// Sets whether Pings are answered automatically, as they are by default.
    pub const fn answer_pings(&mut self, answer: bool) {
        self.answer_pings = answer;
    }
}
