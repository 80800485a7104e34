//! The layer over everything: messages, buffers, the queue, answers and time.

use crate::common::fuel::Meter;
use crate::common::{self, oracle, two_ends, vectors, websocket};
use proptest::collection::vec;
use proptest::prelude::*;
use rfc6455::websocket::{Config, Event, Message, Storage, TooMany};
use rfc6455::{
    CloseCode, FixedRole, Fragment, PreparedMessage, SendError, Server, Timer, WebSocket,
};
use std::time::Duration;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn s5_4_a_websocket_agrees_with_the_oracle(bytes in vec(any::<u8>(), 0..300)) {
        websocket::agrees_with_the_oracle(&bytes);
    }

    #[test]
    fn s5_4_a_websocket_agrees_with_the_oracle_on_any_stream(bytes in vec(any::<u8>(), 0..60)) {
        websocket::any_stream_agrees_with_the_oracle(&bytes);
    }

    #[test]
    fn s6_two_websockets_agree_however_they_send_and_read(bytes in vec(any::<u8>(), 0..400)) {
        two_ends::two_ends_agree(&bytes);
    }
}

#[test]
fn every_vector_passes_through_a_websocket_however_cut() {
    for vector in vectors::all().iter().filter(|vector| !vector.rsv1) {
        for server in &vector.roles {
            let (setting, wire) = (vector.setting(*server), vector.wire(*server).bytes);
            let outcome = oracle::decode(&wire, &setting);
            let step = if wire.len() < 700 { 1 } else { wire.len() / 7 + 1 };
            for above in [u64::MAX, 0, 5] {
                for pieces in [wire.chunks(step).collect(), vec![&wire[..]]] {
                    let config = websocket::config(setting.limits).stream_above(above);
                    let memory = [Vec::new(), Vec::new()];
                    let report = websocket::run(&setting, config, memory, pieces);
                    common::messages::assert_agrees(&report, &outcome);
                }
            }
        }
    }
}

#[test]
fn a_message_is_echoed_while_it_is_borrowed() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    let arrived = b"\x81\x82\x01\x02\x03\x04\x49\x6B";
    ws.read_buf()[..8].copy_from_slice(arrived);
    ws.received(8).unwrap();
    let (event, tx) = ws.next().unwrap().unwrap();
    let Event::Message(message @ Message::Text(text)) = event else { panic!() };
    assert_eq!(text, "Hi");
    tx.send(message).unwrap();
    assert!(ws.next().unwrap().is_none());
    assert_eq!(ws.transmit(), b"\x81\x02Hi");
}

/// A server that has received these bytes of a client whose keys are zero.
fn server(config: Config, arrived: &[u8]) -> WebSocket<Server, Vec<u8>> {
    let mut ws = WebSocket::server(config);
    feed(&mut ws, arrived);
    ws
}

fn feed<R: FixedRole, S: Storage>(ws: &mut WebSocket<R, S>, mut arrived: &[u8]) {
    while !arrived.is_empty() {
        let room = ws.read_buf();
        let (here, rest) = arrived.split_at(room.len().min(arrived.len()));
        room[..here.len()].copy_from_slice(here);
        ws.received(here.len()).unwrap();
        arrived = rest;
        if !arrived.is_empty() {
            assert!(ws.next().unwrap().is_none());
        }
    }
}

fn drain<R: FixedRole, S: Storage>(ws: &mut WebSocket<R, S>) -> usize {
    let mut events = 0;
    while ws.next().unwrap().is_some() {
        events += 1;
    }
    events
}

#[test]
fn above_the_mark_a_message_is_refused_and_nothing_changes() {
    let mut ws = WebSocket::server(Config::DEFAULT.high_water(10));
    ws.send("12345678").unwrap();
    assert_eq!(ws.queued(), 10);
    assert_eq!(ws.send("123456789"), Err(SendError::TooLong));
    assert_eq!(ws.send("12345678"), Err(SendError::Full), "it fits alone");
    assert_eq!(ws.send(""), Err(SendError::Full));
    assert_eq!(ws.send(Fragment::from("").first()), Err(SendError::Full));
    assert_eq!(ws.queued(), 10);
    ws.close(CloseCode::NORMAL, "").unwrap(); // a Close has room above the mark
    assert_eq!(ws.send(""), Err(SendError::Closed));
    ws.transmitted(3).unwrap();
    assert_eq!(ws.transmit(), b"2345678\x88\x02\x03\xE8");
}

#[test]
fn over_a_slice_what_does_not_fit_is_refused_until_more_was_transmitted() {
    let (mut read, mut write) = ([0; 64], [0; 140]);
    let mut ws = WebSocket::new(Server, Config::DEFAULT, &mut read[..], &mut write[..]);
    assert_eq!(ws.capacity(), 64 + 140);
    ws.send(&[b'a'; 100]).unwrap();
    assert_eq!(ws.send(&[b'b'; 100]), Err(SendError::Full));
    assert_eq!(ws.close(CloseCode::NORMAL, ""), Err(SendError::Full));
    ws.transmitted(70).unwrap();
    ws.send(&[b'b'; 100]).unwrap();
    let waits = ws.transmit();
    assert_eq!((waits.len(), &waits[..32]), (134, &[b'a'; 32][..]));
    ws.transmitted(134).unwrap();
    ws.close(CloseCode::NORMAL, "").unwrap();
}

#[test]
fn misuse_is_an_error_that_changes_nothing() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    let room = ws.read_buf().len();
    assert_eq!(ws.received(room + 1), Err(TooMany));
    assert_eq!(ws.received(usize::MAX), Err(TooMany));
    assert!(TooMany.to_string().starts_with("more bytes were reported"));
    assert!(ws.next().unwrap().is_none());
    ws.send("abc").unwrap();
    assert_eq!(ws.transmitted(6), Err(TooMany));
    assert_eq!(ws.transmit(), b"\x81\x03abc");
    assert_eq!(ws.send(Fragment::from("x").last()), Err(SendError::NoMessageOpen));
    ws.send(Fragment::from("x").first()).unwrap();
    assert_eq!(ws.send("y"), Err(SendError::MessageOpen));
    assert_eq!(ws.ping(&[0; 126]), Err(SendError::TooLong));
    assert_eq!(ws.close(CloseCode::NORMAL, &"r".repeat(124)), Err(SendError::TooLong));
    assert_eq!(ws.transmit(), b"\x81\x03abc\x01\x01x");
}

#[test]
fn s5_5_3_every_ping_of_a_batch_gets_its_pong_among_the_echoes() {
    let arrived = b"\x89\x81\0\0\0\0a\x82\x81\0\0\0\0x\x89\x81\0\0\0\0b\x89\x80\0\0\0\0";
    let mut ws = server(Config::DEFAULT, arrived);
    while let Some((event, tx)) = ws.next().unwrap() {
        if let Event::Message(message) = event {
            tx.send(message).unwrap();
        }
    }
    assert_eq!(ws.transmit(), b"\x8A\x01a\x82\x01x\x8A\x01b\x8A\x00");
}

#[test]
fn s5_5_a_pong_goes_ahead_of_a_long_queue_at_the_end_of_the_frame_under_way() {
    let sent = [0, 1, 4, 5, 19_999, 20_003, 20_004, 20_005];
    for (sent, before) in sent.into_iter().flat_map(|sent| [(sent, 0), (sent, 80_000)]) {
        // Memory that was used before has room for the Pong behind the queue, too.
        let mut ws = WebSocket::server(Config::DEFAULT.retain(1 << 20));
        ws.send(&vec![0; before][..]).unwrap();
        websocket::write_all(&mut ws);
        feed(&mut ws, b"\x89\x81\0\0\0\0p");
        ws.send(&vec![1; 20_000][..]).unwrap();
        ws.send(&vec![2; 20_000][..]).unwrap();
        assert!(matches!(ws.next().unwrap(), Some((Event::Ping(b"p"), _))));
        ws.transmitted(sent).unwrap();
        let all: Vec<u8> = ws.transmit_slices().flatten().copied().collect();
        let ahead = match sent {
            0 => 0,
            1..=20_004 => 20_004 - sent,
            _ => 40_008 - sent,
        };
        assert_eq!(all.len(), 40_008 + 3 - sent);
        assert_eq!(&all[ahead..ahead + 3], b"\x8A\x01p", "after {sent}");
        for _ in 0..all.len() {
            let next = ws.transmit()[0];
            assert_eq!(next, all[40_011 - sent - ws.queued()]);
            ws.transmitted(1).unwrap();
        }
        assert!(ws.transmit().is_empty());
    }
}

#[test]
fn s5_5_control_frames_go_behind_a_queue_of_less_than_16_kib() {
    for before in [0, 80_000] {
        for (len, at) in [(16_379, 16_383), (16_380, 0)] {
            for answers in [false, true] {
                let mut ws = WebSocket::server(Config::DEFAULT.retain(1 << 20));
                ws.send(&vec![0; before][..]).unwrap();
                websocket::write_all(&mut ws);
                ws.send(&vec![1; len][..]).unwrap();
                if answers {
                    feed(&mut ws, b"\x89\x81\0\0\0\0p");
                    assert_eq!(drain(&mut ws), 1);
                } else {
                    ws.sender().pong(b"p").unwrap();
                }
                let all: Vec<u8> = ws.transmit_slices().flatten().copied().collect();
                assert_eq!(&all[at..at + 3], b"\x8A\x01p", "{len} bytes");
            }
        }
    }
}

#[test]
fn memory_that_frames_wait_in_is_not_released() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    ws.send("abc").unwrap();
    ws.transmitted(1).unwrap();
    ws.release();
    assert_eq!(ws.transmit(), b"\x03abc");
    ws.transmitted(4).unwrap();
    assert!(ws.capacity() > 0, "it may be retained");
    ws.release();
    assert_eq!(ws.capacity(), 0);
}

#[test]
fn s5_3_a_control_frame_that_is_refused_takes_no_key() {
    let mut key = 0_u8;
    let keys = move || {
        key += 1;
        [key; 4]
    };
    let mut ws = WebSocket::client(keys, Config::DEFAULT);
    ws.send(&vec![0; 20_000][..]).unwrap();
    ws.ping(b"").unwrap();
    assert_eq!(ws.ping(b""), Err(SendError::Full), "one goes ahead of the queue");
    assert_eq!(ws.sender().pong(b""), Err(SendError::Full));
    let written = websocket::write_all(&mut ws);
    assert_eq!(&written[..6], b"\x89\x80\x02\x02\x02\x02");
    ws.ping(b"").unwrap();
    assert_eq!(ws.transmit(), b"\x89\x80\x03\x03\x03\x03");
}

#[test]
fn s5_5_1_a_half_answers_a_close_without_a_code_by_one_without() {
    let (mut receiver, mut sender) = server(Config::DEFAULT, b"\x88\x80\0\0\0\0").into_split();
    assert!(matches!(receiver.next().unwrap(), Some(Event::Close(None))));
    sender.reply(&receiver.poll_reply().unwrap()).unwrap();
    assert_eq!(sender.transmit(), b"\x88\x00");
}

#[test]
fn a_message_that_was_encoded_for_many_is_queued_as_it_is() {
    let mut ws = WebSocket::server(Config::DEFAULT.high_water(8));
    let mut out = [0; 16];
    let prepared = PreparedMessage::new("abc", &mut out).unwrap();
    ws.sender().send_prepared(&prepared).unwrap();
    assert_eq!(ws.sender().send_prepared(&prepared), Err(SendError::Full));
    assert_eq!(ws.transmit(), b"\x81\x03abc");
}

/// Takes so many bytes at a time, or fails.
#[cfg(feature = "std")]
struct Stream(Vec<u8>, Vec<std::io::Result<usize>>);

#[cfg(feature = "std")]
impl std::io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let len = self.1.pop().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
        self.0.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "std")]
#[test]
fn writing_continues_after_an_interrupt_and_leaves_the_rest_after_an_error() {
    use std::io::ErrorKind::{Interrupted, WouldBlock, WriteZero};
    for (kind, last) in
        [(WouldBlock, Err(WouldBlock.into())), (WriteZero, Ok(0)), (Interrupted, Ok(2))]
    {
        let mut ws = WebSocket::server(Config::DEFAULT);
        ws.send("abc").unwrap();
        let mut stream = Stream(Vec::new(), vec![last, Err(Interrupted.into()), Ok(1)]);
        let result = ws.write_to(&mut stream).map_err(|error| error.kind());
        if kind == Interrupted {
            assert_eq!((result, ws.queued()), (Ok(()), 0));
        } else {
            assert_eq!((result, ws.queued()), (Err(kind), 4));
            ws.write_to(&mut stream).unwrap();
        }
        assert_eq!(stream.0, b"\x81\x03abc");
    }
}

#[test]
fn a_slow_reader_of_a_long_queue_costs_no_more_than_its_bytes() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    let (mut meter, payload) = (Meter::start(), vec![1; 1 << 20]);
    meter.give(payload.len());
    ws.send(&payload[..]).unwrap();
    meter.call(payload.len());
    for _ in 0..3_000 {
        ws.transmitted(1_000.min(ws.queued())).unwrap();
        meter.give(1_000);
        ws.send(&[2; 1_000]).unwrap();
        meter.call(1_000);
    }
    assert!(ws.capacity() <= 3 << 20, "what was written makes room: {}", ws.capacity());
}

#[test]
fn s5_5_3_pings_to_a_peer_that_reads_nothing_take_bounded_memory() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    ws.send(&vec![1; 100_000][..]).unwrap();
    let held = ws.capacity();
    for round in 0..10_000_u16 {
        let mut ping = *b"\x89\x82\0\0\0\0..";
        ping[6..].copy_from_slice(&round.to_be_bytes());
        feed(&mut ws, &ping);
        drain(&mut ws);
    }
    assert!(ws.capacity() <= held + (16 << 10) && ws.queued() <= 100_010 + 4);
    let all: Vec<u8> = ws.transmit_slices().flatten().copied().collect();
    assert_eq!(&all[..4], b"\x8A\x02\0\0", "the first one, ahead of everything");
    ws.transmitted(4).unwrap();
    assert_eq!(&ws.transmit()[..4], b"\x8A\x02\x27\x0F", "and then the latest one");
}

#[test]
fn s5_5_1_an_automatic_close_follows_everything_that_is_queued() {
    let long = vec![7; 40_000];
    for (arrived, close) in [
        (&b"\x88\x82\0\0\0\0\x03\xE8"[..], b"\x88\x02\x03\xE8"), // the peer's Close
        (b"\x83\x80\0\0\0\0", b"\x88\x02\x03\xEA"),              // a reserved opcode
    ] {
        for ping in [&b""[..], b"\x89\x80\0\0\0\0"] {
            let mut ws = WebSocket::server(Config::DEFAULT);
            ws.send(&long[..]).unwrap();
            feed(&mut ws, ping);
            drain(&mut ws);
            let pong = if ping.is_empty() { &b""[..] } else { b"\x8A\x00" };
            feed(&mut ws, arrived);
            let _ = ws.next();
            let mut sent = Vec::new();
            while ws.wants_transmit() {
                assert!(!ws.is_closed());
                let len = ws.transmit().len().min(7_000);
                sent.extend_from_slice(&ws.transmit()[..len]);
                ws.transmitted(len).unwrap();
            }
            assert_eq!(sent[sent.len() - 4..], close[..], "{ping:?}");
            assert_eq!(sent.len(), 4 + long.len() + pong.len() + 4);
            assert!(ws.is_closed());
        }
    }
    // Over a slice, it waits until there is room behind.
    let (mut read, mut write) = ([0; 512], [0; 200]);
    let mut ws = WebSocket::new(Server, Config::DEFAULT, &mut read[..], &mut write[..]);
    ws.send(&[7; 100]).unwrap();
    feed(&mut ws, b"\x88\x82\0\0\0\0\x03\xE8");
    drain(&mut ws);
    assert_eq!(ws.transmit().len(), 102);
    ws.transmitted(102).unwrap();
    assert!(ws.wants_transmit() && !ws.is_closed());
    assert_eq!(ws.transmit(), b"\x88\x02\x03\xE8");
    ws.transmitted(4).unwrap();
    assert!(ws.is_closed());
}

#[test]
fn s7_1_5_the_answer_to_a_close_and_to_a_violation_can_be_chosen() {
    for (arrived, automatic) in
        [(&b"\x88\x82\0\0\0\0\x03\xE8"[..], 1000), (&b"\x83\x80\0\0\0\0"[..], 1002)]
    {
        let mut ws = server(Config::DEFAULT, arrived);
        let _ = ws.next();
        assert_eq!(ws.transmit()[2..], u16::to_be_bytes(automatic));

        let mut ws = server(Config::DEFAULT, arrived);
        let failed = ws.next().is_err();
        assert_eq!(ws.send("more").is_err(), failed);
        let before = ws.transmit_slices().flatten().count();
        let mut ws = server(Config::DEFAULT, arrived);
        let _ = ws.next();
        ws.close(CloseCode::POLICY_VIOLATION, "no").unwrap();
        assert_eq!(ws.transmit(), b"\x88\x04\x03\xF0no");
        assert!(before > 0 && !ws.is_closed());
        ws.transmitted(6).unwrap();
        assert!(ws.is_closed() && ws.transmit().is_empty());
    }
}

#[test]
fn s7_1_7_a_websocket_reports_an_error_once_for_each_read() {
    let mut ws = server(Config::DEFAULT, b"\x83\x80\0\0\0\0\x81\x80\0\0\0\0");
    assert!(ws.next().is_err());
    assert!(ws.next().unwrap().is_none());
    feed(&mut ws, b"more");
    assert!(ws.next().is_err());
    assert!(ws.next().unwrap().is_none());
    assert_eq!(ws.send("x"), Err(SendError::Closed));
    assert_eq!(ws.transmit(), b"\x88\x02\x03\xEA");
    assert!(!ws.is_closed());
    ws.transmitted(4).unwrap();
    assert!(ws.is_closed());
}

#[test]
fn a_message_above_the_bound_comes_in_chunks_and_holds_no_more_than_the_bound() {
    let config = Config::DEFAULT.stream_above(1_000).retain(0);
    let mut ws = WebSocket::server(config);
    let mut wire = b"\x82\xFF\0\0\0\0\0\x0F\x42\x40\0\0\0\0".to_vec();
    wire.resize(14 + 1_000_000, 7);
    let mut len = 0;
    for piece in wire.chunks(700) {
        let mut rest = piece;
        while !rest.is_empty() {
            let room = ws.read_buf();
            let (here, later) = rest.split_at(room.len().min(rest.len()));
            room[..here.len()].copy_from_slice(here);
            ws.received(here.len()).unwrap();
            rest = later;
            while let Some((event, _)) = ws.next().unwrap() {
                let Event::Chunk(chunk) = event else { panic!("{event:?}") };
                assert_eq!(chunk.is_first(), len == 0);
                len += chunk.len();
                assert_eq!(chunk.is_last(), len == 1_000_000);
            }
            assert_eq!(ws.capacity(), 0);
        }
    }
    assert_eq!(len, 1_000_000);
}

#[test]
fn memory_grows_with_what_came_and_is_given_back() {
    let mut ws = server(Config::DEFAULT, b"\x82\xFF\0\0\0\0\0\xFF\0\0\0\0\0\0");
    assert!(ws.next().unwrap().is_none());
    assert!(ws.capacity() <= 256, "a declared length allocates nothing");
    let mut came = 0;
    while came < 0xFF_0000 {
        let len = ws.read_buf().len().min(0xFF_0000 - came);
        ws.received(len).unwrap();
        came += len;
        assert_eq!(ws.next().unwrap().is_some(), came == 0xFF_0000);
        assert!(ws.capacity() <= 2 * came + (32 << 10), "{} for {came}", ws.capacity());
    }
    assert!(ws.next().unwrap().is_none());
    assert!(ws.capacity() <= Config::DEFAULT.retain);
}

#[test]
fn s5_6_a_message_in_one_frame_stays_where_it_was_read() {
    let mut wire = b"\x82\xFE\x4E\x20\0\0\0\0".to_vec();
    wire.extend((0..20_000_u16).map(|i| i.to_le_bytes()[0]));
    let mut ws = WebSocket::server(Config::DEFAULT.retain(1 << 20));
    for round in 0..3 {
        let (mut at, mut first) = (0, 0);
        while at < wire.len() {
            let room = ws.read_buf();
            first = if at == 0 { room.as_ptr().addr() } else { first };
            let len = room.len().min(wire.len() - at);
            room[..len].copy_from_slice(&wire[at..at + len]);
            ws.received(len).unwrap();
            at += len;
            if at < wire.len() {
                assert!(ws.next().unwrap().is_none());
            }
        }
        let Some((Event::Message(message), _)) = ws.next().unwrap() else { panic!() };
        assert_eq!(message.as_bytes(), &wire[8..]);
        if round > 0 {
            assert_eq!(message.as_bytes().as_ptr().addr(), first + 8, "behind its header");
        }
        drain(&mut ws);
    }
}

#[test]
fn deadlines_ping_and_close_and_end() {
    let at = Duration::from_secs;
    let mut ws = WebSocket::server(Config::DEFAULT);
    assert_eq!((ws.handle_timeout(at(0)), ws.deadline()), (None, Some(at(30))));
    assert_eq!(ws.handle_timeout(at(30)), Some(Timer::Ping));
    assert_eq!(ws.transmit(), b"\x89\x00");
    ws.transmitted(2).unwrap();
    feed(&mut ws, b"\x8A\x80\0\0\0\0");
    assert_eq!(drain(&mut ws), 1);
    assert_eq!(ws.handle_timeout(at(31)), None);
    assert_eq!(ws.deadline(), Some(at(61)));
    assert_eq!(ws.handle_timeout(at(61)), Some(Timer::Ping));
    assert!(!ws.is_closed());
    assert_eq!(ws.handle_timeout(at(81)), Some(Timer::Pong));
    assert!(ws.is_closed());

    let mut ws = WebSocket::server(Config::DEFAULT);
    feed(&mut ws, b"\x01\x81\0\0\0\0a");
    assert_eq!((drain(&mut ws), ws.handle_timeout(at(1))), (0, None));
    feed(&mut ws, b"\x80\x80\0\0\0\0\x01\x81\0\0\0\0a");
    assert_eq!((drain(&mut ws), ws.handle_timeout(at(20))), (1, None));
    for second in (21..320).step_by(20) {
        feed(&mut ws, b"\x00\x81\0\0\0\0a");
        assert_eq!((drain(&mut ws), ws.handle_timeout(at(second))), (0, None));
    }
    feed(&mut ws, b"\x00\x81\0\0\0\0a");
    drain(&mut ws);
    assert_eq!(ws.handle_timeout(at(320)), Some(Timer::Message));
    assert_eq!(ws.transmit(), b"\x88\x02\x03\xF0");
    assert_eq!((ws.deadline(), ws.is_closed()), (Some(at(325)), false));
    assert_eq!(ws.handle_timeout(at(325)), Some(Timer::Close));
    assert!(ws.is_closed());
}

#[test]
fn s7_1_1_a_closing_handshake_has_a_deadline_whichever_end_begins_it() {
    let at = Duration::from_secs;
    for begins in [true, false] {
        let mut ws = WebSocket::client(|| [0; 4], Config::DEFAULT);
        assert_eq!((ws.handle_timeout(at(10)), ws.deadline()), (None, Some(at(40))));
        if begins {
            ws.close(CloseCode::NORMAL, "").unwrap();
        } else {
            feed(&mut ws, b"\x88\x00");
            assert_eq!(drain(&mut ws), 1);
        }
        assert_eq!((ws.handle_timeout(at(20)), ws.deadline()), (None, Some(at(25))), "{begins}");
        feed(&mut ws, b"\x8A\x00"); // a sign of life is no answer
        drain(&mut ws);
        assert_eq!((ws.handle_timeout(at(24)), ws.is_closed()), (None, false));
        assert_eq!((ws.handle_timeout(at(25)), ws.is_closed()), (Some(Timer::Close), true));
    }
}

/// The time may be that since the program started.
#[test]
fn silence_counts_from_the_first_report_of_the_time() {
    let at = Duration::from_secs;
    let mut ws = WebSocket::server(Config::DEFAULT);
    assert_eq!((ws.handle_timeout(at(1_000)), ws.deadline()), (None, Some(at(1_030))));
    assert_eq!(ws.handle_timeout(at(1_030)), Some(Timer::Ping));
}

#[test]
fn only_bytes_that_arrive_postpone_a_ping() {
    let at = Duration::from_secs;
    let mut ws = WebSocket::server(Config::DEFAULT);
    assert_eq!(ws.handle_timeout(at(0)), None);
    ws.read_buf();
    ws.received(0).unwrap();
    assert_eq!(ws.feed(b""), 0);
    assert_eq!((ws.handle_timeout(at(10)), ws.deadline()), (None, Some(at(30))));
    feed(&mut ws, b"\x82");
    assert_eq!((ws.handle_timeout(at(10)), ws.deadline()), (None, Some(at(40))));
    // A read that found nothing forgets no earlier one.
    feed(&mut ws, b"\x80");
    ws.read_buf();
    ws.received(0).unwrap();
    assert_eq!((ws.handle_timeout(at(20)), ws.deadline()), (None, Some(at(50))));
}

#[test]
fn halves_serve_two_tasks_and_only_those_of_one_connection_are_reunited() {
    let one = server(Config::DEFAULT, b"\x89\x81\0\0\0\0p\x82\x81\0\0\0\0x");
    let (mut receiver, mut sender) = one.into_split();
    let (other, other_sender) = WebSocket::server(Config::DEFAULT).into_split();
    assert!(matches!(receiver.next().unwrap(), Some(Event::Ping(b"p"))));
    let reply = receiver.poll_reply().unwrap();
    let sender = std::thread::spawn(move || {
        sender.reply(&reply).unwrap();
        sender
    });
    let sender = sender.join().unwrap();
    let (receiver, other_sender) = WebSocket::reunite(receiver, other_sender).unwrap_err();
    let (other, sender) = WebSocket::reunite(other, sender).unwrap_err();
    let mut ws = WebSocket::reunite(receiver, sender).unwrap();
    assert!(WebSocket::reunite(other, other_sender).is_ok());
    assert!(matches!(ws.next().unwrap(), Some((Event::Message(_), _))));
    assert_eq!(ws.transmit(), b"\x8A\x01p");
    assert_eq!(ws.deadline(), Some(Duration::from_secs(30)));
}

#[test]
fn s7_1_7_a_connection_that_failed_or_ended_stays_so_when_its_halves_are_reunited() {
    for ends in [false, true] {
        let mut ws = WebSocket::server(Config::DEFAULT);
        if ends {
            ws.receive_eof();
        }
        let (mut receiver, sender) = ws.into_split();
        if !ends {
            receiver.feed(b"\x83\x80\0\0\0\0"); // a reserved opcode
            receiver.next().unwrap_err();
        }
        let mut ws = WebSocket::reunite(receiver, sender).unwrap();
        assert_eq!((ws.send("x"), ws.queued()), (Err(SendError::Closed), 0));
    }
}

/// A second message may begin before the time is reported again.
#[cfg(feature = "deflate")]
#[test]
fn s7_2_2_each_compressed_message_has_its_own_deadline() {
    use crate::common::deflate::{Client, WHOLE, client, negotiated};
    use rfc6455::{Limits, deflate};
    let at = Duration::from_secs;
    let by_server = deflate::Config::DEFAULT.accept(deflate::Params::default());
    let mut from = WebSocket::server(Config::DEFAULT).deflate(by_server);
    let numbers = format!("{:?}", (0..200).collect::<Vec<_>>());
    from.send(&*numbers).unwrap();
    let first = websocket::write_all(&mut from);
    from.send(&*numbers.replace(',', ".")).unwrap();
    let second = websocket::write_all(&mut from);
    assert!(first[0] == 0xC1 && second[0] == 0xC1 && first.len().min(second.len()) > 50);

    let new = || client(Limits::DEFAULT, &negotiated(true), WHOLE);
    let hear = |ws: &mut WebSocket<Client, Vec<u8>>, bytes: &[u8], second| {
        assert_eq!(ws.feed(bytes), bytes.len());
        (drain(ws), ws.handle_timeout(at(second)))
    };
    // Byte by byte, it counts from its beginning.
    let mut ws = new();
    assert_eq!(hear(&mut ws, &first[..10], 0), (0, None));
    for (byte, second) in first[10..].chunks(1).zip((20..300).step_by(20)) {
        assert_eq!(hear(&mut ws, byte, second), (0, None));
    }
    assert_eq!(hear(&mut ws, &first[24..25], 300), (0, Some(Timer::Message)));

    let mut ws = new();
    let (last, all) = first.split_last().unwrap();
    assert_eq!(hear(&mut ws, all, 0), (0, None));
    assert_eq!(hear(&mut ws, &[&[*last], &second[..10]].concat(), 20), (1, None));
    for (byte, second) in second[10..].chunks(1).zip((40..320).step_by(20)) {
        assert_eq!(hear(&mut ws, byte, second), (0, None));
    }
    assert_eq!(hear(&mut ws, &second[24..25], 320), (0, Some(Timer::Message)));
}

#[test]
fn bytes_that_came_with_the_handshake_are_fed_in_parts() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    let mut wire = b"\x82\xFE\x08\x00\0\0\0\0".to_vec();
    wire.resize(8 + 2048, 1);
    let (mut rest, mut messages) = (&wire[..], 0);
    while !rest.is_empty() {
        let len = ws.feed(rest);
        assert!(len > 0);
        rest = &rest[len..];
        messages += drain(&mut ws);
    }
    assert_eq!(messages, 1);
}
