//! Messages: what a stream yields, and takes.

use bytes::Bytes;
use rfc6455::websocket::{OwnedChunk, OwnedEvent, OwnedMessage, Utf8Bytes};

pub use rfc6455::websocket::OwnedCloseFrame as CloseFrame;

/// What a [`WebSocketStream`](crate::WebSocketStream) yields and takes.
///
/// It owns its bytes by reference count, so a clone costs no copy. It is made without one from a
/// `String`, a `Vec<u8>`, [`Bytes`], or what lives as long as the program:
///
/// ```
/// use rfc6455_tokio::Message;
/// assert_eq!(Message::from("hello"), Message::Text("hello".into()));
/// assert!(matches!(Message::from(vec![1, 2, 3]), Message::Binary(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A Ping, with at most 125 bytes. One that is received is answered automatically.
    Ping(Bytes),
    /// A Pong, with at most 125 bytes.
    Pong(Bytes),
    /// The peer's Close frame, which is answered automatically; nothing follows it. To send one
    /// begins the closing handshake.
    Close(Option<CloseFrame>),
    /// Part of a message that is longer than
    /// [`stream_above`](rfc6455::websocket::Config::stream_above); by default, there are none.
    ///
    /// Sent, it is the same part of a message.
    Chunk(OwnedChunk),
}

impl Message {
    /// Returns the text of a text message; `None` for anything else.
    ///
    /// It may cost a scan: see [`Utf8Bytes::as_str`].
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text.as_str()) } else { None }
    }

    /// Returns the payload; that of a Close frame is its reason.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
            Self::Close(frame) => frame.map(|frame| frame.reason.into()).unwrap_or_default(),
            Self::Chunk(chunk) => chunk.into_bytes(),
        }
    }

    /// Returns the length of the payload in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes.len(),
            Self::Close(frame) => frame.as_ref().map_or(0, |frame| frame.reason.len()),
            Self::Chunk(chunk) => chunk.as_bytes().len(),
        }
    }

    /// Returns whether the payload is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether this is a whole message, of text or binary data.
    #[must_use]
    pub const fn is_data(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }
}

impl From<OwnedEvent> for Message {
    fn from(event: OwnedEvent) -> Self {
        match event {
            OwnedEvent::Message(message) => message.into(),
            OwnedEvent::Chunk(chunk) => Self::Chunk(chunk),
            OwnedEvent::Ping(payload) => Self::Ping(payload),
            OwnedEvent::Pong(payload) => Self::Pong(payload),
            OwnedEvent::Close(frame) => Self::Close(frame),
        }
    }
}

impl From<OwnedMessage> for Message {
    fn from(message: OwnedMessage) -> Self {
        match message {
            OwnedMessage::Text(text) => Self::Text(text),
            OwnedMessage::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

macro_rules! from {
    ($($variant:ident: $($type:ty),+;)+) => {$($(
        impl From<$type> for Message {
            fn from(payload: $type) -> Self {
                Self::$variant(payload.into())
            }
        }
    )+)+};
}

from! {
    Text: Utf8Bytes, String, &'static str;
    Binary: Bytes, Vec<u8>;
}

impl From<&'static [u8]> for Message {
    fn from(payload: &'static [u8]) -> Self {
        Self::Binary(Bytes::from_static(payload))
    }
}
