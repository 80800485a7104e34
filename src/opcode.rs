//! Opcodes: the four bits that give the kind of a frame.

/// The kind of a frame (RFC 6455 §5.2), without the reserved opcodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the open message.
    Continuation = 0x0,
    /// The first, or only, fragment of a text message.
    Text = 0x1,
    /// The first, or only, fragment of a binary message.
    Binary = 0x2,
    /// The last frame that an endpoint sends.
    Close = 0x8,
    /// A request for a [`Pong`](Self::Pong) with the same payload.
    Ping = 0x9,
    /// The answer to a [`Ping`](Self::Ping), or a one-way heartbeat.
    Pong = 0xA,
}

impl Opcode {
    /// Returns the opcode of these four bits; `None` if it is reserved, or the value is above 15.
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Returns the four bits of this opcode.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Returns the kind of the message that a frame with this opcode begins, if it begins one.
    #[inline]
    pub(crate) const fn message_kind(self) -> Option<MessageKind> {
        match self {
            Self::Text => Some(MessageKind::Text),
            Self::Binary => Some(MessageKind::Binary),
            Self::Continuation | Self::Close | Self::Ping | Self::Pong => None,
        }
    }

    /// Returns whether this is Close, Ping or Pong (§5.5).
    #[inline]
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}

/// The type of a message's payload (§5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MessageKind {
    /// UTF-8, valid as a whole; a fragment may end inside a code point.
    Text = 0x1,
    /// Bytes that the application interprets.
    Binary = 0x2,
}

impl MessageKind {
    /// Returns the opcode of a message's first frame.
    #[inline]
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}
