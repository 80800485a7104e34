//! DEFLATE blocks, bit by bit, as an attacker would choose them (RFC 1951 §3.2).
//!
//! It depends on nothing, so that benchmarks can include it by path.

/// A series of blocks, packed from the least significant bit (RFC 1951 §3.1.1).
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    bytes: Vec<u8>,
    pending: u64,
    pending_len: u32,
    /// The latest block was final, so the message may end behind it.
    ended: bool,
}

/// A canonical code for each symbol: its bits, first one highest, and their number.
type Codes = Vec<(u32, u32)>;

/// Dynamic Huffman tables that no symbol but end-of-block uses.
///
/// Of a million shapes, one of those that cost zlib-rs the most time per byte: runs of
/// `(length, count)`, the literal codes first, whose last symbol is end-of-block.
const LITERALS: &[(u8, usize)] = &[(0, 118), (12, 128), (6, 10), (4, 13)];
const DISTANCES: &[(u8, usize)] = &[(3, 6), (6, 12), (7, 7), (9, 4)];
/// The lengths of the codes that code those lengths.
const LENGTHS: [u8; 19] = [0, 0, 7, 5, 5, 7, 3, 4, 0, 4, 0, 0, 3, 0, 0, 0, 1, 6, 5];

/// Codes of one and two bits: for a match of 258 bytes, and for a literal `a` and end-of-block.
const DENSE_LITERALS: &[(u8, usize)] = &[(0, 97), (2, 1), (0, 158), (2, 1), (0, 28), (1, 1)];
const DENSE_LENGTHS: [u8; 19] = [2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/// The order in which they are sent (§3.2.7).
const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const END_OF_BLOCK: usize = 256;
const LENGTH_258: usize = 285;

/// How far back a match can reach.
pub const LONGEST_DISTANCE: u32 = 32_768;

impl Blocks {
    /// Writes a stored block, of at most 65,535 bytes.
    pub fn stored(&mut self, last: bool, data: &[u8]) {
        self.header(last, 0);
        self.align();
        let len = u16::try_from(data.len()).expect("a stored block of at most 65,535 bytes");
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&(!len).to_le_bytes());
        self.bytes.extend_from_slice(data);
    }

    /// Writes a block of literals with the fixed codes.
    pub fn literals(&mut self, last: bool, data: &[u8]) {
        self.header(last, 1);
        for &byte in data {
            self.fixed(usize::from(byte));
        }
        self.end_fixed(last);
    }

    /// Writes a block of matches of 258 bytes with the fixed codes, all from the same distance: 1 to
    /// 4, or the longest one, 32,768.
    pub fn matches(&mut self, last: bool, count: usize, distance: u32) {
        self.header(last, 1);
        for _ in 0..count {
            self.fixed(LENGTH_258);
            if distance == LONGEST_DISTANCE {
                self.code((29, 5));
                self.bits(0x1FFF, 13);
            } else {
                assert!((1..=4).contains(&distance), "a distance without extra bits");
                self.code((distance - 1, 5));
            }
        }
        self.end_fixed(last);
    }

    /// Writes a block of matches of 258 bytes with codes of its own, two bits for each match: the
    /// most bytes of output for a byte that DEFLATE has. The distance is 1 to 4.
    pub fn dense_matches(&mut self, last: bool, count: usize, distance: usize) {
        let distances = &[(0, distance - 1), (1, 1)];
        let codes = self.dynamic(last, DENSE_LITERALS, distances, &DENSE_LENGTHS);
        for _ in 0..count {
            self.code(codes[LENGTH_258]);
            self.code((0, 1));
        }
        self.code(codes[END_OF_BLOCK]);
        self.end(last);
    }

    /// Writes a block that is nothing but the most expensive tables.
    pub fn tables(&mut self, last: bool) {
        let codes = self.dynamic(last, LITERALS, DISTANCES, &LENGTHS);
        self.code(codes[END_OF_BLOCK]);
        self.end(last);
    }

    /// Writes the header of a block with tables, and returns the literal and length codes.
    fn dynamic(
        &mut self,
        last: bool,
        literals: &[(u8, usize)],
        distances: &[(u8, usize)],
        lengths: &[u8; 19],
    ) -> Codes {
        let [literals, distances] = [literals, distances].map(spread);
        let sent = ORDER.iter().rposition(|&at| lengths[usize::from(at)] > 0).unwrap() + 1;
        self.header(last, 2);
        self.bits(literals.len() as u32 - 257, 5);
        self.bits(distances.len() as u32 - 1, 5);
        self.bits(sent as u32 - 4, 4);
        for &at in &ORDER[..sent] {
            self.bits(u32::from(lengths[usize::from(at)]), 3);
        }
        let codes = canonical(lengths);
        for run in [&literals[..], &distances].concat().chunk_by(|one, next| one == next) {
            self.run(&codes, run[0], run.len());
        }
        canonical(&literals)
    }

    /// Returns the number of whole bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.pending_len == 0
    }

    /// Returns the payload of a message of these blocks (RFC 7692 §7.2.1).
    pub fn payload(mut self) -> Vec<u8> {
        if !self.ended {
            // The header of the empty block whose other four bytes are not sent.
            self.header(false, 0);
            self.align();
        }
        self.bytes
    }

    fn header(&mut self, last: bool, kind: u32) {
        self.bits(u32::from(last), 1);
        self.bits(kind, 2);
        self.ended = last;
    }

    fn end_fixed(&mut self, last: bool) {
        self.fixed(END_OF_BLOCK);
        self.end(last);
    }

    /// A series of blocks begins with a whole byte.
    fn end(&mut self, last: bool) {
        if last {
            self.align();
        }
    }

    /// Writes a literal or a length with its fixed code (§3.2.6).
    fn fixed(&mut self, symbol: usize) {
        let symbol_bits = symbol as u32;
        self.code(match symbol {
            0..=143 => (0x30 + symbol_bits, 8),
            144..=255 => (0x190 + symbol_bits - 144, 9),
            256..=279 => (symbol_bits - 256, 7),
            _ => (0xC0 + symbol_bits - 280, 8),
        });
    }

    /// Writes `count` times the same code length (§3.2.7).
    fn run(&mut self, codes: &Codes, length: u8, mut count: usize) {
        if length > 0 {
            self.code(codes[usize::from(length)]);
            count -= 1;
        }
        let (repeat, fewest, most, extra) =
            if length > 0 { (16, 3, 6, 2) } else { (18, 11, 138, 7) };
        while count >= fewest {
            // No rest that is too short to be repeated, if that can be had.
            let rest = count.saturating_sub(most);
            let part = if (1..fewest).contains(&rest) { count - fewest } else { count.min(most) };
            let part = part.clamp(fewest, most);
            self.code(codes[repeat]);
            self.bits((part - fewest) as u32, extra);
            count -= part;
        }
        for _ in 0..count {
            self.code(codes[usize::from(length)]);
        }
    }

    /// Writes a Huffman code, which goes from its highest bit on.
    fn code(&mut self, (code, len): (u32, u32)) {
        assert!(len > 0, "a symbol without a code");
        self.bits(code.reverse_bits() >> (32 - len), len);
    }

    fn bits(&mut self, value: u32, len: u32) {
        self.pending |= u64::from(value) << self.pending_len;
        self.pending_len += len;
        while self.pending_len >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.pending_len -= 8;
        }
    }

    fn align(&mut self) {
        if self.pending_len > 0 {
            self.bits(0, 8 - self.pending_len);
        }
    }
}

fn spread(runs: &[(u8, usize)]) -> Vec<u8> {
    runs.iter().flat_map(|&(length, count)| vec![length; count]).collect()
}

/// Assigns codes to symbols by the lengths of those (§3.2.2).
fn canonical(lengths: &[u8]) -> Codes {
    let mut codes = vec![(0, 0); lengths.len()];
    let mut next = 0;
    for len in 1..=15 {
        next <<= 1;
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, length)| **length == len) {
            *code = (next, u32::from(len));
            next += 1;
        }
    }
    codes
}
