//! How events come out of an advancing slice (RFC 6455 §5, §6.2).

use crate::common;

use common::driver::{self, Keys, cut};
use common::oracle::{self, Setting};
use common::wire::{self, Frame};
use rfc6455::*;

fn client() -> Connection<Client<Keys>> {
    Connection::client(Keys(0), Limits::DEFAULT)
}

#[test]
fn s6_2_no_input_is_no_event_and_no_change() {
    let mut ws = client();
    let before = format!("{ws:?}");
    for _ in 0..3 {
        assert!(matches!(ws.receive(&mut &mut [][..]), Ok(None)));
    }
    assert_eq!(format!("{ws:?}"), before);
}

#[test]
fn s6_2_data_is_delivered_before_its_frame_is_complete() {
    let mut ws = Connection::server(Limits::DEFAULT);
    let mut stream = Frame::new(0x81, "a long way").masked([1, 2, 3, 4]).bytes();
    let mut delivered = Vec::new();
    for piece in stream.chunks_mut(4) {
        let mut input = piece;
        while let Some(event) = ws.receive(&mut input).unwrap() {
            let Event::Data(chunk) = event else { panic!("{event:?}") };
            delivered.push((String::from_utf8(chunk.to_vec()).unwrap(), chunk.is_last()));
        }
    }
    let pieces = [("a ", false), ("long", false), (" way", true)];
    assert_eq!(delivered, pieces.map(|(text, last)| (text.to_owned(), last)));
}

#[test]
fn s5_3_data_stays_where_it_arrived_unmasked() {
    let mut ws = Connection::server(Limits::DEFAULT);
    let mut stream = Frame::new(0x82, b"in place").masked([9, 9, 8, 8]).bytes();
    let range = stream.as_ptr_range();
    let mut input = &mut stream[..];
    let Ok(Some(Event::Data(chunk))) = ws.receive(&mut input) else { panic!() };
    assert!(range.contains(&chunk.as_ptr()), "nothing is copied");
    let payload = chunk.into_payload();
    payload.make_ascii_uppercase();
    assert_eq!(&stream[6..], b"IN PLACE");
}

#[test]
fn s6_2_what_follows_an_event_is_left_in_the_slice_untouched() {
    let mut ws = Connection::server(Limits::DEFAULT);
    let first = Frame::new(0x89, b"first").masked([1; 4]).bytes();
    let second = Frame::new(0x82, b"second").masked([2; 4]).bytes();
    let mut stream = [&first[..], &second].concat();
    let mut input = &mut stream[..];
    assert!(matches!(ws.receive(&mut input), Ok(Some(Event::Ping))));
    assert_eq!(input, second);
    assert!(matches!(ws.receive(&mut input), Ok(Some(Event::Data(_)))));
    assert!(input.is_empty());
}

#[test]
fn s6_2_several_events_of_one_buffer_live_at_once_and_beside_the_connection() {
    let mut ws = client();
    let mut stream = [Frame::new(0x81, "one").bytes(), Frame::new(0x81, "two").bytes()].concat();
    let mut input = &mut stream[..];
    let Ok(Some(Event::Data(one))) = ws.receive(&mut input) else { panic!() };
    let Ok(Some(Event::Data(two))) = ws.receive(&mut input) else { panic!() };
    let mut out = [0; 32];
    let len = ws.send(&one, &mut out).unwrap();
    let echoed = wire::frames(&out[..len]);
    assert_eq!((&echoed[0].payload[..], &*one, &*two), (&b"one"[..], &b"one"[..], &b"two"[..]));
}

#[test]
fn s6_2_the_position_is_what_was_taken_and_not_discarded() {
    let (mut receiver, _) = client().into_split();
    let mut stream = *b"\x81\x02hi\x89\x00\x82\x7E";
    let len = stream.len() as u64;
    let mut input = &mut stream[..];
    let mut positions = Vec::new();
    while receiver.receive(&mut input).unwrap().is_some() {
        positions.push(receiver.position());
    }
    assert_eq!((positions, receiver.position()), (vec![4, 6], len));
    // The length would be too short for its form: its second byte shows it.
    let error = receiver.receive(&mut &mut [0x00, 0x01, 0xEE, 0xEE][..]).unwrap_err();
    assert_eq!((error.offset(), receiver.position()), (len + 1, len + 1));
    receiver.receive(&mut &mut [0; 9][..]).unwrap_err();
    assert_eq!(receiver.position(), len + 1);
    assert_eq!(receiver.error(), Some(error));
}

#[test]
fn s7_1_7_an_error_tells_the_rule_and_the_byte() {
    let mut ws = client();
    let mut stream = *b"\x81\x01a\x81\x81";
    let mut input = &mut stream[..];
    assert!(ws.receive(&mut input).unwrap().is_some());
    let error = ws.receive(&mut input).unwrap_err();
    assert_eq!(error.offset(), 4);
    assert_eq!(error.violation(), Violation::MaskedFrame);
    assert!(error.to_string().contains(&error.violation().to_string()));
    assert!(error.to_string().contains(&error.offset().to_string()));
}

#[test]
fn s5_1_a_frame_that_was_masked_leaves_no_key_behind() {
    // The same frame again with another key, cut inside of the first one's payload.
    for size in 1..20 {
        let mut stream = Frame::new(0x02, b"abcdefg").masked([1, 2, 3, 4]).bytes();
        stream.extend(Frame::new(0x80, b"hijklmn").masked([50, 60, 70, 80]).bytes());
        let mut ws = Connection::server(Limits::DEFAULT);
        let mut delivered = Vec::new();
        for piece in stream.chunks_mut(size) {
            let mut input = piece;
            while let Some(Event::Data(chunk)) = ws.receive(&mut input).unwrap() {
                delivered.extend_from_slice(&chunk);
            }
        }
        assert_eq!(delivered, b"abcdefghijklmn");
    }
}

/// Every order of whole frames, empty ones too: what a frame leaves behind meets each frame that can
/// follow it in the same read.
#[test]
fn s5_4_every_short_sequence_of_frames_agrees_with_the_oracle() {
    const FIRST: [u8; 9] = [0x01, 0x02, 0x00, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A];
    fn follow(setting: &Setting, stream: &[u8], ends: &[usize], left: usize, seen: &mut usize) {
        let outcome = oracle::decode(stream, setting);
        for cuts in [&[][..], ends] {
            driver::assert_agrees(&driver::run(setting, cut(stream, cuts)), &outcome, setting);
        }
        *seen += 1;
        if left == 0 || outcome.fails.is_some() {
            return;
        }
        for first in FIRST {
            for payload in [&b""[..], b"a"] {
                let frame = Frame::new(first, if first == 0x88 { b"" } else { payload });
                let frame = if setting.server { frame.masked([1, 2, 3, 4]) } else { frame };
                let ends = [ends, &[stream.len()]].concat();
                follow(setting, &[stream, &frame.bytes()].concat(), &ends, left - 1, seen);
            }
        }
    }
    for server in [false, true] {
        let setting = Setting { server, rsv1: false, limits: Limits::DEFAULT };
        let mut seen = 0;
        follow(&setting, &[], &[], 4, &mut seen);
        assert!(seen > 20_000, "only {seen} sequences");
    }
}

#[test]
fn a_connection_knows_its_role_and_its_place_in_the_stream() {
    let keys = || [0; 4];
    assert!(!Connection::client(keys, Limits::DEFAULT).is_server());
    let mut ws = Connection::server(Limits::DEFAULT);
    assert!(ws.is_server());
    let mut bytes = *b"\x02\x83\0\0\0\0abc\x80\x80\0\0\0\0";
    let mut receive = |from, to| {
        let mut input = &mut bytes[from..to];
        while ws.receive(&mut input).unwrap().is_some() {}
        (ws.position(), ws.frame_left(), ws.is_message_open())
    };
    assert_eq!(receive(0, 0), (0, 0, false));
    assert_eq!(receive(0, 6), (6, 3, true));
    assert_eq!(receive(6, 7), (7, 2, true));
    assert_eq!(receive(7, 9), (9, 0, true));
    assert_eq!(receive(9, 15), (15, 0, false));
}
