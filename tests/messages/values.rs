//! What settings, messages and connections report about themselves.

use crate::common::wire::Frame;
use rfc6455::websocket::{Config, Event, Message, Text};
use rfc6455::{Client, Fragment, Limits, Timeouts, WebSocket};
use std::time::Duration;

#[test]
fn a_setting_changes_its_field_alone() {
    let limits = Limits::DEFAULT.max_message(7);
    let timeouts = Timeouts::DEFAULT.idle(Some(Duration::from_secs(1)));
    let config = Config::DEFAULT.limits(limits).timeouts(timeouts).stream_above(1).high_water(2);
    let config = config.retain(3).answer_pings(false);
    assert_eq!((config.limits, config.timeouts, config.stream_above), (limits, timeouts, 1));
    assert_eq!((config.high_water, config.retain, config.answer_pings), (2, 3, false));
    let default = Config::default();
    assert_eq!((default.stream_above, default.high_water), (u64::MAX, 32 * 1024 * 1024));
    assert_eq!((default.retain, default.answer_pings), (64 * 1024, true));
}

const TEXTS: [&str; 4] = ["", "ASCII", "gr\u{FC}n", "\u{10348}"];

/// Calls this with a text that a client receives in pieces of this length.
fn with_text(text: &str, step: usize, see: impl FnOnce(Text<'_>)) {
    let mut ws = WebSocket::client(|| [0; 4], Config::DEFAULT);
    let wire = Frame::new(0x81, text).bytes();
    for piece in wire.chunks(step) {
        assert!(ws.next().unwrap().is_none());
        assert_eq!(ws.feed(piece), piece.len());
    }
    let Some((Event::Message(message), _)) = ws.next().unwrap() else { panic!("a message") };
    let Message::Text(seen) = message else { panic!("{message:?}") };
    assert_eq!(message.as_bytes(), text.as_bytes());
    see(seen);
}

#[test]
fn a_text_is_the_same_text_however_it_arrived() {
    for text in TEXTS {
        for step in [1, usize::MAX] {
            with_text(text, step, |seen| {
                assert_eq!((seen.as_str(), seen.as_bytes()), (text, text.as_bytes()));
                assert_eq!(AsRef::<[u8]>::as_ref(&seen), text.as_bytes());
                assert_eq!((seen.len(), seen.is_empty()), (text.len(), text.is_empty()));
                assert_eq!(format!("{seen} {seen:?}"), format!("{text} {text:?}"));
                assert_eq!(Fragment::from(seen).payload(), text.as_bytes());
                for other in TEXTS {
                    assert_eq!(seen == Text::from(other), text == other, "{text} {other}");
                    assert_eq!(seen == *other, text == other, "{text} {other}");
                    assert_eq!(seen == other, text == other, "{text} {other}");
                }
            });
        }
    }
}

#[test]
fn a_connection_knows_its_role_its_limits_and_whether_the_peer_has_closed() {
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message(7));
    let mut server = WebSocket::server(config);
    let mut client = WebSocket::new(Client::new(|| [0; 4]), config, Vec::new(), Vec::new());
    assert!(server.is_server() && !client.is_server());
    assert_eq!((server.limits(), client.limits()), (&config.limits, &config.limits));
    server.feed(&Frame::new(0x88, b"").masked([1, 2, 3, 4]).bytes());
    client.feed(&Frame::new(0x88, b"").bytes());
    assert!(!server.is_close_received() && !client.is_close_received(), "it was not read yet");
    assert!(server.next().unwrap().is_some() && client.next().unwrap().is_some());
    assert!(server.is_close_received() && client.is_close_received());
}

/// What a connection holds may be secret, and long: it stays out of logs.
#[test]
fn debugging_output_names_what_waits_and_shows_no_payload() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    ws.feed(&Frame::new(0x01, b"received").masked([0; 4]).bytes());
    ws.send("to be sent").unwrap();
    let shown = format!("{ws:?}");
    for part in
        ["Buffer { begun: 0, joined: 0, unread: 0, filled: 14,", "Outbox { sent: 0, end: 12,"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    for payload in ["received", "to be sent", "114, 101"] {
        assert!(!shown.contains(payload), "{payload} in {shown}");
    }
}

#[cfg(feature = "deflate")]
#[test]
fn debugging_output_of_compression_shows_no_payload() {
    use crate::common::deflate::{Compressor, WHOLE, client, frames, negotiated};
    let mut ws = client(Limits::DEFAULT, &negotiated(true), WHOLE);
    let data = Compressor::new(6).compress(b"compressed");
    for frame in frames(false, &data, &[data.len() - 1]).iter().take(1) {
        ws.feed(&frame.bytes());
    }
    assert!(ws.next().unwrap().is_none());
    let shown = format!("{ws:?}");
    assert!(
        shown.contains("Inflated { inflater: Inflater { takeover: true, open: true, "),
        "{shown}"
    );
    assert!(
        shown.contains("Deflater { level: 1, window: 15, takeover: true, open: false"),
        "{shown}"
    );
    assert!(!shown.contains("compressed") && !shown.contains("99, 111"), "{shown}");
}

#[cfg(feature = "bytes")]
mod owned {
    use super::{TEXTS, with_text};
    use bytes::Bytes;
    use rfc6455::websocket::{
        Broadcast, Config, Message, OwnedChunk, OwnedEvent, OwnedMessage, Utf8Bytes,
    };
    use rfc6455::{Client, CloseCode, Fragment, MessageKind, WebSocket};

    fn utf8(text: &str) -> Utf8Bytes {
        Utf8Bytes::from(text.to_owned())
    }

    #[test]
    fn owned_text_is_the_text_that_it_was_made_of() {
        for text in TEXTS {
            let bytes = Bytes::from_static(text.as_bytes());
            let mut all = vec![utf8(text), text.into(), Utf8Bytes::from_static(text)];
            all.push(Utf8Bytes::try_from(bytes.clone()).unwrap());
            with_text(text, usize::MAX, |seen| all.push(seen.into()));
            for owned in all {
                assert_eq!((owned.as_str(), owned.as_bytes()), (text, text.as_bytes()));
                assert_eq!(AsRef::<[u8]>::as_ref(&owned), text.as_bytes());
                assert_eq!((owned.len(), owned.is_empty()), (text.len(), text.is_empty()));
                assert_eq!(format!("{owned} {owned:?}"), format!("{text} {text:?}"));
                for other in TEXTS {
                    assert_eq!(owned == utf8(other), text == other, "{text} {other}");
                    assert_eq!(owned == *other, text == other, "{text} {other}");
                    assert_eq!(owned == other, text == other, "{text} {other}");
                }
                assert_eq!(Bytes::from(owned.clone()), bytes);
                assert_eq!(String::from(owned), text);
            }
        }
        assert_eq!(Utf8Bytes::default(), "");
        for text in TEXTS {
            let news = Broadcast::new(text).unwrap();
            assert_eq!((news.len(), news.is_empty()), (text.len(), text.is_empty()));
        }
    }

    #[test]
    fn an_owned_message_keeps_its_kind_and_its_payload() {
        let mut texts = vec![OwnedMessage::from("words"), OwnedMessage::from("words".to_owned())];
        texts.extend([utf8("words").into(), Message::Text("words".into()).into()]);
        let mut binaries = vec![OwnedMessage::from(b"words".to_vec())];
        binaries.extend([Bytes::from_static(b"words").into(), b"words".as_slice().into()]);
        binaries.push(Message::Binary(b"words").into());
        for (message, is_text) in texts
            .into_iter()
            .map(|text| (text, true))
            .chain(binaries.into_iter().map(|b| (b, false)))
        {
            assert_eq!(matches!(message, OwnedMessage::Text(_)), is_text, "{message:?}");
            assert_eq!(matches!(message.as_message(), Message::Text(_)), is_text);
            assert_eq!(message.as_message().as_bytes(), b"words");
            assert_eq!(message.as_bytes(), b"words");
            assert_eq!(Fragment::from(&message).payload(), b"words");
            assert_eq!(message.into_bytes(), "words");
        }
    }

    /// The first event of a client that receives these bytes.
    fn event(config: Config, wire: &[u8]) -> OwnedEvent {
        let mut ws = WebSocket::over_bytes(Client::new(|| [0; 4]), config);
        assert_eq!(ws.feed(wire), wire.len());
        let (event, _) = ws.next_owned().unwrap().expect("an event");
        event
    }

    #[test]
    fn an_owned_event_is_the_one_that_was_lent() {
        let config = Config::DEFAULT.stream_above(2);
        assert_eq!(event(config, b"\x89\x02hi"), OwnedEvent::Ping("hi".into()));
        assert_eq!(event(config, b"\x8A\x02ho"), OwnedEvent::Pong("ho".into()));
        assert_eq!(event(config, b"\x88\x00"), OwnedEvent::Close(None));
        let OwnedEvent::Close(Some(close)) = event(config, b"\x88\x05\x03\xE9bye") else {
            panic!()
        };
        assert_eq!((close.code, close.reason), (CloseCode::GOING_AWAY, utf8("bye")));

        let first = |wire| match event(config, wire) {
            OwnedEvent::Chunk(chunk) => chunk,
            event => panic!("{event:?}"),
        };
        let chunks: [(OwnedChunk, _, _); 2] = [
            (first(b"\x81\x03abc"), MessageKind::Text, true),
            (first(b"\x82\x04abc"), MessageKind::Binary, false),
        ];
        for (chunk, kind, is_last) in chunks {
            assert_eq!((chunk.kind(), chunk.is_first(), chunk.is_last()), (kind, true, is_last));
            assert_eq!(
                (chunk.as_bytes(), Fragment::from(&chunk).payload()),
                (&b"abc"[..], &b"abc"[..])
            );
            assert_eq!(chunk.into_bytes(), "abc");
        }
    }
}
