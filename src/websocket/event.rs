//! What a [`WebSocket`](super::WebSocket) yields: whole messages, and control frames.

use core::fmt;

use super::validated::as_str;
use crate::close_frame::CloseFrame;
use crate::event::Chunk;
use crate::fragment::Fragment;

/// An event that [`next`](super::WebSocket::next) found. It borrows the buffer that was read into.
#[derive(Debug)]
pub enum Event<'m> {
    /// A whole message.
    Message(Message<'m>),
    /// Part of a message that is longer than
    /// [`Config::stream_above`](super::Config::stream_above).
    Chunk(Chunk<'m>),
    /// A Ping (RFC 6455 §5.5.2) and its payload, at most 125 bytes. It is answered automatically.
    Ping(&'m [u8]),
    /// A Pong (§5.5.3) and its payload, at most 125 bytes.
    ///
    /// The payload is empty if a pending answer to a Ping left no room for it.
    Pong(&'m [u8]),
    /// The peer's Close frame (§5.5.1), with its code and reason if it has them. Nothing more will
    /// be received. It is answered automatically, after everything that is queued.
    Close(Option<CloseFrame<'m>>),
}

/// A whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'m> {
    /// A text message.
    Text(Text<'m>),
    /// A binary message.
    Binary(&'m [u8]),
}

impl<'m> Message<'m> {
    /// Returns the payload.
    #[inline]
    #[must_use]
    pub const fn as_bytes(self) -> &'m [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl<'m> From<Message<'m>> for Fragment<'m> {
    #[inline]
    fn from(message: Message<'m>) -> Self {
        match message {
            Message::Text(text) => text.into(),
            Message::Binary(bytes) => bytes.into(),
        }
    }
}

/// The text of a message: bytes that were checked to be UTF-8 as they arrived.
///
/// The bytes are always UTF-8; [`as_str`](Self::as_str) relies on it.
#[derive(Clone, Copy)]
pub struct Text<'m>(Checked<'m>);

#[derive(Clone, Copy)]
enum Checked<'m> {
    /// By a scan that made a `str` of it.
    Str(&'m str),
    /// As all ASCII while it was unmasked, or piece by piece as it arrived.
    Bytes(&'m [u8]),
}

impl<'m> Text<'m> {
    /// Wraps text that is known to be valid, as a whole or in all its pieces.
    #[inline]
    pub(super) const fn checked(bytes: &'m [u8]) -> Self {
        Self(Checked::Bytes(bytes))
    }

    /// Returns the text as bytes, at no cost.
    #[inline]
    #[must_use]
    pub const fn as_bytes(self) -> &'m [u8] {
        match self.0 {
            Checked::Str(text) => text.as_bytes(),
            Checked::Bytes(bytes) => bytes,
        }
    }

    /// Returns the text as a `str`.
    ///
    /// This costs nothing for a message that arrived in one piece, as nearly all short ones do, and
    /// that is not all ASCII. For any other message, each call costs a scan: safe Rust has no other
    /// way from bytes to a `str`. The feature `unchecked-utf8` spares the scan.
    #[inline]
    #[must_use]
    pub fn as_str(self) -> &'m str {
        match self.0 {
            Checked::Str(text) => text,
            Checked::Bytes(bytes) => as_str(bytes),
        }
    }

    /// Returns the length in bytes.
    #[inline]
    #[must_use]
    pub const fn len(self) -> usize {
        self.as_bytes().len()
    }

    /// Returns whether the text is empty.
    #[inline]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl<'m> From<&'m str> for Text<'m> {
    #[inline]
    fn from(text: &'m str) -> Self {
        Self(Checked::Str(text))
    }
}

impl<'m> From<Text<'m>> for Fragment<'m> {
    #[inline]
    fn from(text: Text<'m>) -> Self {
        Self::text(text.as_bytes())
    }
}

impl AsRef<[u8]> for Text<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
