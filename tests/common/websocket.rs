//! Drives a `WebSocket`, and compares it with the oracle, as its parts are compared.

use super::driver::{Keys, cut};
use super::fuel::Meter;
use super::messages::{Report, assert_agrees};
use super::oracle::{self, Outcome, Seen, Setting, see};
use super::source::{Scenario, Source};
use rfc6455::websocket::{Config, Event, Message, Receiver, Sender, Storage};
use rfc6455::{Client, FixedRole, Limits, MessageKind, ProtocolError, Role, Server, WebSocket};

/// The most that is fed at once: what is fed is held, so the caller bounds it.
const FED: usize = 4 << 10;

/// The most memory that an empty buffer retains in these tests.
pub const RETAIN: usize = 300;

pub fn config(limits: Limits) -> Config {
    Config::DEFAULT.limits(limits).retain(RETAIN)
}

/// Feeds these pieces to a new connection over this memory.
pub fn run<'a, S: Storage>(
    setting: &Setting,
    config: Config,
    memory: [S; 2],
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    let [read, write] = memory;
    let report = if setting.server {
        drive(&mut WebSocket::new(Server, config, read, write), pieces)
    } else {
        drive(&mut WebSocket::new(Client::new(Keys(7)), config, read, write), pieces)
    };
    assert_bounded(&report, config.stream_above);
    report
}

/// Checks that no part of a message up to the bound was yielded before the whole message.
pub fn assert_bounded(report: &Report, above: u64) {
    let unfinished = report.unfinished().len() as u64;
    assert!(above < u64::MAX || unfinished == 0, "part of a message that was to be whole");
}

/// Feeds these pieces; whatever waits to be written is written at once.
pub fn drive<'a, R: FixedRole, S: Storage>(
    ws: &mut WebSocket<R, S>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    let mut recorder = Recorder::new();
    for piece in pieces {
        recorder.feed(ws, piece);
    }
    recorder.report
}

/// Reads the front of these bytes into the room that is lent; returns how many.
pub fn read<R: Role, S: Storage>(ws: &mut WebSocket<R, S>, bytes: &[u8]) -> usize {
    let room = ws.read_buf();
    let len = room.len().min(bytes.len());
    assert!(len > 0, "no room to read into");
    room[..len].copy_from_slice(&bytes[..len]);
    ws.received(len).unwrap();
    len
}

/// Records what one receiver yields, and its cost.
pub struct Recorder {
    pub report: Report,
    /// A message of which chunks were yielded is open.
    open: bool,
    meter: Meter,
}

impl Recorder {
    pub fn new() -> Self {
        Self { report: Report::default(), open: false, meter: Meter::start() }
    }

    /// Feeds these bytes and takes all events; whatever waits to be written is returned at once.
    pub fn feed<R: FixedRole, S: Storage>(
        &mut self,
        ws: &mut WebSocket<R, S>,
        bytes: &[u8],
    ) -> Vec<u8> {
        let (mut rest, mut written) = (bytes, Vec::new());
        self.meter.forget();
        while !rest.is_empty() {
            // Both ways in, from one read to the next.
            if rest.len() % 2 == 0 {
                let len = self.fill(ws.read_buf(), &mut rest);
                assert!(ws.received(len).is_ok());
            } else {
                let len = ws.feed(&rest[..rest.len().min(FED)]);
                assert!(len > 0, "no room to read into");
                rest = &rest[len..];
                self.meter.give(len);
                self.meter.call(0);
            }
            while self.note(ws.next().map(|next| next.map(|(event, _)| event))) {
                written.extend(write_all(ws));
            }
            written.extend(write_all(ws));
            assert_eq!(ws.error(), self.report.error);
        }
        written
    }

    /// The same for a receiving half, whose answers go through its sending half.
    pub fn feed_half<R: FixedRole, S: Storage>(
        &mut self,
        halves: (&mut Receiver<R, S>, &mut Sender<R, S>),
        bytes: &[u8],
    ) -> Vec<u8> {
        let (mut rest, mut written) = (bytes, Vec::new());
        let (receiver, sender) = halves;
        self.meter.forget();
        while !rest.is_empty() {
            let len = self.fill(receiver.read_buf(), &mut rest);
            assert!(receiver.received(len).is_ok());
            loop {
                let more = self.note(receiver.next());
                while let Some(reply) = receiver.poll_reply() {
                    let sent = sender.reply(&reply);
                    assert!(sent.is_ok() || sender.is_close_sent(), "{sent:?}");
                    written.extend(flush(sender));
                }
                if !more {
                    break;
                }
            }
        }
        written
    }

    /// Moves the front of the bytes into this room.
    fn fill(&mut self, room: &mut [u8], rest: &mut &[u8]) -> usize {
        assert!(!room.is_empty(), "no room to read into");
        let (here, later) = rest.split_at(room.len().min(rest.len()));
        room.fill(0xFF); // whatever is written there, it changes nothing that has arrived
        room[..here.len()].copy_from_slice(here);
        *rest = later;
        self.meter.give(here.len());
        self.meter.call(0);
        here.len()
    }

    /// Records the result of a call; returns whether there may be more.
    fn note(&mut self, next: Result<Option<Event<'_>>, ProtocolError>) -> bool {
        let before = self.report.error;
        let (given, more) = match next {
            Ok(None) => (0, false),
            Ok(Some(event)) => {
                assert_eq!(before, None, "an event after an error");
                (self.see(event), true)
            }
            Err(error) => {
                assert!(before.is_none_or(|earlier| earlier == error));
                self.report.error = Some(error);
                (0, true)
            }
        };
        self.meter.call(given);
        more
    }

    /// Records an event; returns how many bytes of data it has.
    fn see(&mut self, event: Event<'_>) -> usize {
        let seen = seen_of(event);
        let mut given = 0;
        if let Seen::Data { first, last, bytes, .. } = &seen {
            assert_eq!(*first, !self.open, "the first chunk says so, and no other");
            assert!(*last || !bytes.is_empty());
            (self.open, given) = (!last, bytes.len());
        }
        see(&mut self.report.events, seen);
        given
    }
}

/// An event with its payload.
pub fn seen_of(event: Event<'_>) -> Seen {
    match event {
        Event::Message(message) => whole(message),
        Event::Chunk(chunk) => Seen::Data {
            text: chunk.kind() == MessageKind::Text,
            rsv1: chunk.rsv1(),
            first: chunk.is_first(),
            last: chunk.is_last(),
            bytes: chunk.to_vec(),
        },
        Event::Ping(payload) => Seen::Ping(payload.to_vec()),
        Event::Pong(payload) => Seen::Pong(payload.to_vec()),
        Event::Close(frame) => {
            Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
        }
    }
}

/// Takes everything that waits to be written.
pub fn write_all<R: FixedRole, S: Storage>(ws: &mut WebSocket<R, S>) -> Vec<u8> {
    let mut written = Vec::new();
    loop {
        let bytes = ws.transmit();
        let len = bytes.len();
        if len == 0 {
            assert_eq!(ws.queued(), 0);
            return written;
        }
        written.extend_from_slice(bytes);
        ws.transmitted(len).unwrap();
    }
}

/// The same for a sending half.
pub fn flush<R: FixedRole, S: Storage>(sender: &mut Sender<R, S>) -> Vec<u8> {
    let mut written = Vec::new();
    while let bytes @ [_, ..] = sender.transmit() {
        let len = bytes.len();
        written.extend_from_slice(bytes);
        sender.transmitted(len).unwrap();
    }
    written
}

pub fn whole(message: Message<'_>) -> Seen {
    let text = match message {
        Message::Text(text) => {
            assert_eq!(std::str::from_utf8(text.as_bytes()), Ok(text.as_str()));
            true
        }
        Message::Binary(_) => false,
    };
    Seen::Data { text, rsv1: false, first: true, last: true, bytes: message.as_bytes().to_vec() }
}

/// Messages, violation and offset are the oracle's, on the heap and over slices of any length, whole
/// or in chunks.
pub fn agrees_with_the_oracle(bytes: &[u8]) {
    let Scenario { mut setting, stream, cuts } = Scenario::new(bytes);
    setting.rsv1 = false;
    let mut source = Source(bytes);
    let outcome = oracle::decode(&stream, &setting);
    let above = source.pick(&[u64::MAX, u64::MAX, 0, 1, 20, 130]);
    let heap = config(setting.limits).stream_above(above);
    for pieces in [cut(&stream, &cuts), stream.chunks(1).collect(), vec![&stream]] {
        let report = run(&setting, heap, [Vec::new(), Vec::new()], pieces);
        assert_agrees(&report, &outcome);
        assert_chunks_agree(&report, &outcome, above);
    }

    let len = source.pick(&[1, 2, 20, 126, 300, 65_536]);
    let max = setting.limits.max_message.min(len as u64 - 1);
    let bounded = Setting { limits: Limits::max_message(setting.limits, max), ..setting };
    let outcome = oracle::decode(&stream, &bounded);
    for pieces in [cut(&stream, &cuts), stream.chunks(1).collect(), vec![&stream]] {
        let (mut read, mut write) = (vec![0xA5; len], [0xA5; 262]);
        let slices = [&mut read[..], &mut write[..]];
        assert_agrees(&run(&setting, config(setting.limits), slices, pieces), &outcome);
    }
}

/// A receiver in chunks yields everything that the oracle does, in the same order.
fn assert_chunks_agree(report: &Report, outcome: &Outcome, above: u64) {
    if above == 0 {
        assert_eq!(report.events, outcome.events);
    }
}

/// The same for a stream given verbatim.
pub fn any_stream_agrees_with_the_oracle(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let Scenario { mut setting, stream, cuts } = Scenario::raw(bytes, choice & 1 == 1);
    setting.rsv1 = false;
    let pieces = cut(&stream, &cuts);
    let report = if choice & 2 == 0 {
        let above = if choice & 4 == 0 { u64::MAX } else { u64::from(choice >> 3) };
        let config = config(setting.limits).stream_above(above);
        let report = run(&setting, config, [Vec::new(), Vec::new()], pieces);
        assert_chunks_agree(&report, &oracle::decode(&stream, &setting), above);
        report
    } else {
        let (mut read, mut write) = ([0xA5; 33], [0xA5; 262]);
        let read = &mut read[..=usize::from(choice >> 3)];
        let limits = setting.limits;
        let report = run(&setting, config(limits), [&mut read[..], &mut write[..]], pieces);
        setting.limits = limits.max_message(limits.max_message.min(read.len() as u64 - 1));
        report
    };
    assert_agrees(&report, &oracle::decode(&stream, &setting));
}
