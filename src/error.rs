//! Errors, and whose fault they are.

use core::fmt;

use crate::close::CloseCode;

/// A violation of the protocol, or of a limit, that failed the connection (RFC 6455 §7.1.7).
///
/// The Close frame that reports it to the peer is pending in
/// [`poll_transmit`](crate::Connection::poll_transmit). All further input is discarded, and each
/// further [`receive`](crate::Connection::receive) that is given input returns the same error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolError {
    pub(crate) offset: u64,
    pub(crate) violation: Violation,
    pub(crate) header: JudgedHeader,
}

/// What a header says that breaks a rule, as far as the byte that proves it. It fills the bytes that
/// alignment would leave unused in a [`ProtocolError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JudgedHeader {
    /// [`NO_OPCODE`](Self::NO_OPCODE) if it was no header that broke the rule.
    opcode: u8,
    /// The low bytes of the declared length, big-endian; 0 if it broke no rule.
    len: [u8; 6],
}

impl JudgedHeader {
    const NO_OPCODE: u8 = 0xFF;
    pub(crate) const NONE: Self = Self { opcode: Self::NO_OPCODE, len: [0; 6] };

    /// Keeps a length of 2^48 bytes or more as the largest number below.
    pub(crate) const fn new(first: u8, len: u64) -> Self {
        let len = match len.to_be_bytes() {
            [0, 0, len @ ..] => len,
            _ => [0xFF; 6],
        };
        Self { opcode: first & 0x0F, len }
    }
}

impl ProtocolError {
    /// Creates the error for anything but a header.
    pub(crate) const fn new(offset: u64, violation: Violation) -> Self {
        Self { offset, violation, header: JudgedHeader::NONE }
    }

    /// Returns the rule that was broken.
    #[must_use]
    pub const fn violation(self) -> Violation {
        self.violation
    }

    /// Returns the offset of the byte that proved the violation.
    ///
    /// Offset 0 is the first byte after the handshake. The offset is the same under every chunking.
    ///
    /// For compressed data it is the offset of the first payload byte of the frame that proved the
    /// violation: which bits an inflater has examined when it gives up cannot be observed from
    /// outside.
    #[must_use]
    pub const fn offset(self) -> u64 {
        self.offset
    }

    /// Returns the status code of the Close frame that answers the violation.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        self.violation.close_code()
    }

    /// Returns the opcode of the frame, 0 to 15, if its header broke the rule.
    #[must_use]
    pub const fn opcode(self) -> Option<u8> {
        match self.header.opcode {
            JudgedHeader::NO_OPCODE => None,
            opcode => Some(opcode),
        }
    }

    /// Returns how many bytes of payload were declared, at least: by the header that exceeded
    /// [`Limits::max_frame`](crate::Limits::max_frame), or by it and the message's earlier headers
    /// if they exceeded [`Limits::max_message`](crate::Limits::max_message) together.
    ///
    /// It is what the bytes up to the [`offset`](Self::offset) prove: the first byte of a length may
    /// be enough. 2^48 bytes or more are reported as the largest number below.
    #[must_use]
    pub fn declared(self) -> Option<u64> {
        let len = self.header.len.iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
        (len > 0).then_some(len)
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.violation)?;
        if let Some(opcode) = self.opcode() {
            write!(f, "opcode {opcode}, ")?;
        }
        if let Some(len) = self.declared() {
            write!(f, "at least {len} bytes, ")?;
        }
        write!(f, "byte {} of the stream)", self.offset)
    }
}

impl core::error::Error for ProtocolError {}

/// A rule that a peer can break: one for each MUST, one for each limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// RSV2 or RSV3 is set, or RSV1 without an extension that allows it (§5.2).
    ReservedBits,
    /// The opcode is 3-7 or 11-15 (§5.2).
    ReservedOpcode,
    /// A control frame without FIN (§5.5).
    FragmentedControl,
    /// A control frame that declares more than 125 bytes (§5.5).
    ControlTooLong,
    /// A continuation frame while no message is open (§5.4).
    UnexpectedContinuation,
    /// A new message while another is still open (§5.4).
    ExpectedContinuation,
    /// A client's frame that is not masked (§5.1).
    UnmaskedFrame,
    /// A server's frame that is masked (§5.1).
    MaskedFrame,
    /// A payload length encoded in more bytes than it needs (§5.2).
    NonMinimalLength,
    /// A payload length of 2^63 or more (§5.2).
    LengthMsb,
    /// Text that is not UTF-8 (§8.1).
    InvalidUtf8,
    /// A Close payload of one byte (§5.5.1).
    CloseTooShort,
    /// A status code that must not appear on the wire (§7.4).
    InvalidCloseCode,
    /// A Close reason that is not UTF-8 (§5.5.1).
    InvalidReason,
    /// A data frame longer than [`Limits::max_frame`](crate::Limits::max_frame) (§10.4).
    FrameTooBig,
    /// A message longer than [`Limits::max_message`](crate::Limits::max_message) (§10.4).
    MessageTooBig,
    /// A message of more than [`Limits::max_fragments`](crate::Limits::max_fragments) frames.
    TooManyFragments,
    /// A non-final frame shorter than [`Limits::min_fragment`](crate::Limits::min_fragment).
    FragmentTooSmall,
    /// More control frames in a row than
    /// [`Limits::max_control_frames`](crate::Limits::max_control_frames).
    TooManyControlFrames,
    /// A compressed message that is not DEFLATE data, or ends inside a block (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// More inflated bytes than the extension's configuration allows for the compressed ones
    /// (§10.4).
    RatioTooHigh,
}

impl Violation {
    /// Returns the status code that reports the violation to the peer (§7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::ReservedBits
            | Self::ReservedOpcode
            | Self::FragmentedControl
            | Self::ControlTooLong
            | Self::UnexpectedContinuation
            | Self::ExpectedContinuation
            | Self::UnmaskedFrame
            | Self::MaskedFrame
            | Self::NonMinimalLength
            | Self::LengthMsb
            | Self::CloseTooShort
            | Self::InvalidCloseCode => CloseCode::PROTOCOL_ERROR,
            Self::InvalidUtf8 | Self::InvalidReason | Self::InvalidDeflate => {
                CloseCode::INVALID_PAYLOAD
            }
            Self::FrameTooBig | Self::MessageTooBig | Self::RatioTooHigh => {
                CloseCode::MESSAGE_TOO_BIG
            }
            Self::TooManyFragments | Self::FragmentTooSmall | Self::TooManyControlFrames => {
                CloseCode::POLICY_VIOLATION
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReservedBits => "a reserved bit is set that no negotiated extension defines",
            Self::ReservedOpcode => "a frame has a reserved opcode",
            Self::FragmentedControl => "a control frame is fragmented",
            Self::ControlTooLong => "the payload of a control frame is longer than 125 bytes",
            Self::UnexpectedContinuation => "a continuation frame came while no message was open",
            Self::ExpectedContinuation => "a new message began before the last one was finished",
            Self::UnmaskedFrame => "a client's frame is not masked",
            Self::MaskedFrame => "a server's frame is masked",
            Self::NonMinimalLength => "a payload length is encoded in more bytes than it needs",
            Self::LengthMsb => "a payload length has its most significant bit set",
            Self::InvalidUtf8 => "a text message is not valid UTF-8",
            Self::CloseTooShort => "a Close frame has a payload of one byte",
            Self::InvalidCloseCode => "a Close frame has an invalid status code",
            Self::InvalidReason => "a Close frame's reason is not valid UTF-8",
            Self::FrameTooBig => "a frame is longer than Limits::max_frame",
            Self::MessageTooBig => "a message exceeds Limits::max_message or the memory for it",
            Self::TooManyFragments => "a message has more frames than Limits::max_fragments",
            Self::FragmentTooSmall => "a non-final fragment is shorter than Limits::min_fragment",
            Self::TooManyControlFrames => {
                "more control frames in a row than Limits::max_control_frames"
            }
            Self::InvalidDeflate => "a compressed message is not valid DEFLATE data",
            Self::RatioTooHigh => {
                "a message inflates to more bytes than deflate::Config::max_ratio allows"
            }
        })
    }
}

impl core::error::Error for Violation {}

/// A request by the caller that the protocol does not allow now, or ever.
///
/// Nothing was written, and nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The output is shorter than the frame.
    BufferTooSmall {
        /// The length that the output must have, at least, in bytes.
        needed: usize,
    },
    /// The queue would exceed its mark, or its memory: try again when more of it was written.
    Full,
    /// A Close frame was sent or is pending, or the connection has failed: nothing may follow.
    Closed,
    /// A first fragment, or a whole message, while another message is open (§5.4).
    MessageOpen,
    /// A later fragment while no message is open, or of another kind than the open message (§5.4).
    NoMessageOpen,
    /// The payload of the open frame is not complete yet.
    FrameOpen {
        /// Payload bytes that the open frame still lacks.
        left: u64,
    },
    /// More than 125 bytes in a Ping or Pong, more than 123 in a Close reason, 2^63 bytes or more
    /// in a frame, more payload than the open frame declared, or a frame that exceeds the mark of
    /// the queue on its own.
    TooLong,
    /// Text that is not UTF-8, or that would end inside a code point (§8.1).
    InvalidUtf8,
    /// RSV1 without a negotiated extension that allows it (§5.2).
    Rsv1NotAllowed,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed } => {
                write!(f, "the output is too short: the frame needs {needed} bytes")
            }
            Self::Full => f.write_str("the queue of frames to be written is full"),
            Self::Closed => f.write_str("the connection is closing, or has failed"),
            Self::MessageOpen => f.write_str("another message is still open: finish it first"),
            Self::NoMessageOpen => f.write_str("there is no open message that this continues"),
            Self::FrameOpen { left } => write!(f, "the open frame lacks {left} bytes of payload"),
            Self::TooLong => f.write_str("the payload is too long for its frame"),
            Self::InvalidUtf8 => f.write_str("the text is not UTF-8, or ends inside a code point"),
            Self::Rsv1NotAllowed => f.write_str("no negotiated extension allows RSV1"),
        }
    }
}

impl core::error::Error for SendError {}
