//! From bytes to events (RFC 6455 §5, §6.2).

use core::marker::PhantomData;
use core::mem;

use crate::close::{CloseCode, CloseFrame};
use crate::control::{ControlBuffer, ControlPayload, Owed, Reply};
use crate::error::{ProtocolError, Violation};
use crate::event::{Chunk, Eof, Event};
use crate::frame::{FrameHeader, Plain};
use crate::limits::Limits;
use crate::mask::{MaskingKey, mask, mask_seeing};
use crate::opcode::MessageKind;
use crate::role::Role;
use crate::utf8::{Utf8, to_str};

#[cfg(feature = "deflate")]
mod compressed;
mod rules;
#[cfg(test)]
mod short_cuts;
mod steps;

/// The receiving half of a [`Connection`](crate::Connection).
///
/// By itself it answers nothing: what the other half must send is asked for with
/// [`poll_reply`](Self::poll_reply) and given to [`SendHalf::reply`](crate::SendHalf::reply).
#[derive(Clone, Debug)]
pub struct ReceiveHalf<R> {
    /// Bytes of the stream that were consumed; after a failure, where it was proved.
    position: u64,
    /// Payload bytes that the current frame still lacks.
    remaining: u64,
    /// Payload bytes that the headers of the open message have declared so far.
    message_len: u64,
    /// A whole message shorter than this needs no look at the limits.
    whole_below: u64,
    limits: Limits,
    /// For the next payload byte.
    key: MaskingKey,
    /// Frames of the open message so far.
    fragments: u32,
    /// Control frames since the last data frame.
    controls: u32,
    control: ControlBuffer,
    /// A header that is not complete yet is in `spill[..spilled]`.
    spill: [u8; FrameHeader::MAX_LEN],
    spilled: u8,
    stage: Stage,
    /// `Header`, with nothing spilled and no message open: the common case, in one flag.
    idle: bool,
    /// The current frame is the last of its message.
    fin: bool,
    /// The open message.
    message: Option<MessageKind>,
    /// A chunk of the open message was delivered.
    begun: bool,
    /// RSV1 of the open message's first frame.
    rsv1: bool,
    /// Where the text of the open message stands.
    utf8: Utf8,
    reply: Waiting,
    failure: Option<Violation>,
    close_received: bool,
    eof: bool,
    allow_rsv1: bool,
    answer_pings: bool,
    role: PhantomData<fn() -> R>,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    Data,
    Ping,
    Pong,
    Close,
    /// Nothing to us: a Close frame was received, or the connection has failed.
    Discarded,
}

/// What the other half owes the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Nothing,
    Pong,
    Close(Option<CloseCode>),
}

/// One step of the state machine.
enum Step<'b> {
    Event(Event<'b>),
    Again,
    /// The input is used up.
    Starved,
}

impl<R: Role> ReceiveHalf<R> {
    /// At the first byte after the handshake.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            position: 0,
            remaining: 0,
            message_len: 0,
            whole_below: whole_below(&limits),
            limits,
            key: MaskingKey([0; 4]),
            fragments: 0,
            controls: 0,
            control: ControlBuffer::new(),
            spill: [0; FrameHeader::MAX_LEN],
            spilled: 0,
            stage: Stage::Header,
            idle: true,
            fin: false,
            message: None,
            begun: false,
            rsv1: false,
            utf8: Utf8::new(),
            reply: Waiting::Nothing,
            failure: None,
            close_received: false,
            eof: false,
            allow_rsv1: false,
            answer_pings: true,
            role: PhantomData,
        }
    }

    /// Takes the next event off the front of `input`; `Ok(None)` when `input` is used up.
    ///
    /// See [`Connection::receive`](crate::Connection::receive).
    ///
    /// # Errors
    /// The peer broke a rule; the connection has failed.
    #[inline(always)]
    pub fn receive<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        match self.receive_whole::<true>(input) {
            Some(chunk) => Ok(Some(Event::Data(chunk))),
            // Every read ends like this.
            None if input.is_empty() && self.failure.is_none() => Ok(None),
            None => self.receive_stepwise::<true, false>(input),
        }
    }

    /// As [`receive`](Self::receive), but text is for the caller to validate, who says with
    /// [`set_utf8`](Self::set_utf8) where it stands after each chunk that is not the last.
    #[inline]
    pub(crate) fn receive_unvalidated<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        self.receive_stepwise::<false, false>(input)
    }

    pub(crate) const fn set_utf8(&mut self, utf8: Utf8) {
        self.utf8 = utf8;
    }

    /// A message in one frame that lies in the input whole: the common case, on registers.
    /// `None`, with nothing changed, for everything else, violations among it.
    #[inline(always)]
    pub(crate) fn receive_whole<'b, const TEXT: bool>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Option<Chunk<'b>> {
        if !self.idle {
            return None;
        }
        let Plain { first, payload_len, len: header_len, key } = Plain::read(input, R::IS_SERVER)?;
        let kind = match first {
            0x81 => MessageKind::Text,
            0x82 => MessageKind::Binary,
            _ => return None,
        };
        if payload_len >= self.whole_below {
            return None;
        }
        let len = usize::try_from(payload_len).ok()?;
        let payload = input.get_mut(header_len..)?.get_mut(..len)?;
        if TEXT && kind == MessageKind::Text {
            if !Self::unmask_text(payload, key) {
                return None;
            }
        } else if R::IS_SERVER {
            mask(payload, key);
        }
        input.split_off_mut(..header_len)?;
        let payload = input.split_off_mut(..len)?;
        self.position = self.position.wrapping_add(header_len.wrapping_add(len) as u64);
        self.controls = 0;
        let utf8 = [Utf8::new(); 2];
        Some(Chunk { payload, kind, first: true, last: true, rsv1: false, utf8 })
    }

    /// Unmasks what is text, or changes nothing and says that it is not.
    #[inline(never)]
    fn unmask_text(payload: &mut [u8], key: MaskingKey) -> bool {
        let ascii = R::IS_SERVER && mask_seeing(payload, key);
        let valid = ascii || to_str(payload).is_some();
        if R::IS_SERVER && !valid {
            mask(payload, key);
        }
        valid
    }

    /// Everything, one step at a time; with `INFLATED`, not the payload of compressed messages.
    #[inline(never)]
    fn receive_stepwise<'b, const TEXT: bool, const INFLATED: bool>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        if self.stage == Stage::Header
            && self.spilled == 0
            && let Some(accepted) = self.accept_plain(input)
        {
            if let Some(event) = self.take_whole_control(&accepted, input) {
                return Ok(Some(event));
            }
            if !(INFLATED && self.rsv1 && self.message.is_some())
                && let Some(event) = self.take_whole_fragment::<TEXT>(&accepted, input)
            {
                return Ok(Some(event));
            }
            self.begin(&accepted, accepted.len, input);
        }
        let result = loop {
            let step = match self.stage {
                Stage::Header => self.take_header(input),
                Stage::Data if INFLATED && self.rsv1 => break Ok(None),
                Stage::Data => self.take_data::<TEXT>(input),
                Stage::Ping | Stage::Pong | Stage::Close => self.take_control(input),
                Stage::Discarded => {
                    *input = &mut [];
                    break self.error().map_or(Ok(None), Err);
                }
            };
            match step {
                Ok(Step::Again) => {}
                Ok(Step::Event(event)) => break Ok(Some(event)),
                Ok(Step::Starved) => break Ok(None),
                Err(error) => {
                    self.fail(error);
                    *input = &mut [];
                    break Err(error);
                }
            }
        };
        self.idle = self.stage == Stage::Header && self.spilled == 0 && self.message.is_none();
        result
    }

    /// _Fail the WebSocket Connection_ (§7.1.7).
    #[cold]
    pub(crate) fn fail(&mut self, error: ProtocolError) {
        self.position = error.offset;
        self.failure = Some(error.violation);
        self.stage = Stage::Discarded;
        self.idle = false;
        self.reply = Waiting::Close(Some(error.close_code()));
    }

    /// Says that the stream has ended: cleanly if a Close frame was received.
    pub fn receive_eof(&mut self) -> Eof {
        self.eof = true;
        self.stage = Stage::Discarded;
        self.idle = false;
        if self.close_received { Eof::Clean } else { Eof::Abnormal }
    }

    /// What the sending half owes the peer, for [`SendHalf::reply`](crate::SendHalf::reply); asking
    /// takes it. Of several Pings that arrived since, the latest is answered (§5.5.3).
    pub fn poll_reply(&mut self) -> Option<Reply> {
        Some(match self.take_owed()? {
            Owed::Pong(payload) => Reply::Pong(ControlPayload::new(payload)),
            Owed::Close(code) => Reply::Close(code),
        })
    }

    /// Whether [`poll_reply`](Self::poll_reply) has something.
    #[inline]
    pub(crate) const fn owes(&self) -> bool {
        !matches!(self.reply, Waiting::Nothing)
    }

    /// As [`poll_reply`](Self::poll_reply), without a copy.
    #[inline]
    pub(crate) fn take_owed(&mut self) -> Option<Owed<'_>> {
        match mem::replace(&mut self.reply, Waiting::Nothing) {
            Waiting::Nothing => None,
            Waiting::Pong => Some(Owed::Pong(self.control.take_waiting())),
            Waiting::Close(code) => Some(Owed::Close(code)),
        }
    }

    /// The payload of the control frame that the latest event reported, until more is received; at
    /// most 125 bytes.
    ///
    /// A Pong's is empty if it arrived while an answer to a Ping waited that left no room for it:
    /// the two share 125 bytes.
    #[inline]
    #[must_use]
    pub fn control_payload(&self) -> &[u8] {
        self.control.payload()
    }

    /// The peer's Close frame, once [`Event::Close`] has reported one that has a status code.
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame<'_>> {
        if self.close_received { CloseFrame::parse(self.control.payload()).ok()? } else { None }
    }

    /// Whether there may be more to receive: no Close frame has come, no violation, no end.
    #[inline]
    pub(crate) const fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Discarded)
    }

    /// Whether the stream has ended.
    #[inline]
    #[must_use]
    pub const fn is_eof(&self) -> bool {
        self.eof
    }

    /// Whether the peer's Close frame was received.
    #[inline]
    #[must_use]
    pub const fn is_close_received(&self) -> bool {
        self.close_received
    }

    /// The violation that failed the connection.
    #[inline]
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        match self.failure {
            Some(violation) => Some(ProtocolError { offset: self.position, violation }),
            None => None,
        }
    }

    /// Bytes of the stream that were taken and not discarded.
    #[inline]
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Control frames since the last data frame.
    #[inline]
    #[must_use]
    pub const fn controls(&self) -> u32 {
        self.controls
    }

    /// The limits in force.
    #[inline]
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Changes the limits, from the next header on.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.whole_below = whole_below(&limits);
        self.limits = limits;
    }

    /// Whether an extension was negotiated that defines RSV1 on a message's first frame, as
    /// RFC 7692 does. Text that has it is not checked: what its bytes mean, the extension knows.
    pub const fn allow_rsv1(&mut self, allow: bool) {
        self.allow_rsv1 = allow;
    }

    /// Whether each Ping is to be answered, as it is by default; without, the caller does it.
    pub const fn answer_pings(&mut self, answer: bool) {
        self.answer_pings = answer;
    }
}

/// Itself, for [`MessageBuffer::receive`](crate::MessageBuffer::receive).
impl<R> AsMut<Self> for ReceiveHalf<R> {
    #[inline]
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

/// The least length that a message in one frame cannot have under these limits.
const fn whole_below(limits: &Limits) -> u64 {
    let Limits { max_frame, max_message, max_fragments, .. } = *limits;
    let most = if max_frame < max_message { max_frame } else { max_message };
    if max_fragments == 0 { 0 } else { most.saturating_add(1) }
}
