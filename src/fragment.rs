//! Outgoing data: a whole message, or part of one.

use crate::event::Chunk;
use crate::opcode::MessageKind;
use crate::utf8::Utf8;

/// The kind of a data frame: the kind of its message, and its place in it (RFC 6455 §5.4).
///
/// Pass it to [`begin_frame`](crate::Connection::begin_frame).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameKind {
    pub(crate) message: MessageKind,
    pub(crate) first: bool,
    pub(crate) last: bool,
}

impl FrameKind {
    /// Describes the only frame of a message of this kind.
    #[inline]
    #[must_use]
    pub const fn whole(message: MessageKind) -> Self {
        Self { message, first: true, last: true }
    }

    /// Makes this the first fragment of a message that continues.
    #[inline]
    #[must_use]
    pub const fn first(self) -> Self {
        Self { first: true, last: false, ..self }
    }

    /// Makes this a fragment that is neither the first nor the last.
    #[inline]
    #[must_use]
    pub const fn middle(self) -> Self {
        Self { first: false, last: false, ..self }
    }

    /// Makes this the last fragment of a message that was begun.
    #[inline]
    #[must_use]
    pub const fn last(self) -> Self {
        Self { first: false, last: true, ..self }
    }
}

/// The payload of a data frame, and its place in its message.
///
/// A `&str` is a whole text message, a `&[u8]` a whole binary message, and a [`Chunk`] that you
/// received is exactly the part that it is. Text is UTF-8 by its type, or because it was checked
/// when it was received.
///
/// ```
/// use rfc6455::{Connection, Fragment, Limits};
/// let mut ws = Connection::server(Limits::DEFAULT);
/// let mut out = [0; 32];
/// let len = ws.send(Fragment::from("in two ").first(), &mut out)?;
/// assert_eq!(&out[..len], b"\x01\x07in two ");
/// let len = ws.send(Fragment::from("fragments").last(), &mut out)?;
/// assert_eq!(&out[..len], b"\x80\x09fragments");
/// # Ok::<(), rfc6455::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) kind: FrameKind,
    pub(crate) rsv1: bool,
    /// The validation state of the message's text before this fragment, and after it.
    pub(crate) utf8: [Utf8; 2],
}

impl<'a> Fragment<'a> {
    #[inline]
    const fn whole(message: MessageKind, payload: &'a [u8]) -> Self {
        Self { payload, kind: FrameKind::whole(message), rsv1: false, utf8: [Utf8::new(); 2] }
    }

    /// A whole text message: bytes that are known to be UTF-8.
    #[inline]
    pub(crate) const fn text(bytes: &'a [u8]) -> Self {
        Self::whole(MessageKind::Text, bytes)
    }

    /// Makes this the first fragment of a message that continues.
    #[inline]
    #[must_use]
    pub const fn first(self) -> Self {
        Self { kind: self.kind.first(), ..self }
    }

    /// Makes this a fragment that is neither the first nor the last.
    #[inline]
    #[must_use]
    pub const fn middle(self) -> Self {
        Self { kind: self.kind.middle(), ..self }
    }

    /// Makes this the last fragment of a message that was begun.
    #[inline]
    #[must_use]
    pub const fn last(self) -> Self {
        Self { kind: self.kind.last(), ..self }
    }

    /// Returns the payload.
    #[inline]
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl<'a> From<&'a str> for Fragment<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self::whole(MessageKind::Text, text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Fragment<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        Self::whole(MessageKind::Binary, bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Fragment<'a> {
    #[inline]
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::whole(MessageKind::Binary, bytes)
    }
}

impl<'a> From<&'a Chunk<'_>> for Fragment<'a> {
    #[inline]
    fn from(chunk: &'a Chunk<'_>) -> Self {
        let Chunk { ref payload, kind: message, first, last, rsv1, utf8 } = *chunk;
        Self { payload, kind: FrameKind { message, first, last }, rsv1, utf8 }
    }
}
