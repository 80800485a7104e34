//! Values that serve a second connection: several connections share buffers and, with the feature
//! `deflate`, inflaters, most of the time as they should, and sometimes not.
//!
//! What one peer sends consists of bytes that no other one sends. Whatever is used with whatever:
//! - what a connection delivers was sent to it, in order, and a whole message is one that was;
//! - only [`Violation::Mispaired`] ever fails a connection, and nothing comes out of it after that;
//! - a connection that was used as it should be delivers all, whatever happens to the others.

use super::driver::Keys;
use super::source::Source;
use rfc6455::*;

#[cfg(feature = "deflate")]
use super::deflate::negotiated;
#[cfg(feature = "deflate")]
use rfc6455::deflate::{Deflater, Inflater};

type Ws = Connection<Client<Keys>>;

/// A connection, what is on its way to it, and what its peer has said.
struct Line {
    ws: Ws,
    wire: Vec<u8>,
    /// So much of `wire` was received.
    at: usize,
    said: Vec<Vec<u8>>,
    /// Messages that were delivered, or passed over.
    heard: usize,
    /// The buffer that a part of its open message is in.
    part_in: Option<usize>,
    /// It was used as it should be so far, and so were the buffers that it needed.
    is_clean: bool,
    #[cfg(feature = "deflate")]
    inflater: Option<Inflater>,
}

/// Who sends, and how it is compressed.
struct Sender {
    ws: Connection<Server>,
    #[cfg(feature = "deflate")]
    deflater: Option<Deflater>,
}

impl Sender {
    fn send(&mut self, fragment: Fragment<'_>, compress: bool) -> Vec<u8> {
        let mut out = vec![0; 2 * fragment.payload().len() + 100];
        #[cfg(feature = "deflate")]
        if let (Some(deflater), true) = (&mut self.deflater, compress) {
            let stranger = &mut Connection::server(Limits::DEFAULT);
            let (len, part) = (deflater.send(&mut self.ws, fragment, &mut out).unwrap(), fragment);
            if out[0] & 0x40 != 0 {
                let mut other = vec![0xA5; out.len()];
                assert_eq!(deflater.send(stranger, part, &mut other), Err(SendError::Mispaired));
                assert!(other.iter().all(|byte| *byte == 0xA5));
            }
            out.truncate(len);
            return out;
        }
        let _ = compress;
        let len = self.ws.send(fragment, &mut out).unwrap();
        out.truncate(len);
        out
    }
}

impl Line {
    /// Its peer sends a few messages, each of one byte that is repeated.
    fn new(tag: u8, compressed: bool, source: &mut Source<'_>) -> Self {
        #[cfg(feature = "deflate")]
        let agreed = compressed.then(|| negotiated(true));
        let _ = compressed;
        let mut sender = Sender {
            ws: Connection::server(Limits::DEFAULT),
            #[cfg(feature = "deflate")]
            deflater: agreed.map(|negotiated| negotiated.deflater()),
        };
        let (mut wire, mut said) = (Vec::new(), Vec::new());
        for index in 0..=source.below(5) {
            let len = source.pick(&[1, 3, 40, 200, 5000, 0]);
            let message = vec![tag << 4 | index as u8; len];
            let (text, compress) = (source.flag(), source.flag());
            let string = std::str::from_utf8(&message).unwrap();
            let (one, other) = string.split_at(source.below(len + 1));
            let [whole, one, other] = [string, one, other].map(|part| {
                if text { Fragment::from(part) } else { Fragment::from(part.as_bytes()) }
            });
            if source.flag() {
                wire.extend(sender.send(whole, compress));
            } else {
                wire.extend(sender.send(one.first(), compress));
                wire.extend(sender.send(other.last(), compress));
            }
            said.push(message);
        }
        Self {
            ws: Connection::client(Keys(u32::from(tag)), Limits::DEFAULT),
            wire,
            at: 0,
            said,
            heard: 0,
            part_in: None,
            is_clean: true,
            #[cfg(feature = "deflate")]
            inflater: agreed.map(|negotiated| negotiated.inflater()),
        }
    }

    /// What its peer's next bytes are.
    fn next(&mut self, len: usize) -> Vec<u8> {
        let end = (self.at + len).min(self.wire.len());
        let piece = self.wire[self.at..end].to_vec();
        self.at = end;
        piece
    }

    /// A whole message is one that was said, behind those that were heard.
    fn hear(&mut self, message: &[u8]) {
        let behind = self.said[self.heard..].iter().position(|said| said == message);
        self.heard += behind.expect("a message that was not said") + 1;
    }

    fn is_own(&self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| self.said.iter().any(|said| said.first() == Some(byte)))
    }

    fn note(&mut self, error: ProtocolError) {
        assert_eq!(error.violation(), Violation::Mispaired);
        assert!(!self.is_clean, "it was used as it should be");
        assert_eq!(self.ws.error(), Some(error));
    }
}

/// What is done with the next bytes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Whole,
    WholeInPlace,
    Chunks,
    /// Past the inflater, where there is one.
    Plain,
}

struct Shared {
    buffers: Vec<MessageBuffer<Heap>>,
    lines: Vec<Line>,
    tags: u8,
}

impl Shared {
    fn line(&mut self, source: &mut Source<'_>) -> Line {
        self.tags = self.tags % 7 + 1;
        Line::new(self.tags, source.flag(), source)
    }

    /// Receives up to `len` bytes of this line through this buffer.
    fn receive(&mut self, line: usize, buffer: usize, tier: Tier, len: usize) {
        let bytes = self.lines[line].next(len);
        // A part of another line's message is lost.
        for (index, other) in self.lines.iter_mut().enumerate() {
            if tier != Tier::Chunks && index != line && other.part_in == Some(buffer) {
                other.is_clean = false;
            }
        }
        let messages = &mut self.buffers[buffer];
        let line = &mut self.lines[line];
        let mut bytes = bytes;
        let mut input = &mut bytes[..];
        if tier == Tier::WholeInPlace {
            while let Some(room) = messages.spare(&mut line.ws) {
                let len = room.len().min(input.len());
                let Some(piece @ [_, ..]) = input.split_off_mut(..len) else { break };
                room[..len].copy_from_slice(piece);
                match messages.receive_spare(&mut line.ws, len) {
                    Ok(None) => {}
                    Ok(Some(Incoming::Message(message))) => {
                        line.part_in = None;
                        let message = message.as_bytes().to_vec();
                        line.hear(&message);
                    }
                    Ok(Some(other)) => panic!("{other:?}"),
                    Err(error) => return line.note(error),
                }
            }
        }
        let was_dead = line.ws.error();
        loop {
            match line.step(messages, tier, &mut input) {
                Ok(true) => assert!(was_dead.is_none(), "an event after an error"),
                Ok(false) => break,
                Err(error) => {
                    assert!(input.is_empty() && was_dead.is_none_or(|earlier| earlier == error));
                    return line.note(error);
                }
            }
        }
        assert!(input.is_empty());
    }
}

impl Line {
    /// One event, and whether there was one.
    fn step(
        &mut self,
        messages: &mut MessageBuffer<Heap>,
        tier: Tier,
        input: &mut &mut [u8],
    ) -> Result<bool, ProtocolError> {
        let mut out = [0; 300];
        let ws = &mut self.ws;
        let result = match tier {
            Tier::Chunks | Tier::Plain => {
                #[cfg(feature = "deflate")]
                let event = match (&mut self.inflater, tier) {
                    (Some(inflater), Tier::Chunks) => inflater.receive(ws, input, &mut out)?,
                    _ => ws.receive(input)?,
                };
                #[cfg(not(feature = "deflate"))]
                let (event, _) = (ws.receive(input)?, &mut out);
                let Some(event) = event else { return Ok(false) };
                let Event::Data(chunk) = event else { panic!("{event:?}") };
                let (bytes, last) = (chunk.to_vec(), chunk.is_last());
                assert!(self.is_own(&bytes), "another line's bytes");
                self.heard += usize::from(last);
                return Ok(true);
            }
            Tier::Whole | Tier::WholeInPlace => {
                #[cfg(feature = "deflate")]
                match &mut self.inflater {
                    Some(inflater) => messages.receive_inflated(inflater, ws, input)?,
                    None => messages.receive(ws, input)?,
                }
                #[cfg(not(feature = "deflate"))]
                messages.receive(ws, input)?
            }
        };
        match result {
            None => Ok(false),
            Some(Incoming::Message(message)) => {
                let message = message.as_bytes().to_vec();
                self.hear(&message);
                Ok(true)
            }
            Some(other) => panic!("{other:?}"),
        }
    }

    /// Whether the next bytes belong to a message of which a part was received.
    fn is_inside(&self) -> bool {
        let mut ws: Ws = Connection::client(Keys(0), Limits::DEFAULT);
        ws.allow_rsv1(true);
        let (mut bytes, mut inside) = (self.wire[..self.at].to_vec(), false);
        let mut input = &mut bytes[..];
        while let Some(event) = ws.receive(&mut input).unwrap() {
            inside = matches!(event, Event::Data(chunk) if !chunk.is_last());
        }
        inside
    }
}

/// Lines, buffers and inflaters, used together as it comes.
pub fn nothing_passes_from_one_connection_to_another(bytes: &[u8]) {
    const LINES: usize = 3;
    let source = &mut Source(bytes);
    let buffers = (0..LINES).map(|_| MessageBuffer::new()).collect();
    let mut shared = Shared { buffers, lines: Vec::new(), tags: 0 };
    for _ in 0..LINES {
        let line = shared.line(source);
        shared.lines.push(line);
    }
    // Which buffer and which tier each line goes by, if it goes by any.
    let mut ways = [(0, Tier::Whole), (1, Tier::WholeInPlace), (2, Tier::Chunks)];
    while !source.is_empty() {
        let (one, other) = (source.below(LINES), source.below(LINES));
        let (mut buffer, mut tier) = ways[one];
        match source.below(16) {
            0..=9 => {}
            10 => {
                // The line ends, wherever it is, and another takes its place, and its buffer.
                shared.lines[one] = shared.line(source);
                continue;
            }
            11 => {
                shared.buffers.swap(one, other);
                if one != other {
                    for line in [one, other] {
                        shared.lines[line].is_clean &= shared.lines[line].part_in.is_none();
                    }
                    for line in &mut shared.lines {
                        line.is_clean &= line.part_in.is_none();
                    }
                }
                continue;
            }
            12 => {
                #[cfg(feature = "deflate")]
                if one != other && shared.lines[one].at > 0 && shared.lines[other].at > 0 {
                    let inflater = shared.lines[one].inflater.take();
                    let taken = std::mem::replace(&mut shared.lines[other].inflater, inflater);
                    shared.lines[one].inflater = taken;
                    shared.lines[one].is_clean = false;
                    shared.lines[other].is_clean = false;
                }
                continue;
            }
            13 => buffer = ways[other].0,
            14 => tier = source.pick(&[Tier::Whole, Tier::WholeInPlace, Tier::Chunks, Tier::Plain]),
            _ => {
                // Nothing is lost by a change between messages.
                if !shared.lines[one].is_inside() {
                    ways[one] = ways[other];
                }
                continue;
            }
        }
        if (buffer, tier) != ways[one] {
            shared.lines[one].is_clean = false;
        }
        #[cfg(feature = "deflate")]
        if tier == Tier::Plain && shared.lines[one].at == 0 {
            tier = Tier::Chunks; // it does not know yet that anything is compressed
        }
        let len = source.pick(&[1, 2, 7, 100, 3000, 9000]);
        shared.receive(one, buffer, tier, len);
        let line = &mut shared.lines[one];
        let is_whole = matches!(tier, Tier::Whole | Tier::WholeInPlace);
        line.part_in = if is_whole && line.is_inside() { Some(buffer) } else { None };
    }
    for (line, (buffer, tier)) in ways.into_iter().enumerate() {
        shared.receive(line, buffer, tier, usize::MAX >> 1);
        let line = &shared.lines[line];
        assert!(!line.is_clean || line.heard == line.said.len(), "a message was lost");
    }
}
