//! Turns plain bytes, be they random or a fuzzer's, into streams, cuts and choices.

use super::oracle::Setting;
use super::wire::{Frame, header_with};
use rfc6455::Limits;

/// Choices are read off the front; when none are left, each is the first.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a>(pub &'a [u8]);

impl Source<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `end`, which is at most 65,536.
    pub fn below(&mut self, end: usize) -> usize {
        let low = usize::from(self.byte());
        let number = if end > 256 { low << 8 | usize::from(self.byte()) } else { low };
        number % end.max(1)
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A length: mostly short, sometimes at a border of its encoding.
    pub fn len(&mut self) -> usize {
        match self.byte() {
            n @ 0..=199 => usize::from(n % 30),
            n @ 200..=229 => 120 + usize::from(n % 10),
            n @ 230..=251 => 126 + 30 * usize::from(n - 230) + self.below(30),
            n => 65_532 + usize::from(n - 252) * 2,
        }
    }

    /// Text of about `len` bytes, with code points of every width.
    pub fn text(&mut self, len: usize) -> String {
        let mut pool = ['a', '~', '\0', 'é', '߿', '€', '\u{D7FF}', '\u{E000}', '😀', '\u{10FFFF}'];
        pool.rotate_left(self.below(10));
        let unit: String = if self.flag() { pool.iter().collect() } else { pool[0].into() };
        let mut text = unit.repeat(len / unit.len());
        let rest = unit.chars().scan(text.len(), |end, c| {
            let more = *end < len;
            *end += c.len_utf8();
            more.then_some(c)
        });
        text.extend(rest);
        text
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let (start, step) = (self.byte(), self.byte());
        let unit: Vec<u8> =
            (0..=255).take(len).map(|i| start.wrapping_add(step.wrapping_mul(i))).collect();
        let mut bytes = unit.repeat(len / 256 + 1);
        bytes.truncate(len);
        bytes
    }

    pub fn key(&mut self) -> [u8; 4] {
        [self.byte(), self.byte(), 0x5A, 0xC3]
    }

    pub fn limits(&mut self) -> Limits {
        let lengths = [0, 1, 5, 20, 124, 125, 126, 127, 255, 256, 300, 65_534, 65_535, 65_536];
        match self.below(4) {
            0 | 1 => Limits::DEFAULT,
            2 => Limits::UNLIMITED,
            _ => {
                let mut limits = Limits::UNLIMITED;
                let which = self.byte();
                if which & 1 == 1 {
                    limits = limits.max_frame(self.pick(&lengths));
                }
                if which & 2 == 2 {
                    limits = limits.max_message(self.pick(&lengths));
                }
                if which & 4 == 4 {
                    limits = limits.max_fragments(self.below(5) as u32);
                }
                if which & 8 == 8 {
                    limits = limits.max_control_frames(self.below(5) as u32);
                }
                if which & 16 == 16 {
                    limits = limits.min_fragment(self.pick(&[1, 2, 126, 256, 70_000]));
                }
                limits
            }
        }
    }

    /// Up to eight places to cut `len` bytes at; the same place twice gives an empty piece.
    pub fn cuts(&mut self, len: usize) -> Vec<usize> {
        (0..self.below(9)).map(|_| self.below((len + 1).min(65_536))).collect()
    }

    /// Two places to cut `len` bytes at; or each byte, each second, ... if there are not many.
    pub fn few_cuts(&mut self, len: usize) -> Vec<usize> {
        match self.below(16) {
            step @ 13..=15 if len <= 128 => (0..len).step_by(step - 12).collect(),
            _ => (0..2).map(|_| self.below((len + 1).min(65_536))).collect(),
        }
    }
}

/// A stream, right or wrong, and its receiver.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub setting: Setting,
    pub stream: Vec<u8>,
    pub cuts: Vec<usize>,
}

impl Scenario {
    /// Bytes of choices before the stream of [`raw`](Self::raw), in which a fuzzer can change both.
    pub const CHOICES: usize = 14;

    pub fn raw(bytes: &[u8], server: bool) -> Self {
        let (choices, stream) = bytes.split_at(bytes.len().min(Self::CHOICES));
        let source = &mut Source(choices);
        let (rsv1, cuts) = (source.flag(), source.few_cuts(stream.len()));
        let setting = Setting { server, rsv1, limits: source.limits() };
        Self { setting, stream: stream.to_vec(), cuts }
    }

    pub fn new(bytes: &[u8]) -> Self {
        let source = &mut Source(bytes);
        let (server, rsv1, limits) = (source.flag(), source.flag(), source.limits());
        let setting = Setting { server, rsv1, limits };
        let (mutations, cut_short) = (source.below(8), source.below(4) == 3);
        let mut cut_source = Source(&source.0[..source.0.len().min(10)]);
        let mut stream = Vec::new();
        while !source.is_empty() && stream.len() < 200_000 {
            some_frames(source, &setting, &mut stream);
        }
        // Most streams stay as they are.
        for _ in 0..mutations.saturating_sub(4) {
            let at = cut_source.below(stream.len().clamp(1, 65_536));
            if let Some(byte) = stream.get_mut(at) {
                *byte ^= 1 << cut_source.below(8);
            }
        }
        if cut_short {
            stream.truncate(cut_source.below(stream.len().clamp(1, 65_536)));
        }
        let cuts = cut_source.cuts(stream.len());
        Self { setting, stream, cuts }
    }
}

/// Appends a message with what may stand between its frames, or something else.
fn some_frames(source: &mut Source<'_>, setting: &Setting, stream: &mut Vec<u8>) {
    let put = |source: &mut Source<'_>, stream: &mut Vec<u8>, frame: Frame| {
        let right_mask = source.below(256) != 255;
        let frame = if setting.server == right_mask { frame.masked(source.key()) } else { frame };
        stream.extend(frame.bytes());
    };
    match source.below(48) {
        0..=26 => {
            let (text, len) = (source.flag(), source.len());
            let mut payload = if text { source.text(len).into_bytes() } else { source.bytes(len) };
            if source.below(12) == 11 && !payload.is_empty() {
                let at = source.below(payload.len().min(65_536));
                payload[at] = source.byte();
            }
            let opcode = if text { 1 } else { 2 };
            let rsv1 = if setting.rsv1 && source.flag() { 0x40 } else { 0 };
            let fragments = source.pick(&[1, 1, 1, 2, 3, 4]);
            let mut rest = &payload[..];
            for index in 1..=fragments {
                let last = index == fragments && source.below(64) != 63;
                let len =
                    if index == fragments { rest.len() } else { rest.len().min(source.below(40)) };
                let (piece, after) = rest.split_at(len);
                rest = after;
                let first = if index == 1 { opcode | rsv1 } else { 0 };
                let first = if last { 0x80 | first } else { first };
                put(source, stream, Frame::new(first, piece));
                if source.below(4) == 3 {
                    let frame = control(source);
                    put(source, stream, frame);
                }
            }
        }
        27..=36 => {
            let frame = control(source);
            put(source, stream, frame);
        }
        37 => {
            let code = source.pick(&[1000, 1001, 1014, 3000, 4999, 1005, 999, 0, 2999, 5000]);
            let mut payload = u16::to_be_bytes(code).to_vec();
            let len = source.below(130);
            payload.extend(source.text(len).bytes().take(len));
            payload.truncate(source.pick(&[125, 125, 125, 2, 0, 1, 60]));
            put(source, stream, Frame::new(0x88, payload));
        }
        38 => {
            let (first, len) = (source.byte(), source.len());
            let payload = source.bytes(len);
            put(source, stream, Frame::new(first, payload));
        }
        39 => {
            // A length in a form that may not be the shortest, or that nothing follows.
            let len = source.pick(&[0, 5, 125, 126, 65_535, 65_536, 1 << 24, 1 << 40, u64::MAX]);
            let bits = source.pick(&[16, 64]);
            stream.extend(header_with(source.pick(&[0x82, 1, 0]), setting.server, len, bits));
            stream.extend(source.key());
        }
        40 => {
            let len = source.below(20);
            let garbage = source.bytes(len);
            stream.extend(garbage);
        }
        41 => {
            let frame = Frame::new(source.pick(&[0x80, 0x00]), b"continued");
            put(source, stream, frame);
        }
        42 => {
            let frame = Frame::new(source.pick(&[0x88, 0x89, 0x8A]), [0x41; 126]);
            put(source, stream, frame);
        }
        _ => {
            let frame = Frame::new(source.pick(&[0x01, 0x02]), []);
            put(source, stream, frame);
            for _ in 0..source.below(6) {
                put(source, stream, Frame::new(0x00, []));
            }
            put(source, stream, Frame::new(0x80, []));
        }
    }
}

fn control(source: &mut Source<'_>) -> Frame {
    let first = source.pick(&[0x89, 0x8A]);
    let len = source.pick(&[0, 1, 5, 60, 124, 125]);
    Frame::new(first, source.bytes(len))
}
