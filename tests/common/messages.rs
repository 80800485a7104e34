//! The tier of whole messages, held to what the tier of chunks is held to.

use super::driver::{Keys, cut};
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

/// Feeds these pieces to a new connection and this buffer.
pub fn run<'a, S: Storage>(
    setting: &Setting,
    messages: &mut MessageBuffer<S>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    if setting.server {
        drive(&mut Connection::server(setting.limits), messages, pieces)
    } else {
        drive(&mut Connection::client(Keys(7), setting.limits), messages, pieces)
    }
}

fn drive<'a, R: Role, S: Storage>(
    ws: &mut Connection<R>,
    messages: &mut MessageBuffer<S>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    let mut report = Report { events: Vec::new(), error: None };
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        loop {
            let event = match messages.receive(ws, &mut input) {
                Ok(Some(Incoming::Message(message))) => whole(message),
                Ok(Some(Incoming::Ping)) => Seen::Ping(ws.control_payload().to_vec()),
                Ok(Some(Incoming::Pong)) => Seen::Pong(ws.control_payload().to_vec()),
                Ok(Some(Incoming::Close(code))) => {
                    let frame = ws.close_frame();
                    assert_eq!(frame.map(|frame| frame.code), code);
                    Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
                }
                Ok(None) => {
                    assert!(input.is_empty() && report.error.is_none());
                    break;
                }
                Err(error) => {
                    assert!(input.is_empty());
                    assert!(report.error.is_none_or(|earlier| earlier == error));
                    assert_eq!(ws.error(), Some(error));
                    report.error = Some(error);
                    break;
                }
            };
            assert_eq!(report.error, None, "an event after an error");
            report.events.push(event);
            ws.poll_transmit(); // a Pong that waits leaves less room for the next payload
        }
    }
    report
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
        let report = run(&setting, &mut MessageBuffer::new(), pieces);
        assert_agrees(&report, &outcome);
    }

    let len = Source(bytes).pick(&[0, 1, 20, 126, 300, 65_536]);
    let max = setting.limits.max_message.min(len as u64);
    let bounded = Setting { limits: Limits::max_message(setting.limits, max), ..setting };
    let outcome = oracle::decode(&stream, &bounded);
    for pieces in [cut(&stream, &cuts), stream.chunks(1).collect(), vec![&stream]] {
        let mut storage = vec![0xA5; len];
        let report = run(&setting, &mut MessageBuffer::in_slice(&mut storage), pieces);
        assert_agrees(&report, &outcome);
    }
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
