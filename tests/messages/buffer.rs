//! The memory that a `WebSocket` reads into: what it lends, holds, frees and bounds.

use crate::common;

use std::time::Duration;

use common::driver::Keys;
use common::messages::assert_agrees;
use common::websocket;
use common::wire::Frame;
use common::{oracle, vectors};
use rfc6455::websocket::{Config, Event, Message, Storage};
use rfc6455::*;

type Peer<S> = WebSocket<Client<Keys>, S>;

fn client(config: Config) -> Peer<Vec<u8>> {
    WebSocket::client(Keys(1), config)
}

fn over<'m>(read: &'m mut [u8], write: &'m mut [u8]) -> Peer<&'m mut [u8]> {
    WebSocket::new(Client::new(Keys(1)), Config::DEFAULT, read, write)
}

/// Receives these bytes; returns how many messages they complete, and the error.
fn receive<S: Storage>(ws: &mut Peer<S>, bytes: &[u8]) -> (usize, Option<ProtocolError>) {
    let (mut rest, mut messages) = (bytes, 0);
    while !rest.is_empty() {
        let len = ws.feed(rest);
        assert!(len > 0, "no room to read into");
        rest = &rest[len..];
        while let Some(next) = ws.next().map(|next| next.map(|(event, _)| event)).transpose() {
            messages += usize::from(matches!(next, Ok(Event::Message(_))));
        }
        websocket::write_all(ws);
    }
    (messages, ws.error())
}

#[test]
fn every_vector_passes_through_slices_however_cut() {
    for vector in vectors::all().iter().filter(|vector| !vector.rsv1) {
        for server in &vector.roles {
            let (setting, wire) = (vector.setting(*server), vector.wire(*server).bytes);
            let len = wire.len().max(300);
            let max = setting.limits.max_message.min(len as u64 - 1);
            let bounded = oracle::Setting { limits: setting.limits.max_message(max), ..setting };
            let outcome = oracle::decode(&wire, &bounded);
            let step = if wire.len() < 700 { 1 } else { wire.len() / 7 + 1 };
            for pieces in [wire.chunks(step).collect(), vec![&wire[..]]] {
                let (mut read, mut write) = (vec![0xA5; len], [0xA5; 262]);
                let slices = [&mut read[..], &mut write[..]];
                let config = websocket::config(setting.limits);
                assert_agrees(&websocket::run(&setting, config, slices, pieces), &outcome);
            }
        }
    }
}

#[test]
fn s5_4_messages_are_the_same_however_much_is_read_at_a_time() {
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
        for above in [u64::MAX, 100_000, 0] {
            let config = websocket::config(setting.limits).stream_above(above);
            let memory = [Vec::new(), Vec::new()];
            assert_agrees(&websocket::run(&setting, config, memory, wire.chunks(step)), &outcome);
            let (mut read, mut write) = (vec![0xA5; 120_000], [0xA5; 131]);
            let memory = [&mut read[..], &mut write[..]];
            assert_agrees(&websocket::run(&setting, config, memory, wire.chunks(step)), &outcome);
        }
    }
}

/// How much room there is to read into, when `arrived` of `len` bytes of a payload have arrived.
fn lent<S: Storage>(mut ws: Peer<S>, first: u8, len: u64, arrived: usize) -> usize {
    let mut wire = vec![first, 0x7F];
    wire.extend(len.to_be_bytes());
    wire.extend(vec![b'a'; arrived]);
    receive(&mut ws, &wire);
    ws.read_buf().len()
}

#[test]
fn room_is_lent_for_the_rest_of_a_long_message_in_parts() {
    for first in [0x82, 0x02, 0x81] {
        for (len, arrived, expected) in [
            (100_000, 10, 8 << 10..=16 << 10),
            (180_000, 50_000, 16 << 10..=16 << 10),
            (100_000, 50_000, 50_000..=50_000), // the last 64 KiB at once
            (70_000, 60_000, 10_000..=10_000),
            (70_000, 65_905, 4_095..=4_095), // so that the next message begins at the front
            (70_000, 70_000, 8 << 10..=(16 << 10) + 14), // the next one may be as long
        ] {
            // What was initialised once is lent again, so a slice shows what is asked for.
            let (mut read, mut write) = (vec![0; 200_000], [0; 131]);
            let room = lent(over(&mut read, &mut write), first, len, arrived);
            assert!(expected.contains(&room), "{first:X} {arrived} of {len}: {room}");
            let room = lent(client(Config::DEFAULT.retain(1 << 20)), first, len, arrived);
            assert!(room <= *expected.end() && room > 0, "{first:X} {arrived} of {len}: {room}");
        }
    }
}

#[test]
fn a_message_like_the_last_is_read_at_once_up_to_16_kib() {
    for (len, count, expected) in [
        (100, 1, 8 << 10),
        (100, 300, 8 << 10),
        (8_188, 1, 8 << 10),
        (8_189, 1, (8 << 10) + 1),
        (8_189, 2, 8 << 10), // it was not alone
        (16 << 10, 1, (16 << 10) + 4),
        (70_000, 1, (16 << 10) + 14),
    ] {
        let wire = Frame::new(0x82, vec![7; len]).bytes().repeat(count);
        let (mut read, mut write) = (vec![0; 200_000], [0; 131]);
        assert_eq!(next_read(over(&mut read, &mut write), &wire), expected, "{count} of {len}");
        let ws = client(Config::DEFAULT.retain(1 << 20));
        assert_eq!(next_read(ws, &wire), expected, "{count} of {len}, on the heap");
    }
}

/// How much is read at once behind these bytes, in memory that was used before.
fn next_read<S: Storage>(mut ws: Peer<S>, mut wire: &[u8]) -> usize {
    receive(&mut ws, &Frame::new(0x82, vec![7; 70_000]).bytes());
    while !wire.is_empty() {
        wire = &wire[websocket::read(&mut ws, wire)..];
        while ws.next().unwrap().is_some() {}
    }
    let room = ws.read_buf().len();
    assert_eq!(receive(&mut ws, &Frame::new(0x81, "short").bytes()), (1, None));
    assert_eq!(ws.read_buf().len(), 8 << 10, "behind a short one");
    room
}

#[test]
fn the_beginning_of_a_message_is_moved_to_the_front_if_it_is_short() {
    for (len, arrived, expected) in [
        (5_000, 100, 8 << 10),
        (5_000, 1_024, 8 << 10), // so that what follows is read with it
        (5_000, 1_025, 3_975),
    ] {
        let (mut read, mut write) = (vec![0; 200_000], [0; 131]);
        let mut ws = over(&mut read, &mut write);
        let [before, next] = [12_000, len].map(|len| Frame::new(0x82, vec![7; len]).bytes());
        let wire = [&before, &next[..4 + arrived]].concat();
        assert_eq!(receive(&mut ws, &wire), (1, None));
        assert_eq!(ws.read_buf().len(), expected, "{arrived} of {len} have arrived");
    }
}

/// Bytes of the next message are held behind one that was yielded.
#[test]
fn over_a_slice_what_was_yielded_makes_room_for_the_rest_of_a_long_message() {
    let (mut read, mut write) = ([0; 3_000], [0; 131]);
    let mut ws = over(&mut read, &mut write);
    let [one, two] = [1_400, 2_500].map(|len| Frame::new(0x82, vec![7; len]).bytes());
    let (begun, mut rest) = two.split_at(1_500);
    assert_eq!(receive(&mut ws, &[&one, begun].concat()), (1, None));
    while !rest.is_empty() {
        rest = &rest[websocket::read(&mut ws, rest)..];
    }
    assert_eq!(receive(&mut ws, b"\x81\x01x"), (2, None));
}

#[test]
fn memory_that_messages_need_is_kept_for_a_moment_if_the_time_is_reported() {
    let at = Duration::from_millis;
    let message = Frame::new(0x82, vec![7; 1 << 20]).bytes();
    let retain = Config::DEFAULT.retain;
    let mut ws = client(Config::DEFAULT);
    for now in [0, 900, 1_800, 2_700] {
        ws.handle_timeout(at(now));
        assert!(now == 0 || ws.capacity() >= 1 << 20, "{now}: the last message needed it");
        for piece in message.chunks(600_000) {
            receive(&mut ws, piece);
        }
        assert!((1 << 20..=4 << 20).contains(&ws.capacity()), "{}", ws.capacity());
    }
    // Short messages do not need it.
    ws.handle_timeout(at(2_700));
    for now in (2_800..=4_800).step_by(100) {
        assert_eq!(receive(&mut ws, &Frame::new(0x81, "short").bytes()), (1, None));
        assert!(ws.deadline().unwrap() <= at(now + 1_000) || ws.capacity() <= retain);
        ws.handle_timeout(at(now));
        assert!(now > 3_600 || ws.capacity() >= 1 << 20, "{now}: it was needed lately");
    }
    assert!(ws.capacity() <= retain, "{} bytes after 2 seconds", ws.capacity());
    assert_eq!(ws.deadline(), Some(at(34_800)), "there is nothing left to be freed");

    // If the time is not reported any more, it is freed behind the second message.
    for expected in [1, 2] {
        assert_eq!(receive(&mut ws, &message), (1, None));
        assert_eq!(ws.capacity() > retain, expected == 1, "message {expected}");
    }
    ws.handle_timeout(at(5_000));
    assert_eq!(receive(&mut ws, &message), (1, None));
    let (receiver, sender) = ws.into_split();
    let ws = WebSocket::reunite(receiver, sender).unwrap();
    assert!(ws.capacity() <= retain, "halves have no clock");
}

#[test]
fn memory_is_kept_for_a_moment_even_if_nothing_is_retained() {
    let mut ws = client(Config::DEFAULT.retain(0));
    ws.handle_timeout(Duration::ZERO);
    assert_eq!(receive(&mut ws, &Frame::new(0x82, vec![7; 10_000]).bytes()), (1, None));
    ws.handle_timeout(Duration::from_secs(1));
    assert!(ws.capacity() >= 10_000, "{}", ws.capacity());
    ws.handle_timeout(Duration::from_secs(2));
    assert_eq!(ws.capacity(), 0);
}

#[test]
fn the_memory_of_a_long_message_is_kept_whatever_came_before_it() {
    let [medium, long] = [10_000, 1 << 20].map(|len| Frame::new(0x82, vec![7; len]).bytes());
    let mut ws = client(Config::DEFAULT);
    receive(&mut ws, &medium);
    for retain in [64 << 10, ws.capacity()] {
        let mut ws = client(Config::DEFAULT.retain(retain));
        ws.handle_timeout(Duration::ZERO);
        assert_eq!(receive(&mut ws, &medium), (1, None));
        assert_eq!(receive(&mut ws, &long), (1, None));
        assert!(ws.capacity() >= 1 << 20, "{}", ws.capacity());
    }
}

#[test]
fn s10_4_memory_grows_with_what_arrives_and_not_with_what_is_declared() {
    let mut ws = client(Config::DEFAULT);
    assert_eq!(receive(&mut ws, b"\x82\x7F\0\0\0\0\x01\0\0\0first"), (0, None));
    assert!(ws.capacity() <= 256, "{} bytes for 5", ws.capacity());
    let mut arrived = 5;
    for _ in 0..100 {
        assert_eq!(receive(&mut ws, &[7; 10_000]), (0, None));
        arrived += 10_000;
        assert!(ws.capacity() <= 2 * arrived + (32 << 10), "{} for {arrived}", ws.capacity());
    }
}

#[test]
fn memory_is_freed_when_nothing_is_left_between_two_messages() {
    for (kind, retain) in [(0x81, 100), (0x82, 65_535), (0x81, 70_000), (0x82, 1 << 20)] {
        let mut ws = client(Config::DEFAULT.retain(retain));
        let message = Frame::new(kind, vec![b'a'; 65_535]).bytes();
        let (last, all) = message.split_last().unwrap();
        for piece in all.chunks(2) {
            assert_eq!(receive(&mut ws, piece), (0, None));
        }
        assert!(ws.capacity() >= 65_535);
        ws.read_buf()[0] = *last;
        ws.received(1).unwrap();
        assert!(ws.next().unwrap().is_some());
        let held = ws.capacity();
        assert!(held >= 65_535, "as long as the message is borrowed");
        assert!(ws.next().unwrap().is_none());
        assert_eq!(ws.capacity(), if held > retain { 0 } else { held });
    }
}

#[test]
fn s10_4_a_slice_bounds_messages_however_they_arrive() {
    for step in [1, 2, 7] {
        let (mut read, mut write) = ([0; 5], [0; 131]);
        let mut ws = over(&mut read, &mut write);
        let (mut whole, mut error) = (0, None);
        // A message in one frame lies behind its header until it is in parts.
        for piece in b"\x82\x04four\x82\x05fives".chunks(step) {
            let (messages, failed) = receive(&mut ws, piece);
            whole += messages;
            error = error.or(failed);
        }
        let error = error.expect("the slice is too short");
        assert_eq!((whole, error.violation()), (1, Violation::MessageTooBig));
        assert_eq!(error.offset(), 7, "the length proves it");
    }
}

#[test]
fn s10_4_a_slice_bounds_a_message_in_fragments() {
    for (frame, offset) in
        [(&b"\x02\x02fi\x80\x03ves"[..], 5), (b"\x01\x04five\x00\x00\x80\x01s", 9)]
    {
        for step in 1..=6 {
            let (mut read, mut write) = ([0; 5], [0; 131]);
            let mut ws = over(&mut read, &mut write);
            let errors = frame.chunks(step).filter_map(|piece| receive(&mut ws, piece).1);
            let errors = errors.collect::<Vec<_>>();
            assert_eq!(errors[0].violation(), Violation::MessageTooBig);
            assert_eq!(errors[0].offset(), offset, "the length proves it");
        }
    }
}

#[test]
fn s10_4_memory_is_freed_while_a_part_of_the_next_header_is_there() {
    let [long, fragment] = [0x82, 0x02].map(|first| Frame::new(first, vec![7; 100_000]).bytes());
    let (last, ping) = (&b"\x80\x00"[..], &b"\x89\x00"[..]);
    let whole = [&fragment[..], last].concat();
    let most = (16 << 10) + 14 + 131; // a read for a message like the last, and an answer
    // A part of a header, a control frame, a frame of which nothing has come, a Close, a violation.
    let behind = [&b"\x82"[..], b"\x82\x7E\x01", ping, b"\x01\x05", b"\x88\x00", b"\x83"];
    for message in [&long[..], &whole] {
        for next in behind {
            let mut ws = client(Config::DEFAULT);
            for piece in [message, next].concat().chunks(60_000) {
                receive(&mut ws, piece);
            }
            assert!(ws.capacity() <= most, "{} behind {next:?}", ws.capacity());
        }
    }
    // The beginning of a message whose connection is closed will not be needed again.
    for end in [&b"\x88\x00"[..], b"\x83"] {
        let mut ws = client(Config::DEFAULT);
        receive(&mut ws, &[&fragment[..], end].concat());
        assert!(ws.capacity() <= most, "{} behind {end:?}", ws.capacity());
    }
}

#[test]
fn a_message_in_fragments_can_be_sent_back_while_it_is_borrowed() {
    for (first, then) in [(0x01, b"\x81\x04echo"), (0x02, b"\x82\x04echo")] {
        let mut ws = WebSocket::server(Config::DEFAULT);
        let mut bytes = *b"\x01\x82\0\0\0\0ec\x80\x82\0\0\0\0ho";
        bytes[0] = first;
        assert_eq!(ws.feed(&bytes), bytes.len());
        let Some((Event::Message(message), tx)) = ws.next().unwrap() else { panic!("a message") };
        tx.send(message).unwrap();
        assert_eq!(ws.transmit(), then);
    }
}

#[test]
fn the_receiving_half_alone_will_do() {
    let (mut receiver, _) = client(Config::DEFAULT).into_split();
    receiver.read_buf()[..6].copy_from_slice(b"\x81\x04half");
    receiver.received(6).unwrap();
    let Some(Event::Message(Message::Text(text))) = receiver.next().unwrap() else { panic!() };
    assert_eq!(text, "half");
}

#[test]
fn what_is_fed_is_held_once_and_given_back() {
    let mut wire = Vec::new();
    for len in 0..300 {
        wire.extend(Frame::new(0x82, &vec![7; len][..]).bytes());
    }
    let mut ws = client(Config::DEFAULT.retain(0));
    for piece in [wire.len(), 1_000, 1] {
        let mut count = 0;
        for piece in wire.chunks(piece) {
            assert_eq!(ws.feed(piece), piece.len());
            assert!(ws.capacity() <= 2 * piece.len() + 1_000, "{}", ws.capacity());
            while let Some((Event::Message(message), _)) = ws.next().unwrap() {
                assert_eq!(message.as_bytes().len(), count);
                count += 1;
            }
        }
        assert_eq!((count, ws.frame_left(), ws.capacity()), (300, 0, 0));
    }
    assert_eq!(ws.feed(b"\x82\x7D1"), 3);
    assert!(ws.next().unwrap().is_none());
    assert_eq!(ws.frame_left(), 124);
}

#[test]
fn a_receiving_half_is_finished_after_a_close_a_violation_and_the_end_of_the_stream() {
    for end in [&b"\x88\x00"[..], b"\x83", b""] {
        let (mut receiver, _) = client(Config::DEFAULT).into_split();
        assert!(!receiver.is_finished());
        receiver.read_buf()[..end.len()].copy_from_slice(end);
        receiver.received(end.len()).unwrap();
        let _ = receiver.next();
        assert_eq!(receiver.is_finished(), !end.is_empty());
        receiver.receive_eof();
        assert!(receiver.is_finished());
    }
}

/// A caller that sleeps until the deadline would otherwise not sleep.
#[test]
fn a_deadline_that_was_reported_is_not_due_again() {
    let lengths = [0, 100, 70_000, 5, 20_000, 20_000, 0, 300_000, 1];
    for (retain, step) in [0, 1_000, 64 << 10].into_iter().flat_map(|retain| {
        [0, 1, 400, 1_000, 2_500, 40_000].map(|step| (retain, Duration::from_millis(step)))
    }) {
        let mut ws = client(Config::DEFAULT.retain(retain));
        let mut now = Duration::ZERO;
        for len in lengths {
            let wire = Frame::new(0x82, &vec![7; len][..]).bytes();
            for piece in wire.chunks(wire.len().div_ceil(3)) {
                for moment in [true, false] {
                    if moment {
                        let mut rest = piece;
                        while !rest.is_empty() {
                            rest = &rest[websocket::read(&mut ws, rest)..];
                        }
                    }
                    while ws.next().unwrap().is_some() {}
                    now += step;
                    while ws.handle_timeout(now).is_some() {
                        websocket::write_all(&mut ws);
                    }
                    assert!(ws.deadline().is_none_or(|at| at > now), "{retain} {step:?} {len}");
                }
            }
        }
    }
}
