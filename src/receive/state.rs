//! The state of receiving. Everything that changes it is in this file.
//!
//! ```text
//!                 data header                  control header
//!        ┌───────────────────────── Header ───────────────────────┐
//!        ▼                          ▲    ▲                        ▼
//!  Data, Compressed ────────────────┘    └──────────────────── Control
//!                    frame complete    Ping or Pong complete      │
//!                                                                 │ Close complete
//!        any state ── violation or end of stream ──▶ Ended ◀──────┘
//! ```
//!
//! A message is open from its first data header to the end of its last frame; it stays open while
//! control frames pass between its frames.

use core::mem;

use super::accepted::AcceptedHeader;
use super::{ReceiveHalf, Step};
use crate::FAST;
use crate::error::{JudgedHeader, ProtocolError, Violation};
use crate::event::Eof;
use crate::frame::FrameHeader;
use crate::limits::Limits;
use crate::mask::MaskingKey;
use crate::opcode::{MessageKind, Opcode};
use crate::role::{Role, Side};
use crate::utf8::Utf8;

/// What the next byte of the stream belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// A header, of which these bytes have arrived.
    Header(Spill),
    /// The payload of a data frame.
    Data(Frame),
    /// The payload of a data frame that only an inflater may take.
    Compressed(Frame),
    /// The payload of a control frame.
    Control(ControlKind, Frame),
    /// Nothing: what still arrives is discarded.
    Ended(End),
}

/// The beginning of a header that arrives in pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spill {
    pub(super) bytes: [u8; FrameHeader::MAX_LEN],
    /// Bytes that have arrived.
    pub(super) len: u8,
}

impl Spill {
    pub(super) const NOTHING: Self = Self { bytes: [0; FrameHeader::MAX_LEN], len: 0 };
}

/// The current frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Payload bytes that have not arrived.
    pub(super) left: u64,
    /// The masking key, rotated to the next payload byte.
    pub(super) key: MaskingKey,
    /// The frame is the last one of its message.
    pub(super) is_last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlKind {
    Ping,
    Pong,
    Close,
}

/// Why nothing more is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) cause: Cause,
    /// The stream has ended, too.
    pub(super) is_eof: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The connection has failed.
    Failure(Violation, JudgedHeader),
    /// A Close frame was received.
    Close,
    /// The stream has ended without a Close frame.
    Eof,
}

/// The message that is being received.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenMessage {
    /// `None` between messages; all other fields are as in [`NONE`](Self::NONE) then.
    pub(super) kind: Option<MessageKind>,
    /// RSV1 of its first frame.
    pub(super) rsv1: bool,
    /// A part of it was delivered.
    pub(super) delivered: bool,
    /// Where its text stands.
    pub(super) utf8: Utf8,
    /// Frames so far.
    pub(super) fragments: u32,
    /// Payload bytes that its headers have declared so far.
    pub(super) declared: u64,
}

impl OpenMessage {
    /// No message is open.
    pub(super) const NONE: Self = Self {
        kind: None,
        rsv1: false,
        delivered: false,
        utf8: Utf8::new(),
        fragments: 0,
        declared: 0,
    };

    /// Applies the header of a data frame that may come now: opens the message if it is the first.
    #[inline(always)]
    pub(super) fn apply(&mut self, header: &AcceptedHeader) {
        if let Some(kind) = header.opcode.message_kind() {
            *self = Self { kind: Some(kind), rsv1: header.rsv1, ..Self::NONE };
        }
        self.fragments = self.fragments.saturating_add(1);
        self.declared = self.declared.saturating_add(header.payload_len);
    }

    /// Notes that a part is delivered; returns whether it is the first.
    #[inline(always)]
    pub(super) const fn deliver(&mut self) -> bool {
        !mem::replace(&mut self.delivered, true)
    }
}

/// The meaning of RSV1 on a message's first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// None: it is a violation.
    None,
    /// The caller interprets it, and receives such messages as they are.
    Foreign,
    /// The message is compressed, and only an inflater may take it.
    #[cfg(feature = "deflate")]
    Deflate,
}

impl Extension {
    /// Returns whether messages with RSV1 are for an inflater alone.
    pub(super) const fn inflates(self) -> bool {
        match self {
            Self::None | Self::Foreign => false,
            #[cfg(feature = "deflate")]
            Self::Deflate => true,
        }
    }
}

impl State {
    /// Between two frames.
    pub(super) const BETWEEN_FRAMES: Self = Self::Header(Spill::NOTHING);
}

impl Frame {
    /// Bytes of the payload that are in `input`; `None` if there are none and some are missing.
    #[inline(always)]
    pub(super) fn available(&self, input: &[u8]) -> Option<usize> {
        let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
        if here == 0 && self.left > 0 { None } else { Some(here) }
    }

    /// Counts payload bytes that were taken.
    #[inline(always)]
    pub(super) fn advance(&mut self, taken: usize, side: impl Side) {
        self.left = self.left.saturating_sub(taken as u64);
        if side.is_server() {
            self.key = self.key.after(taken as u64);
        }
    }

    /// Bytes of text that are known to follow the next `here` bytes.
    #[inline(always)]
    pub(super) fn text_left(&self, here: usize) -> u64 {
        if self.is_last { self.left.saturating_sub(here as u64) } else { u64::MAX }
    }
}

impl<R: Role> ReceiveHalf<R> {
    /// Takes the last bytes of a header that may come now, and enters the frame's payload.
    #[inline]
    pub(super) fn enter<'b>(
        &mut self,
        header: &AcceptedHeader,
        taken: usize,
        input: &mut &'b mut [u8],
    ) -> Step<'b> {
        let _ = input.split_off_mut(..taken);
        self.position = self.position.wrapping_add(taken as u64);
        let frame = Frame { left: header.payload_len, key: header.key, is_last: header.fin };
        self.state = self.apply(header, frame);
        self.update_fast_path();
        Step::Continue
    }

    /// Applies a header that may come now; returns the state of the payload behind it.
    #[inline(always)]
    fn apply(&mut self, header: &AcceptedHeader, frame: Frame) -> State {
        let control = match header.opcode {
            Opcode::Ping => ControlKind::Ping,
            Opcode::Pong => ControlKind::Pong,
            Opcode::Close => ControlKind::Close,
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                self.control_frames = 0;
                self.message.apply(header);
                return if self.is_for_inflater() {
                    State::Compressed(frame)
                } else {
                    State::Data(frame)
                };
            }
        };
        self.control_frames = self.control_frames.saturating_add(1);
        // A Pong is the only control frame that nobody waits for.
        self.make_room_for_control(header.payload_len, control != ControlKind::Pong);
        State::Control(control, frame)
    }

    /// Returns whether a message is open that only an inflater may take.
    #[inline(always)]
    pub(super) fn is_for_inflater(&self) -> bool {
        self.message.rsv1 && self.extension.inflates()
    }

    /// Leaves the current frame, all of which was received.
    #[inline(always)]
    pub(super) fn leave_frame(&mut self) {
        self.state = State::BETWEEN_FRAMES;
    }

    /// Closes the open message, all of which was received.
    #[inline(always)]
    pub(super) fn close_message(&mut self) {
        self.message = OpenMessage::NONE;
    }

    /// Receives nothing more, as a Close frame was received.
    pub(super) fn end_with_close(&mut self) {
        self.state = State::Ended(End { cause: Cause::Close, is_eof: false });
        self.update_fast_path();
    }

    /// Receives nothing more, as the stream has ended.
    pub(super) fn end_with_stream(&mut self) -> Eof {
        let cause = match self.state {
            State::Ended(End { cause, .. }) => cause,
            _ => Cause::Eof,
        };
        self.state = State::Ended(End { cause, is_eof: true });
        self.update_fast_path();
        if cause == Cause::Close { Eof::Clean } else { Eof::Abnormal }
    }

    /// _Fail the WebSocket Connection_ (§7.1.7): receives nothing more, and leaves a Close pending.
    #[cold]
    pub(crate) fn fail(&mut self, error: ProtocolError) {
        self.position = error.offset;
        let cause = Cause::Failure(error.violation, error.header);
        self.state = State::Ended(End { cause, is_eof: false });
        self.update_fast_path();
        self.set_pending_close(Some(error.close_code()));
    }

    /// Keeps the condition of the fast path, which is for whole messages alone: the next byte is the
    /// first one of a message's first header, or of a control frame's.
    #[inline(always)]
    pub(super) fn update_fast_path(&mut self) {
        if !FAST {
            return;
        }
        self.is_between_messages = matches!(self.state, State::Header(Spill { len: 0, .. }))
            && self.message.kind.is_none();
    }

    /// Leaves messages of this length or longer to the slow path, until the limits change.
    pub(crate) fn leave_from(&mut self, len: u64) {
        self.fast_below = self.fast_below.min(u32::try_from(len).unwrap_or(u32::MAX));
    }

    /// Changes the limits, from the next header on.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.fast_below = fast_below(&limits);
        self.limits = limits;
    }
}

/// The least length that the fast path leaves to the slow path, which looks at the limits.
pub(super) const fn fast_below(limits: &Limits) -> u32 {
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
