//! Compressed messages (RFC 7692 §6, §7.2), step by step.
#![allow(clippy::cast_possible_truncation)]

use crate::common;

use common::deflate::{Compressor, WHOLE, client, frames, negotiated, receive, server};
use common::driver::Keys;
use common::inflated;
use common::oracle::Seen;
use common::websocket::{RETAIN, Recorder, drive, flush, write_all};
use common::wire::{Frame, mask_stream};
use rfc6455::deflate::{Config, Params};
use rfc6455::websocket::{self, Event, Message};
use rfc6455::*;

#[test]
fn s7_2_2_every_vector_however_cut() {
    for vector in inflated::all() {
        let negotiated = vector.negotiated();
        for (fragmented, is_server) in [(false, false), (true, false), (false, true), (true, true)]
        {
            let frames = vector.frames(fragmented);
            let mut wire: Vec<_> = frames.iter().flat_map(Frame::bytes).collect();
            let last = wire.len() - frames.last().map_or(0, |frame| frame.bytes().len());
            if is_server {
                wire = mask_stream(&wire).bytes;
            }
            let expected: Vec<_> =
                vector.messages.iter().map(|m| (vector.text, m.clone())).collect();
            let run = |above: u64, pieces: &[&[u8]]| {
                receive(is_server, vector.limits, &negotiated, above, pieces.iter().copied())
            };
            let first = run(0, &[&wire]);
            assert!(first.messages() == expected, "{}", vector.name);
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
                assert!(run(0, &[one, other]) == first, "{} cut at {at}", vector.name);
                for above in [50, WHOLE] {
                    let report = run(above, &[one, other]);
                    assert!(report.messages() == expected && report.error == first.error);
                }
            }
            let single: Vec<_> = wire.chunks(1).collect();
            assert!(run(0, &single) == first, "{} byte by byte", vector.name);
            for above in [1, 999, WHOLE] {
                let report = run(above, &single);
                assert!(report.messages() == expected && report.error == first.error);
            }
        }
    }
}

/// A message with RSV1 from a server.
fn from_server(text: bool, payload: &[u8]) -> Vec<u8> {
    frames(text, payload, &[])[0].bytes()
}

/// What a client is given of this message in chunks, and its error.
fn error_of(limits: Limits, text: bool, payload: &[u8]) -> (Vec<u8>, Option<ProtocolError>) {
    let wire = from_server(text, payload);
    let report = receive(false, limits, &negotiated(true), 0, wire.chunks(3));
    let other = receive(false, limits, &negotiated(true), WHOLE, [&wire[..]]);
    assert_eq!(other.error, report.error);
    let delivered = report.events.iter().flat_map(|event| match event {
        Seen::Data { bytes, .. } => bytes.clone(),
        _ => Vec::new(),
    });
    (delivered.collect(), report.error)
}

fn compress(payload: &[u8]) -> Vec<u8> {
    Compressor::new(6).compress(payload)
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

/// A client over slices, the first of which bounds what it receives.
fn over<'m>(read: &'m mut [u8], write: &'m mut [u8]) -> WebSocket<Client<Keys>, &'m mut [u8]> {
    WebSocket::new(Client::new(Keys(3)), websocket::Config::DEFAULT, read, write)
        .deflate(Some(negotiated(true)))
}

#[test]
fn s10_4_a_slice_bounds_inflated_messages() {
    for (len, is_over) in [(100, false), (101, true)] {
        let wire = from_server(false, &compress(&vec![7; len]));
        let (mut read, mut write) = ([0; 101], [0; 131]);
        let report = drive(&mut over(&mut read, &mut write), [&wire[..]]);
        let error = report.error.map(ProtocolError::violation);
        assert_eq!(error, is_over.then_some(Violation::MessageTooBig));
    }
}

#[test]
fn s10_4_a_slice_bounds_what_is_not_compressed_by_its_declared_length() {
    let (mut read, mut write) = ([0; 101], [0; 131]);
    let report = drive(&mut over(&mut read, &mut write), [&b"\x82\x65"[..]]);
    let error = report.error.map(|error| (error.violation(), error.offset()));
    assert_eq!(error, Some((Violation::MessageTooBig, 1)));
}

#[test]
fn memory_is_given_back_behind_an_inflated_message() {
    let wire = from_server(false, &compress(&vec![7; 50_000]));
    for (retain, kept) in [(50, false), (1 << 20, true)] {
        let config = websocket::Config::DEFAULT.retain(retain);
        let mut ws = WebSocket::client(Keys(3), config).deflate(Some(negotiated(true)));
        assert_eq!(ws.feed(&wire), wire.len());
        assert!(ws.next().unwrap().is_some());
        let held = ws.capacity();
        assert!(held >= 50_000, "{held} bytes");
        assert!(ws.next().unwrap().is_none());
        assert_eq!(ws.capacity(), if kept { held } else { 0 });
    }
}

#[test]
fn s10_4_the_memory_of_a_message_that_will_not_end_is_freed() {
    let data = compress(&noise(50_000));
    let (begun, _) = data.split_at(data.len() - 100);
    let begun = Frame::new(0x42, begun).bytes();
    for end in [&b"\x88\x00"[..], b"\x83", b"\x80\x02\xFF\xFF"] {
        for above in [WHOLE, 1 << 20] {
            let mut ws = client(Limits::DEFAULT, &negotiated(true), above);
            let mut recorder = Recorder::new();
            recorder.feed(&mut ws, &begun);
            assert!(ws.capacity() >= 49_000);
            recorder.feed(&mut ws, end);
            assert!(ws.capacity() <= 2 * RETAIN, "{} behind {end:?}", ws.capacity());
        }
    }
    let mut ws = client(Limits::DEFAULT, &negotiated(true), WHOLE);
    Recorder::new().feed(&mut ws, &begun);
    assert_eq!(ws.receive_eof(), Eof::Abnormal);
    assert!(ws.capacity() <= 2 * RETAIN, "{} behind the end", ws.capacity());
}

#[test]
fn s10_4_a_ratio_can_be_a_limit() {
    let payload = compress(&[b'a'; 4000]);
    for (ratio, over) in [(4000 / payload.len() as u32, true), (1032, false)] {
        let config = Config::DEFAULT.max_ratio(ratio);
        let negotiated = config.confirm(Params::default()).unwrap();
        let wire = from_server(false, &payload);
        for step in [1, wire.len()] {
            let report = receive(false, Limits::DEFAULT, &negotiated, 0, wire.chunks(step));
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
        let zeros = Compressor::new(9).compress(&vec![0; inflated]);
        let declared = zeros.len() + more;
        let negotiated = Config::DEFAULT.max_ratio(100).confirm(Params::default()).unwrap();
        let mut wire = common::wire::header(0xC2, false, declared as u64);
        wire.extend(&zeros);
        let report = receive(false, Limits::DEFAULT, &negotiated, 0, [&wire[..]]);
        assert_eq!(report.error.unwrap().violation(), Violation::RatioTooHigh);
        let len = report.unfinished().len();
        assert_eq!(len, 100 * counted, "a step of 1 KiB counts whole, if as much was declared");
    }
}

#[test]
fn s7_1_1_what_a_message_refers_to_is_kept_when_memory_is_released() {
    let hello = b"\xF2\x48\xCD\xC9\xC9\x07\x00";
    let [first, last] = [0, 1].map(|index| frames(false, hello, &[3])[index].bytes());
    // By this message, or by the rest of one.
    let again = from_server(false, b"\xF2\x00\x11\x00\x00");
    let whole = from_server(false, hello);
    for (takeover, before, wire) in [(true, &whole, &again), (false, &first, &last)] {
        let mut ws = client(Limits::DEFAULT, &negotiated(takeover), WHOLE);
        ws.feed(before);
        while ws.next().unwrap().is_some() {}
        ws.release();
        ws.feed(wire);
        let Some((Event::Message(message), _)) = ws.next().unwrap() else { panic!("no message") };
        assert_eq!(message.as_bytes(), b"Hello");
    }
}

#[test]
fn s6_rsv1_stands_on_the_first_frame_of_a_message_alone() {
    let data = compress(b"in two frames");
    let (one, other) = data.split_at(4);
    for (index, first) in [(0, 0xC0), (1, 0xC9), (2, 0xC8)] {
        let wire = [&[0x41, 4][..], one, &[first, other.len() as u8], other].concat();
        let report = receive(false, Limits::DEFAULT, &negotiated(true), 99, [&wire[..]]);
        let error = report.error.unwrap();
        assert_eq!((error.violation(), error.offset()), (Violation::ReservedBits, 6), "{index}");
        assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    }
}

#[test]
fn s6_rsv1_that_was_not_negotiated_is_an_error() {
    let bytes = from_server(true, &compress(b"x"));
    let mut ws = Connection::client(Keys(3), Limits::DEFAULT);
    let error = ws.receive(&mut &mut bytes.clone()[..]).unwrap_err();
    assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    let ws = WebSocket::client(Keys(3), websocket::Config::DEFAULT);
    let report = drive(&mut ws.deflate(None), [&bytes[..]]);
    assert_eq!(report.error, Some(error));
}

/// Its bytes are for that extension alone, and were not checked to be text.
#[test]
fn s6_a_chunk_with_rsv1_of_another_extension_cannot_be_sent_on() {
    let mut bytes = *b"\xC1\x01\xFF";
    let mut from = Connection::client(Keys(3), Limits::DEFAULT);
    from.allow_rsv1(true);
    let mut input = &mut bytes[..];
    let Some(rfc6455::Event::Data(chunk)) = from.receive(&mut input).unwrap() else {
        panic!("no data")
    };
    for threshold in [0, 100] {
        let negotiated = Config::DEFAULT.threshold(threshold).accept(Params::default()).unwrap();
        let ws = WebSocket::server(websocket::Config::DEFAULT);
        let mut ws = ws.deflate(Some(negotiated));
        assert_eq!(ws.send(&chunk), Err(SendError::Rsv1NotAllowed));
        assert_eq!(ws.queued(), 0);
    }
}

#[test]
fn control_frames_come_between_the_frames_of_a_compressed_message() {
    let data = compress(b"in three frames");
    let mut wire = Vec::new();
    for frame in frames(true, &data, &[3, 3]) {
        wire.extend(Frame::new(0x89, b"ping").bytes());
        wire.extend(frame.bytes());
    }
    let report = receive(false, Limits::DEFAULT, &negotiated(true), 2, wire.chunks(5));
    assert_eq!(report.messages(), [(true, b"in three frames".to_vec())]);
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
        let report = receive(false, Limits::DEFAULT, &negotiated(true), WHOLE, wire.chunks(step));
        assert_eq!((&report.events[..], report.error), (&expected[..], None), "{step}");
    }
}

#[test]
fn messages_that_are_not_compressed_are_not_copied() {
    let mut ws = client(Limits::DEFAULT, &negotiated(true), WHOLE);
    let room = ws.read_buf();
    let place = room[2..].as_ptr().addr();
    room[..6].copy_from_slice(b"\x82\x04here");
    ws.received(6).unwrap();
    let held = ws.capacity();
    match ws.next().unwrap() {
        Some((Event::Message(Message::Binary(here)), _)) => {
            assert_eq!((here, here.as_ptr().addr()), (&b"here"[..], place));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ws.capacity(), held, "nothing was inflated");
}

/// A server that compresses every message, as its peer asked for.
fn compressing(params: Params) -> WebSocket<Server, Vec<u8>> {
    let negotiated = Config::DEFAULT.threshold(0).accept(params).unwrap();
    server(Limits::DEFAULT, &negotiated, WHOLE)
}

/// What is written for this message.
fn written<R: FixedRole>(ws: &mut WebSocket<R, Vec<u8>>, message: Fragment<'_>) -> Vec<u8> {
    ws.send(message).unwrap();
    write_all(ws)
}

#[test]
fn s7_1_2_1_a_window_of_512_bytes_finds_what_is_repeated_within_it() {
    let config = Config::DEFAULT.threshold(0).send_window(9);
    let mut ws = server(Limits::DEFAULT, &config.accept(Params::default()).unwrap(), WHOLE);
    let out = written(&mut ws, Fragment::from(&*"0123456789abcdef".repeat(20)));
    assert!(out[0] == 0xC1 && out.len() < 60, "{} bytes", out.len());
}

#[test]
fn an_inflated_message_can_be_sent_back_while_it_is_borrowed() {
    let mut ws = compressing(Params::default());
    let data = compress(b"echo");
    let wire = frames(true, &data, &[])[0].clone().masked([1, 2, 3, 4]).bytes();
    assert_eq!(ws.feed(&wire), wire.len());
    let Some((Event::Message(message), tx)) = ws.next().unwrap() else { panic!("a message") };
    tx.send(message).unwrap();
    let out = write_all(&mut ws);
    assert_eq!(out[0], 0xC1);
    let report = receive(false, Limits::DEFAULT, &negotiated(true), 9, [&out[..]]);
    assert_eq!(report.messages(), [(true, b"echo".to_vec())]);
}

#[test]
fn chunks_of_a_compressed_text_can_be_sent_back() {
    let by_server = Config::DEFAULT.accept(Params::default()).unwrap();
    let mut ws = server(Limits::DEFAULT, &by_server, 0);
    let text = "each € is in three pieces".repeat(9);
    let data = compress(text.as_bytes());
    let cuts: Vec<_> = (1..data.len()).collect();
    let frames = frames(true, &data, &cuts).into_iter();
    let wire: Vec<_> = frames.flat_map(|frame| frame.masked([1, 2, 3, 4]).bytes()).collect();
    let (mut out, mut chunks) = (Vec::new(), 0);
    for piece in wire.chunks(3) {
        assert_eq!(ws.feed(piece), piece.len());
        while let Some((event, tx)) = ws.next().unwrap() {
            let Event::Chunk(chunk) = event else { panic!("{event:?}") };
            tx.send(&chunk).unwrap();
            chunks += 1;
            out.extend(flush(tx));
        }
    }
    assert!(chunks > 9, "in {chunks} chunks");
    let report = receive(false, Limits::DEFAULT, &negotiated(true), 999, [&out[..]]);
    assert_eq!(report.messages(), [(true, text.into_bytes())]);
}

#[test]
fn s7_2_1_small_messages_are_sent_as_they_are_and_the_context_is_kept() {
    let negotiated = Config::DEFAULT.threshold(6).accept(Params::default()).unwrap();
    let mut ws = server(Limits::DEFAULT, &negotiated, WHOLE);
    let first = written(&mut ws, "Hello, Hello".into());
    assert_eq!(first[0], 0xC1);
    assert_eq!(written(&mut ws, "Hello".into()), b"\x81\x05Hello");
    let again = written(&mut ws, "Hello, Hello".into());
    assert!(again[0] == 0xC1 && again.len() < first.len(), "it refers to the first one");
}

#[test]
fn s7_2_1_what_does_not_become_shorter_is_sent_as_it_is_where_nothing_refers_to_it() {
    let noise = noise(1000);
    for takeover in [true, false] {
        let config = Config::DEFAULT.threshold(0).send_takeover(takeover);
        let by_server = config.accept(Params::default()).unwrap();
        let mut ws = server(Limits::DEFAULT, &by_server, WHOLE);
        let mut client = client(Limits::DEFAULT, &negotiated(takeover), WHOLE);
        let mut recorder = Recorder::new();
        for (payload, compressed) in
            [(&noise[..], takeover), (&[7; 1000], true), (&noise, takeover)]
        {
            let frame = written(&mut ws, payload.into());
            assert_eq!(frame[0], if compressed { 0xC2 } else { 0x82 });
            recorder.feed(&mut client, &frame);
            assert_eq!(recorder.report.messages().last().unwrap().1, payload);
        }
        assert_eq!((recorder.report.events.len(), recorder.report.error), (3, None));
    }
}

#[test]
fn s6_every_message_can_be_compressed_empty_short_and_incompressible() {
    let noise = noise(100_000);
    for takeover in [true, false] {
        // The threshold does not matter.
        let config = Config::DEFAULT.always(true).send_takeover(takeover);
        let by_server = config.accept(Params::default()).unwrap();
        let mut ws = server(Limits::DEFAULT, &by_server, WHOLE);
        let mut client = client(Limits::DEFAULT, &negotiated(takeover), WHOLE);
        let mut recorder = Recorder::new();
        let payloads = [&b""[..], b"", b"a", &noise[..1], &noise, b"", &noise[..5000], &noise];
        for payload in payloads {
            let frame = written(&mut ws, payload.into());
            assert_eq!(frame[0], 0xC2);
            recorder.feed(&mut client, &frame);
            assert_eq!(recorder.report.messages().last().unwrap().1, payload);
        }
        assert_eq!((recorder.report.events.len(), recorder.report.error), (payloads.len(), None));
        ws.sender().send_plain(&noise[..]).unwrap();
        assert_eq!(ws.transmit()[0], 0x82);
    }
}

#[test]
fn s6_1_what_is_sent_plain_is_neither_compressed_nor_remembered() {
    let (mut ws, mut ignorant) = (compressing(Params::default()), compressing(Params::default()));
    let secret = "token=1f9a8c77d2b34e05";
    let before = written(&mut ws, "before".into());
    assert_eq!(before, written(&mut ignorant, "before".into()));
    ws.sender().send_plain(secret).unwrap();
    assert_eq!(write_all(&mut ws), [b"\x81\x16", secret.as_bytes()].concat());
    let (wire, expected) = (written(&mut ws, secret.into()), written(&mut ignorant, secret.into()));
    assert_eq!(wire, expected, "its length would reveal that it was sent before");
}

#[test]
fn s6_1_a_message_that_was_begun_plain_ends_plain_however_its_end_is_sent() {
    let mut ws = compressing(Params::default());
    ws.sender().send_plain(Fragment::from("be").first()).unwrap();
    assert_eq!(write_all(&mut ws), b"\x01\x02be");
    assert_eq!(written(&mut ws, Fragment::from("gu").middle()), b"\x00\x02gu");
    assert_eq!(written(&mut ws, Fragment::from("n").last()), b"\x80\x01n");
    assert_eq!(written(&mut ws, "next".into())[0], 0xC1, "the next message is compressed");
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
            let mut ws = server(Limits::DEFAULT, &negotiated.unwrap(), WHOLE);
            let sent = [(); 3].map(|()| written(&mut ws, Fragment::from(&message[..])));
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
            let mut ws = server(Limits::DEFAULT, &negotiated.unwrap(), WHOLE);
            ws.send(unit).unwrap();
            ws.send(&[unit, unit].concat()[..]).unwrap();
            ws.queued()
        })
    };
    for bits in 9..15 {
        let unit = noise((1 << bits) + 1);
        assert!(sent(bits, &unit).iter().all(|len| *len > 3 * unit.len()), "{bits}");
        assert!(sent(15, &unit).iter().all(|len| *len < 2 * unit.len()), "it would be worth it");
    }
}

#[test]
fn the_mark_is_for_the_frame_before_compression() {
    for (len, sent) in [(100, Ok(())), (101, Err(SendError::TooLong))] {
        let mut ws = WebSocket::server(websocket::Config::DEFAULT.high_water(102));
        ws = ws.deflate(Some(negotiated(true)));
        assert_eq!(ws.send(&vec![b'a'; len][..]), sent);
    }
}

#[test]
fn nothing_is_lost_when_the_output_is_too_small() {
    let negotiated = Config::DEFAULT.threshold(0).accept(Params::default()).unwrap();
    // The room that is asked for in advance is more than is needed.
    for len in [131, 150, 300] {
        let (mut read, mut write) = ([0; 300], vec![0xA5; len]);
        let config = websocket::Config::DEFAULT;
        let ws = WebSocket::new(Server, config, &mut read[..], &mut write[..]);
        let mut ws = ws.deflate(Some(negotiated));
        let mut reference = compressing(Params::default());
        let mut refused = 0;
        for message in ["one message", "and one message more", "", "one message"].repeat(20) {
            let before = ws.transmit().to_vec();
            if let Err(error) = ws.send(message) {
                assert_eq!((error, ws.transmit()), (SendError::Full, &before[..]));
                refused += 1;
                ws.transmitted(before.len()).unwrap();
                ws.send(message).unwrap();
            }
            let expected = written(&mut reference, message.into());
            assert!(ws.transmit().ends_with(&expected));
        }
        assert!(refused > 0, "{len} bytes were enough for everything");
        assert_eq!(ws.send(&noise(len)[..]), Err(SendError::Full));
    }
}

#[test]
fn s5_4_what_cannot_be_sent_changes_nothing() {
    let mut ws = compressing(Params::default());
    let mut send = |fragment: Fragment<'_>| {
        let sent = ws.send(fragment);
        let out = write_all(&mut ws);
        sent.inspect_err(|_| assert!(out.is_empty())).map(|()| out)
    };
    assert_eq!(send(Fragment::from("x").last()).unwrap_err(), SendError::NoMessageOpen);
    assert_eq!(send(Fragment::from("x").first()).unwrap()[0], 0x41);
    assert_eq!(send(Fragment::from("x")).unwrap_err(), SendError::MessageOpen);
    assert_eq!(send(Fragment::from(b"x").last()).unwrap_err(), SendError::NoMessageOpen);
    assert_eq!(send(Fragment::from("y").last()).unwrap()[0], 0x80);
    ws.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(ws.send("x").unwrap_err(), SendError::Closed);
}

#[test]
fn after_a_violation_nothing_is_delivered() {
    for above in [WHOLE, 0] {
        let mut ws = client(Limits::DEFAULT, &negotiated(true), above);
        let mut recorder = Recorder::new();
        let written = recorder.feed(&mut ws, &from_server(true, b"\x06\x00"));
        let error = recorder.report.error.unwrap();
        assert_eq!(error.violation(), Violation::InvalidDeflate);
        assert_eq!(written[0], 0x88);
        for _ in 0..3 {
            let written = recorder.feed(&mut ws, b"\x81\x01x");
            assert!(recorder.report.events.is_empty() && written.is_empty());
            assert_eq!(ws.error(), Some(error));
        }
        assert!(ws.is_closed());
    }
}

#[test]
fn halves_will_do() {
    let (mut receiver, mut to_server) =
        client(Limits::DEFAULT, &negotiated(true), WHOLE).into_split();
    let (_, mut sender) = compressing(Params::default()).into_split();
    sender.send("half").unwrap();
    let wire = flush(&mut sender);
    let mut recorder = Recorder::new();
    recorder.feed_half((&mut receiver, &mut to_server), &wire);
    assert_eq!((wire[0], recorder.report.messages()), (0xC1, vec![(true, b"half".to_vec())]));
}

#[test]
fn values_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<deflate::Negotiated>();
    check::<WebSocket<Server, Vec<u8>>>();
    check::<websocket::Receiver<Server, Vec<u8>>>();
    check::<websocket::Sender<Server, Vec<u8>>>();
}
