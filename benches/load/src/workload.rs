//! What the client sends, and what has to come back.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use rfc6455::{FrameHeader, MaskingKey, Opcode, mask};

/// The most bytes in flight: with more, the system's buffers would be measured.
const MAX_IN_FLIGHT: usize = 128 << 20;
/// The most messages in flight on one connection.
const BATCH: usize = 16;

/// One row of the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    pub connections: usize,
    pub in_flight: usize,
    pub size: usize,
    pub compressed: bool,
}

impl Workload {
    /// Returns every combination that is measured; a quick run leaves out most of them.
    pub fn all(quick: bool) -> Vec<Self> {
        let mut all = Vec::new();
        for compressed in [false, true] {
            for size in [16, 1 << 10, 64 << 10] {
                for connections in [1, 64, 1000] {
                    for in_flight in [1, BATCH] {
                        all.push(Self { connections, in_flight, size, compressed });
                    }
                }
            }
        }
        all.retain(|it| it.connections * it.in_flight * it.size <= MAX_IN_FLIGHT);
        if quick {
            all.retain(|it| matches!((it.connections, it.in_flight), (1, 1) | (64, BATCH)));
            all.retain(|it| it.size != 1 << 10);
        }
        all
    }

    /// Returns the row's name.
    pub fn name(&self) -> String {
        let Self { connections, in_flight, size, .. } = self;
        let size = match size {
            0..1024 => format!("{size} B"),
            _ => format!("{} KiB", size >> 10),
        };
        format!("{size}, {connections} conn., {in_flight} in flight")
    }
}

/// The messages of a workload, which each connection sends over and over.
pub struct Messages {
    payloads: Vec<Vec<u8>>,
    /// The frames, and again as many as fit a batch.
    wire: Vec<u8>,
    /// Where each frame begins, and where the last one ends.
    starts: Vec<usize>,
    /// The compressed reply to each message that was last found right.
    replies: Vec<Vec<u8>>,
}

impl Messages {
    pub fn new(workload: &Workload) -> Self {
        let count = if workload.size < 64 << 10 { BATCH } else { 4 };
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let payloads: Vec<_> = (0..count)
            .map(|_| {
                if workload.compressed {
                    json(workload.size, &mut random)
                } else {
                    random.bytes(workload.size)
                }
            })
            .collect();
        let frames: Vec<_> = payloads
            .iter()
            .map(|payload| frame(payload, workload.compressed, &mut random))
            .collect();
        let (mut wire, mut starts) = (Vec::new(), vec![0]);
        for frame in frames.iter().cycle().take(count + BATCH) {
            wire.extend_from_slice(frame);
            starts.push(wire.len());
        }
        Self { replies: vec![Vec::new(); count], payloads, wire, starts }
    }

    /// Returns how many different messages there are.
    pub fn count(&self) -> usize {
        self.payloads.len()
    }

    /// Returns the bytes of `len` messages, from number `first` on.
    pub fn wire(&self, first: usize, len: usize) -> &[u8] {
        &self.wire[self.starts[first]..self.starts[first + len]]
    }

    /// Returns a message.
    pub fn payload(&self, number: usize) -> &[u8] {
        &self.payloads[number]
    }

    /// Returns whether a compressed reply is that to this message. Each different one is inflated.
    pub fn is_reply(&mut self, number: usize, compressed: &[u8]) -> bool {
        if self.replies[number] == compressed {
            return true;
        }
        let right = inflate(compressed, self.payloads[number].len()) == self.payloads[number];
        if right {
            self.replies[number] = compressed.to_vec();
        }
        right
    }
}

/// Returns a client's frame, masked with a key of its own.
fn frame(payload: &[u8], compressed: bool, random: &mut Random) -> Vec<u8> {
    let (opcode, mut body) = if compressed {
        (Opcode::Text, deflate(payload))
    } else {
        (Opcode::Binary, payload.to_vec())
    };
    let key = MaskingKey(random.bytes(4).try_into().expect("four bytes"));
    let header = FrameHeader {
        fin: true,
        rsv: [compressed, false, false],
        opcode,
        masking_key: Some(key),
        payload_len: body.len() as u64,
    };
    mask(&mut body, key);
    [&header.encode().expect("a legal header")[..], &body].concat()
}

/// The empty block that ends a flush, which is not sent.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// Compresses a message without the history of others.
fn deflate(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 1024);
    let mut compress = Compress::new(Compression::default(), false);
    compress.compress_vec(payload, &mut out, FlushCompress::Sync).expect("there is room");
    assert!(out.ends_with(&TAIL), "not all of it was compressed");
    out.truncate(out.len() - TAIL.len());
    out
}

/// Inflates a message of at most `len` bytes.
fn inflate(compressed: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 1);
    let input = [compressed, &TAIL].concat();
    let inflated = Decompress::new(false).decompress_vec(&input, &mut out, FlushDecompress::Sync);
    if inflated.is_ok() { out } else { Vec::new() }
}

/// A text like those of an interface over HTTP.
fn json(len: usize, random: &mut Random) -> Vec<u8> {
    let mut text = b"[".to_vec();
    while text.len() < len {
        let [id, price, filled] = [100_000, 10_000, 50].map(|range| random.next() % range);
        let order = format!(r#"{{"id":{id},"symbol":"RFC","price":{price},"filled":{filled}}},"#);
        text.extend_from_slice(order.as_bytes());
    }
    text.truncate(len);
    text
}

/// An xorshift generator: the same messages in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let words = std::iter::repeat_with(|| self.next().to_le_bytes());
        words.take(len / 8 + 1).flatten().take(len).collect()
    }
}
