//! Ping and Pong (RFC 6455 §5.5.2, §5.5.3): answers, floods, and a writer that stalls.

use crate::common;

use common::driver::Keys;
use common::wire::{self, Frame};
use rfc6455::*;

fn server() -> Connection<Server> {
    Connection::server(Limits::DEFAULT)
}

/// Receives one whole frame from a client, and gives the payload that it reported.
fn receive(ws: &mut Connection<Server>, first: u8, payload: &[u8]) -> Vec<u8> {
    receive_in_pieces(ws, first, payload, 1000)
}

fn receive_in_pieces(
    ws: &mut Connection<Server>,
    first: u8,
    payload: &[u8],
    size: usize,
) -> Vec<u8> {
    let mut events = 0;
    for piece in Frame::new(first, payload).masked([9, 8, 7, 6]).bytes().chunks_mut(size) {
        let mut input = piece;
        while ws.receive(&mut input).unwrap().is_some() {
            events += 1;
        }
    }
    assert_eq!(events, 1);
    ws.control_payload().to_vec()
}

/// The payload of the Pong that is to be transmitted.
fn pong(ws: &mut Connection<Server>) -> Option<Vec<u8>> {
    let frame = ws.poll_transmit()?;
    let mut frames = wire::frames(&frame);
    assert_eq!((frames.len(), frames[0].first), (1, 0x8A));
    frames.pop().map(|frame| frame.payload)
}

#[test]
fn s5_5_2_each_ping_is_answered_if_its_answer_is_taken() {
    let mut ws = server();
    for number in 0..1000_u32 {
        receive(&mut ws, 0x89, &number.to_be_bytes());
        assert_eq!(pong(&mut ws).unwrap(), number.to_be_bytes());
        assert_eq!(pong(&mut ws), None);
    }
}

#[test]
fn s5_5_2_each_ping_of_one_read_is_answered_if_its_answer_is_taken() {
    let mut ws = server();
    let mut bytes: Vec<u8> = (0..200_u8)
        .flat_map(|number| Frame::new(0x89, [number]).masked([number; 4]).bytes())
        .collect();
    let mut input = &mut bytes[..];
    let mut answers = Vec::new();
    while let Some(event) = ws.receive(&mut input).unwrap() {
        assert!(matches!(event, Event::Ping));
        answers.extend(pong(&mut ws).unwrap());
    }
    assert_eq!(answers, (0..200).collect::<Vec<u8>>());
}

#[test]
fn s5_5_3_a_stalled_writer_owes_the_latest_pong_and_no_memory() {
    let mut ws = server();
    let size = std::mem::size_of_val(&ws); // a value without a heap: nothing can pile up
    for number in 0..10_000_u32 {
        let mut payload = number.to_be_bytes().to_vec();
        payload.resize(4 + number as usize % 122, 0xEE);
        assert_eq!(receive(&mut ws, 0x89, &payload), payload);
    }
    assert_eq!(size, std::mem::size_of::<Connection<Server>>());
    let last = pong(&mut ws).unwrap();
    assert_eq!(last[..4], 9999_u32.to_be_bytes());
    assert_eq!(pong(&mut ws), None);
}

#[test]
fn s5_5_3_a_pong_that_arrives_does_not_displace_the_answer_that_waits() {
    for waiting in [0, 1, 62, 63, 100, 124, 125] {
        for arriving in [0, 1, 62, 63, 100, 124, 125] {
            for size in [1, 7, 1000] {
                let mut ws = server();
                let (ping, other) = (vec![0x11; waiting], vec![0x22; arriving]);
                receive_in_pieces(&mut ws, 0x89, &ping, size);
                let reported = receive_in_pieces(&mut ws, 0x8A, &other, size);
                // 125 bytes are all the room there is for both.
                let kept = if waiting + arriving <= 125 { &other[..] } else { &[] };
                assert_eq!(reported, kept, "{waiting} + {arriving}");
                assert_eq!(pong(&mut ws).unwrap(), ping, "{waiting} + {arriving}");
                assert_eq!(pong(&mut ws), None);
                assert_eq!(ws.control_payload(), kept, "taking the answer changes no report");
            }
        }
    }
}

#[test]
fn s5_5_3_a_flood_of_pongs_leaves_the_answer_that_waits() {
    let mut ws = server();
    receive(&mut ws, 0x89, b"the question");
    for len in (0..=125).chain([125; 1000]) {
        receive(&mut ws, 0x8A, &vec![0x22; len]);
    }
    assert_eq!(pong(&mut ws).unwrap(), b"the question");
}

#[test]
fn s5_5_3_a_second_ping_is_answered_with_its_own_payload() {
    for (first, second) in [(0, 0), (0, 125), (125, 0), (125, 125), (60, 65), (60, 66), (1, 124)] {
        for size in [1, 1000] {
            let mut ws = server();
            receive_in_pieces(&mut ws, 0x89, &vec![1; first], size);
            let reported = receive_in_pieces(&mut ws, 0x89, &vec![2; second], size);
            assert_eq!(reported, vec![2; second]);
            assert_eq!(pong(&mut ws).unwrap(), vec![2; second]);
            assert_eq!(pong(&mut ws), None);
        }
    }
}

#[test]
fn s5_5_3_an_answer_can_be_taken_while_the_next_ping_is_arriving() {
    let mut ws = server();
    receive(&mut ws, 0x89, b"one");
    let mut next = Frame::new(0x89, b"two").masked([1, 2, 3, 4]).bytes();
    let (begun, rest) = next.split_at_mut(7);
    assert!(matches!(ws.receive(&mut &mut begun[..]), Ok(None)));
    assert_eq!(pong(&mut ws).unwrap(), b"one");
    assert!(matches!(ws.receive(&mut &mut rest[..]), Ok(Some(Event::Ping))));
    assert_eq!(pong(&mut ws).unwrap(), b"two");
}

#[test]
fn s5_5_3_an_answer_that_is_displaced_is_sent_whole_or_not_at_all() {
    for (first, second) in [(100, 100), (125, 1), (1, 125), (63, 63), (20, 30)] {
        for opcode in [0x88, 0x89, 0x8A] {
            let (ping, mut next) = (vec![0x11; first], vec![b'n'; second]);
            if opcode == 0x88 {
                next = [&[3, 0xE8], &next[..second.min(123)]].concat();
            }
            let frame = Frame::new(opcode, next).masked([1, 2, 3, 4]).bytes();
            for arrived in 0..frame.len() {
                let mut ws = server();
                receive(&mut ws, 0x89, &ping);
                let mut begun = frame[..arrived].to_vec();
                assert!(matches!(ws.receive(&mut &mut begun[..]), Ok(None)));
                assert!(pong(&mut ws).is_none_or(|answer| answer == ping));
                assert_eq!(pong(&mut ws), None);
            }
        }
    }
}

#[test]
fn s5_5_1_a_close_takes_the_place_of_a_pong() {
    for len in [0, 125] {
        let mut ws = server();
        receive(&mut ws, 0x89, &vec![1; len]);
        receive(&mut ws, 0x88, &[&[3, 0xE8], &[b'r'; 123][..]].concat());
        assert_eq!(ws.close_frame().unwrap().reason.len(), 123);
        let frames = wire::frames(&ws.poll_transmit().unwrap());
        assert_eq!(frames[0], Frame::new(0x88, [3, 0xE8]));
        assert!(ws.poll_transmit().is_none());
    }
}

#[test]
fn s5_5_3_a_pong_waits_for_the_open_frame() {
    let mut ws = server();
    ws.begin_frame(FrameKind::whole(MessageKind::Binary), 2).unwrap();
    receive(&mut ws, 0x89, b"?");
    assert_eq!(pong(&mut ws), None);
    assert_eq!(ws.pong(b"by hand").unwrap_err(), SendError::FrameOpen { left: 2 });
    ws.frame_payload(&mut [0, 0]).unwrap();
    assert_eq!(pong(&mut ws).unwrap(), b"?");
}

#[test]
fn s5_5_3_a_pong_may_stand_between_our_fragments() {
    let mut ws = server();
    let mut out = [0; 16];
    ws.send(Fragment::from("a").first(), &mut out).unwrap();
    receive(&mut ws, 0x89, b"?");
    assert_eq!(pong(&mut ws).unwrap(), b"?");
    ws.send(Fragment::from("b").last(), &mut out).unwrap();
}

#[test]
fn s5_5_2_who_answers_pings_alone_is_not_helped() {
    let mut ws = server();
    ws.answer_pings(false);
    assert_eq!(receive(&mut ws, 0x89, b"mine"), b"mine");
    assert_eq!(pong(&mut ws), None);
    let by_hand = ws.control_payload().to_vec();
    assert_eq!(&*ws.pong(&by_hand).unwrap(), b"\x8A\x04mine");
    ws.answer_pings(true);
    receive(&mut ws, 0x89, b"yours");
    assert_eq!(pong(&mut ws).unwrap(), b"yours");
}

#[test]
fn s5_5_3_an_answer_that_waits_gives_way_to_a_ping_that_is_answered_by_hand() {
    for (first, second, kept) in [(100, 25, true), (100, 26, false), (0, 125, true)] {
        let mut ws = server();
        receive(&mut ws, 0x89, &vec![b'a'; first]);
        ws.answer_pings(false);
        assert_eq!(receive(&mut ws, 0x89, &vec![b'b'; second]), vec![b'b'; second]);
        assert_eq!(pong(&mut ws), kept.then(|| vec![b'a'; first]), "{first} and {second} bytes");
        assert_eq!(ws.control_payload(), vec![b'b'; second]);
    }
}

#[test]
fn s5_5_2_an_unsolicited_pong_is_not_answered() {
    let mut ws = server();
    assert_eq!(receive(&mut ws, 0x8A, b"still here"), b"still here");
    assert_eq!(pong(&mut ws), None);
}

#[test]
fn s5_5_the_control_frames_since_the_last_data_can_be_counted() {
    let mut ws = server();
    for count in 1..=5 {
        receive(&mut ws, 0x8A, b"");
        assert_eq!(ws.control_frames_since_data(), count);
    }
    let mut data = Frame::new(0x82, b"x").masked([0; 4]).bytes();
    assert!(matches!(ws.receive(&mut &mut data[..]), Ok(Some(Event::Data(_)))));
    assert_eq!(ws.control_frames_since_data(), 0);
}

#[test]
fn s5_5_control_frames_of_the_client_are_answered_masked() {
    let mut ws = Connection::client(Keys(5), Limits::DEFAULT);
    let mut ping = Frame::new(0x89, b"hello").bytes();
    assert!(matches!(ws.receive(&mut &mut ping[..]), Ok(Some(Event::Ping))));
    let frames = wire::frames(&ws.poll_transmit().unwrap());
    let key = Keys(5).next_key();
    assert_eq!(frames, [Frame::new(0x8A, b"hello").masked(key)]);
}

#[test]
fn s5_5_3_the_halves_hand_the_latest_pong_over() {
    let (mut receiver, mut sender) = server().into_split();
    for number in 0..3_u8 {
        let mut ping = Frame::new(0x89, [number; 125]).masked([number; 4]).bytes();
        assert!(matches!(receiver.receive(&mut &mut ping[..]), Ok(Some(Event::Ping))));
    }
    let reply = receiver.poll_reply().unwrap();
    assert!(receiver.poll_reply().is_none());
    assert_eq!(*sender.reply(&reply).unwrap(), *Frame::new(0x8A, [2; 125]).bytes());
}

#[test]
fn s5_5_a_reply_is_to_be_sent_between_two_frames_and_before_the_close() {
    let ping = |ws: &mut Connection<Server>| {
        let mut bytes = *b"\x89\x80\0\0\0\0";
        assert!(matches!(ws.receive(&mut &mut bytes[..]), Ok(Some(Event::Ping))));
    };
    let mut ws = Connection::server(Limits::DEFAULT);
    assert!(!ws.wants_transmit() && ws.poll_transmit().is_none());
    ping(&mut ws);
    assert!(ws.wants_transmit() && ws.poll_transmit().is_some());
    assert!(!ws.wants_transmit() && ws.poll_transmit().is_none());
    ws.begin_frame(FrameKind::whole(MessageKind::Binary), 2).unwrap();
    ping(&mut ws);
    assert!(!ws.wants_transmit() && ws.poll_transmit().is_none(), "inside a frame");
    ws.frame_payload(&mut [1, 2]).unwrap();
    assert!(ws.wants_transmit() && ws.poll_transmit().is_some());
    ws.close(CloseCode::NORMAL, "").unwrap();
    ping(&mut ws);
    assert!(!ws.wants_transmit() && ws.poll_transmit().is_none(), "after the Close");
}
