//! What a frame is, in the four bits that say so.

/// The kind of a frame (RFC 6455 §5.2), without the reserved ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the message that is open.
    Continuation = 0x0,
    /// The first, or only, fragment of a text message.
    Text = 0x1,
    /// The first, or only, fragment of a binary message.
    Binary = 0x2,
    /// The last frame that an endpoint sends.
    Close = 0x8,
    /// A question that is answered with a [`Pong`](Self::Pong) of the same payload.
    Ping = 0x9,
    /// The answer to a [`Ping`](Self::Ping), or a heartbeat in one direction.
    Pong = 0xA,
}

impl Opcode {
    /// The opcode of these four bits; `None` for a reserved one, or for a value above 15.
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

    /// The four bits of this opcode.
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

    /// Whether this is Close, Ping or Pong (§5.5).
    #[inline]
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}

/// What a message carries (§5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MessageKind {
    /// UTF-8, valid as a whole; a fragment may end inside a code point.
    Text = 0x1,
    /// Bytes that mean what the application says they mean.
    Binary = 0x2,
}

impl MessageKind {
    /// The opcode of a message's first frame.
    #[inline]
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}
