//! When a send is refused, and that a refusal changes nothing: a property body, as in `properties`.

use std::fmt::Debug;

use super::driver::Keys;
use super::oracle::first_impossible;
use super::sending::{PARTS, assert_same, expected, fragment_of, frame_kind};
use super::source::Source;
use super::wire::{self, Frame};
use rfc6455::*;

/// A model of what an end may send next, independent of the crate.
#[derive(Debug, Default)]
struct Model {
    /// The kind of the open message: text or not.
    open: Option<bool>,
    /// Payload that the open frame lacks, and whether it ends its message.
    left: u64,
    last: bool,
    /// The open frame's key, and how much of its payload was masked.
    key: [u8; 4],
    masked: usize,
    /// The open code point of the message's text.
    tail: Vec<u8>,
    close_sent: bool,
    close_received: bool,
    /// What waits to be transmitted: opcode and payload.
    pending: Option<(u8, Vec<u8>)>,
    keys: Keys,
}

impl Model {
    fn new() -> Self {
        Self { keys: Keys(7), ..Self::default() }
    }

    /// What forbids any frame now.
    fn frame_errors(&self) -> Vec<SendError> {
        let mut errors = Vec::new();
        if self.close_sent || self.close_received {
            errors.push(SendError::Closed);
        }
        if self.left > 0 {
            errors.push(SendError::FrameOpen { left: self.left });
        }
        errors
    }

    /// What forbids this part of a message now.
    fn part_errors(&self, text: bool, first: bool) -> Vec<SendError> {
        let mut errors = self.frame_errors();
        if first && self.open.is_some() {
            errors.push(SendError::MessageOpen);
        }
        if !first && self.open != Some(text) {
            errors.push(SendError::NoMessageOpen);
        }
        errors
    }
}

/// A refused send returns the reason, writes nothing and changes nothing; the model allows every
/// send that is not refused; and pending answers wait for their turn.
pub fn refused_sends_change_nothing(bytes: &[u8]) {
    either_end_tries(&mut Source(bytes), true);
}

/// The same, but compares the whole state only after the last send.
pub fn a_refused_send_changes_nothing(bytes: &[u8]) {
    either_end_tries(&mut Source(bytes), false);
}

fn either_end_tries(source: &mut Source<'_>, every_refusal: bool) {
    if source.flag() {
        send_anything(Connection::server(Limits::DEFAULT), source, every_refusal);
    } else {
        send_anything(Connection::client(Keys(7), Limits::DEFAULT), source, every_refusal);
    }
}

fn send_anything<R: FixedRole + Clone + Debug>(
    mut ws: Connection<R>,
    source: &mut Source<'_>,
    every_refusal: bool,
) {
    let mut model = Model::new();
    while !source.is_empty() {
        let before = ws.clone();
        let (result, errors) = match source.below(20) {
            0..=6 => try_send(&mut ws, &mut model, source),
            7..=9 => try_begin(&mut ws, &mut model, source),
            10..=14 => try_payload(&mut ws, &mut model, source),
            15 | 16 => try_control(&mut ws, &mut model, source),
            17 if source.below(4) == 3 => try_close(&mut ws, &mut model, source),
            18 => {
                receive_control(&mut ws, &mut model, source);
                continue;
            }
            _ => {
                poll(&mut ws, &mut model);
                continue;
            }
        };
        match result {
            Ok(()) => assert!(errors.is_empty(), "not refused: {errors:?}"),
            Err(error) => {
                assert!(errors.contains(&error), "{error:?} is none of {errors:?}");
                if every_refusal || source.is_empty() {
                    assert_same(&ws, &before, error);
                }
            }
        }
    }
}

type Tried = (Result<(), SendError>, Vec<SendError>);

fn try_send<R: FixedRole>(
    ws: &mut Connection<R>,
    model: &mut Model,
    source: &mut Source<'_>,
) -> Tried {
    let (text, (first, last), len) = (source.flag(), source.pick(&PARTS), source.below(140));
    let string = source.text(if text { len } else { 0 });
    let bytes = source.bytes(len);
    let whole = if text { Fragment::from(&*string) } else { Fragment::from(&bytes[..]) };
    let fragment = fragment_of(whole, (first, last));
    let mut errors = model.part_errors(text, first);
    if text && !first && !model.tail.is_empty() {
        errors.push(SendError::InvalidUtf8);
    }
    let opcode = [0, if text { 1 } else { 2 }][usize::from(first)];
    let mut keys = model.keys.clone();
    let byte = opcode | if last { 0x80 } else { 0 };
    let frame = expected::<R>(byte, fragment.payload(), &mut keys);
    let size = source.pick(&[frame.len(), frame.len() + 9, frame.len() - 1, 0, 1]);
    if size < frame.len() {
        errors.push(SendError::BufferTooSmall { needed: frame.len() });
    }
    let mut out = vec![0xA5; size];
    let result = ws.send(fragment, &mut out);
    let written = result.unwrap_or(0);
    assert_eq!(out[..written], frame[..written]);
    assert!(out[written..].iter().all(|byte| *byte == 0xA5));
    if result.is_ok() {
        assert_eq!(written, frame.len());
        model.keys = keys;
        model.open = if last { None } else { Some(text) };
        model.tail.clear();
    }
    (result.map(|_| ()), errors)
}

fn try_begin<R: FixedRole>(
    ws: &mut Connection<R>,
    model: &mut Model,
    source: &mut Source<'_>,
) -> Tried {
    let (text, (first, last)) = (source.flag(), source.pick(&PARTS));
    let len = source.pick(&[0, 1, 2, 3, 4, 10, 126, 65_536, (1 << 63) - 1, 1 << 63, u64::MAX]);
    let kind = if text { MessageKind::Text } else { MessageKind::Binary };
    let mut errors = model.part_errors(text, first);
    if len >= 1 << 63 {
        errors.push(SendError::TooLong);
    }
    let lacks = (1..4).find(|n| {
        // as many continuation bytes as the open code point needs, of a kind that always fits
        let fitting: &[u8] =
            if model.tail.first() == Some(&0xF4) { &[0x80; 3] } else { &[0x9F; 3] };
        let fitting = if model.tail == [0xE0] { &[0xA0; 3] } else { fitting };
        let mut tail = model.tail.clone();
        first_impossible(&mut tail, &fitting[..*n], 0).is_none()
    });
    if last && !first && !model.tail.is_empty() && len < lacks.unwrap() as u64 {
        errors.push(SendError::InvalidUtf8);
    }
    match ws.begin_frame(frame_kind(kind, (first, last)), len) {
        Ok(header) => {
            let opcode = [0, kind.opcode().bits()][usize::from(first)];
            let byte = opcode | if last { 0x80 } else { 0 };
            let mut bytes = wire::header(byte, !R::IS_SERVER, len);
            if !R::IS_SERVER {
                model.key = model.keys.next_key();
                bytes.extend(model.key);
            }
            assert_eq!(*header, *bytes);
            model.open = if last && len == 0 { None } else { Some(text) };
            (model.left, model.last, model.masked) = (len, last, 0);
            (Ok(()), errors)
        }
        Err(error) => (Err(error), errors),
    }
}

fn try_payload<R: FixedRole>(
    ws: &mut Connection<R>,
    model: &mut Model,
    source: &mut Source<'_>,
) -> Tried {
    let left = usize::try_from(model.left).unwrap_or(usize::MAX);
    let len = source.pick(&[left, left, 1, 2, 3, 7, left.saturating_add(1)]).min(300);
    let mut piece = source.text(len).into_bytes();
    if model.tail.is_empty() || source.flag() {
        piece.truncate(len);
    } else {
        piece = vec![0x9F; len.min(3)];
    }
    let (mut errors, mut tail) = (Vec::new(), model.tail.clone());
    let after = model.left.checked_sub(piece.len() as u64);
    if after.is_none() {
        errors.push(SendError::TooLong);
    }
    let follow = if model.last { after.unwrap_or(0) } else { u64::MAX };
    if model.open == Some(true) && first_impossible(&mut tail, &piece, follow).is_some() {
        errors.push(SendError::InvalidUtf8);
    }
    let original = piece.clone();
    let result = ws.frame_payload(&mut piece);
    if result.is_ok() {
        for (index, byte) in piece.iter_mut().enumerate() {
            *byte ^= if R::IS_SERVER { 0 } else { model.key[(model.masked + index) % 4] };
        }
        model.masked += piece.len();
        if model.open == Some(true) {
            model.tail = tail;
        }
        if !piece.is_empty() {
            model.left = after.unwrap();
            if model.left == 0 && model.last {
                model.open = None;
                assert!(model.tail.is_empty());
            }
        }
    }
    assert_eq!(piece, original, "masked wrongly, or in spite of the error");
    (result, errors)
}

fn try_control<R: FixedRole>(
    ws: &mut Connection<R>,
    model: &mut Model,
    source: &mut Source<'_>,
) -> Tried {
    let (ping, len) = (source.flag(), source.pick(&[0, 1, 125, 126, 300]));
    let payload = source.bytes(len);
    let mut errors = model.frame_errors();
    if len > 125 {
        errors.push(SendError::TooLong);
    }
    let result = if ping { ws.ping(&payload) } else { ws.pong(&payload) };
    if let Ok(frame) = &result {
        let first = if ping { 0x89 } else { 0x8A };
        assert_eq!(**frame, *expected::<R>(first, &payload, &mut model.keys));
    }
    (result.map(|_| ()), errors)
}

fn try_close<R: FixedRole>(
    ws: &mut Connection<R>,
    model: &mut Model,
    source: &mut Source<'_>,
) -> Tried {
    let reason = "é".repeat(source.pick(&[0, 1, 61, 62, 80]));
    let mut errors = model.frame_errors();
    if reason.len() > 123 {
        errors.push(SendError::TooLong);
    }
    let result = ws.close(CloseCode::GOING_AWAY, &reason);
    if let Ok(frame) = &result {
        let payload = [&1001_u16.to_be_bytes(), reason.as_bytes()].concat();
        assert_eq!(**frame, *expected::<R>(0x88, &payload, &mut model.keys));
        model.close_sent = true;
    }
    (result.map(|_| ()), errors)
}

/// A Ping arrives, or sometimes a Close.
fn receive_control<R: FixedRole>(
    ws: &mut Connection<R>,
    model: &mut Model,
    source: &mut Source<'_>,
) {
    let close = source.below(8) == 7;
    let (first, len) = if close { (0x88, 0) } else { (0x89, source.below(126)) };
    let payload = source.bytes(len);
    let mut frame = Frame::new(first, &payload);
    if R::IS_SERVER {
        frame = frame.masked(source.key());
    }
    let mut bytes = frame.bytes();
    let mut input = &mut bytes[..];
    let event = ws.receive(&mut input).unwrap();
    if model.close_received {
        assert!(event.is_none());
        return;
    }
    match event {
        Some(Event::Ping) => assert_eq!(ws.control_payload(), payload),
        Some(Event::Close(None)) => model.close_received = true,
        other => panic!("{other:?}"),
    }
    model.pending = Some((if close { 0x88 } else { 0x8A }, payload));
}

fn poll<R: FixedRole>(ws: &mut Connection<R>, model: &mut Model) {
    let frame = ws.poll_transmit();
    if model.left > 0 {
        assert!(frame.is_none(), "inside of another frame");
        return;
    }
    let pending = model.pending.take().filter(|_| !model.close_sent);
    let bytes = pending.as_ref().map(|(first, p)| expected::<R>(*first, p, &mut model.keys));
    assert_eq!(frame.as_deref(), bytes.as_deref());
    model.close_sent |= pending.is_some_and(|(first, _)| first == 0x88);
}
