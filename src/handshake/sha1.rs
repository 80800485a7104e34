//! SHA-1 (RFC 3174) in little code: a tenth of what the crate `sha1` takes, which unrolls its rounds.
//!
//! The handshake uses it if the feature `sha1` is off. A test compares it with that crate.

/// Returns the hash of two parts, one behind the other.
pub(super) fn sha1(first: &[u8], second: &[u8]) -> [u8; 20] {
    let mut hasher = Hasher { state: START, words: [0; 16], len: 0 };
    hasher.update(first);
    hasher.update(second);
    // RFC 3174 §4: a bit that is set, zeros up to the end of a block, and the length in bits.
    let bits = (hasher.len as u64).wrapping_mul(8);
    hasher.push(0x80);
    while hasher.len % 64 != 56 {
        hasher.push(0);
    }
    hasher.update(&bits.to_be_bytes());
    let mut hash = [0; 20];
    for (place, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(&hasher.state) {
        *place = word.to_be_bytes();
    }
    hash
}

const START: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];

struct Hasher {
    state: [u32; 5],
    /// The current block. Each word is shifted in byte by byte, over what it was before.
    words: [u32; 16],
    /// Bytes so far.
    len: usize,
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(*byte);
        }
    }

    #[inline(never)]
    fn push(&mut self, byte: u8) {
        if let Some(word) = self.words.get_mut(self.len / 4 % 16) {
            *word = *word << 8 | u32::from(byte);
        }
        self.len = self.len.wrapping_add(1);
        if self.len.is_multiple_of(64) {
            self.compress();
        }
    }

    /// Hashes the full block (RFC 3174 §6.2).
    #[allow(clippy::many_single_char_names, reason = "they are those of the RFC")]
    fn compress(&mut self) {
        let words = &mut self.words;
        let [mut a, mut b, mut c, mut d, mut e] = self.state;
        for round in 0..80_usize {
            let back = |by: usize| words.get(round.wrapping_sub(by) % 16).copied().unwrap_or(0);
            let word = match round {
                0..16 => back(0),
                _ => (back(3) ^ back(8) ^ back(14) ^ back(16)).rotate_left(1),
            };
            let (mixed, constant) = match round {
                0..20 => (d ^ (b & (c ^ d)), 0x5A82_7999),
                20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
                40..60 => ((b & c) | (d & (b | c)), 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
            };
            let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e);
            (e, d, c, b, a) =
                (d, c, b.rotate_left(30), a, sum.wrapping_add(word).wrapping_add(constant));
            if let Some(place) = words.get_mut(round % 16) {
                *place = word;
            }
        }
        for (state, word) in self.state.iter_mut().zip(&[a, b, c, d, e]) {
            *state = state.wrapping_add(*word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::sha1::Digest;

    #[test]
    fn the_hash_is_that_of_the_crate_sha1_for_each_length_up_to_four_blocks() {
        let mut bytes = [0; 256];
        for (place, byte) in bytes.iter_mut().zip((0..=u8::MAX).rev()) {
            *place = byte.wrapping_mul(113);
        }
        for len in 0..=bytes.len() {
            let bytes = bytes.get(..len).unwrap_or_default();
            let (first, second) = bytes.split_at(len / 3);
            assert_eq!(sha1(first, second), *::sha1::Sha1::digest(bytes), "{len} bytes");
        }
    }
}
