//! The steps of the model.

use crate::wire::Extent;

/// What an application may still do. It may always close, and complete an open message.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub struct Budget {
    pub messages: u8,
    pub fragmented: u8,
    pub pings: u8,
    /// The length of a Ping's payload.
    pub ping_len: u8,
    /// How often this end breaks the protocol.
    pub bad: u8,
    /// How often the transport breaks on the way to this end.
    pub cuts: u8,
}

/// An action of one end, or an event at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Message,
    /// Sends the first fragment of a text, which ends inside a code point.
    First,
    /// Sends the header of the last fragment; its payload follows as a separate act.
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
    /// Closes the transport: nothing is left to read or write.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// The header of a reserved opcode.
    Opcode,
    /// A text that is invalid UTF-8 from its second byte on.
    Text,
    /// A Close frame with the code 1005.
    CloseCode,
    /// A Ping after the Close.
    AfterClose,
}
