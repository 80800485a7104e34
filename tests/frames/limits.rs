//! What bounds a peer (RFC 6455 §10.4), and that nothing else has to: floods cost no memory and
//! no more than constant work for each byte.

use crate::common;

use common::driver::Keys;
use common::wire::{Frame, header};
use rfc6455::*;

/// Feeds unmasked bytes to a client, and gives the error.
fn feed(ws: &mut Connection<Client<Keys>>, bytes: &[u8]) -> Option<ProtocolError> {
    let mut buffer = bytes.to_vec();
    let mut input = &mut buffer[..];
    loop {
        match ws.receive(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
    }
}

fn client(limits: Limits) -> Connection<Client<Keys>> {
    Connection::client(Keys(0), limits)
}

#[test]
fn s10_4_the_defaults_are_finite_where_memory_is_at_stake() {
    let Limits { max_frame, max_message, max_fragments, max_control_frames, min_fragment, .. } =
        Limits::default();
    assert_eq!(Limits::default(), Limits::DEFAULT);
    assert_eq!((max_frame, max_message, max_fragments), (16 << 20, 16 << 20, 1 << 17));
    assert_eq!((max_control_frames, min_fragment), (u32::MAX, 0));
    assert_eq!(*client(Limits::DEFAULT).limits(), Limits::DEFAULT);
}

#[test]
fn s10_4_zero_is_zero_and_the_largest_number_is_no_limit() {
    let zero = Limits::UNLIMITED.max_frame(0);
    assert_eq!(feed(&mut client(zero), &[0x82, 0]), None);
    assert!(feed(&mut client(zero), &[0x82, 1]).is_some());
    assert!(feed(&mut client(Limits::UNLIMITED.max_fragments(0)), &[0x82]).is_some());
    assert!(feed(&mut client(Limits::UNLIMITED.max_control_frames(0)), &[0x89]).is_some());
    let longest = header(0x82, false, (1 << 63) - 1);
    assert_eq!(feed(&mut client(Limits::UNLIMITED), &longest), None);
    // A sum beyond 2^63 is not beyond the largest limit.
    let bytes = [&[0x02, 1, 7, 0x00, 1, 7][..], &header(0x80, false, (1 << 63) - 1)].concat();
    assert_eq!(feed(&mut client(Limits::UNLIMITED), &bytes), None);
}

#[test]
fn s10_4_a_frame_is_charged_at_its_header() {
    for limit in [0, 1, 124, 125, 126, 127, 65_535, 65_536, 1 << 32, (1 << 63) - 1] {
        for (len, over) in [(limit, false), (limit + 1, true)] {
            if len >= 1 << 63 {
                continue;
            }
            let bytes = header(0x82, false, len);
            for limits in [Limits::UNLIMITED.max_frame(limit), Limits::UNLIMITED.max_message(limit)]
            {
                let error = feed(&mut client(limits), &bytes);
                assert_eq!(error.is_some(), over, "{len} of {limit}");
                if let Some(error) = error {
                    assert_eq!(error.close_code(), CloseCode::MESSAGE_TOO_BIG);
                }
            }
        }
    }
}

#[test]
fn s10_4_a_message_is_the_sum_of_its_frames() {
    for limit in 0..40_u64 {
        for step in 1..8_u64 {
            let mut ws = client(Limits::UNLIMITED.max_message(limit));
            let (mut sum, mut sent) = (0, 0);
            let error = loop {
                let first = if sent == 0 { 0x02 } else { 0x00 };
                let frame = Frame::new(first, vec![1; usize::try_from(step).unwrap()]).bytes();
                if let Some(error) = feed(&mut ws, &frame) {
                    break error;
                }
                sum += step;
                sent += frame.len() as u64;
                assert!(sum <= limit);
            };
            assert!(sum + step > limit);
            assert_eq!((error.violation(), error.offset()), (Violation::MessageTooBig, sent + 1));
        }
    }
}

#[test]
fn s10_4_limits_change_from_the_next_header_on() {
    let mut ws = client(Limits::UNLIMITED.max_message(4));
    assert_eq!(feed(&mut ws, &[0x02, 4, 1, 2]), None);
    ws.set_limits(Limits::UNLIMITED.max_message(2));
    assert_eq!(feed(&mut ws, &[3, 4]), None, "this frame's header was accepted");
    // More has come than is allowed now: not even an empty frame overflows a subtraction.
    assert_eq!(feed(&mut ws.clone(), &[0x80, 0]), None);
    let error = feed(&mut ws.clone(), &[0x80, 1]).unwrap();
    assert_eq!(error.violation(), Violation::MessageTooBig);
    ws.set_limits(Limits::UNLIMITED);
    assert_eq!(feed(&mut ws, &[0x80, 1, 5, 0x82, 100]), None);
    // A limit that is lowered holds for messages in one frame, too.
    let mut ws = client(Limits::UNLIMITED);
    assert_eq!(feed(&mut ws, &[0x82, 2, 1, 2]), None);
    ws.set_limits(Limits::UNLIMITED.max_frame(1));
    assert_eq!(feed(&mut ws, &[0x82, 2, 1, 2]).unwrap().offset(), 5);
}

#[test]
fn s10_4_the_default_ends_a_flood_of_empty_fragments() {
    let mut ws = client(Limits::DEFAULT);
    assert_eq!(feed(&mut ws, &[0x02, 0]), None);
    let error = feed(&mut ws, &vec![0; 2 << 17]).unwrap();
    assert_eq!((error.violation(), error.offset()), (Violation::TooManyFragments, 2 << 17));
    assert_eq!(error.close_code(), CloseCode::POLICY_VIOLATION);
}

#[test]
fn s5_4_a_million_empty_fragments_are_one_empty_message() {
    let mut ws = client(Limits::UNLIMITED);
    assert_eq!(feed(&mut ws, &[0x02, 0]), None);
    for _ in 0..1000 {
        assert_eq!(feed(&mut ws, &[0; 2000]), None);
    }
    let mut end = [0x80, 0];
    let mut input = &mut end[..];
    let Ok(Some(Event::Data(chunk))) = ws.receive(&mut input) else { panic!() };
    assert!(chunk.is_first() && chunk.is_last() && chunk.is_empty());
}

#[test]
fn s5_4_the_work_for_a_byte_does_not_grow_with_the_message() {
    // Text in fragments of one byte, a byte in each call: a receiver that looked at earlier data
    // again would not come to the end of it.
    let mut ws = client(Limits::UNLIMITED);
    let text = "€".as_bytes();
    let mut delivered = 0_u64;
    for number in 0..600_000_usize {
        let first = u8::from(number == 0);
        for byte in [first, 1, text[number % 3]] {
            let mut piece = [byte];
            if let Some(Event::Data(chunk)) = ws.receive(&mut &mut piece[..]).unwrap() {
                delivered += chunk.len() as u64;
            }
        }
    }
    assert_eq!(delivered, 600_000);
    // The same for a frame of that length.
    let mut ws = client(Limits::UNLIMITED);
    assert_eq!(feed(&mut ws, &header(0x81, false, 600_000)), None);
    for number in 0..600_000 {
        let mut piece = [text[number % 3]];
        assert!(ws.receive(&mut &mut piece[..]).unwrap().is_some());
    }
}

#[test]
fn s5_5_control_frames_in_a_row_end_at_the_limit() {
    for limit in [0, 1, 2, 1000] {
        let mut ws = client(Limits::DEFAULT.max_control_frames(limit));
        for first in [0x89, 0x8A].into_iter().cycle().take(limit as usize) {
            assert_eq!(feed(&mut ws, &[first, 0]), None);
        }
        let error = feed(&mut ws, &[0x8A, 0]).unwrap();
        assert_eq!(error.violation(), Violation::TooManyControlFrames);
        assert_eq!(error.offset(), u64::from(limit) * 2);
    }
}

#[test]
fn s5_6_text_cannot_be_had_unchecked() {
    // There is no setting that gives text another meaning than its bytes, but for an extension's
    // bit on the message itself; and that bit is told with each chunk.
    let mut ws = client(Limits::UNLIMITED);
    ws.allow_rsv1(true);
    ws.answer_pings(false);
    let mut plain = *b"\x81\x01\xFF";
    assert_eq!(
        ws.clone().receive(&mut &mut plain[..]).unwrap_err().violation(),
        Violation::InvalidUtf8
    );
    let mut flagged = *b"\xC1\x01\xFF";
    let Ok(Some(Event::Data(chunk))) = ws.receive(&mut &mut flagged[..]) else { panic!() };
    assert!(chunk.rsv1());
}
