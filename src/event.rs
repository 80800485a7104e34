//! Events: what arrives from the peer.

use core::fmt;
use core::ops::Deref;

use crate::close::CloseCode;
use crate::opcode::MessageKind;
use crate::utf8::{Utf8, to_str};

/// An event that [`receive`](crate::Connection::receive) found in the input.
///
/// It borrows the input buffer, never the connection. The payload of a control frame stays in the
/// connection: see [`control_payload`](crate::Connection::control_payload).
#[derive(Debug)]
pub enum Event<'b> {
    /// The next bytes of a message.
    Data(Chunk<'b>),
    /// A Ping (RFC 6455 §5.5.2). The Pong that answers it is pending in
    /// [`poll_transmit`](crate::Connection::poll_transmit).
    Ping,
    /// A Pong (§5.5.3), solicited or not.
    Pong,
    /// The peer's Close frame (§5.5.1), with its status code if it has one. If it still needs an
    /// answer, that answer is pending in [`poll_transmit`](crate::Connection::poll_transmit).
    /// Nothing more will be received.
    Close(Option<CloseCode>),
}

/// Part of a message's payload, unmasked in place in the buffer that it arrived in.
///
/// It dereferences to its bytes, which are the last ones that the call took off the input. A frame
/// yields one chunk if the input holds all of it, and
/// otherwise one for each piece. A message has at least one chunk, and exactly one that is
/// [last](Self::is_last); a chunk that is not last is never empty. The bytes of a text message are
/// valid UTF-8 up to the end of the chunk, which may fall inside a code point.
pub struct Chunk<'b> {
    pub(crate) payload: &'b mut [u8],
    pub(crate) kind: MessageKind,
    pub(crate) first: bool,
    pub(crate) last: bool,
    pub(crate) rsv1: bool,
    /// The validation state of the text before this chunk, and after it.
    pub(crate) utf8: [Utf8; 2],
}

impl<'b> Chunk<'b> {
    /// Returns whether this is part of a text or of a binary message.
    #[inline]
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Returns whether the message begins with this chunk.
    #[inline]
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.first
    }

    /// Returns whether the message ends with this chunk.
    #[inline]
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.last
    }

    /// Returns whether RSV1 was set on the message's first frame.
    ///
    /// The bit is for the extension that allowed it with
    /// [`allow_rsv1`](crate::Connection::allow_rsv1).
    #[inline]
    #[must_use]
    pub const fn rsv1(&self) -> bool {
        self.rsv1
    }

    /// Returns the text if this is a whole text message, and `None` for anything else.
    ///
    /// It costs a scan of the text, although that was checked.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        let whole = self.first && self.last && !self.rsv1;
        if whole && self.kind == MessageKind::Text { to_str(self.payload) } else { None }
    }

    /// Returns the bytes, for as long as the buffer lives; you may change them.
    #[inline]
    #[must_use]
    pub fn into_payload(self) -> &'b mut [u8] {
        self.payload
    }
}

impl Deref for Chunk<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.payload
    }
}

impl AsRef<[u8]> for Chunk<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("kind", &self.kind)
            .field("first", &self.first)
            .field("last", &self.last)
            .field("len", &self.payload.len())
            .finish()
    }
}

/// How a stream ended, as returned by [`receive_eof`](crate::Connection::receive_eof).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eof {
    /// After the peer's Close frame: "the WebSocket connection is said to have been closed
    /// _cleanly_" (RFC 6455 §7.1.4).
    Clean,
    /// Without a Close frame, which the RFC's API calls 1006 (§7.1.5). This is no violation:
    /// networks fail.
    Abnormal,
}
