//! The packets of both protocols: round trips, bounds, and bytes that are no packets.

use bytes::Bytes;
use proptest::prelude::*;
use rfc6455_socketio::engine::packet::{InvalidPacket, Packet as EnginePacket};
use rfc6455_socketio::engine::payload;
use rfc6455_socketio::socket::packet::{self, Body, Packet};
use rfc6455_socketio::socket::{Config, Decoder, Value};

fn decode(
    text: &str,
    attachments: &[&'static [u8]],
) -> Result<Option<Packet>, packet::InvalidPacket> {
    let mut decoder = Decoder::new(&Config::DEFAULT);
    let mut packet = decoder.text(text)?;
    for attachment in attachments {
        packet = decoder.binary(Bytes::from_static(attachment))?;
    }
    Ok(packet)
}

fn event(namespace: &str, id: Option<u64>, args: Vec<Value>) -> Packet {
    Packet { id, ..Packet::new(namespace, Body::Event(args)) }
}

#[test]
fn engine_packets_have_one_textual_form() {
    for (text, packet) in [
        ("0{}", EnginePacket::Open("{}".into())),
        ("1", EnginePacket::Close),
        ("2probe", EnginePacket::Ping("probe".into())),
        ("3", EnginePacket::Pong("".into())),
        ("4gr\u{fc}n", EnginePacket::Text("gr\u{fc}n".into())),
        ("bAQIDBA==", EnginePacket::Binary(Bytes::from_static(&[1, 2, 3, 4]))),
        ("5", EnginePacket::Upgrade),
        ("6", EnginePacket::Noop),
    ] {
        assert_eq!(EnginePacket::parse(text), Ok(packet.clone()), "{text}");
        assert_eq!(packet.to_text(), text);
    }
}

#[test]
fn what_is_no_engine_packet_is_refused() {
    for text in ["", "7", "abc", "1x", "5x", "6x", "b=", "bA", "b\u{e9}", "\u{e9}", " 4"] {
        assert_eq!(EnginePacket::parse(text), Err(InvalidPacket), "{text:?}");
    }
}

#[test]
fn a_payload_is_its_packets_with_separators() {
    let packets: Vec<_> = payload::decode("4a\x1e2\x1ebAQ==").map(Result::unwrap).collect();
    assert_eq!(packets.len(), 3);
    assert_eq!(payload::encode(&packets), "4a\x1e2\x1ebAQ==");
    assert_eq!(payload::decode("4a\x1e").last(), Some(Err(InvalidPacket)));
    assert_eq!(payload::decode("").last(), Some(Err(InvalidPacket)));
}

#[test]
fn socket_packets_have_one_text() {
    let token = Value::Object(vec![("token".into(), "1".into())]);
    for (text, packet) in [
        ("0", Packet::new("/", Body::Connect(None))),
        ("0/admin,{\"token\":\"1\"}", Packet::new("/admin", Body::Connect(Some(token.clone())))),
        ("1/admin,", Packet::new("/admin", Body::Disconnect)),
        ("2[\"a\",null]", event("/", None, vec!["a".into(), Value::Null])),
        ("2/x,12[\"a\"]", event("/x", Some(12), vec!["a".into()])),
        ("30[]", Packet { id: Some(0), ..Packet::new("/", Body::Ack(vec![])) }),
        ("4{\"token\":\"1\"}", Packet::new("/", Body::ConnectError(token))),
    ] {
        assert_eq!(decode(text, &[]), Ok(Some(packet.clone())), "{text}");
        assert_eq!(packet.encode().text.as_str(), text);
    }
    assert_eq!(decode("1/admin", &[]), Ok(Some(Packet::new("/admin", Body::Disconnect))));
}

#[test]
fn attachments_return_to_their_places() {
    let text =
        r#"52-/x,7["a",{"b":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0}]"#;
    let binary = |bytes: &'static [u8]| Value::Binary(Bytes::from_static(bytes));
    let nested = Value::Object(vec![("b".into(), Value::Array(vec![binary(b"two")]))]);
    let expected = event("/x", Some(7), vec!["a".into(), nested, binary(b"one")]);
    assert_eq!(decode(text, &[b"one", b"two"]), Ok(Some(expected)));
}

#[test]
fn a_packet_waits_for_its_attachments() {
    let text = r#"51-["a",{"_placeholder":true,"num":0}]"#;
    let mut decoder = Decoder::new(&Config::DEFAULT);
    assert_eq!(decoder.text(text), Ok(None));
    assert!(decoder.text("2[\"b\"]").is_err(), "text where an attachment has to be");
    assert!(Decoder::new(&Config::DEFAULT).binary(Bytes::new()).is_err(), "announced by nothing");
}

#[test]
fn what_is_no_socket_packet_is_refused() {
    for text in [
        "",
        "7",
        "abc",
        "2",
        "2{}",
        "2[]",
        "2[1]",
        "2[\"connect\"]",
        "2[\"disconnect\"]",
        "2abc[\"a\"]",
        "2[\"a\"] x",
        "2[\"a\"",
        "2/x[\"a\"]",
        "3[]",
        "31{}",
        "0[]",
        "0\"text\"",
        "1{}",
        "4",
        "4[]",
        "5[\"a\"]",
        "5-[\"a\"]",
        "5+1-[\"a\"]",
        "5x-[\"a\"]",
        "29007199254740992[\"a\"]",
        "299999999999999999999[\"a\"]",
        "565-[\"a\"]",
        "599999999999999999999-[\"a\"]",
        r#"2["a",{"_placeholder":true,"num":0}]"#,
        r#"50-["a",{"_placeholder":true,"num":0}]"#,
    ] {
        assert_eq!(decode(text, &[]), Err(packet::InvalidPacket), "{text:?}");
    }
    let deep = format!("2[\"a\",{}{}]", "[".repeat(200), "]".repeat(200));
    assert!(decode(&deep, &[]).is_err(), "deeper than any packet");
}

#[test]
fn each_attachment_has_one_place() {
    for text in [
        r#"51-["a"]"#,
        r#"51-["a",{"_placeholder":true,"num":1}]"#,
        r#"51-["a",{"_placeholder":true,"num":-1}]"#,
        r#"51-["a",{"_placeholder":true}]"#,
        r#"51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
    ] {
        assert_eq!(decode(text, &[b"x"]), Err(packet::InvalidPacket), "{text}");
    }
}

#[test]
fn attachments_are_bounded_together() {
    let mut config = Config::DEFAULT;
    config.max_attached = 5;
    let text = r#"52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    for (second, fits) in [(&b"22"[..], true), (b"333", false)] {
        let mut decoder = Decoder::new(&config);
        decoder.text(text).unwrap();
        assert_eq!(decoder.binary(Bytes::from_static(b"111")), Ok(None));
        assert_eq!(decoder.binary(Bytes::from_static(second)).is_ok(), fits);
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        any::<String>().prop_map(Value::String),
        any::<Vec<u8>>().prop_map(|bytes| Value::Binary(bytes.into())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{0,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn events_survive_both_encodings(
        namespace in "(/[a-z]{0,8}){1,2}",
        id in prop::option::of(0..1_u64 << 53),
        args in prop::collection::vec(value(), 0..4),
    ) {
        let args = std::iter::once(Value::from("event")).chain(args).collect();
        let packet = event(&namespace, id, args);
        let encoded = packet.encode();
        prop_assume!(encoded.attachments.len() <= Config::DEFAULT.max_attachments);
        let messages = std::iter::once(EnginePacket::Text(encoded.text))
            .chain(encoded.attachments.into_iter().map(EnginePacket::Binary));
        let body = payload::encode(&messages.collect::<Vec<_>>());
        // A separator inside a text cannot be told from one between packets: JSON escapes it.
        let mut decoder = Decoder::new(&Config::DEFAULT);
        let mut decoded = None;
        for message in payload::decode(&body) {
            prop_assert_eq!(&decoded, &None);
            decoded = match message {
                Ok(EnginePacket::Text(text)) => decoder.text(text.as_str()),
                Ok(EnginePacket::Binary(bytes)) => decoder.binary(bytes),
                other => panic!("{other:?}"),
            }.unwrap();
        }
        prop_assert_eq!(decoded, Some(packet));
    }

    #[test]
    fn no_text_panics(text in "[0-9b\\-/,a\\[\\]{}\":\\x1e\u{e9}]{0,24}", any in any::<String>()) {
        for text in [text, any] {
            for packet in payload::decode(&text).flatten() {
                prop_assert_eq!(EnginePacket::parse(&packet.to_text()), Ok(packet));
            }
            let mut decoder = Decoder::new(&Config::DEFAULT);
            if let Ok(Some(packet)) = decoder.text(&text) {
                let again = packet.encode();
                let mut decoder = Decoder::new(&Config::DEFAULT);
                prop_assert_eq!(decoder.text(again.text.as_str()), Ok(Some(packet)));
            }
            let _ = decoder.binary(text.into());
        }
    }
}
