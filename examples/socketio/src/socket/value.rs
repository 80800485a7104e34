//! Values: JSON, with binary data in any place.

use bytes::Bytes;
use serde_json::{Map, Number, json};

use super::packet::InvalidPacket;

const PLACEHOLDER: &str = "_placeholder";

/// An argument of an event: JSON that may contain binary data.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// Binary data.
    Binary(Bytes),
    /// A list.
    Array(Vec<Value>),
    /// Names and values, in the sender's order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Returns the text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// Returns the value of a name, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|member| member.0 == name).map(|member| &member.1)
    }

    /// Moves binary data out, and leaves a placeholder for each.
    pub(super) fn extract(&self, attachments: &mut Vec<Bytes>) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => number.clone().into(),
            Self::String(text) => text.as_str().into(),
            Self::Binary(bytes) => {
                attachments.push(bytes.clone());
                json!({ PLACEHOLDER: true, "num": attachments.len() - 1 })
            }
            Self::Array(items) => items.iter().map(|item| item.extract(attachments)).collect(),
            Self::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), value.extract(attachments)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// Puts attachments where their placeholders are.
    ///
    /// Each is taken, so it has one place. An object that looks like a placeholder always is one:
    /// otherwise a client could make the server send placeholders of the client's choice.
    ///
    /// # Errors
    /// [`InvalidPacket`] for a placeholder without an attachment.
    pub(super) fn restore(
        json: serde_json::Value,
        attachments: &mut [Option<Bytes>],
    ) -> Result<Self, InvalidPacket> {
        Ok(match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => {
                let items = items.into_iter().map(|item| Self::restore(item, attachments));
                Self::Array(items.collect::<Result<_, _>>()?)
            }
            serde_json::Value::Object(members) if members.contains_key(PLACEHOLDER) => {
                let number = members.get("num").and_then(serde_json::Value::as_u64);
                let place = number.and_then(|number| usize::try_from(number).ok());
                let attachment = place.and_then(|place| attachments.get_mut(place));
                Self::Binary(attachment.and_then(Option::take).ok_or(InvalidPacket)?)
            }
            serde_json::Value::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| Ok((name, Self::restore(value, attachments)?)))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}
