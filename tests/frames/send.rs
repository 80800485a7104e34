//! What goes out (RFC 6455 §5.1, §5.3, §5.4, §6.1): masking, state, and the caller's buffer.
#![allow(clippy::cast_possible_truncation)]

use crate::common;

use std::cell::Cell;

use common::driver::Keys;
use common::wire::{self, Frame};
use rfc6455::*;

const LIMITS: Limits = Limits::DEFAULT;

/// Feeds one whole frame, masked if that is right.
fn receive<R: FixedRole>(ws: &mut Connection<R>, frame: Frame) {
    let frame = if R::IS_SERVER { frame.masked([3, 1, 4, 1]) } else { frame };
    let mut bytes = frame.bytes();
    let mut input = &mut bytes[..];
    while let Ok(Some(_)) = ws.receive(&mut input) {}
}

/// Everything that an end can put on the wire, one frame after the other.
fn every_frame<R: FixedRole>(mut new: impl FnMut() -> Connection<R>) -> Vec<Frame> {
    let mut wrote = Vec::new();
    let mut ws = new();
    let mut out = [0; 600];
    for fragment in [
        Fragment::from("text"),
        Fragment::from(&b"binary"[..]),
        Fragment::from(""),
        Fragment::from(&[7; 300]),
        Fragment::from("a").first(),
        Fragment::from("b").middle(),
        Fragment::from("c").last(),
    ] {
        let len = ws.send(fragment, &mut out).unwrap();
        wrote.extend_from_slice(&out[..len]);
    }
    let header = ws.begin_frame(FrameKind::whole(MessageKind::Binary), 4).unwrap();
    let mut payload = *b"late";
    ws.frame_payload(&mut payload).unwrap();
    wrote.extend_from_slice(&header);
    wrote.extend_from_slice(&payload);
    wrote.extend_from_slice(&ws.ping(b"ping").unwrap());
    wrote.extend_from_slice(&ws.pong(b"").unwrap());
    receive(&mut ws, Frame::new(0x89, b"question"));
    wrote.extend_from_slice(&ws.poll_transmit().unwrap());
    let mut by_peer = ws.into_split();
    let reply = Reply::Close(None);
    wrote.extend_from_slice(&by_peer.1.reply(&reply).unwrap());
    for close in ["close", "close_without_code", "answer", "failure"] {
        let mut ws = new();
        let frame = match close {
            "close" => ws.close(CloseCode::NORMAL, "reason").unwrap(),
            "close_without_code" => ws.close_without_code().unwrap(),
            "answer" => {
                receive(&mut ws, Frame::new(0x88, [3, 0xE8]));
                ws.poll_transmit().unwrap()
            }
            _ => {
                receive(&mut ws, Frame::new(0x8F, []));
                ws.poll_transmit().unwrap()
            }
        };
        wrote.extend_from_slice(&frame);
    }
    wire::frames(&wrote)
}

#[test]
fn s5_3_a_client_masks_every_frame_with_a_fresh_key_of_its_source() {
    let asked = Cell::new(0_u32);
    let source = || {
        asked.set(asked.get() + 1);
        (0xC0FF_EE00 | asked.get()).to_be_bytes()
    };
    let frames = every_frame(|| Connection::client(source, LIMITS));
    assert_eq!(frames.len(), 16);
    for (number, frame) in (1_u32..).zip(&frames) {
        assert_eq!(frame.key, Some((0xC0FF_EE00 | number).to_be_bytes()));
    }
    assert_eq!(asked.get(), 16, "once for each frame");
}

/// Keys with a number of their source in front.
struct Numbered<'n> {
    sources: &'n Cell<u8>,
    source: u8,
    keys: u8,
}

impl MaskingKeys for Numbered<'_> {
    fn next_key(&mut self) -> [u8; 4] {
        self.keys += 1;
        [self.source, self.keys, 0, 0]
    }
}

impl ForkKeys for Numbered<'_> {
    fn fork(&self) -> Self {
        self.sources.set(self.sources.get() + 1);
        Self { sources: self.sources, source: self.sources.get(), keys: 0 }
    }
}

#[test]
fn s5_3_a_client_is_cloned_only_with_keys_that_are_forked() {
    let sources = Cell::new(0);
    let mut ws = Connection::client(Numbered { sources: &sources, source: 0, keys: 0 }, LIMITS);
    let (mut seen, mut out) = (Vec::new(), [0; 20]);
    ws.send("one", &mut out).unwrap();
    let mut copies = [ws.clone(), ws.clone(), ws];
    for copy in &mut copies {
        for _ in 0..3 {
            let len = copy.send("more", &mut out).unwrap();
            seen.push(wire::frames(&out[..len])[0].key);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 9, "no key twice: {seen:?}");
}

#[test]
fn s5_1_a_server_masks_no_frame() {
    let frames = every_frame(|| Connection::server(LIMITS));
    assert_eq!(frames.len(), 16);
    assert!(frames.iter().all(|frame| frame.key.is_none()));
    let client = every_frame(|| Connection::client(Keys(0), LIMITS));
    let plain = client.into_iter().map(|frame| Frame { key: None, ..frame });
    assert_eq!(plain.collect::<Vec<_>>(), frames, "both say the same");
}

#[test]
fn s5_3_a_refused_frame_takes_no_key() {
    let asked = Cell::new(0);
    let source = || {
        asked.set(asked.get() + 1);
        [1; 4]
    };
    let mut ws = Connection::client(source, LIMITS);
    ws.send("hello", &mut [0; 10]).unwrap_err();
    ws.send(Fragment::from("x").last(), &mut [0; 10]).unwrap_err();
    ws.begin_frame(FrameKind::whole(MessageKind::Text), u64::MAX).unwrap_err();
    ws.ping(&[0; 126]).unwrap_err();
    ws.close(CloseCode::NORMAL, &"r".repeat(124)).unwrap_err();
    assert_eq!(asked.get(), 0);
}

#[test]
fn s5_2_lengths_at_their_boundaries_come_back() {
    for len in [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537] {
        let payload: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let mut out = vec![0; len + FrameHeader::MAX_LEN];
        let mut client = Connection::client(Keys(9), LIMITS);
        let mut server = Connection::server(LIMITS);
        let written = client.send(&payload[..], &mut out).unwrap();
        let head = if len < 126 {
            2
        } else if len < 65_536 {
            4
        } else {
            10
        };
        assert_eq!(written, head + 4 + len);
        let mut input = &mut out[..written];
        let Ok(Some(Event::Data(chunk))) = server.receive(&mut input) else { panic!("{len}") };
        assert_eq!(*chunk, payload);
        let mut back = vec![0; len + 10];
        let written = server.send(&chunk, &mut back).unwrap();
        assert_eq!(written, head + len);
        let mut input = &mut back[..written];
        let Ok(Some(Event::Data(chunk))) = client.receive(&mut input) else { panic!("{len}") };
        assert_eq!(*chunk, payload);
    }
}

#[test]
fn s6_1_a_short_buffer_is_not_touched_and_a_long_one_only_at_its_front() {
    for text in ["", "x", "twenty-one characters"] {
        let mut ws = Connection::server(LIMITS);
        let needed = text.len() + 2;
        for size in 0..needed {
            let mut out = vec![0xA5; size];
            assert_eq!(ws.send(text, &mut out), Err(SendError::BufferTooSmall { needed }));
            assert_eq!(out, vec![0xA5; size]);
            assert_eq!(
                PreparedMessage::new(text, &mut out).unwrap_err(),
                SendError::BufferTooSmall { needed }
            );
            assert_eq!(out, vec![0xA5; size]);
        }
        let mut out = [0xA5; 64];
        assert_eq!(ws.send(text, &mut out), Ok(needed));
        assert!(out[needed..].iter().all(|byte| *byte == 0xA5));
        let mut storage = [0xA5; 64];
        let prepared = PreparedMessage::new(text, &mut storage).unwrap();
        assert_eq!(ws.send_prepared(&prepared).unwrap(), &out[..needed]);
        assert!(storage[needed..].iter().all(|byte| *byte == 0xA5));
    }
}

#[test]
fn s5_4_fragments_come_in_order_or_not_at_all() {
    let kinds = [Fragment::from("text"), Fragment::from(b"bytes")];
    for (index, whole) in kinds.into_iter().enumerate() {
        let other = kinds[1 - index];
        let mut out = [0xA5; 32];
        let mut ws = Connection::server(LIMITS);
        let refuse = |ws: &mut Connection<Server>, fragment: Fragment<'_>, error| {
            let (mut out, before) = ([0xA5; 32], format!("{ws:?}"));
            assert_eq!(ws.send(fragment, &mut out), Err(error));
            assert_eq!(ws.send_header(fragment).unwrap_err(), error);
            assert_eq!((out, format!("{ws:?}")), ([0xA5; 32], before));
        };
        refuse(&mut ws, whole.middle(), SendError::NoMessageOpen);
        refuse(&mut ws, whole.last(), SendError::NoMessageOpen);
        ws.send(whole.first(), &mut out).unwrap();
        refuse(&mut ws, whole, SendError::MessageOpen);
        refuse(&mut ws, other, SendError::MessageOpen);
        refuse(&mut ws, whole.first(), SendError::MessageOpen);
        refuse(&mut ws, other.middle(), SendError::NoMessageOpen);
        refuse(&mut ws, other.last(), SendError::NoMessageOpen);
        let mut storage = [0; 16];
        let prepared = PreparedMessage::new("news", &mut storage).unwrap();
        assert_eq!(ws.send_prepared(&prepared).unwrap_err(), SendError::MessageOpen);
        ws.send(whole.middle(), &mut out).unwrap();
        ws.ping(b"between fragments").unwrap();
        ws.send(whole.last(), &mut out).unwrap();
        refuse(&mut ws, whole.last(), SendError::NoMessageOpen);
        ws.send(other, &mut out).unwrap();
        ws.close(CloseCode::NORMAL, "").unwrap();
        refuse(&mut ws, whole, SendError::Closed);
        assert_eq!(ws.send_prepared(&prepared).unwrap_err(), SendError::Closed);
    }
}

#[test]
fn s5_4_nothing_goes_between_a_header_and_its_payload() {
    let mut ws = Connection::client(Keys(0), LIMITS);
    ws.begin_frame(FrameKind::whole(MessageKind::Binary).first(), 5).unwrap();
    let open = SendError::FrameOpen { left: 5 };
    let before = format!("{ws:?}");
    assert_eq!(ws.send("x", &mut [0; 32]), Err(open));
    assert_eq!(ws.begin_frame(FrameKind::whole(MessageKind::Binary).last(), 0).unwrap_err(), open);
    assert_eq!(ws.ping(b"").unwrap_err(), open);
    assert_eq!(ws.pong(b"").unwrap_err(), open);
    assert_eq!(ws.close(CloseCode::NORMAL, "").unwrap_err(), open);
    assert_eq!(ws.frame_payload(&mut [0; 6]), Err(SendError::TooLong));
    assert_eq!(format!("{ws:?}"), before);
    ws.frame_payload(&mut [0; 2]).unwrap();
    assert_eq!(ws.ping(b"").unwrap_err(), SendError::FrameOpen { left: 3 });
    ws.frame_payload(&mut [0; 3]).unwrap();
    ws.ping(b"").unwrap();
    ws.begin_frame(FrameKind::whole(MessageKind::Binary).last(), 0).unwrap();
    ws.send("next", &mut [0; 32]).unwrap();
}

#[test]
fn s5_3_a_payload_masked_in_place_can_be_taken_back_and_sent_in_pieces() {
    let mut ws = Connection::client(Keys(2), LIMITS);
    let header = ws.begin_frame(FrameKind::whole(MessageKind::Binary), 11).unwrap();
    let mut payload = *b"eleven long";
    let (one, two) = payload.split_at_mut(6);
    ws.frame_payload(one).unwrap();
    ws.frame_payload(two).unwrap();
    let frames = wire::frames(&[&header[..], &payload].concat());
    assert_eq!(frames[0].payload, b"eleven long");
    mask(&mut payload, header.masking_key().unwrap());
    assert_eq!(&payload, b"eleven long");
}

#[test]
fn s8_1_text_in_pieces_is_checked_before_it_is_sent() {
    let mut ws = Connection::client(Keys(2), LIMITS);
    let text = FrameKind::whole(MessageKind::Text);
    ws.begin_frame(text.first(), 3).unwrap();
    for (piece, fits) in [(&b"a\xE2"[..], true), (b"b", false), (b"\xC0", false), (b"\x82", true)] {
        let mut bytes = piece.to_vec();
        let before = format!("{ws:?}");
        let result = ws.frame_payload(&mut bytes);
        assert_eq!(result.is_ok(), fits, "{piece:?}");
        if let Err(error) = result {
            assert_eq!(error, SendError::InvalidUtf8);
            assert_eq!((bytes, format!("{ws:?}")), (piece.to_vec(), before));
        }
    }
    // The code point is still open, and a frame that ends the message must have room for it.
    assert_eq!(ws.begin_frame(text.last(), 0).unwrap_err(), SendError::InvalidUtf8);
    let mut out = [0; 32];
    let next = Fragment::from("whole characters");
    assert_eq!(ws.send(next.last(), &mut out), Err(SendError::InvalidUtf8));
    assert_eq!(ws.send(next.middle(), &mut out), Err(SendError::InvalidUtf8));
    ws.begin_frame(text.last(), 1).unwrap();
    ws.frame_payload(&mut [0xAC]).unwrap();
    ws.send(next, &mut out).unwrap();
}

#[test]
fn s8_1_the_last_frame_of_a_text_does_not_end_inside_a_code_point() {
    let mut ws = Connection::server(LIMITS);
    ws.begin_frame(FrameKind::whole(MessageKind::Text), 2).unwrap();
    assert_eq!(ws.frame_payload(&mut [b'a', 0xC3]), Err(SendError::InvalidUtf8));
    ws.frame_payload(b"a".to_vec().as_mut()).unwrap();
    assert_eq!(ws.frame_payload(&mut [0xC3]), Err(SendError::InvalidUtf8));
    ws.frame_payload(b"b".to_vec().as_mut()).unwrap();
}

#[test]
fn s5_2_a_frame_of_two_to_the_63_is_not_begun() {
    let mut ws = Connection::server(LIMITS);
    let whole = FrameKind::whole(MessageKind::Binary);
    assert_eq!(ws.begin_frame(whole, 1 << 63).unwrap_err(), SendError::TooLong);
    let header = ws.begin_frame(whole, (1 << 63) - 1).unwrap();
    assert_eq!(*header, *b"\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
}

/// The chunks of these frames when the pieces of the stream are received one by one.
fn chunks(pieces: &mut [Vec<u8>], rsv1: bool) -> Vec<Chunk<'_>> {
    let mut ws = Connection::client(Keys(0), LIMITS);
    ws.allow_rsv1(rsv1);
    let mut chunks = Vec::new();
    for piece in pieces {
        let mut input = &mut piece[..];
        while let Some(event) = ws.receive(&mut input).unwrap() {
            match event {
                Event::Data(chunk) => chunks.push(chunk),
                other => panic!("{other:?}"),
            }
        }
    }
    chunks
}

#[test]
fn s5_4_chunks_go_on_as_they_came_however_they_were_cut() {
    let mut stream = Frame::new(0x01, "a€").bytes();
    stream.extend(Frame::new(0x00, []).bytes());
    stream.extend(Frame::new(0x80, "😀!").bytes());
    stream.extend(Frame::new(0x82, [0xFF; 5]).bytes());
    stream.extend(Frame::new(0x81, []).bytes());
    for size in 1..=stream.len() {
        let mut pieces: Vec<_> = stream.chunks(size).map(<[u8]>::to_vec).collect();
        let mut server = Connection::server(LIMITS);
        let mut echoed = Vec::new();
        for chunk in &chunks(&mut pieces, false) {
            let mut out = [0; 32];
            let len = server.send(chunk, &mut out).unwrap();
            echoed.extend_from_slice(&out[..len]);
        }
        let mut messages = vec![(0, Vec::new())];
        for frame in wire::frames(&echoed) {
            let (kind, message) = messages.last_mut().unwrap();
            *kind |= frame.opcode();
            message.extend(frame.payload);
            if frame.first & 0x80 != 0 {
                messages.push((0, Vec::new()));
            }
        }
        let text = "a€😀!".as_bytes().to_vec();
        assert_eq!(messages, [(1, text), (2, vec![0xFF; 5]), (1, vec![]), (0, vec![])]);
    }
}

#[test]
fn s8_1_a_chunk_of_text_does_not_go_where_it_does_not_fit() {
    // "é" and "€" cut inside: the second half of the one is no second half of the other.
    let mut first = [vec![0x01, 0x01, 0xC3], vec![0x80, 0x01, 0xA9]];
    let mut second = [vec![0x01, 0x02, 0xE2, 0x82], vec![0x80, 0x01, 0xAC]];
    let (first, second) = (chunks(&mut first, false), chunks(&mut second, false));
    let mut out = [0; 16];
    let mut ws = Connection::server(LIMITS);
    assert_eq!(ws.send(&first[1], &mut out), Err(SendError::NoMessageOpen));
    ws.send(Fragment::from("x").first(), &mut out).unwrap();
    assert_eq!(ws.send(&first[1], &mut out), Err(SendError::InvalidUtf8));
    ws.send(Fragment::from("y").last(), &mut out).unwrap();
    ws.send(&second[0], &mut out).unwrap();
    let before = format!("{ws:?}");
    assert_eq!(ws.send(Fragment::from("z").last(), &mut out), Err(SendError::InvalidUtf8));
    let whole = Fragment::from(&first[0]).last();
    assert_eq!(ws.send(whole, &mut out), Err(SendError::InvalidUtf8));
    assert_eq!(format!("{ws:?}"), before);
    ws.send(&second[1], &mut out).unwrap();
    ws.send(&first[0], &mut out).unwrap();
    assert_eq!(ws.send(Fragment::from("").last(), &mut out), Err(SendError::InvalidUtf8));
}

#[test]
fn s5_2_rsv1_goes_out_only_where_it_was_negotiated() {
    let mut compressed = [vec![0x41, 0x01, 0xFF, 0x80, 0x01, 0xFE]];
    let chunks = chunks(&mut compressed, true);
    assert_eq!(chunks.len(), 2);
    let mut ws = Connection::server(LIMITS);
    let mut out = [0; 16];
    assert_eq!(ws.send(&chunks[0], &mut out), Err(SendError::Rsv1NotAllowed));
    ws.allow_rsv1(true);
    let len = ws.send(&chunks[0], &mut out).unwrap();
    assert_eq!(out[..len], [0x41, 0x01, 0xFF]);
    let len = ws.send(&chunks[1], &mut out).unwrap();
    assert_eq!(out[..len], [0x80, 0x01, 0xFE], "on the first frame alone");
}

#[test]
fn s6_1_a_header_alone_is_the_front_of_the_whole_frame() {
    for len in [0, 125, 126, 65_535, 65_536] {
        let payload = vec![0x42; len];
        let mut out = vec![0; len + 10];
        let written = Connection::server(LIMITS).send(&payload[..], &mut out).unwrap();
        let header = Connection::server(LIMITS).send_header(&payload[..]).unwrap();
        assert_eq!(*header, out[..written - len]);
        assert_eq!(header.masking_key(), None);
    }
}

#[test]
fn s6_1_only_a_whole_message_is_prepared() {
    let mut storage = [0; 16];
    for part in
        [Fragment::from("x").first(), Fragment::from("x").middle(), Fragment::from("x").last()]
    {
        assert_eq!(PreparedMessage::new(part, &mut storage).unwrap_err(), SendError::NoMessageOpen);
    }
    let prepared = PreparedMessage::new("news", &mut storage).unwrap();
    let mut ws = Connection::server(LIMITS);
    ws.begin_frame(FrameKind::whole(MessageKind::Binary), 1).unwrap();
    assert_eq!(ws.send_prepared(&prepared).unwrap_err(), SendError::FrameOpen { left: 1 });
    ws.frame_payload(&mut [0]).unwrap();
    assert_eq!(ws.send_prepared(&prepared).unwrap(), b"\x81\x04news");
    assert_eq!(ws.send_prepared(&prepared).unwrap(), b"\x81\x04news", "again and again");
}
