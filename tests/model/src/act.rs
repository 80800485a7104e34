//! What can happen.

use crate::wire::Extent;

/// What an application may still do. It may always close, and complete what it has begun.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub struct Budget {
    pub messages: u8,
    pub fragmented: u8,
    pub pings: u8,
    /// Bytes of a Ping's payload.
    pub ping_len: u8,
    /// Bytes that no peer should send.
    pub bad: u8,
    /// How often the transport breaks on the way to this end.
    pub cuts: u8,
}

/// What an end does, or what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Message,
    /// The first fragment of a text, which ends inside of a code point.
    First,
    /// The header of the last fragment, and then its payload.
    LastHeader,
    LastPayload,
    Ping,
    Close,
    CloseWithoutCode,
    Bad(Bad),
    Poll,
    Read(Extent),
    /// The transport breaks on the way to this end.
    Cut,
    Eof,
    /// The transport is closed, as nothing more is to be read or written.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// A header: a reserved opcode.
    Opcode,
    /// A payload: text that is not UTF-8 from its second byte on.
    Text,
    /// A Close frame that has the code 1005.
    CloseCode,
    /// A Ping after the Close.
    AfterClose,
}
