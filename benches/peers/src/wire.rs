//! Frames and payloads, written and read without any of the contenders, to verify their results.

/// A cheap generator with a fixed seed, for masking keys and payloads; not for real connections.
#[derive(Clone, Copy)]
pub struct Keys(u64);

impl Keys {
    pub const fn new() -> Self {
        Self(0x2545_F491_4F6C_DD1D)
    }

    #[inline]
    pub fn next(&mut self) -> [u8; 4] {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        let [.., a, b, c, d] = self.0.to_le_bytes();
        [a, b, c, d]
    }
}

pub const FIN: u8 = 0x80;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// Appends a frame, masked if there is a key.
pub fn frame(out: &mut Vec<u8>, first_byte: u8, payload: &[u8], key: Option<[u8; 4]>) {
    let masked = if key.is_some() { 0x80 } else { 0 };
    out.push(first_byte);
    match payload.len() {
        len @ 0..126 => out.push(masked | u8::try_from(len).unwrap()),
        len @ 126..0x1_0000 => {
            out.push(masked | 126);
            out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            out.push(masked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend(key.iter().flatten());
    let key = key.unwrap_or_default().into_iter().cycle();
    out.extend(payload.iter().zip(key).map(|(byte, key)| byte ^ key));
}

/// A received frame.
pub struct Frame {
    pub first_byte: u8,
    pub key: Option<[u8; 4]>,
    pub payload: Vec<u8>,
}

/// Returns all frames of a stream that ends with a complete frame.
pub fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut take = |len: usize| {
        let (taken, rest) = bytes.split_at_checked(len)?;
        bytes = rest;
        Some(taken)
    };
    let mut frames = Vec::new();
    while let Some(&[first_byte, second]) = take(2) {
        let len = match second & 127 {
            126 => usize::from(u16::from_be_bytes(take(2).unwrap().try_into().unwrap())),
            127 => {
                usize::try_from(u64::from_be_bytes(take(8).unwrap().try_into().unwrap())).unwrap()
            }
            len => usize::from(len),
        };
        let key: Option<[u8; 4]> =
            (second & 128 != 0).then(|| take(4).unwrap().try_into().unwrap());
        let cycle = key.unwrap_or_default().into_iter().cycle();
        let payload = take(len).unwrap().iter().zip(cycle).map(|(byte, key)| byte ^ key).collect();
        frames.push(Frame { first_byte, key, payload });
    }
    assert!(bytes.is_empty(), "the stream ends inside a frame");
    frames
}

/// Assembles the messages of a stream, and checks that all frames are masked, or none.
pub fn messages(bytes: &[u8], masked: bool) -> Vec<Vec<u8>> {
    let (mut messages, mut open) = (Vec::new(), Vec::new());
    for frame in frames(bytes).into_iter().filter(|frame| frame.first_byte & 8 == 0) {
        assert_eq!(frame.key.is_some(), masked, "a server's frame is masked, or a client's is not");
        open.extend(frame.payload);
        if frame.first_byte & FIN != 0 {
            messages.push(std::mem::take(&mut open));
        }
    }
    messages
}

/// Returns bytes without a pattern.
pub fn binary(len: usize) -> Vec<u8> {
    let mut keys = Keys::new();
    std::iter::repeat_with(|| keys.next()).flatten().take(len).collect()
}

pub const ASCII: &str = "The quick brown fox jumps over the lazy dog, again. ";
pub const JSON: &str =
    r#"{"id":48151623,"user":"Zoë","text":"Grüße aus Köln – bis später!","tags":["a","b"]},"#;
pub const CYRILLIC: &str = "Съешь же ещё этих мягких французских булок, да выпей чаю. ";
pub const CJK_AND_EMOJI: &str = "いろはにほへと散りぬるを🌸我が世誰ぞ常ならむ🎉";

/// Returns text of exactly `len` bytes, made of these words.
pub fn text(words: &str, len: usize) -> Vec<u8> {
    let mut text = String::with_capacity(len);
    for char in words.chars().cycle() {
        if text.len() + char.len_utf8() > len {
            break;
        }
        text.push(char);
    }
    while text.len() < len {
        text.push('.');
    }
    text.into_bytes()
}
