//! Packets of Engine.IO, in the form of either transport.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rfc6455_axum::Message;
use rfc6455_axum::rfc6455::websocket::Utf8Bytes;

/// What an Engine.IO session sends and receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The server's description of a new session, as JSON.
    Open(Utf8Bytes),
    /// The end of a session.
    Close,
    /// The server's heartbeat, or a client's probe of a transport.
    Ping(Utf8Bytes),
    /// The answer to a Ping, with its text.
    Pong(Utf8Bytes),
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A client's change to the transport that it has probed.
    Upgrade,
    /// Nothing: ends a long poll.
    Noop,
}

impl Packet {
    /// Parses the textual form: a digit and text, or `b` and base64.
    ///
    /// # Errors
    /// [`InvalidPacket`] if there is no such type, or the base64 is not valid.
    pub fn parse(text: &str) -> Result<Self, InvalidPacket> {
        let kind = text.chars().next().ok_or(InvalidPacket)?;
        let rest = &text[kind.len_utf8()..];
        let owned = || Utf8Bytes::from(rest.to_owned());
        match (kind, rest) {
            ('0', _) => Ok(Self::Open(owned())),
            ('1', "") => Ok(Self::Close),
            ('2', _) => Ok(Self::Ping(owned())),
            ('3', _) => Ok(Self::Pong(owned())),
            ('4', _) => Ok(Self::Text(owned())),
            ('5', "") => Ok(Self::Upgrade),
            ('6', "") => Ok(Self::Noop),
            ('b', _) => {
                STANDARD.decode(rest).map(|bytes| Self::Binary(bytes.into())).or(Err(InvalidPacket))
            }
            _ => Err(InvalidPacket),
        }
    }

    /// Converts a message of a WebSocket; `None` if it is a control frame.
    pub(crate) fn from_message(message: Message) -> Option<Result<Self, InvalidPacket>> {
        match message {
            Message::Text(text) => Some(Self::parse(text.as_str())),
            Message::Binary(bytes) => Some(Ok(Self::Binary(bytes))),
            _ => None,
        }
    }

    /// Returns the form that a WebSocket sends: binary messages as they are.
    pub(crate) fn into_message(self) -> Message {
        match self {
            Self::Binary(bytes) => Message::Binary(bytes),
            packet => Message::from(packet.to_text()),
        }
    }

    /// Returns the textual form.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(1 + self.len());
        self.write(&mut text);
        text
    }

    /// Appends the textual form.
    pub(crate) fn write(&self, out: &mut String) {
        let (kind, rest) = match self {
            Self::Open(text) => ('0', text.as_str()),
            Self::Close => ('1', ""),
            Self::Ping(text) => ('2', text.as_str()),
            Self::Pong(text) => ('3', text.as_str()),
            Self::Text(text) => ('4', text.as_str()),
            Self::Binary(bytes) => {
                out.push('b');
                return STANDARD.encode_string(bytes, out);
            }
            Self::Upgrade => ('5', ""),
            Self::Noop => ('6', ""),
        };
        out.push(kind);
        out.push_str(rest);
    }

    /// Returns the length of what the packet carries, in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Open(text) | Self::Ping(text) | Self::Pong(text) | Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Close | Self::Upgrade | Self::Noop => 0,
        }
    }
}

impl From<Bytes> for Packet {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Utf8Bytes> for Packet {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

/// Something that is not a packet of Engine.IO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPacket;
