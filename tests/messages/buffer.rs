//! Whole messages: every vector, memory, and what is borrowed from where.

use crate::common;

use common::messages::Reading;
use common::wire::Frame;
use common::{messages, oracle, vectors};
use proptest::collection::vec;
use proptest::prelude::*;
use rfc6455::{Connection, Incoming, Limits, Message, MessageBuffer, ProtocolError, Violation};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn s5_4_whole_messages_agree_with_the_oracle(bytes in vec(any::<u8>(), 0..300)) {
        messages::whole_messages_agree_with_the_oracle(&bytes);
    }

    #[test]
    fn s5_4_whole_messages_of_any_stream_agree_with_the_oracle(bytes in vec(any::<u8>(), 0..60)) {
        messages::any_stream_agrees_with_the_oracle(&bytes);
    }
}

#[test]
fn every_vector_agrees_with_the_oracle_however_cut() {
    for vector in vectors::all().iter().filter(|vector| !vector.rsv1) {
        for server in &vector.roles {
            let (setting, wire) = (vector.setting(*server), vector.wire(*server).bytes);
            let outcome = oracle::decode(&wire, &setting);
            let step = if wire.len() < 700 { 1 } else { wire.len() / 7 + 1 };
            for pieces in [wire.chunks(step).collect(), vec![&wire[..]]] {
                for reading in [Reading::Buffer, Reading::InPlace] {
                    let mut buffer = MessageBuffer::new();
                    let report = messages::run(&setting, &mut buffer, reading, pieces.clone());
                    messages::assert_agrees(&report, &outcome);
                }
            }
        }
    }
}

fn client() -> Connection<rfc6455::Client<impl rfc6455::MaskingKeys>> {
    Connection::client(|| [0; 4], Limits::DEFAULT)
}

#[test]
fn s5_4_what_is_read_in_place_is_what_is_read_from_a_buffer() {
    let fragments = [(0x02, 5_000), (0x00, 70_001), (0x00, 3), (0x80, 40_000)];
    let mut wire = Vec::new();
    for round in 0..3_u8 {
        for (first, len) in fragments {
            wire.extend([first, 0xFF, 0, 0, 0, 0]);
            wire.extend(u32::to_be_bytes(len));
            wire.extend([round, 2, 3, 4]);
            wire.extend((0..len).map(|i| (i % 251) as u8));
        }
        wire.extend(*b"\x89\x82\0\0\0\0hi\x81\x83\0\0\0\0abc");
    }
    let vector = vectors::all().into_iter().find(|vector| vector.roles.contains(&true)).unwrap();
    let setting = oracle::Setting { limits: Limits::DEFAULT, ..vector.setting(true) };
    let outcome = oracle::decode(&wire, &setting);
    for step in [1_448, 4_096, 10_000, 65_536, usize::MAX] {
        for reading in [Reading::Buffer, Reading::InPlace] {
            let mut buffer = MessageBuffer::new();
            let report = messages::run(&setting, &mut buffer, reading, wire.chunks(step));
            messages::assert_agrees(&report, &outcome);
        }
    }
}

/// How much room there is to read into, when `arrived` of `len` bytes of a payload have arrived.
fn lent<S: rfc6455::Storage>(
    mut messages: MessageBuffer<S>,
    first: u8,
    len: u64,
    arrived: usize,
) -> Option<usize> {
    let mut ws = client();
    assert!(messages.spare(&mut ws).is_none(), "before anything arrives");
    let mut wire = vec![first, 0x7F];
    wire.extend(len.to_be_bytes());
    wire.extend(vec![b'a'; arrived]);
    messages.receive(&mut ws, &mut &mut wire[..]).unwrap();
    messages.spare(&mut ws).map(|spare| spare.len())
}

#[test]
fn room_is_lent_for_what_is_left_of_a_long_binary_message() {
    for (first, len, arrived, expected) in [
        (0x82, 100_000, 4095, None),
        (0x82, 100_000, 4096, Some(4096)),
        (0x02, 100_000, 4096, Some(4096)),
        (0x82, 100_000, 50_000, Some(16 << 10)),
        (0x82, 70_000, 60_000, Some(10_000)),
        (0x82, 70_000, 65_904, Some(4096)),
        (0x82, 70_000, 65_905, None),
        (0x82, 70_000, 70_000, None),
        (0x02, 70_000, 70_000, None),
        (0x81, 100_000, 50_000, None),
    ] {
        let heap = MessageBuffer::new();
        assert_eq!(lent(heap, first, len, arrived), expected, "{first:X} {arrived} of {len}");
        let mut slice = vec![0; 200_000];
        let left = usize::try_from(len).unwrap() - arrived;
        let expected = (first != 0x81 && left > 0).then_some(left);
        let slice = MessageBuffer::in_slice(&mut slice);
        assert_eq!(lent(slice, first, len, arrived), expected, "{first:X} {arrived} of {len}");
    }
}

#[test]
fn s5_6_a_message_in_one_piece_is_not_copied() {
    let (mut ws, mut messages) = (client(), MessageBuffer::new());
    let mut bytes = *b"\x82\x04here";
    let place = bytes[2..].as_ptr();
    let mut input = &mut bytes[..];
    match messages.receive(&mut ws, &mut input).unwrap() {
        Some(Incoming::Message(Message::Binary(here))) => assert_eq!(here.as_ptr(), place),
        other => panic!("{other:?}"),
    }
    assert_eq!(messages.capacity(), 0);
}

#[test]
fn s10_4_memory_grows_with_what_arrives_and_not_with_what_is_declared() {
    let (mut ws, mut messages) = (client(), MessageBuffer::new());
    let mut declared = *b"\x82\x7F\0\0\0\0\x01\0\0\0first";
    assert_eq!(messages.receive(&mut ws, &mut &mut declared[..]).unwrap(), None);
    assert!(messages.capacity() <= 16, "{} bytes for 5", messages.capacity());
    let mut arrived = 5;
    for _ in 0..100 {
        let mut more = [7; 10_000];
        assert_eq!(messages.receive(&mut ws, &mut &mut more[..]).unwrap(), None);
        arrived += 10_000;
        assert!(messages.capacity() <= 2 * arrived, "{} for {arrived}", messages.capacity());
    }
}

#[test]
fn memory_is_given_back_when_nothing_is_left_between_two_messages() {
    // It grows by doubling, up to 64 KiB.
    for (kind, retain) in [(0x81, 100), (0x82, 65_535), (0x81, 65_536), (0x82, 1 << 20)] {
        let mut ws = client();
        let mut messages = MessageBuffer::new().retain(retain);
        let mut header = [kind, 0x7E, 0xFF, 0xFF];
        assert_eq!(messages.receive(&mut ws, &mut &mut header[..]).unwrap(), None);
        for _ in 0..65_534 / 2 {
            assert_eq!(messages.receive(&mut ws, &mut &mut [b'a'; 2][..]).unwrap(), None);
        }
        let mut last = [b'a'];
        let mut input = &mut last[..];
        assert!(messages.receive(&mut ws, &mut input).unwrap().is_some());
        let held = messages.capacity();
        assert!(held >= 65_535);
        assert_eq!(messages.receive(&mut ws, &mut input).unwrap(), None);
        assert_eq!(messages.capacity(), if held > retain { 0 } else { held });
    }
}

#[test]
fn s10_4_a_slice_bounds_messages_however_they_arrive() {
    for step in [1, 2, 7] {
        let mut storage = [0; 4];
        let mut messages = MessageBuffer::in_slice(&mut storage);
        let mut ws = client();
        let mut bytes = *b"\x82\x04four\x82\x05fives";
        let mut whole = 0;
        let mut error = None;
        for mut piece in bytes.chunks_mut(step) {
            loop {
                match messages.receive(&mut ws, &mut piece) {
                    Ok(Some(_)) => whole += 1,
                    Ok(None) => break,
                    Err(violation) => {
                        error = Some(violation);
                        break;
                    }
                }
            }
        }
        let error = error.expect("the slice is too short");
        assert_eq!((whole, error.violation()), (1, Violation::MessageTooBig));
        assert_eq!(error.offset(), 7, "the length proves it");
    }
}

/// Its header was taken before the connection knew of the slice, so nothing has been refused yet.
#[test]
fn s10_4_a_slice_bounds_a_message_that_was_begun_without_it() {
    for frame in [&b"\x02\x05fives"[..], b"\x01\x05fives", b"\x01\x06ab\xE2\x82\xACc"] {
        for step in 1..=6 {
            let mut storage = [0; 4];
            let mut messages = MessageBuffer::in_slice(&mut storage);
            let mut ws = client();
            let mut bytes = frame.to_vec();
            let (mut header, payload) = bytes.split_at_mut(2);
            assert!(matches!(ws.receive(&mut header), Ok(None)));
            let mut error = None;
            for mut piece in payload.chunks_mut(step) {
                error = error.or(messages.receive(&mut ws, &mut piece).err());
            }
            assert_eq!(error.map(ProtocolError::violation), Some(Violation::MessageTooBig));
        }
    }
}

#[test]
fn s10_4_memory_is_given_back_while_a_part_of_the_next_header_is_there() {
    let [long, fragment] = [0x82, 0x02].map(|first| Frame::new(first, vec![7; 100_000]).bytes());
    let (last, ping) = (&b"\x80\x00"[..], &b"\x89\x00"[..]);
    let whole = [&fragment[..], last].concat();
    // A part of a header, a control frame, a frame of which nothing has come, a Close, a violation.
    let behind = [&b"\x82"[..], b"\x82\x7E\x01", ping, b"\x01\x05", b"\x88\x00", b"\x83"];
    for message in [&long[..], &whole] {
        for next in behind {
            let (mut ws, mut messages) = (client(), MessageBuffer::new());
            let mut bytes = [message, next].concat();
            for mut piece in bytes.chunks_mut(60_000) {
                while let Ok(Some(_)) = messages.receive(&mut ws, &mut piece) {}
            }
            assert!(messages.capacity() <= 16 << 10, "{} behind {next:?}", messages.capacity());
        }
    }
    // The beginning of a message whose connection is closed will not be needed again.
    for end in [&b"\x88\x00"[..], b"\x83"] {
        let (mut ws, mut messages) = (client(), MessageBuffer::new());
        let mut bytes = [&fragment[..], end].concat();
        let mut input = &mut bytes[..];
        while let Ok(Some(_)) = messages.receive(&mut ws, &mut input) {}
        assert!(messages.capacity() <= 16 << 10, "{} behind {end:?}", messages.capacity());
    }
}

#[test]
fn a_message_can_be_sent_back_while_it_is_borrowed() {
    for (first, then) in [(0x01, b"\x81\x04echo"), (0x02, b"\x82\x04echo")] {
        let mut ws = Connection::server(Limits::DEFAULT);
        let mut messages = MessageBuffer::new();
        let mut bytes = *b"\x01\x82\0\0\0\0ec\x80\x82\0\0\0\0ho";
        bytes[0] = first;
        let mut input = &mut bytes[..];
        let mut out = [0; 16];
        let incoming = messages.receive(&mut ws, &mut input).unwrap();
        let Some(Incoming::Message(message)) = incoming else { panic!("a message") };
        let len = ws.send(message, &mut out).unwrap();
        assert_eq!(&out[..len], then);
    }
}

#[test]
fn the_receiving_half_alone_will_do() {
    let (mut receiver, _) = client().into_split();
    let mut messages = MessageBuffer::new();
    let mut bytes = *b"\x81\x04half";
    let incoming = messages::receive_once(&mut receiver, &mut messages, &mut bytes);
    assert_eq!(incoming, Some(Incoming::Message(Message::Text("half"))));
}
