//! What can go wrong, and whose fault it is.

use core::fmt;

use crate::close::CloseCode;

/// The peer broke the protocol, or a limit: the connection has failed (RFC 6455 §7.1.7).
///
/// The Close frame that says so to the peer waits in
/// [`poll_transmit`](crate::Connection::poll_transmit); whatever else arrives is discarded, and
/// each further [`receive`](crate::Connection::receive) that is given input returns the same error.
///
/// One [`Violation`] is not the peer's but our caller's: [`Mispaired`](Violation::Mispaired).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolError {
    pub(crate) offset: u64,
    pub(crate) violation: Violation,
}

impl ProtocolError {
    /// The rule that was broken.
    #[must_use]
    pub const fn violation(self) -> Violation {
        self.violation
    }

    /// Which byte proved it, counted from the first one after the handshake. It is the same byte
    /// however the stream was cut.
    ///
    /// Of compressed data it is the first one behind the header of the frame that proved it: which
    /// bits of it an inflater has looked at when it gives up, nobody outside of it can tell.
    #[must_use]
    pub const fn offset(self) -> u64 {
        self.offset
    }

    /// The status code of the Close frame that answers it.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        self.violation.close_code()
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {} of the stream)", self.violation, self.offset)
    }
}

impl core::error::Error for ProtocolError {}

/// A rule that a peer can break: one for each MUST, one for each limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// RSV2 or RSV3 is set, or RSV1 where no extension allows it (§5.2).
    ReservedBits,
    /// The opcode is 3-7 or 11-15 (§5.2).
    ReservedOpcode,
    /// A control frame without FIN (§5.5).
    FragmentedControl,
    /// A control frame that declares more than 125 bytes (§5.5).
    ControlTooLong,
    /// A continuation frame while no message is open (§5.4).
    UnexpectedContinuation,
    /// A new message while another one is open (§5.4).
    ExpectedContinuation,
    /// A client's frame that is not masked (§5.1).
    UnmaskedFrame,
    /// A server's frame that is masked (§5.1).
    MaskedFrame,
    /// A payload length in more bytes than it needs (§5.2).
    NonMinimalLength,
    /// A payload length of 2^63 or more (§5.2).
    LengthMsb,
    /// Text that is not UTF-8 (§8.1).
    InvalidUtf8,
    /// A Close payload of one byte (§5.5.1).
    CloseTooShort,
    /// A status code that must not be on the wire (§7.4).
    InvalidCloseCode,
    /// A Close reason that is not UTF-8 (§5.5.1).
    InvalidReason,
    /// More than [`Limits::max_frame`](crate::Limits::max_frame) in a data frame (§10.4).
    FrameTooBig,
    /// More than [`Limits::max_message`](crate::Limits::max_message) in a message (§10.4).
    MessageTooBig,
    /// More than [`Limits::max_fragments`](crate::Limits::max_fragments) frames in a message.
    TooManyFragments,
    /// Less than [`Limits::min_fragment`](crate::Limits::min_fragment) in a non-final frame.
    FragmentTooSmall,
    /// More than [`Limits::max_controls`](crate::Limits::max_controls) control frames in a row.
    TooManyControls,
    /// A compressed message that is not DEFLATE data, or ends where no block does (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// More inflated bytes than the extension's policy allows for the compressed ones (§10.4).
    RatioTooHigh,
    /// None of the peer's: our caller continues a message with another buffer, inflater or method
    /// than it began with. Nothing of it is delivered to anyone.
    Mispaired,
}

impl Violation {
    /// The status code that tells the peer (§7.4.1).
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
            Self::TooManyFragments | Self::FragmentTooSmall | Self::TooManyControls => {
                CloseCode::POLICY_VIOLATION
            }
            Self::Mispaired => CloseCode::INTERNAL_ERROR,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReservedBits => "a reserved bit is set that no extension defines",
            Self::ReservedOpcode => "the opcode is reserved",
            Self::FragmentedControl => "a control frame is fragmented",
            Self::ControlTooLong => "a control frame has more than 125 bytes",
            Self::UnexpectedContinuation => "a continuation frame outside of a message",
            Self::ExpectedContinuation => "a new message inside of another",
            Self::UnmaskedFrame => "a client's frame is not masked",
            Self::MaskedFrame => "a server's frame is masked",
            Self::NonMinimalLength => "a payload length is longer than it needs to be",
            Self::LengthMsb => "a payload length has its highest bit set",
            Self::InvalidUtf8 => "a text message is not UTF-8",
            Self::CloseTooShort => "a Close frame has a payload of one byte",
            Self::InvalidCloseCode => "a Close frame has an invalid status code",
            Self::InvalidReason => "a Close frame's reason is not UTF-8",
            Self::FrameTooBig => "a frame is longer than allowed here",
            Self::MessageTooBig => "a message is longer than allowed here",
            Self::TooManyFragments => "a message has more fragments than allowed here",
            Self::FragmentTooSmall => "a fragment is shorter than allowed here",
            Self::TooManyControls => "more control frames without data than allowed here",
            Self::InvalidDeflate => "a compressed message cannot be inflated",
            Self::RatioTooHigh => "a message inflates to more than allowed for its length",
            Self::Mispaired => "this end has mixed up its connections: not the peer's fault",
        })
    }
}

impl core::error::Error for Violation {}

/// Our caller asked for something that the protocol does not allow now, or ever. Nothing was
/// written, and nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The output is shorter than the frame, which has this many bytes.
    BufferTooSmall {
        /// The least length that the output must have.
        needed: usize,
    },
    /// A Close frame was sent, or waits to be, or the connection has failed: nothing may follow.
    Closed,
    /// A first fragment, or a whole message, while another message is open (§5.4).
    MessageOpen,
    /// A later fragment while no message is open, or one of another kind than it (§5.4).
    NoMessageOpen,
    /// A frame's payload is not complete yet: so many bytes of it are missing.
    FrameOpen {
        /// Payload bytes that the open frame still lacks.
        left: u64,
    },
    /// More than 125 bytes in a Ping or Pong, more than 123 in a Close reason, 2^63 bytes or more
    /// in a frame, or more payload than the open frame declared.
    TooLong,
    /// The text would not be UTF-8, or would end inside a code point (§8.1).
    InvalidUtf8,
    /// RSV1, which no extension was negotiated for (§5.2).
    Rsv1NotAllowed,
    /// The deflater serves another connection, or the connection another deflater; or the open
    /// message was begun through its deflater, and has to go on there.
    Mispaired,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed } => {
                write!(f, "the frame needs {needed} bytes of output")
            }
            Self::Closed => f.write_str("nothing can be sent: the connection is closing"),
            Self::MessageOpen => f.write_str("another message is not finished"),
            Self::NoMessageOpen => f.write_str("there is no message that this continues"),
            Self::FrameOpen { left } => write!(f, "the open frame lacks {left} bytes of payload"),
            Self::TooLong => f.write_str("the payload is too long for its frame"),
            Self::InvalidUtf8 => f.write_str("the text is not UTF-8"),
            Self::Rsv1NotAllowed => f.write_str("no extension allows RSV1"),
            Self::Mispaired => f.write_str("the message does not belong to this deflater"),
        }
    }
}

impl core::error::Error for SendError {}
