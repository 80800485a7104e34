//! The tier of whole messages, held to what the tier of chunks is held to.

use super::driver::{Keys, cut};
use super::fuel::Meter;
use super::oracle::{self, Outcome, Seen, Setting};
use super::source::{Scenario, Source};
use rfc6455::{
    Connection, Incoming, Limits, Message, MessageBuffer, ProtocolError, ReceiveHalf, Role, Storage,
};

/// What a receiver of whole messages reports of a stream.
#[derive(Debug, PartialEq)]
pub struct Report {
    pub events: Vec<Seen>,
    pub error: Option<ProtocolError>,
}

/// How what arrives is handed over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// From a buffer, always.
    Buffer,
    /// Into the message's own place, where that is offered.
    InPlace,
}

/// Feeds these pieces to a new connection and this buffer.
pub fn run<'a, S: Storage>(
    setting: &Setting,
    messages: &mut MessageBuffer<S>,
    reading: Reading,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    if setting.server {
        drive(&mut Connection::server(setting.limits), messages, reading, pieces)
    } else {
        drive(&mut Connection::client(Keys(7), setting.limits), messages, reading, pieces)
    }
}

fn drive<'a, R: Role, S: Storage>(
    ws: &mut Connection<R>,
    messages: &mut MessageBuffer<S>,
    reading: Reading,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    let mut report = Report { events: Vec::new(), error: None };
    let mut meter = Meter::start();
    for mut piece in pieces {
        meter.give(piece.len());
        while let (Reading::InPlace, Some(spare)) = (reading, messages.spare(ws)) {
            let len = spare.len().min(piece.len());
            spare[..len].copy_from_slice(&piece[..len]);
            piece = &piece[len..];
            let result = messages.receive_spare(ws, len);
            meter.call(delivered(&result));
            let done = result == Ok(None);
            note(&mut report, result);
            if done && piece.is_empty() {
                break;
            }
        }
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        loop {
            let result = messages.receive(ws, &mut input);
            meter.call(delivered(&result));
            let done = !matches!(result, Ok(Some(_)));
            let expected = report.error.filter(|_| !piece.is_empty());
            assert!(expected.is_none() || result == Err(expected.unwrap()), "a forgotten error");
            let control = note(&mut report, result);
            if let Some(seen) = control.map(|incoming| control_frame(ws, incoming)) {
                report.events.push(seen);
            }
            assert_eq!(ws.error(), report.error);
            if done {
                assert!(input.is_empty());
                break;
            }
            ws.poll_transmit(); // a Pong that waits leaves less room for the next payload
        }
    }
    report
}

/// Bytes of the message that was delivered.
pub fn delivered(result: &Result<Option<Incoming<'_>>, ProtocolError>) -> usize {
    match result {
        Ok(Some(Incoming::Message(message))) => message.as_bytes().len(),
        _ => 0,
    }
}

/// Notes a message or an error; gives back what else it is.
fn note<'m>(
    report: &mut Report,
    result: Result<Option<Incoming<'m>>, ProtocolError>,
) -> Option<Incoming<'m>> {
    match result {
        Err(error) => {
            assert!(report.error.is_none_or(|earlier| earlier == error));
            report.error = Some(error);
            None
        }
        Ok(None) => None,
        Ok(Some(incoming)) => {
            assert_eq!(report.error, None, "an event after an error");
            let Incoming::Message(message) = incoming else { return Some(incoming) };
            report.events.push(whole(message));
            None
        }
    }
}

fn control_frame<R: Role>(ws: &Connection<R>, incoming: Incoming<'_>) -> Seen {
    match incoming {
        Incoming::Ping => Seen::Ping(ws.control_payload().to_vec()),
        Incoming::Pong => Seen::Pong(ws.control_payload().to_vec()),
        Incoming::Close(code) => {
            let frame = ws.close_frame();
            assert_eq!(frame.map(|frame| frame.code), code);
            Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
        }
        Incoming::Message(message) => whole(message),
    }
}

fn whole(message: Message<'_>) -> Seen {
    let text = matches!(message, Message::Text(_));
    Seen::Data { text, rsv1: false, first: true, last: true, bytes: message.as_bytes().to_vec() }
}

/// Of the oracle's messages those that are whole, and all else in its order: a control frame that
/// came inside of a message is reported before it.
pub fn assert_agrees(report: &Report, outcome: &Outcome) {
    let is_data = |event: &&Seen| matches!(event, Seen::Data { .. });
    let (data, control): (Vec<_>, Vec<_>) = report.events.iter().partition(is_data);
    let (chunks, expected): (Vec<_>, Vec<_>) = outcome.events.iter().partition(is_data);
    assert_eq!(control, expected);
    assert_eq!(data.into_iter().cloned().collect::<Vec<_>>(), joined(chunks));
    match (report.error, &outcome.fails) {
        (None, None) => {}
        (Some(error), Some((rules, at))) => {
            assert_eq!(error.offset(), *at as u64, "{error:?}, not {rules:?}");
            assert!(rules.contains(&&*format!("{:?}", error.violation())), "{error:?}: {rules:?}");
        }
        (codec, oracle) => panic!("the codec says {codec:?}, the oracle {oracle:?}"),
    }
}

/// The whole messages among these parts of some.
fn joined(parts: Vec<&Seen>) -> Vec<Seen> {
    let (mut whole, mut open) = (Vec::new(), Vec::new());
    for part in parts {
        let Seen::Data { text, last, bytes, .. } = part else { unreachable!() };
        open.extend_from_slice(bytes);
        if *last {
            let bytes = std::mem::take(&mut open);
            whole.push(Seen::Data { text: *text, rsv1: false, first: true, last: true, bytes });
        }
    }
    whole
}

/// Messages, violation and offset are the oracle's, over the heap and over a slice of any length.
pub fn whole_messages_agree_with_the_oracle(bytes: &[u8]) {
    let Scenario { mut setting, stream, cuts } = Scenario::new(bytes);
    setting.rsv1 = false;
    let outcome = oracle::decode(&stream, &setting);
    for pieces in [cut(&stream, &cuts), stream.chunks(1).collect(), vec![&stream]] {
        let report = run(&setting, &mut MessageBuffer::new(), Reading::InPlace, pieces);
        assert_agrees(&report, &outcome);
    }

    let len = Source(bytes).pick(&[0, 1, 20, 126, 300, 65_536]);
    let max = setting.limits.max_message.min(len as u64);
    let bounded = Setting { limits: Limits::max_message(setting.limits, max), ..setting };
    let outcome = oracle::decode(&stream, &bounded);
    for reading in [Reading::Buffer, Reading::InPlace] {
        for pieces in [cut(&stream, &cuts), stream.chunks(1).collect(), vec![&stream]] {
            let mut storage = vec![0xA5; len];
            let mut messages = MessageBuffer::in_slice(&mut storage);
            assert_agrees(&run(&setting, &mut messages, reading, pieces), &outcome);
        }
    }
}

/// The same for a stream that is given as it is, over one of the two.
pub fn any_stream_agrees_with_the_oracle(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let Scenario { mut setting, stream, cuts } = Scenario::raw(bytes, choice & 1 == 1);
    setting.rsv1 = false;
    let reading = if choice & 4 == 0 { Reading::Buffer } else { Reading::InPlace };
    let pieces = cut(&stream, &cuts);
    let report = if choice & 2 == 0 {
        run(&setting, &mut MessageBuffer::new(), reading, pieces)
    } else {
        let mut storage = [0xA5; 32];
        let storage = &mut storage[..usize::from(choice >> 3)];
        let limits = setting.limits;
        setting.limits = limits.max_message(limits.max_message.min(storage.len() as u64));
        let mut messages = MessageBuffer::in_slice(storage);
        run(&Setting { limits, ..setting }, &mut messages, reading, pieces)
    };
    assert_agrees(&report, &oracle::decode(&stream, &setting));
}

/// The receiving half alone will do.
pub fn receive_once<'m, R: Role>(
    receiver: &mut ReceiveHalf<R>,
    messages: &'m mut MessageBuffer<rfc6455::Heap>,
    bytes: &'m mut [u8],
) -> Option<Incoming<'m>> {
    let mut input = bytes;
    messages.receive(receiver, &mut input).unwrap()
}
