//! Compressed messages (RFC 7692 §6, §7.2), step by step.
#![allow(clippy::cast_possible_truncation)]

use crate::common;

use common::deflate::{client, frames, messages, negotiated, server, stream, whole};
use common::inflated;
use common::oracle::Seen;
use common::wire::Frame;
use rfc6455::deflate::{Config, Deflater, Params};
use rfc6455::*;

#[test]
fn s7_2_2_every_vector_however_cut() {
    for vector in inflated::all() {
        let negotiated = vector.negotiated();
        for fragmented in [false, true] {
            let frames = vector.frames(fragmented);
            let wire: Vec<_> = frames.iter().flat_map(Frame::bytes).collect();
            let last = wire.len() - frames.last().map_or(0, |frame| frame.bytes().len());
            let expected: Vec<_> =
                vector.messages.iter().map(|m| (vector.text, m.clone())).collect();
            let first = stream(client(vector.limits), &negotiated, 1 << 16, [&wire[..]]);
            assert!(messages(&first) == expected, "{}", vector.name);
            let fails = first
                .error
                .map(|error| (format!("{:?}", error.violation()), error.close_code().get()));
            assert_eq!(fails, vector.fails, "{}", vector.name);
            if let Some(error) = first.error {
                assert!(fragmented || error.offset() > last as u64, "{}: {error}", vector.name);
            }
            let step = if wire.len() < 200 { 1 } else { wire.len() / 9 };
            for at in (0..=wire.len()).step_by(step) {
                let (one, other) = wire.split_at(at);
                let report = stream(client(vector.limits), &negotiated, 50, [one, other]);
                assert!(report == first, "{} cut at {at}", vector.name);
                let mut heap = MessageBuffer::new();
                let report = whole(client(vector.limits), &negotiated, &mut heap, [one, other]);
                assert!(messages(&report) == expected && report.error == first.error);
            }
            let room = if wire.len() < 200 { 1 } else { 999 };
            let report = stream(client(vector.limits), &negotiated, room, wire.chunks(1));
            assert!(report == first, "{} byte by byte", vector.name);
        }
    }
}

/// A message with RSV1 from a server.
fn from_server(text: bool, payload: &[u8]) -> Vec<u8> {
    frames(text, payload, &[])[0].bytes()
}

fn error_of(limits: Limits, text: bool, payload: &[u8]) -> (Vec<u8>, Option<ProtocolError>) {
    let wire = from_server(text, payload);
    let report = stream(client(limits), &negotiated(true), 7, wire.chunks(3));
    let mut heap = MessageBuffer::new();
    let other = whole(client(limits), &negotiated(true), &mut heap, [&wire[..]]);
    assert_eq!(other.error, report.error);
    let delivered = report.events.iter().flat_map(|event| match event {
        common::oracle::Seen::Data { bytes, .. } => bytes.clone(),
        _ => Vec::new(),
    });
    (delivered.collect(), report.error)
}

fn compress(payload: &[u8]) -> Vec<u8> {
    common::deflate::Compressor::new(6).compress(payload)
}

#[test]
fn s8_1_text_is_valid_after_inflation_and_fails_at_its_first_impossible_byte() {
    for (text, valid) in [
        (&b"ok \xFF no"[..], 3),
        (b"\xED\xA0\x80", 1),
        (b"ends inside \xE2\x82", 14),
        (b"\xF4\x90", 1),
    ] {
        let (delivered, error) = error_of(Limits::DEFAULT, true, &compress(text));
        assert_eq!(delivered, text[..valid]);
        assert_eq!(error.unwrap().violation(), Violation::InvalidUtf8);
        assert_eq!(error.unwrap().offset(), 2, "the first byte behind the header");
    }
    let (delivered, error) = error_of(Limits::DEFAULT, true, &compress("€uro".as_bytes()));
    assert_eq!((&delivered[..], error), ("€uro".as_bytes(), None));
}

#[test]
fn s10_4_the_limit_counts_inflated_bytes_and_stops_at_the_first_one_over_it() {
    let payload = compress(&[b'a'; 1000]);
    for (max, over) in [(1000, false), (999, true), (20, true), (0, true)] {
        let limits = Limits::DEFAULT.max_message(max.max(payload.len() as u64));
        let max = limits.max_message;
        let (delivered, error) = error_of(limits, true, &payload);
        assert_eq!(delivered.len() as u64, max.min(1000));
        assert_eq!(error.is_some(), over);
        if let Some(error) = error {
            assert_eq!(error.violation(), Violation::MessageTooBig);
            assert_eq!(error.close_code(), CloseCode::MESSAGE_TOO_BIG);
        }
    }
}

#[test]
fn s10_4_a_frame_is_bounded_before_it_is_inflated() {
    let (_, error) = error_of(Limits::DEFAULT.max_frame(5), false, &compress(b"some bytes"));
    assert_eq!(error.unwrap().violation(), Violation::FrameTooBig);
    assert_eq!(error.unwrap().offset(), 1);
}

#[test]
fn s10_4_a_slice_bounds_inflated_messages() {
    for (len, over) in [(100, false), (101, true)] {
        let wire = from_server(false, &compress(&vec![7; len]));
        let mut storage = [0; 100];
        let mut messages = MessageBuffer::in_slice(&mut storage);
        let report = whole(client(Limits::DEFAULT), &negotiated(true), &mut messages, [&wire[..]]);
        let error = report.error.map(ProtocolError::violation);
        assert_eq!(error, over.then_some(Violation::MessageTooBig));
    }
}

#[test]
fn s10_4_a_slice_bounds_what_is_not_compressed_by_its_declared_length() {
    let mut storage = [0; 100];
    let mut messages = MessageBuffer::in_slice(&mut storage);
    let report =
        whole(client(Limits::DEFAULT), &negotiated(true), &mut messages, [&b"\x82\x65"[..]]);
    let error = report.error.map(|error| (error.violation(), error.offset()));
    assert_eq!(error, Some((Violation::MessageTooBig, 1)));
}

#[test]
fn memory_is_given_back_behind_an_inflated_message() {
    let wire = from_server(false, &compress(&vec![7; 50_000]));
    for (retain, kept) in [(100, false), (1 << 20, true)] {
        let (mut ws, mut wire) = (client(Limits::DEFAULT), wire.clone());
        let (mut inflater, mut messages) =
            (negotiated(true).inflater(), MessageBuffer::new().retain(retain));
        let mut input = &mut wire[..];
        let mut receive = || {
            let message = messages.receive_inflated(&mut inflater, &mut ws, &mut input).unwrap();
            (message.is_some(), messages.capacity())
        };
        let (is_there, held) = receive();
        assert!(is_there && held >= 50_000, "{held} bytes");
        assert_eq!(receive(), (false, if kept { held } else { 0 }));
    }
}

#[test]
fn s10_4_a_ratio_can_be_a_limit() {
    let payload = compress(&[b'a'; 4000]);
    for (ratio, over) in [(4000 / payload.len() as u32, true), (1032, false)] {
        let config = Config::DEFAULT.max_ratio(ratio);
        let negotiated = config.confirm(Params::default()).unwrap();
        let wire = from_server(false, &payload);
        for step in [1, wire.len()] {
            let report = stream(client(Limits::DEFAULT), &negotiated, 100, wire.chunks(step));
            let error = report.error.map(|error| (error.violation(), error.close_code()));
            let expected = (Violation::RatioTooHigh, CloseCode::MESSAGE_TOO_BIG);
            assert_eq!(error, over.then_some(expected));
        }
    }
}

#[test]
fn s10_4_a_ratio_counts_what_came_and_not_what_was_declared() {
    for (inflated, more, counted) in
        [(100_000, 0, 114), (1 << 20, 0, 1024), (1 << 20, 15 << 20, 1024)]
    {
        let zeros = common::deflate::Compressor::new(9).compress(&vec![0; inflated]);
        let declared = zeros.len() + more;
        let config = Config::DEFAULT.max_ratio(100);
        let (mut inflater, mut ws) =
            (config.confirm(Params::default()).unwrap().inflater(), client(Limits::DEFAULT));
        let mut wire = common::wire::header(0xC2, false, declared as u64);
        wire.extend(&zeros);
        let (mut input, mut out, mut len) = (&mut wire[..], [0; 4096], 0);
        let error = loop {
            match inflater.receive(&mut ws, &mut input, &mut out) {
                Ok(Some(Event::Data(chunk))) => len += chunk.len(),
                Ok(other) => panic!("{other:?}, {len} bytes for {}", zeros.len()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.violation(), Violation::RatioTooHigh);
        assert_eq!(len, 100 * counted, "a step of 1 KiB counts whole, if as much was declared");
    }
}

#[test]
fn s6_rsv1_stands_on_the_first_frame_of_a_message_alone() {
    let data = compress(b"in two frames");
    let (one, other) = data.split_at(4);
    for (index, first) in [(0, 0xC0), (1, 0xC9), (2, 0xC8)] {
        let wire = [&[0x41, 4][..], one, &[first, other.len() as u8], other].concat();
        let report = stream(client(Limits::DEFAULT), &negotiated(true), 99, [&wire[..]]);
        let error = report.error.unwrap();
        assert_eq!((error.violation(), error.offset()), (Violation::ReservedBits, 6), "{index}");
        assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn s6_rsv1_that_was_not_negotiated_is_an_error() {
    let mut bytes = from_server(true, &compress(b"x"));
    let error = client(Limits::DEFAULT).receive(&mut &mut bytes[..]).unwrap_err();
    assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
}

#[test]
fn control_frames_come_between_the_frames_of_a_compressed_message() {
    let data = compress(b"in three frames");
    let mut wire = Vec::new();
    for frame in frames(true, &data, &[3, 3]) {
        wire.extend(Frame::new(0x89, b"ping").bytes());
        wire.extend(frame.bytes());
    }
    let report = stream(client(Limits::DEFAULT), &negotiated(true), 2, wire.chunks(5));
    assert_eq!(messages(&report), [(true, b"in three frames".to_vec())]);
    assert_eq!(report.events.iter().filter(|e| matches!(e, Seen::Ping(_))).count(), 3);
}

#[test]
fn whole_messages_that_are_not_compressed_come_in_fragments_and_with_control_frames_too() {
    let wire = b"\x82\x01e\x01\x01a\x89\x02hi\x80\x01b\x8A\x02ho\x02\x01c\x80\x01d\x88\x02\x03\xE8";
    let message = |text, bytes: &[u8]| Seen::Data {
        text,
        rsv1: false,
        first: true,
        last: true,
        bytes: bytes.to_vec(),
    };
    let expected = [
        message(false, b"e"),
        Seen::Ping(b"hi".to_vec()),
        message(true, b"ab"),
        Seen::Pong(b"ho".to_vec()),
        message(false, b"cd"),
        Seen::Close(Some((1000, String::new()))),
    ];
    for step in 1..=wire.len() {
        let mut messages = MessageBuffer::new();
        let ws = client(Limits::DEFAULT);
        let report = whole(ws, &negotiated(true), &mut messages, wire.chunks(step));
        assert_eq!((&report.events[..], report.error), (&expected[..], None), "{step}");
    }
}

#[test]
fn messages_that_are_not_compressed_are_not_copied() {
    let mut inflater = negotiated(true).inflater();
    let (mut ws, mut messages) = (client(Limits::DEFAULT), MessageBuffer::new());
    let mut bytes = *b"\x82\x04here";
    let place = bytes[2..].as_ptr();
    match messages.receive_inflated(&mut inflater, &mut ws, &mut &mut bytes[..]).unwrap() {
        Some(Incoming::Message(Message::Binary(here))) => assert_eq!(here.as_ptr(), place),
        other => panic!("{other:?}"),
    }
    assert_eq!(messages.capacity(), 0);
    assert!(inflater.release(), "nothing was compressed");
}

#[test]
fn an_inflated_message_can_be_sent_back_while_it_is_borrowed() {
    let negotiated = Config::DEFAULT.threshold(0).accept(Params::default()).unwrap();
    let (mut inflater, mut deflater) = (negotiated.inflater(), negotiated.deflater());
    let (mut ws, mut messages) = (server(Limits::DEFAULT), MessageBuffer::new());
    let data = compress(b"echo");
    let mut wire = frames(true, &data, &[])[0].clone().masked([1, 2, 3, 4]).bytes();
    let mut input = &mut wire[..];
    let incoming = messages.receive_inflated(&mut inflater, &mut ws, &mut input).unwrap();
    let Some(Incoming::Message(message)) = incoming else { panic!("a message") };
    let mut out = Vec::new();
    deflater.send_to_vec(&mut ws, message, &mut out).unwrap();
    let report = stream(client(Limits::DEFAULT), &self::negotiated(true), 9, [&out[..]]);
    assert_eq!(common::deflate::messages(&report), [(true, b"echo".to_vec())]);
}

#[test]
fn chunks_of_a_compressed_text_can_be_sent_back() {
    let mut inflater = negotiated(true).inflater();
    let (mut ws, mut sender) = (client(Limits::DEFAULT), server(Limits::DEFAULT));
    let mut deflater = Config::DEFAULT.accept(Params::default()).unwrap().deflater();
    let text = "each € is in three pieces".repeat(9);
    let mut wire = from_server(true, &compress(text.as_bytes()));
    let (mut input, mut room, mut out) = (&mut wire[..], [0; 2], Vec::new());
    while let Some(event) = inflater.receive(&mut ws, &mut input, &mut room).unwrap() {
        let Event::Data(chunk) = event else { panic!("{event:?}") };
        deflater.send_to_vec(&mut sender, &chunk, &mut out).unwrap();
    }
    let report = stream(client(Limits::DEFAULT), &negotiated(true), 999, [&out[..]]);
    assert_eq!(messages(&report), [(true, text.into_bytes())]);
}

#[test]
fn s7_2_1_small_messages_are_sent_as_they_are_and_the_context_is_kept() {
    let negotiated = Config::DEFAULT.threshold(6).accept(Params::default()).unwrap();
    let (mut ws, mut deflater) = (server(Limits::DEFAULT), negotiated.deflater());
    let mut out = [0; Deflater::bound(100)];
    let mut send = |message: &str| {
        let len = deflater.send(&mut ws, message, &mut out).unwrap();
        out[..len].to_vec()
    };
    let first = send("Hello, Hello");
    assert_eq!(first[0], 0xC1);
    assert_eq!(send("Hello"), b"\x81\x05Hello");
    let again = send("Hello, Hello");
    assert!(again[0] == 0xC1 && again.len() < first.len(), "it refers to the first one");
}

#[test]
fn s7_2_1_what_does_not_become_shorter_is_sent_as_it_is_where_nothing_refers_to_it() {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let noise: Vec<u8> = (0..1000).map(|_| random()).collect();
    for takeover in [true, false] {
        let config = Config::DEFAULT.threshold(0).send_takeover(takeover);
        let negotiated = config.accept(Params::default()).unwrap();
        let (mut ws, mut deflater) = (Connection::server(Limits::DEFAULT), negotiated.deflater());
        let mut client = Connection::client(|| [0; 4], Limits::DEFAULT);
        let (mut inflater, mut messages) = (negotiated.inflater(), MessageBuffer::new());
        for (payload, compressed) in
            [(&noise[..], takeover), (&[7; 1000], true), (&noise, takeover)]
        {
            let mut frame = Vec::new();
            deflater.send_to_vec(&mut ws, payload, &mut frame).unwrap();
            assert_eq!(frame[0], if compressed { 0xC2 } else { 0x82 });
            let received =
                messages.receive_inflated(&mut inflater, &mut client, &mut &mut frame[..]);
            assert_eq!(received, Ok(Some(Incoming::Message(Message::Binary(payload)))));
        }
    }
}

#[test]
fn s6_1_what_is_sent_past_the_deflater_is_neither_compressed_nor_remembered() {
    let negotiated = Config::DEFAULT.threshold(0).accept(Params::default()).unwrap();
    let (mut ws, mut deflater) = (server(Limits::DEFAULT), negotiated.deflater());
    let (mut other, mut ignorant) = (server(Limits::DEFAULT), negotiated.deflater());
    let secret = "token=1f9a8c77d2b34e05";
    let (mut wire, mut expected) = (Vec::new(), Vec::new());
    deflater.send_to_vec(&mut ws, "before", &mut wire).unwrap();
    ignorant.send_to_vec(&mut other, "before", &mut expected).unwrap();
    let mut out = [0; 64];
    let len = ws.send(secret, &mut out).unwrap();
    assert_eq!(out[..len], *[b"\x81\x16", secret.as_bytes()].concat());
    deflater.send_to_vec(&mut ws, secret, &mut wire).unwrap();
    ignorant.send_to_vec(&mut other, secret, &mut expected).unwrap();
    assert_eq!(wire, expected, "its length would tell that it was there before");
}

#[test]
fn s6_1_a_message_that_was_begun_uncompressed_ends_so_whoever_sends_its_end() {
    let negotiated = Config::DEFAULT.threshold(0).accept(Params::default()).unwrap();
    let (mut ws, mut deflater) = (server(Limits::DEFAULT), negotiated.deflater());
    let mut out = [0; 8];
    let len = ws.send(Fragment::from("be").first(), &mut out).unwrap();
    assert_eq!(out[..len], *b"\x01\x02be");
    let mut wire = Vec::new();
    deflater.send_to_vec(&mut ws, Fragment::from("gu").middle(), &mut wire).unwrap();
    deflater.send_to_vec(&mut ws, Fragment::from("n").last(), &mut wire).unwrap();
    assert_eq!(wire, b"\x00\x02gu\x80\x01n");
    deflater.send_to_vec(&mut ws, "next", &mut wire).unwrap();
    assert_eq!(wire[7], 0xC1, "the next message is compressed");
}

/// Bytes that cannot be compressed but by referring to themselves.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn s7_2_1_without_takeover_each_message_is_compressed_alone() {
    let message: Vec<u8> = noise(500).into_iter().map(|byte| byte & 0x0F).collect();
    for takeover in [true, false] {
        let params = Params {
            client_no_context_takeover: !takeover,
            server_no_context_takeover: !takeover,
            ..Params::default()
        };
        let both = [Config::DEFAULT.accept(params), Config::DEFAULT.confirm(params)];
        for negotiated in both {
            let (mut ws, mut deflater) = (server(Limits::DEFAULT), negotiated.unwrap().deflater());
            let sent = [(); 3].map(|()| {
                let mut out = Vec::new();
                deflater.send_to_vec(&mut ws, &message[..], &mut out).unwrap();
                out
            });
            assert_eq!(sent[1] == sent[0] && sent[2] == sent[0], !takeover);
            assert_eq!(sent[1].len() < 100, takeover);
        }
    }
}

#[test]
fn s7_2_1_no_reference_reaches_behind_the_agreed_window() {
    let sent = |bits: u8, unit: &[u8]| {
        let params = Params {
            server_max_window_bits: Some(bits),
            client_max_window_bits: Some(Some(bits)),
            ..Params::default()
        };
        [Config::DEFAULT.accept(params), Config::DEFAULT.confirm(params)].map(|negotiated| {
            let mut deflater = negotiated.unwrap().deflater();
            let (mut ws, mut out) = (server(Limits::DEFAULT), Vec::new());
            deflater.send_to_vec(&mut ws, unit, &mut out).unwrap();
            deflater.send_to_vec(&mut ws, &[unit, unit].concat()[..], &mut out).unwrap();
            out.len()
        })
    };
    for bits in 9..15 {
        let unit = noise((1 << bits) + 1);
        assert!(sent(bits, &unit).iter().all(|len| *len > 3 * unit.len()), "{bits}");
        assert!(sent(15, &unit).iter().all(|len| *len < 2 * unit.len()), "it would be worth it");
    }
}

#[test]
fn nothing_is_lost_when_the_output_is_too_small() {
    let negotiated = Config::DEFAULT.threshold(0).accept(Params::default()).unwrap();
    let (mut ws, mut deflater) = (server(Limits::DEFAULT), negotiated.deflater());
    let (mut other, mut reference) = (server(Limits::DEFAULT), negotiated.deflater());
    for message in ["one message", "and one message more", ""] {
        let needed = Deflater::bound(message.len());
        let mut out = vec![0xA5; needed];
        for len in 0..needed {
            let error = deflater.send(&mut ws, message, &mut out[..len]).unwrap_err();
            assert_eq!(error, SendError::BufferTooSmall { needed });
        }
        assert!(out.iter().all(|byte| *byte == 0xA5));
        let len = deflater.send(&mut ws, message, &mut out).unwrap();
        let mut expected = Vec::new();
        reference.send_to_vec(&mut other, message, &mut expected).unwrap();
        assert_eq!(out[..len], expected);
    }
}

#[test]
fn s5_4_what_cannot_be_sent_changes_nothing() {
    let negotiated = Config::DEFAULT.threshold(0).accept(Params::default()).unwrap();
    let (mut ws, mut deflater) = (server(Limits::DEFAULT), negotiated.deflater());
    let mut out = Vec::new();
    let mut send = |ws: &mut Connection<Server>, fragment: Fragment<'_>| {
        out.clear();
        deflater.send_to_vec(ws, fragment, &mut out).map(|()| out.clone())
    };
    assert_eq!(send(&mut ws, Fragment::from("x").last()).unwrap_err(), SendError::NoMessageOpen);
    assert_eq!(send(&mut ws, Fragment::from("x").first()).unwrap()[0], 0x41);
    assert_eq!(send(&mut ws, Fragment::from("x")).unwrap_err(), SendError::MessageOpen);
    assert_eq!(send(&mut ws, Fragment::from(b"x").last()).unwrap_err(), SendError::NoMessageOpen);
    assert_eq!(send(&mut ws, Fragment::from("y").last()).unwrap()[0], 0x80);
    ws.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(send(&mut ws, Fragment::from("x")).unwrap_err(), SendError::Closed);
}

#[test]
fn after_a_violation_nothing_is_delivered() {
    let mut inflater = negotiated(true).inflater();
    let mut ws = client(Limits::DEFAULT);
    let mut wire = from_server(true, b"\x06\x00");
    let mut room = [0; 9];
    let error = inflater.receive(&mut ws, &mut &mut wire[..], &mut room).unwrap_err();
    assert_eq!(error.violation(), Violation::InvalidDeflate);
    let close = ws.poll_transmit().unwrap();
    assert_eq!(close[0], 0x88);
    for _ in 0..3 {
        let mut more = *b"\x81\x01x";
        let mut input = &mut more[..];
        assert_eq!(inflater.receive(&mut ws, &mut input, &mut room).unwrap_err(), error);
        assert!(input.is_empty() && ws.poll_transmit().is_none());
    }
    assert!(ws.is_closed());
}

#[test]
fn an_output_without_room_fails_closed() {
    let mut inflater = negotiated(true).inflater();
    let mut ws = client(Limits::DEFAULT);
    let mut wire = from_server(true, &compress(b"x"));
    let error = inflater.receive(&mut ws, &mut &mut wire[..], &mut []).unwrap_err();
    assert_eq!(error.violation(), Violation::MessageTooBig);
}

#[test]
fn halves_will_do() {
    let (mut receiver, _) = client(Limits::DEFAULT).into_split();
    let (_, mut sender) = server(Limits::DEFAULT).into_split();
    let negotiated = Config::DEFAULT.threshold(0).accept(Params::default()).unwrap();
    let mut wire = Vec::new();
    negotiated.deflater().send_to_vec(&mut sender, "half", &mut wire).unwrap();
    let mut messages = MessageBuffer::new();
    let mut inflater = self::negotiated(true).inflater();
    let incoming = messages.receive_inflated(&mut inflater, &mut receiver, &mut &mut wire[..]);
    assert_eq!(incoming, Ok(Some(Incoming::Message(Message::Text("half")))));
}

#[test]
fn values_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<deflate::Inflater>();
    check::<deflate::Deflater>();
    check::<deflate::Negotiated>();
}
