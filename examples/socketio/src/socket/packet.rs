//! Packets of Socket.IO: a text, and the binary attachments that follow it.

use bytes::Bytes;
use rfc6455_axum::rfc6455::websocket::Utf8Bytes;

use super::value::Value;
use crate::engine::packet as engine;

/// The largest integer that is exact in JavaScript, where identifiers come from.
const MAX_ID: u64 = (1 << 53) - 1;
/// Events that clients and servers raise for themselves.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// What a client and a namespace send each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// The namespace, such as `/`.
    pub namespace: String,
    /// What an event and its acknowledgement have in common.
    pub id: Option<u64>,
    /// The rest.
    pub body: Body,
}

/// What a packet says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A client connects, with credentials; the server's answer has the socket's identifier.
    Connect(Option<Value>),
    /// Either end leaves the namespace.
    Disconnect,
    /// An event: its name, then its arguments.
    Event(Vec<Value>),
    /// The answer to an event.
    Ack(Vec<Value>),
    /// The server refuses a client.
    ConnectError(Value),
}

/// Something that is not a packet of Socket.IO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPacket;

/// A packet as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The text.
    pub text: Utf8Bytes,
    /// The binary messages behind it.
    pub attachments: Vec<Bytes>,
}

impl Encoded {
    /// Returns the length of all parts in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Yields the messages of the session that carry the packet.
    pub(super) fn messages(&self) -> impl Iterator<Item = engine::Packet> {
        let text = engine::Packet::Text(self.text.clone());
        std::iter::once(text).chain(self.attachments.iter().cloned().map(engine::Packet::Binary))
    }
}

impl Packet {
    /// Creates a packet without an identifier.
    #[must_use]
    pub fn new(namespace: &str, body: Body) -> Self {
        Self { namespace: namespace.into(), id: None, body }
    }

    /// Encodes the packet.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        let mut attachments = Vec::new();
        let list = |items: &[Value], attachments: &mut Vec<Bytes>| {
            Some(items.iter().map(|item| item.extract(attachments)).collect::<serde_json::Value>())
        };
        let (kind, json) = match &self.body {
            Body::Connect(data) => (0, data.as_ref().map(|data| data.extract(&mut attachments))),
            Body::Disconnect => (1, None),
            Body::Event(items) => (2, list(items, &mut attachments)),
            Body::Ack(items) => (3, list(items, &mut attachments)),
            Body::ConnectError(data) => (4, Some(data.extract(&mut attachments))),
        };
        let mut text = match (kind, attachments.len()) {
            (_, 0) => kind.to_string(),
            (kind, count) => format!("{}{count}-", kind + 3),
        };
        if self.namespace != "/" {
            text = text + &self.namespace + ",";
        }
        text.extend(self.id.map(|id| id.to_string()));
        text.extend(json.map(|json| json.to_string()));
        Encoded { text: text.into(), attachments }
    }
}

/// The text of a packet, whose attachments have not arrived yet.
pub(super) struct Head {
    kind: u8,
    pub(super) attachments: usize,
    namespace: String,
    id: Option<u64>,
    json: Option<serde_json::Value>,
}

impl Head {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPacket> {
        let kind = *text
            .as_bytes()
            .first()
            .filter(|kind| (b'0'..=b'6').contains(kind))
            .ok_or(InvalidPacket)?;
        let mut rest = &text[1..];
        let mut attachments = 0;
        if matches!(kind, b'5' | b'6') {
            let (count, behind) = rest.split_once('-').ok_or(InvalidPacket)?;
            attachments = number(count)?.try_into().or(Err(InvalidPacket))?;
            rest = behind;
        }
        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (id, json) = rest.split_at(digits);
        let id = if id.is_empty() { None } else { Some(number(id)?) };
        let json = if json.is_empty() {
            None
        } else {
            Some(serde_json::from_str(json).or(Err(InvalidPacket))?)
        };
        Ok(Self { kind, attachments, namespace: namespace.into(), id, json })
    }

    /// Puts the attachments into their places, all of them.
    pub(super) fn complete(self, attachments: Vec<Bytes>) -> Result<Packet, InvalidPacket> {
        let mut attachments: Vec<_> = attachments.into_iter().map(Some).collect();
        let data = self.json.map(|json| Value::restore(json, &mut attachments)).transpose()?;
        let body = match (self.kind, data) {
            (b'0', data @ (None | Some(Value::Object(_)))) => Body::Connect(data),
            (b'1', None) => Body::Disconnect,
            (b'2' | b'5', Some(Value::Array(items))) if is_event(&items) => Body::Event(items),
            (b'3' | b'6', Some(Value::Array(items))) if self.id.is_some() => Body::Ack(items),
            (b'4', Some(data @ (Value::Object(_) | Value::String(_)))) => Body::ConnectError(data),
            _ => return Err(InvalidPacket),
        };
        if attachments.iter().any(Option::is_some) {
            return Err(InvalidPacket);
        }
        Ok(Packet { namespace: self.namespace, id: self.id, body })
    }
}

fn is_event(items: &[Value]) -> bool {
    items.first().and_then(Value::as_str).is_some_and(|name| !RESERVED.contains(&name))
}

fn number(digits: &str) -> Result<u64, InvalidPacket> {
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|number| is_plain && *number <= MAX_ID);
    number.ok_or(InvalidPacket)
}
