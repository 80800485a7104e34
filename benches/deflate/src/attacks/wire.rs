//! Frames on the wire, with payloads that are already compressed.

use rfc6455::{FrameHeader, MaskingKey, Opcode, mask};

use super::kinds::{Framing, Kind};

/// The length of a stream on the wire.
const WIRE: usize = 1 << 20;
/// The maximum inflated length, which is also the default `max_message`.
const INFLATED: usize = 16 << 20;
/// The most frames of one message, well below the default `max_fragments`.
const FRAGMENTS: usize = 100_000;
const KEY: [u8; 4] = [0x37, 0xA9, 0x5C, 0xE1];

/// A stream of one kind, and the expected result.
pub struct Stream {
    /// Whether a server receives it; if so, it is masked.
    pub server: bool,
    pub wire: Vec<u8>,
    /// The payloads of all messages, as an inflater takes them.
    pub payloads: Vec<Vec<u8>>,
    pub inflated: usize,
    pub messages: usize,
}

impl Stream {
    /// Sends messages of a kind until there is enough on the wire.
    pub fn new(kind: &Kind, server: bool) -> Self {
        let mut stream =
            Self { server, wire: Vec::new(), payloads: Vec::new(), inflated: 0, messages: 0 };
        while stream.wire.len() < WIRE && stream.inflated < INFLATED {
            let frame_len = match kind.framing {
                Framing::Fragments(len) => len,
                Framing::Frame | Framing::Messages(_) | Framing::Nothing => usize::MAX,
            };
            let payload_len = match kind.framing {
                Framing::Frame => WIRE - stream.wire.len(),
                Framing::Messages(len) => len,
                Framing::Nothing => 0,
                Framing::Fragments(len) => len.max(1) * FRAGMENTS,
            };
            let payload_len = payload_len.min(WIRE);
            let room = INFLATED - stream.inflated;
            let Some((payload, inflated)) = kind.message(stream.messages, payload_len, room) else {
                break;
            };
            stream.frames(kind, &payload, frame_len);
            stream.inflated += inflated;
            stream.messages += 1;
            stream.payloads.push(payload);
        }
        stream
    }

    fn frames(&mut self, kind: &Kind, payload: &[u8], frame_len: usize) {
        if frame_len == 0 {
            // The first frame has the whole payload; the others are empty.
            self.frame(kind, true, false, payload);
            let frames = FRAGMENTS.min((WIRE - self.wire.len().min(WIRE)) / 2);
            for index in 0..=frames {
                self.frame(kind, false, index == frames, &[]);
            }
            return;
        }
        let count = payload.len().div_ceil(frame_len).max(1);
        for index in 0..count {
            let rest = &payload[index * frame_len.min(payload.len())..];
            let part = &rest[..frame_len.min(rest.len())];
            self.frame(kind, index == 0, index + 1 == count, part);
        }
    }

    /// Sends one frame, masked if a server receives it.
    fn frame(&mut self, kind: &Kind, first: bool, last: bool, payload: &[u8]) {
        let key = self.server.then_some(KEY);
        let opcode = match (first, kind.text) {
            (false, _) => Opcode::Continuation,
            (true, true) => Opcode::Text,
            (true, false) => Opcode::Binary,
        };
        let header = FrameHeader {
            fin: last,
            rsv: [first, false, false],
            opcode,
            masking_key: key.map(MaskingKey::from),
            payload_len: payload.len() as u64,
        };
        self.wire.extend_from_slice(&header.encode().unwrap());
        let start = self.wire.len();
        self.wire.extend_from_slice(payload);
        if let Some(key) = key {
            mask(&mut self.wire[start..], MaskingKey::from(key));
        }
    }
}
