//! Tests that the common case takes the fast path; otherwise only its speed would show that.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use super::ReceiveHalf;
use crate::connection::Connection;
use crate::event::Event;
use crate::frame::FrameHeader;
use crate::limits::Limits;
use crate::mask::{MaskingKey, mask};
use crate::opcode::Opcode;
use crate::role::{Client, Role, Server};

fn client() -> Client<fn() -> [u8; 4]> {
    Client::new(|| [0; 4])
}

fn half<R: Role + Clone>(role: &R, limits: Limits) -> ReceiveHalf<R> {
    Connection::new(role.clone(), limits).into_split().0
}

/// A frame that a server may receive, or a client.
fn frame<'f>(is_server: bool, room: &'f mut [u8], first: u8, payload: &[u8]) -> &'f mut [u8] {
    let key = MaskingKey([0x12, 0x34, 0x56, 0xF8]);
    let masking_key = is_server.then_some(key);
    let payload_len = payload.len() as u64;
    // The first byte may be any: it is written over the one of a legal header.
    let (fin, opcode) = (true, Opcode::Binary);
    let header = FrameHeader { fin, rsv: [false; 3], opcode, masking_key, payload_len }.to_bytes();
    let bytes = &mut room[..header.len() + payload.len()];
    let (front, behind) = bytes.split_at_mut(header.len());
    front.copy_from_slice(&header);
    front[0] = first;
    behind.copy_from_slice(payload);
    if is_server {
        mask(behind, key);
    }
    bytes
}

/// This end after it has received a frame.
fn after<R: Role>(mut ws: ReceiveHalf<R>, first: u8, payload: &[u8]) -> ReceiveHalf<R> {
    let mut room = [0; 64];
    let mut input = frame(ws.is_server(), &mut room, first, payload);
    assert!(matches!(ws.receive_slowly(&mut input), Ok(Some(_))));
    ws
}

#[test]
fn a_legal_header_takes_the_fast_path_unless_it_is_a_close() {
    const LENGTHS: [usize; 5] = [0, 1, 125, 126, 127];
    fn all<R: Role + Clone>(role: &R) {
        let limits = Limits::DEFAULT.max_frame(126).max_message(200).max_fragments(2);
        let limits = limits.max_control_frames(1).min_fragment(1);
        let new = half(role, limits);
        let (text, binary) =
            (after(new.clone(), 0x01, b"a"), after(new.clone(), 0x02, &[0xFF; 40]));
        let last = after(binary.clone(), 0x00, &[0; 40]);
        for ws in [&new, &text, &binary, &last, &after(new.clone(), 0x8A, b"")] {
            for (first, len) in (0..=0xFF).flat_map(|first| LENGTHS.map(|len| (first, len))) {
                let mut room = [0; 256];
                let bytes = frame(role.is_server(), &mut room, first, &[0; 127][..len]);
                let judged = ws.judge(bytes, 0).ok().flatten();
                let expected = judged.filter(|accepted| accepted.opcode != Opcode::Close);
                assert_eq!(ws.accept_plain(bytes), expected, "{first:#x}, {len} bytes");
            }
        }
    }
    all(&Server);
    all(&client());
}

#[test]
fn text_ends_inside_a_code_point_on_the_slow_path_only() {
    let ws = after(half(&Server, Limits::DEFAULT), 0x01, b"\xE2\x82");
    for (first, plain) in [(0x80, false), (0x00, true)] {
        let mut room = [0; 64];
        let bytes = frame(true, &mut room, first, b"\xAC");
        assert!(matches!(ws.judge(bytes, 0), Ok(Some(_))));
        assert_eq!(ws.accept_plain(bytes).is_some(), plain);
    }
}

#[test]
fn a_ping_or_pong_that_is_whole_is_taken_in_one_step() {
    fn all<R: Role + Clone>(role: &R) {
        for payload in [&b""[..], b"a", &[0xC3; 125]] {
            for first in [0x89, 0x8A, 0x81, 0x82] {
                let (mut ws, mut room) = (half(role, Limits::DEFAULT), [0; 160]);
                let mut bytes = frame(role.is_server(), &mut room, first, payload);
                let accepted = ws.accept_plain(bytes).expect("it may come");
                let taken = ws.receive_whole_control(&accepted, &mut bytes);
                let is_right = match first {
                    0x89 => matches!(taken, Some(Event::Ping)),
                    0x8A => matches!(taken, Some(Event::Pong)),
                    _ => taken.is_none(),
                };
                assert!(is_right, "{first:#x}: {taken:?}");
                if accepted.opcode.is_control() {
                    assert_eq!(ws.control_payload(), payload);
                    assert!(bytes.is_empty());
                }
            }
        }
    }
    all(&Server);
    all(&client());
}

#[test]
fn a_fragment_that_is_whole_is_taken_in_one_step_unless_it_is_text() {
    fn all<R: Role + Clone>(role: &R) {
        let new = half(role, Limits::DEFAULT);
        let (text, binary) = (after(new.clone(), 0x01, b"a"), after(new.clone(), 0x02, b"a"));
        for (ws, first, is_text) in [
            (&new, 0x01, true),
            (&new, 0x02, false),
            (&text, 0x00, true),
            (&text, 0x80, true),
            (&binary, 0x00, false),
            (&binary, 0x80, false),
        ] {
            for payload in [&b""[..], b"b", &[b'c'; 126]] {
                let (mut ws, mut room) = (ws.clone(), [0; 160]);
                let mut bytes = frame(role.is_server(), &mut room, first, payload);
                let accepted = ws.accept_plain(bytes).expect("it may come");
                let taken = ws.receive_whole_fragment(&accepted, &mut bytes);
                assert_eq!(taken.is_none(), is_text || payload.is_empty());
                assert!(matches!(taken, None | Some(Event::Data(_))), "{taken:?}");
                if let Some(Event::Data(chunk)) = taken {
                    assert_eq!(chunk.is_first(), first & 0x0F != 0);
                    assert_eq!(chunk.is_last(), first & 0x80 != 0);
                    assert_eq!(chunk.into_payload(), payload);
                    assert!(bytes.is_empty());
                }
            }
        }
    }
    all(&Server);
    all(&client());
}

#[test]
fn a_message_that_is_whole_is_taken_in_one_step_if_it_is_within_the_limits_and_text_is_text() {
    const LONG: [u8; 300] = [b'l'; 300];
    fn takes<R: Role + Clone>(role: &R, limits: Limits, first: u8, payload: &[u8]) -> bool {
        let (mut ws, mut room) = (half(role, limits), [0; 320]);
        let mut copy = room;
        let mut bytes = frame(role.is_server(), &mut room, first, payload);
        let before = frame(role.is_server(), &mut copy, first, payload);
        if let Some(chunk) = ws.receive_whole(&mut bytes) {
            assert_eq!(chunk.into_payload(), payload);
            assert!(bytes.is_empty());
            return true;
        }
        assert_eq!((bytes, ws.position()), (before, 0), "nothing has changed");
        false
    }
    fn all<R: Role + Clone>(role: &R) {
        let any = Limits::UNLIMITED;
        for payload in [&b""[..], b"ASCII", "of some length: caf\u{e9}".as_bytes(), &LONG] {
            assert!(takes(role, any, 0x81, payload) && takes(role, any, 0x82, payload));
        }
        let no_text = b"\xFF";
        assert!(!takes(role, any, 0x81, no_text) && takes(role, any, 0x82, no_text));
        for first in [0x01, 0x02, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0xC2] {
            assert!(!takes(role, any, first, b"ab"), "{first:#x}");
        }
        for limits in [any.max_frame(3), any.max_message(3)] {
            assert!(takes(role, limits, 0x82, b"abc"));
            assert!(!takes(role, limits, 0x82, b"abcd"));
        }
        assert!(!takes(role, any.max_fragments(0), 0x82, b""));
    }
    all(&Server);
    all(&client());
}
