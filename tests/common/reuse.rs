//! Several ends at once, whose memory is reused by others; with the feature `deflate`, some of them
//! inflate and compress.
//!
//! Each is fed with pieces of its own stream and of others', continues after errors, is split,
//! reunited (also wrongly, which is refused), dropped inside a message, and replaced. Whatever
//! happens to the others, and whatever was in its memory before:
//! - its events are those of the oracle for exactly the bytes that it was given;
//! - what it writes are exactly the messages that it sent, and its answers.

use super::driver::Keys;
use super::messages::assert_agrees;
use super::oracle::{self, Setting};
use super::source::{Scenario, Source};
use super::websocket::{Recorder, assert_bounded, flush, write_all};
use super::wire;
use rfc6455::websocket::{Config, Receiver, Sender, Storage};
use rfc6455::{Client, FixedRole, Fragment, SendError, Server, WebSocket};

#[cfg(feature = "deflate")]
use super::deflate::{Compressor, Oracle, assert_inflated, content, frames, negotiated};

/// Ends at a time.
const LINES: usize = 3;
/// Bytes of each slice: some streams have longer messages.
const SLICE: usize = 400;
/// How often, at most, all ends are dropped and their memory is reused.
const ROUNDS: usize = 4;

/// One end, whole or in two halves.
enum End<R: FixedRole, S> {
    Whole(WebSocket<R, S>),
    Split(Receiver<R, S>, Sender<R, S>),
}

/// An end, what is on its way to it, and what it did.
struct Line<R: FixedRole, S> {
    /// `Some`, except while the end is being split or reunited.
    end: Option<End<R, S>>,
    setting: Setting,
    above: u64,
    /// It inflates and compresses.
    compresses: bool,
    stream: Vec<u8>,
    /// Bytes of the stream that were used.
    at: usize,
    given: Vec<u8>,
    recorder: Recorder,
    sent: Vec<Vec<u8>>,
    written: Vec<u8>,
}

impl<R: FixedRole, S: Storage> Line<R, S> {
    fn new(source: &mut Source<'_>, role: fn() -> R, memory: [S; 2], len: Option<usize>) -> Self {
        let (choices, rest) = source.0.split_at(source.0.len().min(16));
        source.0 = rest;
        let mut bytes = choices.to_vec();
        if let Some(first) = bytes.first_mut() {
            *first = *first & 0xFE | u8::from(R::IS_SERVER);
        }
        let Scenario { mut setting, mut stream, .. } = Scenario::new(&bytes);
        setting.server = R::IS_SERVER;
        let choices = &mut Source(choices);
        let (above, compresses) = (choices.pick(&[u64::MAX, 0, 30]), choices.flag());
        let compresses = compresses && cfg!(feature = "deflate");
        setting.rsv1 = compresses;
        let limits = setting.limits;
        if compresses {
            setting.limits = limits.max_message(limits.max_message.min(3000));
        }
        let config = Config::DEFAULT.limits(setting.limits).stream_above(above).retain(300);
        let [read, write] = memory;
        let ws = WebSocket::new(role(), config, read, write);
        #[cfg(feature = "deflate")]
        let ws = ws.deflate(compresses.then(|| negotiated(true)));
        if let (Some(len), u64::MAX) = (len, above) {
            let max = setting.limits.max_message.min(len as u64 - 1);
            setting.limits = setting.limits.max_message(max);
        }
        #[cfg(feature = "deflate")]
        if compresses {
            let compressed = compressed::<R>(choices);
            stream = [compressed, stream].concat();
        }
        stream.truncate(20_000);
        Self {
            end: Some(End::Whole(ws)),
            setting,
            above,
            compresses,
            stream,
            at: 0,
            given: Vec::new(),
            recorder: Recorder::new(),
            sent: Vec::new(),
            written: Vec::new(),
        }
    }

    /// The next bytes of its stream, from the start again behind the last.
    fn next(&mut self, len: usize) -> Vec<u8> {
        let end = self.at.saturating_add(len).min(self.stream.len());
        let piece = self.stream[self.at..end].to_vec();
        self.at = if end == self.stream.len() { 0 } else { end };
        piece
    }

    fn give(&mut self, bytes: &[u8]) {
        self.given.extend_from_slice(bytes);
        let written = match self.end.as_mut().unwrap() {
            End::Whole(ws) => self.recorder.feed(ws, bytes),
            End::Split(receiver, sender) => self.recorder.feed_half((receiver, sender), bytes),
        };
        self.written.extend(written);
    }

    /// Sends a message; a refused one is not written.
    fn send(&mut self, message: &[u8], plain: bool) {
        let sender = match self.end.as_mut().unwrap() {
            End::Whole(ws) => {
                self.written.extend(write_all(ws));
                ws.sender()
            }
            End::Split(_, sender) => sender,
        };
        let fragment = Fragment::from(message);
        match if plain { sender.send_plain(fragment) } else { sender.send(fragment) } {
            Ok(()) => self.sent.push(message.to_vec()),
            Err(error) => assert!(
                matches!(error, SendError::Closed | SendError::Full | SendError::TooLong),
                "{error}"
            ),
        }
        self.written.extend(flush(sender));
    }

    fn split(&mut self) {
        self.end = self.end.take().map(|end| match end {
            End::Whole(ws) => {
                let (receiver, sender) = ws.into_split();
                End::Split(receiver, sender)
            }
            split @ End::Split(..) => split,
        });
    }

    /// Reunites its halves, which succeeds.
    fn reunite(&mut self) {
        self.end = self.end.take().map(|end| match end {
            End::Split(receiver, sender) => {
                let whole = WebSocket::reunite(receiver, sender).ok();
                End::Whole(whole.expect("two halves of one connection"))
            }
            whole @ End::Whole(_) => whole,
        });
    }

    /// Checks that the end yielded the messages in its input, and wrote what it sent.
    fn check(&self) {
        let report = &self.recorder.report;
        assert_bounded(report, self.above);
        if self.compresses {
            #[cfg(feature = "deflate")]
            assert_inflated(report, &self.given, &self.setting, true);
        } else {
            let outcome = oracle::decode(&self.given, &self.setting);
            assert_agrees(report, &outcome);
            if self.above == 0 {
                assert_eq!(report.events, outcome.events);
            }
        }
        let data = wire::frames(&self.written).into_iter().filter(|frame| frame.opcode() < 8);
        #[cfg(feature = "deflate")]
        let mut oracle = Oracle::new(true);
        let written = data.map(|frame| {
            #[cfg(feature = "deflate")]
            if frame.first & 0x40 != 0 {
                assert!(self.compresses);
                return oracle.inflate(&frame.payload).unwrap();
            }
            frame.payload
        });
        assert_eq!(written.collect::<Vec<_>>(), self.sent);
    }
}

/// Halves of two connections cannot be reunited: both are returned unchanged.
fn reunite_wrongly<R: FixedRole, S: Storage>(one: &mut Line<R, S>, other: &mut Line<R, S>) {
    let (Some(End::Split(..)), Some(End::Split(..))) = (&one.end, &other.end) else { return };
    let (Some(End::Split(receiver, sender)), Some(End::Split(their_receiver, their_sender))) =
        (one.end.take(), other.end.take())
    else {
        return;
    };
    let Err((receiver, their_sender)) = WebSocket::reunite(receiver, their_sender) else {
        panic!("halves of two connections")
    };
    one.end = Some(End::Split(receiver, sender));
    other.end = Some(End::Split(their_receiver, their_sender));
}

/// A few compressed messages.
#[cfg(feature = "deflate")]
fn compressed<R: FixedRole>(source: &mut Source<'_>) -> Vec<u8> {
    let (mut compressor, mut wire) = (Compressor::new(6), Vec::new());
    for _ in 0..=source.below(3) {
        let (text, payload) = content(source);
        let data = compressor.compress(&payload);
        let cuts: Vec<_> = (0..source.below(3)).map(|_| source.below(data.len() + 1)).collect();
        for frame in frames(text, &data, &cuts) {
            wire.extend(if R::IS_SERVER { frame.masked(source.key()) } else { frame }.bytes());
        }
    }
    wire
}

/// Uses ends at random, until there are no more choices, or until all of them are dropped.
fn round<R: FixedRole, S: Storage>(
    source: &mut Source<'_>,
    role: fn() -> R,
    mut memory: impl FnMut(&mut Source<'_>) -> Option<([S; 2], Option<usize>)>,
) {
    let mut lines = Vec::new();
    for _ in 0..LINES {
        let (memory, len) = memory(source).expect("there is memory for the first ones");
        lines.push(Line::new(source, role, memory, len));
    }
    while !source.is_empty() {
        let (one, other) = (source.below(LINES), source.below(LINES));
        match source.below(16) {
            0..=6 => {
                let len = source.pick(&[1, 2, 7, 30, 100, 1000]);
                let bytes = lines[one].next(len);
                lines[one].give(&bytes);
            }
            7 => {
                // What was meant for another one.
                let len = source.pick(&[1, 7, 100]);
                let bytes = lines[other].next(len);
                lines[one].give(&bytes);
            }
            8 | 9 => {
                let (len, plain) = (source.below(80), source.flag());
                lines[one].send(&vec![b'0' + one as u8; len], plain);
            }
            10 => lines[one].split(),
            11 => lines[one].reunite(),
            12 if one != other => {
                let (one, other) = (one.min(other), one.max(other));
                let (low, high) = lines.split_at_mut(other);
                reunite_wrongly(&mut low[one], &mut high[0]);
            }
            13 => {
                // It is dropped wherever it is, and another one takes its place.
                let Some((memory, len)) = memory(source) else { continue };
                let line = Line::new(source, role, memory, len);
                std::mem::replace(&mut lines[one], line).check();
            }
            14 => break,
            _ => lines.swap(one, other),
        }
    }
    for line in &lines {
        line.check();
    }
}

/// Several ends, and the memory that the next ones reuse.
pub fn nothing_passes_from_one_connection_to_another(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let mut arena = vec![0xA5; 8 * SLICE];
    for _ in 0..ROUNDS {
        let (is_server, on_heap) = (source.flag(), source.flag());
        // Bytes that someone may have received, as if the memory had held them.
        let stale = b"\x81\x05stale\x01\x03sta\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00".repeat(20);
        let heap = |source: &mut Source<'_>| {
            let len = source.below(2) * stale.len();
            Some(([stale[..len].to_vec(), stale[..len].to_vec()], None))
        };
        let (pairs, _) = arena.as_chunks_mut::<{ 2 * SLICE }>();
        let mut pairs = pairs.iter_mut();
        let slices = |_: &mut Source<'_>| {
            let (read, write) = pairs.next()?.split_at_mut(SLICE);
            Some(([read, write], Some(SLICE)))
        };
        match (is_server, on_heap) {
            (true, true) => round::<Server, Vec<u8>>(source, || Server, heap),
            (true, false) => round::<Server, &mut [u8]>(source, || Server, slices),
            (false, true) => round::<Client<Keys>, Vec<u8>>(source, client, heap),
            (false, false) => round::<Client<Keys>, &mut [u8]>(source, client, slices),
        }
        if source.is_empty() {
            return;
        }
        // The next ends get it with its contents, but at another address.
        arena.rotate_left(SLICE + 7);
    }
}

fn client() -> Client<Keys> {
    Client::new(Keys(5))
}
