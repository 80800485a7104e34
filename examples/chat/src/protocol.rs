//! The protocol: JSON in text messages.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Number, Value};

/// A place in a room's order of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Names the order: a new one begins when the old one is lost.
    pub epoch: Arc<str>,
    /// Rises by one with each message.
    pub offset: u64,
}

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub(crate) enum Request {
    Auth { token: String },
    Join { room_id: String, since: Option<Position> },
    Leave { room_id: String },
    Message { room_id: String, key: String, content: String },
    Private { to: String, key: String, content: String },
    Typing { room_id: String, on: bool },
    History { room_id: String, before: Option<u64>, limit: u32 },
    File { room_id: String, key: String, name: String, size: u64 },
    Renew { token: String },
    Ping { t: Option<Number> },
}

/// The `id` of a request, which its answer echoes as `re`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(Number),
    Text(String),
}

/// Why a message is no request.
#[derive(Debug)]
pub(crate) enum Malformed {
    /// It is no JSON.
    NotJson,
    /// It is JSON, but not one of the requests.
    NoRequest(Option<Id>, String),
}

/// Parses a message of the client.
pub(crate) fn parse(text: &str) -> Result<(Option<Id>, Request), Malformed> {
    let value: Value = serde_json::from_str(text).map_err(|_| Malformed::NotJson)?;
    let id = match value.get("id") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => Some(Id::Number(number.clone())),
        Some(Value::String(text)) if text.len() <= 64 => Some(Id::Text(text.clone())),
        Some(_) => {
            let why = "`id` is a number, or a string of at most 64 bytes".into();
            return Err(Malformed::NoRequest(None, why));
        }
    };
    match Request::deserialize(value) {
        Ok(request) => Ok((id, request)),
        Err(error) => {
            // It may quote the request, which may be long.
            Err(Malformed::NoRequest(id, error.to_string().chars().take(200).collect()))
        }
    }
}

/// What the server sends.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub(crate) enum Event<'a> {
    Ready {
        user_id: &'a str,
        connection: &'a str,
        node: &'a str,
        /// In seconds.
        heartbeat: u64,
    },
    Joined {
        room_id: &'a str,
        #[serde(flatten)]
        position: &'a Position,
        recovered: bool,
        members: &'a [String],
    },
    Ok {
        /// In seconds since 1970, like that of the token.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<u64>,
    },
    Ack {
        key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        room_id: Option<&'a str>,
        /// Of a room.
        #[serde(flatten)]
        position: Option<&'a Position>,
        /// In milliseconds since 1970.
        ts: u64,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
        /// Of a file.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<&'a str>,
    },
    Message {
        room_id: &'a str,
        epoch: &'a str,
        offset: u64,
        user_id: &'a str,
        content: &'a str,
        ts: u64,
    },
    File {
        room_id: &'a str,
        epoch: &'a str,
        offset: u64,
        user_id: &'a str,
        name: &'a str,
        size: u64,
        url: &'a str,
        ts: u64,
    },
    Private {
        from: &'a str,
        epoch: &'a str,
        offset: u64,
        content: &'a str,
        ts: u64,
    },
    Presence {
        room_id: &'a str,
        user_id: &'a str,
        status: Status,
    },
    Typing {
        room_id: &'a str,
        user_id: &'a str,
        on: bool,
    },
    Page {
        room_id: &'a str,
        epoch: &'a str,
        messages: Vec<Event<'a>>,
        more: bool,
    },
    Progress {
        key: &'a str,
        received: u64,
        size: u64,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        t: Option<Number>,
    },
    /// Asks for a new token.
    Renew {
        expires: u64,
    },
    /// Says whether the backplane is gone, and so nothing can be stored.
    Degraded {
        on: bool,
    },
    Error(&'a Refusal),
}

/// Whether a user is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// With at least one connection.
    Online,
    /// With none.
    Offline,
}

/// The `code` of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    TooLarge,
    RateLimited,
    Unavailable,
}

impl Code {
    /// Returns the code as clients see it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: Cow<'static, str>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<f64>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    re: Option<&'a Id>,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

impl Event<'_> {
    /// Returns the text of an event that answers no request.
    pub(crate) fn text(&self) -> String {
        self.answer(None)
    }

    /// Returns the text of the answer to a request.
    pub(crate) fn answer(&self, re: Option<&Id>) -> String {
        // Only a map with other keys than strings could fail, and there is none.
        serde_json::to_string(&Answer { re, event: self }).unwrap_or_default()
    }
}

/// Whether this may name a user or a room: up to 64 characters, without controls and braces, which
/// Redis gives a meaning to.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |c: char| !c.is_control() && c != '{' && c != '}';
    !text.is_empty() && text.chars().count() <= 64 && text.chars().all(allowed)
}

/// Whether this may be the key of a message.
pub(crate) fn is_key(text: &str) -> bool {
    (1..=64).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_parsed_with_their_id() {
        let (id, request) = parse(r#"{"type":"leave","id":7,"roomId":"a","later":1}"#).unwrap();
        assert_eq!(id, Some(Id::Number(7.into())));
        assert!(matches!(request, Request::Leave { room_id } if room_id == "a"));
    }

    #[test]
    fn malformed_requests_keep_their_id() {
        assert!(matches!(parse("{"), Err(Malformed::NotJson)));
        for text in [r#"{"id":"x"}"#, r#"{"id":"x","type":"fly"}"#, r#"{"id":"x","type":"leave"}"#]
        {
            let Err(Malformed::NoRequest(Some(Id::Text(id)), _)) = parse(text) else {
                panic!("{text} was taken");
            };
            assert_eq!(id, "x");
        }
        assert!(matches!(parse(r#"{"id":[]}"#), Err(Malformed::NoRequest(None, _))));
    }

    #[test]
    fn answers_name_their_request() {
        let refusal = Refusal::new(Code::TooLarge, "too long");
        let text = Event::Error(&refusal).answer(Some(&Id::Text("a".into())));
        assert_eq!(text, r#"{"re":"a","type":"error","code":"too_large","message":"too long"}"#);
        assert_eq!(Event::Ok { expires: None }.text(), r#"{"type":"ok"}"#);
    }

    #[test]
    fn names_are_short_and_printable() {
        assert!(is_name("Zoë's room") && is_name(&"é".repeat(64)));
        for name in ["", "a\nb", "{a}", &"a".repeat(65)] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
