//! The correctness of what is sent: a property body, as in `properties`.

use std::fmt::Debug;

use super::driver::{Keys, cut, run};
use super::oracle::{Seen, Setting, see};
use super::source::Source;
use super::wire::Frame;
use rfc6455::*;

/// The frame that an end with these keys must write next.
pub(super) fn expected<R: FixedRole>(first: u8, payload: &[u8], keys: &mut Keys) -> Vec<u8> {
    let frame = Frame::new(first, payload);
    if R::IS_SERVER { frame.bytes() } else { frame.masked(keys.next_key()).bytes() }
}

/// A whole message, or which fragment of one.
pub(super) const PARTS: [(bool, bool); 4] =
    [(true, true), (true, false), (false, false), (false, true)];

pub(super) fn frame_kind(kind: MessageKind, (first, last): (bool, bool)) -> FrameKind {
    let whole = FrameKind::whole(kind);
    match (first, last) {
        (true, true) => whole,
        (true, false) => whole.first(),
        (false, false) => whole.middle(),
        (false, true) => whole.last(),
    }
}

/// The same part of a message, of this whole one.
pub(super) fn fragment_of(whole: Fragment<'_>, part: (bool, bool)) -> Fragment<'_> {
    match part {
        (true, true) => whole,
        (true, false) => whole.first(),
        (false, false) => whole.middle(),
        (false, true) => whole.last(),
    }
}

/// Sends through a buffer of this size below the one that is needed, or through one of each, which
/// must change nothing, and then through one that is large enough.
fn send_through_any_buffer<R: FixedRole + Clone + Debug>(
    ws: &mut Connection<R>,
    fragment: Fragment<'_>,
    frame: &[u8],
    short: Option<usize>,
    spare: usize,
) {
    let (before, needed) = (ws.clone(), frame.len());
    let every = (0..needed).filter(|size| needed < 64 || size % (needed / 7) < 2);
    for size in short.map_or_else(|| every.collect(), |size| vec![size]) {
        let mut out = vec![0xA5; size];
        let error = ws.send(fragment, &mut out).unwrap_err();
        assert_eq!(error, SendError::BufferTooSmall { needed });
        assert!(out.iter().all(|byte| *byte == 0xA5), "written in spite of the error");
    }
    if short.is_none() {
        assert_same(ws, &before, "a short buffer");
    }
    let mut out = vec![0xA5; needed + spare];
    assert_eq!(ws.send(fragment, &mut out), Ok(needed));
    assert_eq!(out[..needed], *frame);
    assert!(out[needed..].iter().all(|byte| *byte == 0xA5), "written beyond the frame");
}

/// Checks that the two are in the same state, which is slow.
pub(super) fn assert_same<R: FixedRole + Debug>(
    after: &Connection<R>,
    before: &Connection<R>,
    cause: impl Debug,
) {
    assert_eq!(format!("{after:?}"), format!("{before:?}"), "{cause:?} changed the state");
}

/// The other end receives what was sent, and its bytes are exactly the frames that the RFC
/// requires, each with the next key of the source.
pub fn what_is_sent_is_received(bytes: &[u8]) {
    either_end_sends(&mut Source(bytes), true);
}

/// The same, with one buffer that is too short before each frame.
pub fn what_is_sent_is_received_after_a_short_buffer(bytes: &[u8]) {
    either_end_sends(&mut Source(bytes), false);
}

fn either_end_sends(source: &mut Source<'_>, every_size: bool) {
    if source.flag() {
        round_trip(Connection::server(Limits::DEFAULT), source, every_size);
    } else {
        round_trip(Connection::client(Keys(7), Limits::DEFAULT), source, every_size);
    }
}

fn round_trip<R: FixedRole + Clone + Debug>(
    mut ws: Connection<R>,
    source: &mut Source<'_>,
    every_size: bool,
) {
    let (mut stream, mut events, mut keys) = (Vec::new(), Vec::new(), Keys(7));
    while !source.is_empty() && stream.len() < 150_000 {
        let (text, len) = (source.flag(), source.len());
        let string = if text { source.text(len) } else { String::new() };
        let payload = if text { string.clone().into_bytes() } else { source.bytes(len) };
        let opcode = if text { 1 } else { 2 };
        let kind = if text { MessageKind::Text } else { MessageKind::Binary };
        let (in_place, fragments) = (source.flag(), source.pick(&[1, 1, 2, 3]));
        let mut from = 0;
        for index in 1..=fragments {
            let ends = (index == 1, index == fragments);
            let mut to = if ends.1 { payload.len() } else { from + source.below(40) };
            to = to.min(payload.len());
            // A `&str` ends between characters; a payload that is produced in pieces need not.
            while text && !in_place && !string.is_char_boundary(to) {
                to += 1;
            }
            let piece = &payload[from..to];
            let first = if ends.0 { opcode } else { 0 };
            let first = if ends.1 { 0x80 | first } else { first };
            let frame = expected::<R>(first, piece, &mut keys);
            if in_place {
                let header = ws.begin_frame(frame_kind(kind, ends), piece.len() as u64).unwrap();
                let mut body = piece.to_vec();
                let cuts = source.cuts(body.len());
                for piece in cut_mut(&mut body, &cuts) {
                    ws.frame_payload(piece).unwrap();
                }
                assert_eq!([&header[..], &body].concat(), frame);
            } else {
                let whole =
                    if text { Fragment::from(&string[from..to]) } else { Fragment::from(piece) };
                let fragment = fragment_of(whole, ends);
                assert_eq!(fragment.payload(), piece);
                let (needed, spare) = (frame.len(), source.below(20));
                let short = (!every_size).then(|| source.below(needed.min(65_536)));
                send_through_any_buffer(&mut ws, fragment, &frame, short, spare);
            }
            stream.extend(frame);
            if ends.1 || !piece.is_empty() {
                let (first, last) = (events_begin(&events), ends.1);
                let bytes = piece.to_vec();
                see(&mut events, Seen::Data { text, rsv1: false, first, last, bytes });
            }
            from = to;
            if source.below(4) == 3 {
                let len = source.pick(&[0, 3, 125]);
                let payload = source.bytes(len);
                let (frame, first, event) = if source.flag() {
                    (ws.ping(&payload).unwrap(), 0x89, Seen::Ping(payload.clone()))
                } else {
                    (ws.pong(&payload).unwrap(), 0x8A, Seen::Pong(payload.clone()))
                };
                assert_eq!(*frame, *expected::<R>(first, &payload, &mut keys));
                stream.extend_from_slice(&frame);
                see(&mut events, event);
            }
        }
    }
    if source.flag() {
        let frame = ws.close(CloseCode::NORMAL, "that was all").unwrap();
        stream.extend_from_slice(&frame);
        events.push(Seen::Close(Some((1000, "that was all".to_owned()))));
    }
    let setting = Setting { server: !R::IS_SERVER, rsv1: false, limits: Limits::DEFAULT };
    let cuts = source.cuts(stream.len());
    let received = run(&setting, cut(&stream, &cuts));
    assert_eq!(received.error, None);
    assert_eq!(received.events, events);
}

/// Whether the next chunk is the first of a message.
fn events_begin(events: &[Seen]) -> bool {
    let last = events.iter().rev().find_map(|event| match event {
        Seen::Data { last, .. } => Some(*last),
        _ => None,
    });
    last.unwrap_or(true)
}

/// The pieces between these cuts, to be changed in place.
fn cut_mut<'a>(bytes: &'a mut [u8], cuts: &[usize]) -> Vec<&'a mut [u8]> {
    let mut cuts = cuts.to_vec();
    cuts.sort_unstable();
    let (mut pieces, mut rest, mut start) = (Vec::new(), bytes, 0);
    for at in cuts {
        let (piece, after) = rest.split_at_mut(at - start);
        (rest, start) = (after, at);
        pieces.push(piece);
    }
    pieces.push(rest);
    pieces
}
