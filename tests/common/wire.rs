//! Frames as bytes, put together and taken apart without the crate.

/// A frame as it stands on the wire, unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// FIN, RSV1 to RSV3 and the opcode.
    pub first: u8,
    pub key: Option<[u8; 4]>,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn new(first: u8, payload: impl AsRef<[u8]>) -> Self {
        Self { first, key: None, payload: payload.as_ref().to_vec() }
    }

    /// The frame as a client sends it.
    #[must_use]
    pub fn masked(self, key: [u8; 4]) -> Self {
        Self { key: Some(key), ..self }
    }

    pub fn opcode(&self) -> u8 {
        self.first & 0x0F
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = header(self.first, self.key.is_some(), self.payload.len() as u64);
        bytes.extend(self.key.unwrap_or_default().iter().take(self.key.map_or(0, |_| 4)));
        let start = bytes.len();
        bytes.extend_from_slice(&self.payload);
        xor(&mut bytes[start..], self.key.unwrap_or_default());
        bytes
    }
}

/// Masking, byte by byte.
pub fn xor(bytes: &mut [u8], key: [u8; 4]) {
    if key == [0; 4] {
        return;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte ^= key[index % 4];
    }
}

/// The header before the masking key, with the shortest length that fits.
pub fn header(first: u8, masked: bool, len: u64) -> Vec<u8> {
    let bits = match len {
        0..=125 => 7,
        126..=65_535 => 16,
        _ => 64,
    };
    header_with(first, masked, len, bits)
}

/// The header before the masking key, with a length of 7, 16 or 64 bits.
pub fn header_with(first: u8, masked: bool, len: u64, bits: u8) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let field = len.to_be_bytes();
    match bits {
        7 => vec![first, mask | field[7]],
        16 => [&[first, mask | 0x7E], &field[6..]].concat(),
        _ => [&[first, mask | 0x7F], &field[..]].concat(),
    }
}

/// The frames of a stream that must consist of whole ones, in the shortest form.
pub fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (frame, len) = frame(bytes);
        bytes = &bytes[len..];
        frames.push(frame);
    }
    frames
}

fn frame(bytes: &[u8]) -> (Frame, usize) {
    let masked = bytes[1] & 0x80 != 0;
    let (len, mut at) = match bytes[1] & 0x7F {
        126 => (u64::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
        127 => (u64::from_be_bytes(bytes[2..10].try_into().unwrap()), 10),
        short => (u64::from(short), 2),
    };
    assert_eq!(bytes[..at], header(bytes[0], masked, len), "not the shortest header");
    let key = masked.then(|| bytes[at..at + 4].try_into().unwrap());
    at += if masked { 4 } else { 0 };
    let end = at + usize::try_from(len).unwrap();
    let mut payload = bytes[at..end].to_vec();
    xor(&mut payload, key.unwrap_or_default());
    (Frame { first: bytes[0], key, payload }, end)
}

/// A stream of unmasked frames, as a client would send it.
#[derive(Debug)]
pub struct Masked {
    pub bytes: Vec<u8>,
    /// Where each byte of the unmasked stream went.
    pub at: Vec<usize>,
}

/// Masks each frame with another key; whatever is wrong with the frames stays wrong with them.
pub fn mask_stream(plain: &[u8]) -> Masked {
    let mut masked = Masked { bytes: Vec::new(), at: Vec::new() };
    let mut rest = plain;
    let mut key = [0x37_u8, 0xFA, 0x21, 0x3D];
    while !rest.is_empty() {
        let (head, len) = shape(rest);
        for (index, byte) in rest[..head.min(rest.len())].iter().enumerate() {
            masked.at.push(masked.bytes.len());
            masked.bytes.push(if index == 1 { byte | 0x80 } else { *byte });
        }
        if rest.len() < head {
            break;
        }
        masked.bytes.extend_from_slice(&key);
        let end = len.min((rest.len() - head) as u64) as usize + head;
        for (index, byte) in rest[head..end].iter().enumerate() {
            masked.at.push(masked.bytes.len());
            masked.bytes.push(byte ^ key[index % 4]);
        }
        rest = &rest[end..];
        key = key.map(|byte| byte.wrapping_mul(5).wrapping_add(0x5B)); // never the same twice running
    }
    masked
}

/// Whether an unmasked stream ends where a frame does.
pub fn ends_between_frames(plain: &[u8]) -> bool {
    let mut rest = plain;
    while !rest.is_empty() {
        let (head, len) = shape(rest);
        if ((rest.len()) as u64) < len.saturating_add(head as u64) {
            return false;
        }
        rest = &rest[head + len as usize..];
    }
    true
}

/// The lengths of the header and of the payload of the frame in front, as they are declared.
fn shape(bytes: &[u8]) -> (usize, u64) {
    let field = |size: usize| {
        let byte = |index| u64::from(bytes.get(2 + index).copied().unwrap_or(0));
        (0..size).fold(0, |len, index| len << 8 | byte(index))
    };
    match bytes.get(1).map(|second| second & 0x7F) {
        None => (2, 0),
        Some(126) => (4, field(2)),
        Some(127) => (10, field(8)),
        Some(short) => (2, u64::from(short)),
    }
}
