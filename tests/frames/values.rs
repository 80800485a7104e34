//! What values say of themselves to people, and what they turn into.
use rfc6455::*;
use std::collections::HashSet;
use std::fmt::Display;

/// Each error has a text that no other has, in one line that can follow a colon.
fn assert_told_apart<E: Display>(errors: &[E]) {
    let texts: HashSet<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), errors.len(), "{texts:?}");
    for text in texts {
        assert!(text.len() > 10 && !text.ends_with('.') && !text.contains('\n'), "{text}");
    }
}

#[test]
fn every_violation_has_words_of_its_own() {
    use Violation as V;
    assert_told_apart(&[
        V::ReservedBits,
        V::ReservedOpcode,
        V::FragmentedControl,
        V::ControlTooLong,
        V::UnexpectedContinuation,
        V::ExpectedContinuation,
        V::UnmaskedFrame,
        V::MaskedFrame,
        V::NonMinimalLength,
        V::LengthMsb,
        V::InvalidUtf8,
        V::CloseTooShort,
        V::InvalidCloseCode,
        V::InvalidReason,
        V::FrameTooBig,
        V::MessageTooBig,
        V::TooManyFragments,
        V::FragmentTooSmall,
        V::TooManyControlFrames,
        V::InvalidDeflate,
        V::RatioTooHigh,
    ]);
}

#[test]
fn a_violation_is_told_with_its_place() {
    let mut ws = Connection::server(Limits::DEFAULT);
    let error = ws.receive(&mut &mut b"\x82\x01a".to_vec()[..]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a client's frame is not masked (opcode 2, byte 1 of the stream)"
    );
    assert_eq!((error.opcode(), error.declared()), (Some(2), None));
    let error = ws.receive(&mut &mut [0][..]).unwrap_err();
    assert_eq!(error.opcode(), Some(2), "it is the same error again");

    let mut ws = Connection::server(Limits::DEFAULT);
    let error = ws.receive(&mut &mut b"\x81\x81\0\0\0\0\xFF".to_vec()[..]).unwrap_err();
    assert_eq!(error.to_string(), "a text message is not valid UTF-8 (byte 6 of the stream)");
    assert_eq!((error.opcode(), error.declared()), (None, None));
}

#[test]
fn s10_4_a_length_beyond_a_limit_is_told_as_far_as_it_is_proved() {
    let limits = Limits::DEFAULT.max_frame(70_000).max_message(70_000);
    for (wire, declared, words) in [
        (
            &b"\x82\xFF\0\0\0\0\0\x01\x23\x45"[..],
            0x12300, // whatever the last byte is
            "a frame is longer than Limits::max_frame (opcode 2, at least 74496 bytes, byte 8 of the stream)",
        ),
        (
            b"\x82\xFF\0\0\0\0\x01",
            0x0100_0000,
            "a frame is longer than Limits::max_frame (opcode 2, at least 16777216 bytes, byte 6 of the stream)",
        ),
        (
            b"\x82\xFF\x01",
            (1 << 48) - 1,
            "a frame is longer than Limits::max_frame (opcode 2, at least 281474976710655 bytes, byte 2 of the stream)",
        ),
        (
            b"\x02\x82\0\0\0\0ab\x80\xFF\0\0\0\0\0\x01\x11\x6F",
            2 + 69_999,
            "a message exceeds Limits::max_message or the memory for it (opcode 0, at least 70001 bytes, byte 17 of the stream)",
        ),
    ] {
        for step in [1, wire.len()] {
            let mut ws = Connection::server(limits);
            let mut bytes = wire.to_vec();
            let mut result = Ok(None);
            for mut piece in bytes.chunks_mut(step) {
                while !piece.is_empty() && result.is_ok() {
                    result = ws.receive(&mut piece);
                }
            }
            let error = result.unwrap_err();
            assert_eq!((error.declared(), error.to_string()), (Some(declared), words.to_owned()));
            assert_eq!(ws.error(), Some(error));
        }
    }
}

#[test]
fn every_refusal_to_send_has_words_of_its_own_and_tells_its_number() {
    use SendError as E;
    assert_told_apart(&[
        E::BufferTooSmall { needed: 7 },
        E::BufferTooSmall { needed: 8 },
        E::Closed,
        E::MessageOpen,
        E::NoMessageOpen,
        E::FrameOpen { left: 7 },
        E::FrameOpen { left: 8 },
        E::TooLong,
        E::InvalidUtf8,
        E::Rsv1NotAllowed,
    ]);
}

#[cfg(feature = "handshake")]
#[test]
fn every_error_of_a_handshake_has_words_of_its_own() {
    use rfc6455::handshake::{HandshakeError as E, HandshakeSendError as S};
    assert_told_apart(&[
        E::HeadTooLarge,
        E::TooManyHeaders,
        E::TargetTooLong,
        E::InvalidStartLine,
        E::InvalidLineEnding,
        E::ControlCharacter,
        E::FoldedHeader,
        E::InvalidHeaderName,
        E::InvalidHeaderValue,
        E::UnsupportedHttpVersion,
        E::NotAnUpgrade,
        E::MethodNotGet,
        E::InvalidTarget,
        E::MethodNotConnect,
        E::UnsupportedProtocol,
        E::InvalidScheme,
        E::ConnectionSpecificHeader,
        E::MissingHost,
        E::DuplicateHost,
        E::InvalidHost,
        E::UnsupportedVersion,
        E::MissingKey,
        E::DuplicateKey,
        E::InvalidKey,
        E::DuplicateOrigin,
        E::OriginNotAllowed,
        E::InvalidSubprotocols,
        E::MissingConnectionUpgrade,
        E::InvalidExtensions,
        E::UnexpectedBody,
        E::Status(401),
        E::Status(503),
        E::InvalidUpgrade,
        E::MissingAccept,
        E::DuplicateAccept,
        E::AcceptMismatch,
        E::UnofferedSubprotocol,
        E::DuplicateSubprotocol,
        E::UnofferedExtension,
        E::DuplicateExtension,
        E::UnacceptableExtensionParams,
    ]);
    assert_told_apart(&[
        S::BufferTooSmall { needed: 7 },
        S::BufferTooSmall { needed: 8 },
        S::InvalidHeaderName,
        S::InvalidHeaderValue,
        S::ReservedHeader,
        S::InvalidHost,
        S::InvalidTarget,
        S::InvalidOrigin,
        S::InvalidSubprotocols,
        S::InvalidExtensions,
        S::SubprotocolNotOffered,
        S::ExtensionNotOffered,
        S::InvalidStatus,
        S::NotHttp1,
        S::InvalidScheme,
    ]);
}

#[cfg(feature = "handshake")]
#[test]
fn an_extension_is_shown_as_it_was_written() {
    use rfc6455::handshake::{HandshakeLimits, ServerHandshake};
    let mut head = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Extensions: a; b=c\r\n\r\n"
        .to_vec();
    let mut storage = [0; 512];
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    let request = handshake.receive(&mut &mut head[..]).unwrap().unwrap();
    let headers = format!("{:?}", request.headers());
    assert!(headers.starts_with("{\"Host\": \"a\", \"Upgrade\": \"websocket\", "), "{headers}");
    let extension = request.upgrade().unwrap().extensions().next().unwrap();
    assert_eq!(format!("{extension:?}"), "a; b=c");
    let param = extension.params().next().unwrap();
    assert_eq!(format!("{:?}", param.value()), "Some(\"c\")");
    assert_eq!(format!("{param:?}"), "ExtensionParam { name: \"b\", value: Some(\"c\") }");
}

#[cfg(all(feature = "handshake", feature = "alloc"))]
#[test]
fn what_a_handshake_returns_is_shown_with_its_contents() {
    use rfc6455::handshake::{ClientRequest, HttpVersion, Offer, Request, Response};
    let pairs = [("host", "a"), ("x", "y")];
    let request = Request::from_parts("GET", "/chat", HttpVersion::Http11, &pairs);
    let shown = format!("{request:?}");
    for part in ["Request { ", "\"GET\"", "\"/chat\"", "Http11", "{\"host\": \"a\", \"x\": \"y\"}"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(format!("{:?}", request.into_owned()), shown);
    assert_eq!(format!("{:?}", request.headers().into_iter()), "HeaderIter { .. }");

    let offer = Offer::new("a", "/").subprotocols(&["chat"]);
    let sent = ClientRequest::http1(offer, *b"the sample nonce").unwrap();
    let pairs = [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("sec-websocket-protocol", "chat"),
    ];
    let response = Response::from_parts(101, HttpVersion::Http11, &pairs, &sent);
    let shown = format!("{response:?}");
    let parts = "status: 101, reason: [], version: Http11, headers: {\"upgrade\": \"websocket\", ";
    assert!(shown.contains(parts), "{shown}");
    let kept = response.into_owned();
    assert_eq!(format!("{kept:?}"), format!("{:?}", kept.response()));
    let established = response.upgrade().unwrap();
    assert_eq!(
        format!("{established:?}"),
        format!("Established {{ response: {shown}, subprotocol: Some(\"chat\") }}")
    );
}

#[test]
fn s7_4_1_a_close_code_is_a_number_with_a_name() {
    let code = CloseCode::PROTOCOL_ERROR;
    assert_eq!((u16::from(code), code.to_string()), (1002, "1002".to_owned()));
    let names = [
        (1000, "NORMAL"),
        (1001, "GOING_AWAY"),
        (1002, "PROTOCOL_ERROR"),
        (1003, "UNSUPPORTED_DATA"),
        (1007, "INVALID_PAYLOAD"),
        (1008, "POLICY_VIOLATION"),
        (1009, "MESSAGE_TOO_BIG"),
        (1010, "MANDATORY_EXTENSION"),
        (1011, "INTERNAL_ERROR"),
        (1012, "SERVICE_RESTART"),
        (1013, "TRY_AGAIN_LATER"),
        (1014, "BAD_GATEWAY"),
    ];
    for (code, name) in names {
        assert_eq!(format!("{:?}", CloseCode::new(code).unwrap()), format!("{code} {name}"));
    }
    assert_eq!(format!("{:?}", CloseCode::new(4000).unwrap()), "4000");
}

#[test]
fn bytes_are_shown_as_bytes() {
    let mut ws = Connection::server(Limits::DEFAULT);
    let header = FrameHeader::decode(b"\x82\x01").unwrap().unwrap().0.encode().unwrap();
    assert_eq!((format!("{header:?}"), header.as_ref()), ("[82, 01]".to_owned(), &b"\x82\x01"[..]));
    let frame = ws.ping(b"\xFF").unwrap();
    assert_eq!(format!("{frame:?}"), "[89, 01, FF]");
    assert_eq!(frame.as_ref(), b"\x89\x01\xFF");
    let (mut receiver, _) = ws.into_split();
    let mut ping = *b"\x89\x81\0\0\0\0\xAB";
    assert!(matches!(receiver.receive(&mut &mut ping[..]), Ok(Some(Event::Ping))));
    assert_eq!(format!("{:?}", receiver.poll_reply().unwrap()), "Pong([AB])");
}

#[test]
fn replies_are_the_same_if_their_bytes_are() {
    let pong = |bytes: &mut [u8]| {
        let (mut receiver, _) = Connection::server(Limits::DEFAULT).into_split();
        assert!(matches!(receiver.receive(&mut &mut bytes[..]), Ok(Some(Event::Ping))));
        receiver.poll_reply().unwrap()
    };
    let one = pong(&mut b"\x89\x81\0\0\0\0a".to_vec());
    assert_eq!(one, pong(&mut b"\x89\x81\x01\0\0\0\x60".to_vec()));
    assert_ne!(one, pong(&mut b"\x89\x81\0\0\0\0b".to_vec()));
    assert_ne!(one, pong(&mut b"\x89\x82\0\0\0\0a\0".to_vec()));
}

#[test]
fn a_chunk_is_shown_without_its_bytes() {
    let mut ws = Connection::server(Limits::DEFAULT);
    let mut bytes = *b"\x01\x82\0\0\0\0hi";
    let mut input = &mut bytes[..];
    let Some(Event::Data(chunk)) = ws.receive(&mut input).unwrap() else { panic!("data") };
    assert_eq!(chunk.as_ref(), b"hi");
    assert_eq!(format!("{chunk:?}"), "Chunk { kind: Text, first: true, last: false, len: 2 }");
}

#[test]
fn s5_6_a_chunk_is_a_str_if_it_is_a_whole_text() {
    for (wire, text) in [
        (b"\x81\x02hi", Some("hi")),
        (b"\x82\x02hi", None), // binary
        (b"\x01\x02hi", None), // others follow
        (b"\x81\x03hi", None), // a byte is missing
        (b"\xC1\x02hi", None), // as an extension made it
    ] {
        let mut ws = Connection::client(|| [0; 4], Limits::DEFAULT);
        ws.allow_rsv1(true);
        let mut bytes = *wire;
        let mut input = &mut bytes[..];
        let Some(Event::Data(chunk)) = ws.receive(&mut input).unwrap() else { panic!("data") };
        assert_eq!(chunk.as_str(), text, "{wire:02X?}");
    }
}

/// Its buffers may hold secrets, and more than anyone wants to read.
#[test]
fn a_websocket_is_shown_without_what_it_holds() {
    let (mut read, mut write) = ([0; 300], [0; 300]);
    let config = websocket::Config::DEFAULT;
    let mut ws = WebSocket::new(Server, config, &mut read[..], &mut write[..]);
    ws.feed(b"\x81\x86\0\0\0\0secret\x01\x86\0\0\0\0secret");
    ws.send(&[250, 251, 252][..]).unwrap();
    assert!(ws.next().unwrap().is_some() && ws.next().unwrap().is_none());
    let text = format!("{ws:?}");
    assert!(!text.contains("250, 251") && !text.contains("115, 101"), "{text}");
    assert!(text.contains("filled: ") && text.contains("answer_pings: true"), "{text}");
}

#[test]
fn defaults_are_those_that_have_a_name() {
    assert_eq!(Timeouts::default(), Timeouts::DEFAULT);
    assert_eq!(Limits::default(), Limits::DEFAULT);
    assert_eq!(websocket::Config::default(), websocket::Config::DEFAULT);
    #[cfg(feature = "deflate")]
    assert_eq!(deflate::Config::default(), deflate::Config::DEFAULT);
}

#[cfg(feature = "deflate")]
mod deflate_values {
    use rfc6455::deflate::{Config, Params};

    #[test]
    fn an_answer_is_its_text() {
        let answer = Config::DEFAULT.accept(Params::default()).unwrap().response();
        assert_eq!(answer.as_ref(), "permessage-deflate");
        assert_eq!(answer.to_string(), "permessage-deflate");
        assert_eq!(format!("{answer:>20}|"), "  permessage-deflate|");
        assert_eq!(format!("{answer:?}"), "\"permessage-deflate\"");
    }

    #[test]
    fn settings_out_of_bounds_count_as_the_nearest() {
        let config = Config::DEFAULT;
        assert_eq!(config.send_window(0), config.send_window(9));
        assert_eq!(config.send_window(16), config.send_window(15));
        assert_eq!(config.receive_window(7), config.receive_window(8));
        assert_eq!(config.receive_window(255), config.receive_window(15));
        assert_eq!(config.level(10), config.level(9));
        assert_eq!(config.mem_level(0), config.mem_level(1));
        assert_eq!(config.mem_level(10), config.mem_level(9));
        assert_ne!(config.level(8), config.level(9));
        assert_ne!(config.mem_level(2), config.mem_level(1));
        assert_ne!(config.receive_window(9), config.receive_window(8));
    }
}
