//! Messages that are owned, as reference-counted [`Bytes`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::event::{Message, Text};
use super::validated::as_str;
use crate::close::CloseCode;
use crate::close_frame::CloseFrame;
use crate::error::Violation;
use crate::fragment::{Fragment, FrameKind};
use crate::opcode::MessageKind;
use crate::utf8::{Utf8, to_str};

/// A whole message that is owned.
///
/// It is made without a copy from a `String`, a `Vec<u8>`, `Bytes`, or what lives as long as the
/// program, and sent without one by [`Sender::send_owned`](super::Sender::send_owned).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedMessage {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
}

impl OwnedMessage {
    /// Returns the payload.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// Returns the payload without its kind.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.0,
            Self::Binary(bytes) => bytes,
        }
    }

    /// Borrows it, to be sent or looked at.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        match self {
            Self::Text(text) => Message::Text(text.as_text()),
            Self::Binary(bytes) => Message::Binary(bytes),
        }
    }

    /// Makes a message of bytes that are UTF-8 if it is text.
    #[inline(always)]
    pub(super) const fn new(kind: MessageKind, payload: Bytes) -> Self {
        match kind {
            MessageKind::Text => Self::Text(Utf8Bytes(payload)),
            MessageKind::Binary => Self::Binary(payload),
        }
    }
}

impl From<Message<'_>> for OwnedMessage {
    /// Copies the payload.
    fn from(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.into()),
            Message::Binary(bytes) => Self::Binary(Bytes::copy_from_slice(bytes)),
        }
    }
}

impl<'m> From<&'m OwnedMessage> for Fragment<'m> {
    fn from(message: &'m OwnedMessage) -> Self {
        message.as_message().into()
    }
}

impl From<Utf8Bytes> for OwnedMessage {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<String> for OwnedMessage {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&'static str> for OwnedMessage {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for OwnedMessage {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for OwnedMessage {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<&'static [u8]> for OwnedMessage {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Binary(Bytes::from_static(bytes))
    }
}

/// Text as [`Bytes`] that are known to be UTF-8.
///
/// The bytes are always UTF-8; [`as_str`](Self::as_str) relies on it.
///
/// ```
/// use rfc6455::websocket::Utf8Bytes;
/// let text = Utf8Bytes::from(String::from("gr\u{FC}n"));
/// assert_eq!(text.as_str(), "gr\u{FC}n");
/// assert!(Utf8Bytes::try_from(bytes::Bytes::from_static(b"\xFF")).is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Utf8Bytes(Bytes);

impl Utf8Bytes {
    /// Wraps text that lives as long as the program.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// Returns the text as bytes, at no cost.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the text as a `str`.
    ///
    /// This costs a scan: safe Rust has no other way from bytes to a `str`. The feature
    /// `unchecked-utf8` spares the scan.
    #[must_use]
    pub fn as_str(&self) -> &str {
        as_str(&self.0)
    }

    /// Returns the length in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the text is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn as_text(&self) -> Text<'_> {
        Text::checked(&self.0)
    }
}

impl From<Text<'_>> for Utf8Bytes {
    /// Copies the text.
    fn from(text: Text<'_>) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Utf8Bytes {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&'static str> for Utf8Bytes {
    fn from(text: &'static str) -> Self {
        Self::from_static(text)
    }
}

impl TryFrom<Bytes> for Utf8Bytes {
    type Error = Violation;

    /// Checks the text.
    ///
    /// # Errors
    /// [`Violation::InvalidUtf8`].
    fn try_from(bytes: Bytes) -> Result<Self, Violation> {
        if to_str(&bytes).is_some() { Ok(Self(bytes)) } else { Err(Violation::InvalidUtf8) }
    }
}

impl From<Utf8Bytes> for Bytes {
    fn from(text: Utf8Bytes) -> Self {
        text.0
    }
}

impl From<Utf8Bytes> for String {
    /// Does not copy text that nobody else shares, but scans it.
    fn from(text: Utf8Bytes) -> Self {
        Self::from_utf8(Vec::from(text.0)).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Utf8Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<str> for Utf8Bytes {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Utf8Bytes {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

/// An [`Event`](super::Event) that is owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedEvent {
    /// A whole message.
    Message(OwnedMessage),
    /// Part of a message that is longer than
    /// [`Config::stream_above`](super::Config::stream_above).
    Chunk(OwnedChunk),
    /// A Ping and its payload.
    Ping(Bytes),
    /// A Pong and its payload.
    Pong(Bytes),
    /// The peer's Close frame, with its code and reason if it has them.
    Close(Option<OwnedCloseFrame>),
}

/// A [`Chunk`](crate::Chunk) that is owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedChunk {
    pub(super) kind: FrameKind,
    pub(super) payload: Bytes,
    /// The validation state of the text before this chunk, and after it.
    pub(super) utf8: [Utf8; 2],
}

impl OwnedChunk {
    /// Returns whether this is part of a text or of a binary message.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind.message
    }

    /// Returns whether the message begins with this chunk.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.kind.first
    }

    /// Returns whether the message ends with this chunk.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.kind.last
    }

    /// Returns the payload; that of a text message may be cut inside a code point.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the payload without its place in the message.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.payload
    }
}

impl<'c> From<&'c OwnedChunk> for Fragment<'c> {
    fn from(chunk: &'c OwnedChunk) -> Self {
        let OwnedChunk { kind, ref payload, utf8 } = *chunk;
        Self { payload, kind, rsv1: false, utf8 }
    }
}

/// A [`CloseFrame`] that is owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedCloseFrame {
    /// The reason, for programs.
    pub code: CloseCode,
    /// The reason, for people; at most 123 bytes.
    pub reason: Utf8Bytes,
}

impl From<CloseFrame<'_>> for OwnedCloseFrame {
    fn from(frame: CloseFrame<'_>) -> Self {
        let reason = Utf8Bytes(Bytes::copy_from_slice(frame.reason.as_bytes()));
        Self { code: frame.code, reason }
    }
}
