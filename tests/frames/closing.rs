//! The closing handshake (RFC 6455 §5.5.1, §7), step by step.
#![allow(clippy::option_option, clippy::similar_names)]

use crate::common;

use common::driver::Keys;
use common::wire::{self, Frame};
use rfc6455::*;

const LIMITS: Limits = Limits::DEFAULT;

fn pair() -> (Connection<Client<Keys>>, Connection<Server>) {
    (Connection::client(Keys(1), LIMITS), Connection::server(LIMITS))
}

/// The only event in these bytes.
fn one<R: FixedRole>(ws: &mut Connection<R>, bytes: &[u8]) -> Option<Option<u16>> {
    let mut buffer = bytes.to_vec();
    let mut input = &mut buffer[..];
    let closed = match ws.receive(&mut input).unwrap() {
        Some(Event::Close(code)) => Some(code.map(CloseCode::get)),
        Some(_) => None,
        None => panic!("no event"),
    };
    assert!(matches!(ws.receive(&mut input), Ok(None)));
    closed
}

fn payload(frame: &[u8]) -> Vec<u8> {
    let mut frames = wire::frames(frame);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].first, 0x88);
    frames.pop().unwrap().payload
}

#[test]
fn s7_1_2_the_client_begins_and_the_server_closes_the_transport_first() {
    let (mut client, mut server) = pair();
    let close = client.close(CloseCode::GOING_AWAY, "leaving").unwrap();
    assert!(!client.is_closed());
    assert!((client.is_close_sent(), client.is_close_received()) == (true, false));
    assert!(client.poll_transmit().is_none(), "its Close was handed out already");
    assert_eq!(one(&mut server, &close), Some(Some(1001)));
    assert_eq!(server.close_frame().unwrap().reason, "leaving");
    assert!(!server.is_closed(), "the answer has to be written");
    assert!((server.is_close_sent(), server.is_close_received()) == (false, true));
    let answer = server.poll_transmit().unwrap();
    assert!(server.is_closed());
    assert_eq!(one(&mut client, &answer), Some(Some(1001)));
    assert!(client.poll_transmit().is_none(), "an answer is not answered");
    assert!(!client.is_closed(), "a client waits for the server to close the transport");
    assert_eq!(client.receive_eof(), Eof::Clean);
    assert!(client.is_closed());
    assert_eq!(server.receive_eof(), Eof::Clean);
}

#[test]
fn s7_1_2_the_server_begins_and_is_closed_by_the_answer() {
    let (mut client, mut server) = pair();
    let close = server.close(CloseCode::NORMAL, "").unwrap();
    assert!(!server.is_closed());
    assert_eq!(one(&mut client, &close), Some(Some(1000)));
    let answer = client.poll_transmit().unwrap();
    assert!(client.poll_transmit().is_none());
    assert_eq!(one(&mut server, &answer), Some(Some(1000)));
    assert!(server.is_closed());
    assert!(server.poll_transmit().is_none());
    assert!(!client.is_closed());
    assert_eq!(client.receive_eof(), Eof::Clean);
    assert!(client.is_closed());
}

#[test]
fn s7_1_2_both_begin_at_once_and_nobody_answers() {
    let (mut client, mut server) = pair();
    let by_client = client.close(CloseCode::NORMAL, "").unwrap();
    let by_server = server.close(CloseCode::GOING_AWAY, "").unwrap();
    assert_eq!(one(&mut client, &by_server), Some(Some(1001)));
    assert_eq!(one(&mut server, &by_client), Some(Some(1000)));
    assert!(client.poll_transmit().is_none() && server.poll_transmit().is_none());
    assert!(server.is_closed() && !client.is_closed());
    assert_eq!(client.receive_eof(), Eof::Clean);
}

#[test]
fn s5_5_1_a_peer_that_repeats_its_close_gets_one_answer() {
    let (mut client, mut server) = pair();
    let close = client.close_without_code().unwrap();
    assert_eq!(one(&mut server, &close), Some(None));
    assert!(server.close_frame().is_none());
    for _ in 0..3 {
        let mut again = close.to_vec();
        assert!(matches!(server.receive(&mut &mut again[..]), Ok(None)));
    }
    assert_eq!(payload(&server.poll_transmit().unwrap()), [0; 0]);
    let mut again = close.to_vec();
    assert!(matches!(server.receive(&mut &mut again[..]), Ok(None)));
    assert!(server.poll_transmit().is_none());
    assert_eq!(server.close(CloseCode::NORMAL, "").unwrap_err(), SendError::Closed);
}

#[test]
fn s5_5_1_nothing_is_sent_while_the_answer_to_a_close_waits_or_after_it() {
    let (mut client, mut server) = pair();
    let close = client.close(CloseCode::NORMAL, "").unwrap();
    one(&mut server, &close);
    for _ in 0..2 {
        let mut out = [0xA5; 40];
        assert_eq!(server.send("late", &mut out).unwrap_err(), SendError::Closed);
        assert_eq!(server.send_header("late").unwrap_err(), SendError::Closed);
        let whole = FrameKind::whole(MessageKind::Text);
        assert_eq!(server.begin_frame(whole, 4).unwrap_err(), SendError::Closed);
        assert_eq!(server.ping(b"").unwrap_err(), SendError::Closed);
        assert_eq!(server.pong(b"").unwrap_err(), SendError::Closed);
        assert_eq!(server.close(CloseCode::NORMAL, "").unwrap_err(), SendError::Closed);
        assert_eq!(server.close_without_code().unwrap_err(), SendError::Closed);
        assert_eq!(out, [0xA5; 40]);
        server.poll_transmit();
    }
}

#[test]
fn s5_5_1_a_message_that_crosses_our_close_is_still_received_and_a_ping_not_answered() {
    let (mut client, mut server) = pair();
    let _close = server.close(CloseCode::NORMAL, "").unwrap();
    let mut out = [0; 32];
    let len = client.send("on its way", &mut out).unwrap();
    assert_eq!(one(&mut server, &out[..len]), None);
    assert_eq!(one(&mut server, &client.ping(b"?").unwrap()), None);
    assert!(server.poll_transmit().is_none(), "nothing follows our Close");
    assert!(!server.is_closed());
}

#[test]
fn s7_1_7_a_violation_while_closing_ends_it_without_a_second_close() {
    let (_, mut server) = pair();
    let _close = server.close(CloseCode::NORMAL, "").unwrap();
    let error = server.receive(&mut &mut [0x83][..]).unwrap_err();
    assert_eq!(error.violation(), Violation::ReservedOpcode);
    assert!(server.poll_transmit().is_none());
    assert!(server.is_closed());
}

#[test]
fn s7_1_7_a_failed_connection_is_closed_when_its_close_was_taken_at_either_end() {
    let (mut client, mut server) = pair();
    client.receive(&mut &mut [0x70][..]).unwrap_err();
    server.receive(&mut &mut [0x81, 0x00][..]).unwrap_err();
    assert!(!client.is_closed() && !server.is_closed());
    assert_eq!(payload(&client.poll_transmit().unwrap()), 1002_u16.to_be_bytes());
    assert_eq!(payload(&server.poll_transmit().unwrap()), 1002_u16.to_be_bytes());
    assert!(client.is_closed() && server.is_closed());
}

#[test]
fn s7_1_7_the_close_of_a_failure_waits_for_the_open_frame() {
    let (_, mut server) = pair();
    server.begin_frame(FrameKind::whole(MessageKind::Binary), 3).unwrap();
    server.receive(&mut &mut [0x83][..]).unwrap_err();
    assert!(server.poll_transmit().is_none(), "a frame is not interrupted");
    server.frame_payload(&mut [1, 2]).unwrap();
    assert!(server.poll_transmit().is_none());
    assert_eq!(server.poll_transmit_into(&mut [0; 131]), Ok(0));
    server.frame_payload(&mut [3]).unwrap();
    assert_eq!(payload(&server.poll_transmit().unwrap()), 1002_u16.to_be_bytes());
    assert!(server.is_closed());
}

#[test]
fn s7_1_5_an_end_without_a_close_is_abnormal_and_no_error() {
    let (mut client, mut server) = pair();
    assert!(matches!(client.receive(&mut &mut [0x81, 0x05, b'c', b'u'][..]), Ok(Some(_))));
    for (eof, closed) in
        [(client.receive_eof(), client.is_closed()), (server.receive_eof(), server.is_closed())]
    {
        assert_eq!((eof, closed), (Eof::Abnormal, true));
    }
    assert!(client.error().is_none());
    assert!(matches!(client.receive(&mut &mut b"t!"[..].to_vec()[..]), Ok(None)));
    assert_eq!(client.ping(b"").unwrap_err(), SendError::Closed);
}

#[test]
fn s7_1_4_the_end_after_a_violation_is_abnormal() {
    let (_, mut server) = pair();
    let error = server.receive(&mut &mut [0x00][..]).unwrap_err();
    assert_eq!(server.receive_eof(), Eof::Abnormal);
    assert_eq!(server.error(), Some(error));
    assert_eq!(server.receive(&mut &mut [0][..]).unwrap_err(), error);
}

#[test]
fn s5_5_1_a_reason_has_at_most_123_bytes_and_is_never_cut() {
    for (reason, fits) in [
        ("r".repeat(123), true),
        ("r".repeat(124), false),
        ("€".repeat(41), true),
        ("€".repeat(42), false),
    ] {
        let (mut client, mut server) = pair();
        let before = format!("{client:?}");
        match client.close(CloseCode::NORMAL, &reason) {
            Ok(frame) => {
                assert!(fits);
                one(&mut server, &frame);
                assert_eq!(server.close_frame().unwrap().reason, reason);
            }
            Err(error) => {
                assert!(!fits);
                assert_eq!(error, SendError::TooLong);
                assert_eq!(format!("{client:?}"), before);
                client.close(CloseCode::NORMAL, "shorter").unwrap();
            }
        }
    }
}

#[test]
fn s7_4_1_codes_that_must_not_be_sent_cannot_be_named() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        assert_eq!(CloseCode::new(code), None);
    }
    // So a Close has a legal code, or none: both are what the other end receives.
    for code in (0..=u16::MAX).filter_map(CloseCode::new) {
        let (mut client, mut server) = pair();
        assert_eq!(one(&mut client, &server.close(code, "").unwrap()), Some(Some(code.get())));
    }
    let (mut client, mut server) = pair();
    assert_eq!(one(&mut client, &server.close_without_code().unwrap()), Some(None));
}

#[test]
fn s5_5_1_a_close_payload_parses_by_itself() {
    assert_eq!(CloseFrame::parse(b""), Ok(None));
    assert_eq!(CloseFrame::parse(b"\x03"), Err(Violation::CloseTooShort));
    assert_eq!(CloseFrame::parse(b"\x03\xEE"), Err(Violation::InvalidCloseCode));
    assert_eq!(CloseFrame::parse(b"\x03\xE8\xFF"), Err(Violation::InvalidReason));
    assert_eq!(CloseFrame::parse(b"\x03\xE8\xE2\x82"), Err(Violation::InvalidReason));
    let frame = CloseFrame { code: CloseCode::NORMAL, reason: "é" };
    assert_eq!(CloseFrame::parse(b"\x03\xE8\xC3\xA9"), Ok(Some(frame)));
}

#[test]
fn s7_1_every_call_consumes_its_input_or_says_that_it_needs_more() {
    // A caller's loop ends whatever the state: nothing is consumed without end or asked twice.
    let close = Frame::new(0x88, []).masked([1; 4]).bytes();
    let bad = vec![0x83];
    for start in [vec![], close, bad] {
        let mut server = Connection::server(LIMITS);
        let mut bytes = start;
        let _ = server.receive(&mut &mut bytes[..]);
        let mut calls = 0;
        let mut more = Frame::new(0x89, b"x").masked([2; 4]).bytes().repeat(50);
        let mut input = &mut more[..];
        while let Ok(Some(_)) = server.receive(&mut input) {
            calls += 1;
            assert!(calls <= 50);
        }
        assert!(input.is_empty());
        let mut frames = 0;
        while server.poll_transmit().is_some() {
            frames += 1;
            assert!(frames <= 1);
        }
    }
}

#[test]
fn s7_1_the_halves_close_as_the_whole_does() {
    let (mut client, server) = pair();
    let (mut receiver, mut sender) = server.into_split();
    let mut close = client.close(CloseCode::NORMAL, "").unwrap().to_vec();
    assert!(matches!(receiver.receive(&mut &mut close[..]), Ok(Some(Event::Close(Some(_))))));
    assert!(receiver.is_close_received());
    let reply = receiver.poll_reply().unwrap();
    assert_eq!(reply, Reply::Close(Some(CloseCode::NORMAL)));
    assert!(receiver.poll_reply().is_none());
    assert_eq!(payload(&sender.reply(&reply).unwrap()), 1000_u16.to_be_bytes());
    assert!(sender.is_close_sent());
    assert_eq!(sender.reply(&reply).unwrap_err(), SendError::Closed);
}
