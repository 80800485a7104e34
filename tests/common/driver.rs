//! Runs a stream through a `Connection`, and checks the contract of every call.

use super::fuel::Meter;
use super::oracle::{self, Outcome, Seen, Setting, see};
use super::wire::{self, Frame};
use rfc6455::{
    Client, Connection, ControlFrame, Eof, Event, ForkKeys, MaskingKeys, MessageKind,
    ProtocolError, Role, SendError, Server,
};

/// A source of masking keys that tests can predict, and that never repeats one.
#[derive(Clone, Debug, Default)]
pub struct Keys(pub u32);

impl MaskingKeys for Keys {
    fn next_key(&mut self) -> [u8; 4] {
        self.0 = self.0.wrapping_add(0x9E37_79B9); // odd: a full period
        self.0.to_be_bytes()
    }
}

/// Repeats them, on purpose: what a copy of a connection does is compared with what it did.
impl ForkKeys for Keys {
    fn fork(&self) -> Self {
        self.clone()
    }
}

/// The outcome of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub events: Vec<Seen>,
    pub error: Option<ProtocolError>,
    pub sent: Vec<Frame>,
}

/// The pieces of `bytes` between these cuts.
pub fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut ends = cuts.to_vec();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect()
}

/// Feeds these pieces to a new connection.
pub fn run<'a>(setting: &Setting, pieces: impl IntoIterator<Item = &'a [u8]>) -> Run {
    if setting.server {
        drive(&mut prepared(Server, setting), pieces)
    } else {
        drive(&mut prepared(Client::new(Keys(7)), setting), pieces)
    }
}

fn prepared<R: Role>(role: R, setting: &Setting) -> Connection<R> {
    let mut ws = Connection::new(role, setting.limits);
    ws.allow_rsv1(setting.rsv1);
    ws
}

/// Feeds these pieces, and takes what is to be transmitted after every event.
pub fn drive<'a, R: Role + Clone>(
    ws: &mut Connection<R>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Run {
    let mut run = Run { events: Vec::new(), error: None, sent: Vec::new() };
    let (mut sent, mut meter) = (Vec::new(), Meter::start());
    for piece in pieces {
        meter.give(piece.len());
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        loop {
            let before = input.len();
            let result = ws.receive(&mut input);
            assert!(input.len() <= before, "input never grows");
            meter.call(0);
            match result {
                Ok(Some(event)) => {
                    assert_eq!(run.error, None, "an event after an error");
                    let event = seen(&event, ws);
                    see(&mut run.events, event);
                }
                Ok(None) => {
                    assert!(input.is_empty(), "more was asked for while there was input");
                    assert!(run.error.is_none() || piece.is_empty(), "an error was forgotten");
                    break;
                }
                Err(error) => {
                    assert!(input.is_empty(), "the input of a failed connection is discarded");
                    assert!(run.error.is_none_or(|earlier| earlier == error), "another error");
                    run.error = Some(error);
                    drain(ws, &mut sent);
                    break;
                }
            }
            drain(ws, &mut sent);
            meter.forget();
        }
        assert_eq!(ws.error(), run.error);
    }
    run.sent = wire::frames(&sent);
    run
}

/// Takes what is pending, in both ways: they give the same bytes.
fn drain<R: Role + Clone>(ws: &mut Connection<R>, sent: &mut Vec<u8>) {
    let (mut twin, start) = (ws.clone(), sent.len());
    while let Some(frame) = ws.poll_transmit() {
        sent.extend_from_slice(&frame);
    }
    let mut out = [0xA5; ControlFrame::MAX_LEN];
    let (mut taken, too_small) = (start, Err(SendError::BufferTooSmall { needed: out.len() }));
    let expected = if taken < sent.len() { too_small } else { Ok(0) };
    assert_eq!(
        twin.poll_transmit_into(&mut out[1..]),
        expected,
        "nothing is lost for want of room"
    );
    while let len @ 1.. = twin.poll_transmit_into(&mut out).unwrap() {
        assert_eq!(sent[taken..taken + len], out[..len]);
        taken += len;
    }
    assert_eq!(taken, sent.len());
}

/// An event with its payload.
pub fn seen<R: Role>(event: &Event<'_>, ws: &Connection<R>) -> Seen {
    match event {
        Event::Data(chunk) => {
            assert!(chunk.is_last() || !chunk.is_empty(), "an empty chunk that ends nothing");
            Seen::Data {
                text: chunk.kind() == MessageKind::Text,
                rsv1: chunk.rsv1(),
                first: chunk.is_first(),
                last: chunk.is_last(),
                bytes: chunk.to_vec(),
            }
        }
        Event::Ping => Seen::Ping(ws.control_payload().to_vec()),
        Event::Pong => Seen::Pong(ws.control_payload().to_vec()),
        Event::Close(code) => {
            let frame = ws.close_frame();
            assert_eq!(frame.map(|frame| frame.code), *code);
            Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
        }
    }
}

/// The frames that an endpoint must send for this outcome if it answers at once.
pub fn answers(outcome: &Outcome) -> Vec<Frame> {
    let mut frames: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            Seen::Ping(payload) => Some(Frame::new(0x8A, payload)),
            Seen::Close(Some((code, _))) => Some(Frame::new(0x88, code.to_be_bytes())),
            Seen::Close(None) => Some(Frame::new(0x88, [])),
            _ => None,
        })
        .collect();
    if let Some((rules, _)) = &outcome.fails {
        frames.push(Frame::new(0x88, oracle::status_of(rules[0]).to_be_bytes()));
    }
    frames
}

/// Compares a run with the oracle's verdict on the whole stream.
pub fn assert_agrees(run: &Run, outcome: &Outcome, setting: &Setting) {
    assert_eq!(run.events, outcome.events);
    match (&run.error, &outcome.fails) {
        (None, None) => {}
        (Some(error), Some((rules, at))) => {
            let name = format!("{:?}", error.violation());
            assert_eq!(error.offset(), *at as u64, "{error:?}, not {rules:?}");
            assert!(rules.contains(&&*name), "{name} is none of {rules:?}");
            assert_eq!(error.close_code().get(), oracle::status_of(&name));
        }
        (codec, oracle) => panic!("the codec says {codec:?}, the oracle {oracle:?}"),
    }
    assert!(run.sent.iter().all(|frame| frame.key.is_some() != setting.server), "masking");
    let plain = |frame: &Frame| Frame { key: None, ..frame.clone() };
    assert_eq!(run.sent.iter().map(plain).collect::<Vec<_>>(), answers(outcome));
}

/// After a failure or the peer's Close nothing comes in any more, and nothing goes out.
pub fn assert_finished<R: Role>(ws: &mut Connection<R>) {
    let (error, close) = (ws.error(), ws.close_frame().is_some());
    for garbage in [&b"\x81\x00"[..], &[0xFF; 40], b"", b"\x89\x80\x00\x00\x00\x00"] {
        let mut buffer = garbage.to_vec();
        let mut input = &mut buffer[..];
        match (ws.receive(&mut input), error) {
            (Ok(None), None) => {}
            (Ok(None), Some(_)) => assert!(garbage.is_empty(), "an error was forgotten"),
            (Err(again), Some(error)) => assert_eq!(again, error),
            (other, _) => panic!("{other:?} after the end"),
        }
        assert!(input.is_empty());
        assert_eq!(buffer, garbage, "discarded input is not touched");
    }
    assert!(ws.poll_transmit().is_none(), "nothing follows a Close frame");
    let mut out = [0xA5; 32];
    assert_eq!(ws.send("x", &mut out).unwrap_err(), SendError::Closed);
    assert_eq!(ws.ping(b"").unwrap_err(), SendError::Closed);
    assert_eq!(ws.pong(b"").unwrap_err(), SendError::Closed);
    assert_eq!(ws.close_without_code().unwrap_err(), SendError::Closed);
    assert_eq!(out, [0xA5; 32]);
    assert_eq!((ws.error(), ws.close_frame().is_some()), (error, close));
    assert_eq!(ws.receive_eof() == Eof::Clean, error.is_none());
    assert!(ws.is_closed());
}

/// Like [`run`], and checks the connection's contract after its end.
pub fn run_to_the_end<'a>(setting: &Setting, pieces: impl IntoIterator<Item = &'a [u8]>) -> Run {
    if setting.server {
        run_to_the_end_as(Server, setting, pieces)
    } else {
        run_to_the_end_as(Client::new(Keys(7)), setting, pieces)
    }
}

/// The same, in this role.
pub fn run_to_the_end_as<'a, R: Role + Clone>(
    role: R,
    setting: &Setting,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Run {
    let mut ws = prepared(role, setting);
    let run = drive(&mut ws, pieces);
    let closed = run.events.iter().any(|event| matches!(event, Seen::Close(_)));
    if run.error.is_some() || closed {
        assert_eq!(ws.is_closed(), run.error.is_some() || setting.server);
        assert_finished(&mut ws);
    } else {
        assert!(!ws.is_closed());
        assert_eq!(ws.receive_eof(), Eof::Abnormal);
        assert!(ws.is_closed());
    }
    run
}
