//! The kinds of compressed data that an attacker may send.

use super::blocks::{Blocks, LONGEST_DISTANCE};

/// A kind of data, and its split into frames.
pub struct Kind {
    pub name: &'static str,
    pub framing: Framing,
    pub text: bool,
    pub cost: Cost,
    block: Block,
}

/// Writes a block, the first of its message or a later one, and returns what it inflates to.
type Block = fn(&mut Blocks, first: bool) -> usize;

#[derive(Clone, Copy)]
pub enum Framing {
    /// One message in one frame.
    Frame,
    /// Messages of one frame each, of about this many bytes.
    Messages(usize),
    /// Empty messages.
    Nothing,
    /// One message in frames of this many bytes.
    Fragments(usize),
}

/// The work that dominates the time of a kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// The bytes on the wire.
    Wire,
    /// Huffman tables, which the inflater builds without any output.
    Tables,
    /// The inflated bytes, a hundred or a thousand times as many as those on the wire.
    Output,
}

const KINDS: &[(&str, Cost, Block)] = &[
    ("final fixed, empty: `03 00`", Cost::Wire, |blocks, _| {
        blocks.literals(true, b"");
        0
    }),
    ("final stored, empty: `01 00 00 FF FF`", Cost::Wire, |blocks, _| {
        blocks.stored(true, b"");
        0
    }),
    ("fixed, empty, then final: `02 0C 00`", Cost::Wire, |blocks, _| {
        blocks.literals(false, b"");
        blocks.literals(true, b"");
        0
    }),
    ("stored, empty: `00 00 00 FF FF`", Cost::Wire, |blocks, _| {
        blocks.stored(false, b"");
        0
    }),
    ("fixed, empty: 10 bits", Cost::Wire, |blocks, _| {
        blocks.literals(false, b"");
        0
    }),
    ("final fixed, one literal: `4B 04 00`", Cost::Wire, |blocks, _| {
        blocks.literals(true, b"a");
        1
    }),
    ("fixed, one literal: 18 bits", Cost::Wire, |blocks, _| {
        blocks.literals(false, b"a");
        1
    }),
    ("final stored, 1 byte", Cost::Wire, |blocks, _| {
        blocks.stored(true, b"a");
        1
    }),
    ("stored, 1 byte", Cost::Wire, |blocks, _| {
        blocks.stored(false, b"a");
        1
    }),
    ("final, nothing but tables", Cost::Tables, |blocks, _| {
        blocks.tables(true);
        0
    }),
    ("nothing but tables", Cost::Tables, |blocks, _| {
        blocks.tables(false);
        0
    }),
    ("longest matches, distance 1", Cost::Output, |blocks, first| {
        start(blocks, first, b"a") + matches(blocks, 1)
    }),
    ("longest matches, distance 2, Cyrillic", Cost::Output, |blocks, first| {
        start(blocks, first, "д".as_bytes()) + matches(blocks, 2)
    }),
    ("longest matches, distance 32,768", Cost::Output, |blocks, first| {
        let window = if first { LONGEST_DISTANCE as usize } else { 0 };
        start(blocks, first, &vec![b'a'; window]) + matches(blocks, LONGEST_DISTANCE)
    }),
    ("densest matches, distance 1", Cost::Output, |blocks, first| {
        start(blocks, first, b"a") + dense_matches(blocks, 1)
    }),
    ("densest matches, distance 2, Cyrillic", Cost::Output, |blocks, first| {
        start(blocks, first, "д".as_bytes()) + dense_matches(blocks, 2)
    }),
    ("plain text, fixed literals", Cost::Wire, |blocks, _| {
        blocks.literals(false, TEXT);
        TEXT.len()
    }),
];

const TEXT: &[u8] = b"What is sent in plain words costs what plain words cost, and no more: \
    a literal after the other, each with the fixed code of its own, until the block is over.";

/// The payload length of a short message or fragment, with the shortest header.
const SHORT: usize = 125;

/// Returns all kinds in all framings.
pub fn all() -> Vec<Kind> {
    let mut all = Vec::new();
    for &(name, cost, block) in KINDS {
        for framing in [Framing::Frame, Framing::Messages(SHORT), Framing::Fragments(SHORT)] {
            all.push(Kind { name, framing, text: true, cost, block });
        }
    }
    let noise: Block = |blocks, _| {
        blocks.stored(false, &noise());
        NOISE
    };
    for framing in [Framing::Frame, Framing::Messages(NOISE), Framing::Fragments(NOISE)] {
        let name = "stored, incompressible";
        all.push(Kind { name, framing, text: false, cost: Cost::Wire, block: noise });
    }
    let tiny: [(&str, Framing, Block); 6] = [
        ("messages without a byte", Framing::Nothing, |_, _| 0),
        ("empty messages: `00`", Framing::Messages(0), |_, _| 0),
        ("messages of `Hello`: 7 bytes", Framing::Messages(0), |blocks, _| {
            blocks.literals(false, b"Hello");
            5
        }),
        ("empty fragments", Framing::Fragments(0), |blocks, _| {
            blocks.literals(false, b"a");
            1
        }),
        ("fragments of 1 byte of text", Framing::Fragments(1), |blocks, _| {
            blocks.literals(false, TEXT);
            TEXT.len()
        }),
        ("fragments of 1 byte of `03 00`", Framing::Fragments(1), |blocks, _| {
            blocks.literals(true, b"");
            0
        }),
    ];
    for (name, framing, block) in tiny {
        all.push(Kind { name, framing, text: true, cost: Cost::Wire, block });
    }
    all
}

impl Kind {
    /// Returns a payload of about `payload_len` bytes with its inflated length, or `None` if that
    /// exceeds `room`.
    pub fn message(
        &self,
        index: usize,
        payload_len: usize,
        room: usize,
    ) -> Option<(Vec<u8>, usize)> {
        if let Framing::Nothing = self.framing {
            return Some((Vec::new(), 0));
        }
        let (mut blocks, mut inflated) = (Blocks::default(), 0);
        loop {
            let first = index == 0 && blocks.is_empty();
            let len = (self.block)(&mut blocks, first);
            inflated += len;
            if inflated > room {
                return None;
            }
            if blocks.len() >= payload_len || inflated + len > room {
                return Some((blocks.payload(), inflated));
            }
        }
    }

    /// Returns the name with the framing.
    pub fn title(&self) -> String {
        match self.framing {
            Framing::Frame => format!("{}; one frame", self.name),
            Framing::Messages(len) if len > 1 => format!("{}; messages of {len} bytes", self.name),
            Framing::Fragments(len) if len > 1 => {
                format!("{}; fragments of {len} bytes", self.name)
            }
            _ => self.name.to_owned(),
        }
    }
}

/// Writes the data that the first match refers to, since nothing precedes it.
fn start(blocks: &mut Blocks, first: bool, data: &[u8]) -> usize {
    if first {
        blocks.stored(false, data);
        data.len()
    } else {
        0
    }
}

/// Writes matches that fill a short message.
fn matches(blocks: &mut Blocks, distance: u32) -> usize {
    const COUNT: usize = 38;
    blocks.matches(false, COUNT, distance);
    COUNT * 258
}

/// Writes matches of two bits each, of which the tables are a small part.
fn dense_matches(blocks: &mut Blocks, distance: usize) -> usize {
    const COUNT: usize = 2000;
    blocks.dense_matches(false, COUNT, distance);
    COUNT * 258
}

/// The length of a stored block of incompressible bytes.
const NOISE: usize = 1000;

fn noise() -> [u8; NOISE] {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
}
