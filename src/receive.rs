//! From bytes to events (RFC 6455 §5, §6.2).

use core::marker::PhantomData;
use core::mem;

use crate::close::{CloseCode, CloseFrame};
use crate::control::{ControlBuffer, ControlPayload, Owed, Reply};
use crate::error::{ProtocolError, Violation};
use crate::event::{Chunk, Eof, Event};
use crate::frame::{FrameHeader, Plain};
use crate::identity::{Identity, Serves};
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
    whole_below: u32,
    identity: Identity,
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
    extension: Extension,
    answer_pings: bool,
    role: PhantomData<fn() -> R>,
}

/// What RSV1 on a message's first frame means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
    /// Nothing: it is a violation.
    None,
    /// What the caller knows, who receives such messages as they are.
    Foreign,
    /// That the message is compressed, for the one inflater that serves this connection.
    #[cfg(feature = "deflate")]
    Deflate,
}

impl Extension {
    /// Whether compressed messages are for an inflater alone.
    const fn inflates(self) -> bool {
        match self {
            Self::None | Self::Foreign => false,
            #[cfg(feature = "deflate")]
            Self::Deflate => true,
        }
    }
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    Data,
    /// Payload that is for an inflater alone.
    Compressed,
    Ping,
    Pong,
    Close,
    /// Nothing to us: the connection has failed.
    Discarded,
    /// Nothing to us: a Close frame was received.
    Closed,
    /// Nothing to us: the stream has ended, without a Close frame.
    Ended,
    /// Nothing to us: the stream has ended after a Close frame.
    EndedCleanly,
}

/// What the other half owes the peer: a number for what has none on the wire, or a status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiting(u16);

impl Waiting {
    const NOTHING: Self = Self(0);
    const PONG: Self = Self(1);
    const CLOSE: Self = Self(2);

    fn close(code: Option<CloseCode>) -> Self {
        code.map_or(Self::CLOSE, |code| Self(code.get()))
    }
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
            identity: Identity::NONE,
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
            reply: Waiting::NOTHING,
            failure: None,
            extension: Extension::None,
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
            None if input.is_empty() => Ok(None),
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
        if payload_len >= u64::from(self.whole_below) {
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
            if !(self.extension.inflates() && self.rsv1 && self.message.is_some())
                && let Some(event) = self.take_whole_fragment::<TEXT>(&accepted, input)
            {
                return Ok(Some(event));
            }
            self.begin(&accepted, accepted.len, input);
        }
        let result = loop {
            let step = match self.stage {
                Stage::Header => self.take_header(input),
                Stage::Data => self.take_data::<TEXT>(input),
                Stage::Compressed if INFLATED => break Ok(None),
                Stage::Compressed => break Err(self.mispaired(input)),
                Stage::Ping | Stage::Pong | Stage::Close => self.take_control(input),
                Stage::Discarded | Stage::Closed | Stage::Ended | Stage::EndedCleanly => {
                    let discarded = mem::take(input);
                    break match self.error() {
                        // With more input only, so that a loop that passes errors over ends.
                        Some(error) if !discarded.is_empty() => Err(error),
                        _ => Ok(None),
                    };
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
        self.reply = Waiting::close(Some(error.close_code()));
    }

    /// Fails the connection at its next byte, as our caller cannot go on with it like this.
    #[cold]
    pub(crate) fn mispaired(&mut self, input: &mut &mut [u8]) -> ProtocolError {
        *input = &mut [];
        let error = ProtocolError { offset: self.position, violation: Violation::Mispaired };
        self.fail(error);
        error
    }

    /// The number that tells this connection from all others.
    pub(crate) fn identity(&mut self) -> Serves {
        self.identity.get()
    }

    /// Whether this is the connection that has the number.
    pub(crate) const fn is(&self, serves: Serves) -> bool {
        self.identity.is(serves)
    }

    /// Whether a part of the open message was delivered.
    #[inline]
    pub(crate) const fn is_inside_of_message(&self) -> bool {
        self.message.is_some() && self.begun
    }

    /// Says that the stream has ended: cleanly if a Close frame was received.
    pub fn receive_eof(&mut self) -> Eof {
        self.idle = false;
        if self.is_close_received() {
            self.stage = Stage::EndedCleanly;
            Eof::Clean
        } else {
            self.stage = Stage::Ended;
            Eof::Abnormal
        }
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
        self.reply.0 != Waiting::NOTHING.0
    }

    /// As [`poll_reply`](Self::poll_reply), without a copy.
    #[inline]
    pub(crate) fn take_owed(&mut self) -> Option<Owed<'_>> {
        match mem::replace(&mut self.reply, Waiting::NOTHING) {
            Waiting::NOTHING => None,
            Waiting::PONG => Some(Owed::Pong(self.control.take_waiting())),
            Waiting(code) => Some(Owed::Close(CloseCode::new(code))),
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
        if self.is_close_received() {
            CloseFrame::parse(self.control.payload()).ok()?
        } else {
            None
        }
    }

    /// Whether there may be more to receive: no Close frame has come, no violation, no end.
    #[inline]
    pub(crate) const fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Discarded | Stage::Closed | Stage::Ended | Stage::EndedCleanly)
    }

    /// Whether the stream has ended.
    #[inline]
    #[must_use]
    pub const fn is_eof(&self) -> bool {
        matches!(self.stage, Stage::Ended | Stage::EndedCleanly)
    }

    /// Whether the peer's Close frame was received.
    #[inline]
    #[must_use]
    pub const fn is_close_received(&self) -> bool {
        matches!(self.stage, Stage::Closed | Stage::EndedCleanly)
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
    ///
    /// It changes nothing once an inflater serves the connection.
    pub const fn allow_rsv1(&mut self, allow: bool) {
        if !self.extension.inflates() {
            self.extension = if allow { Extension::Foreign } else { Extension::None };
        }
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
const fn whole_below(limits: &Limits) -> u32 {
    let Limits { max_frame, max_message, max_fragments, .. } = *limits;
    let most = if max_frame < max_message { max_frame } else { max_message };
    let [.., a, b, c, d] = most.saturating_add(1).to_be_bytes();
    if max_fragments == 0 {
        0
    } else if most >= u32::MAX as u64 {
        u32::MAX
    } else {
        u32::from_be_bytes([a, b, c, d])
    }
}
