//! Masking (RFC 6455 §5.3): XOR with four bytes that repeat.

/// The four bytes that a client's frame is masked with.
///
/// > The masking key is a 32-bit value chosen at random by the client. (§5.3)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaskingKey(pub [u8; 4]);

impl MaskingKey {
    /// The key for the bytes that come after `len` bytes: masking goes on where it stopped.
    ///
    /// ```
    /// use rfc6455::{MaskingKey, mask};
    /// let key = MaskingKey([1, 2, 3, 4]);
    /// let mut parts = *b"in two parts";
    /// mask(&mut parts[..5], key);
    /// mask(&mut parts[5..], key.after(5));
    /// mask(&mut parts, key);
    /// assert_eq!(&parts, b"in two parts");
    /// ```
    #[inline]
    #[must_use]
    pub const fn after(self, len: u64) -> Self {
        let [a, b, c, d] = self.0;
        Self(match len % 4 {
            0 => [a, b, c, d],
            1 => [b, c, d, a],
            2 => [c, d, a, b],
            _ => [d, a, b, c],
        })
    }

    /// The key twice, as the word that eight bytes are masked with.
    #[inline]
    const fn word(self) -> u64 {
        let [a, b, c, d] = self.0;
        u64::from_ne_bytes([a, b, c, d, a, b, c, d])
    }
}

impl From<[u8; 4]> for MaskingKey {
    #[inline]
    fn from(key: [u8; 4]) -> Self {
        Self(key)
    }
}

/// Masks or unmasks `bytes` in place (§5.3); the same call undoes itself.
///
/// The first byte meets the first byte of `key`: for a payload that comes in pieces, give each
/// piece [`key.after(..)`](MaskingKey::after) the bytes before it.
#[inline]
pub fn mask(bytes: &mut [u8], key: MaskingKey) {
    let word = key.word();
    let (words, tail) = bytes.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(word.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// Copies `from` into `to`, masked, in one pass; both have the same length.
#[inline]
pub(crate) fn mask_copy(from: &[u8], to: &mut [u8], key: MaskingKey) {
    let word = key.word();
    let (from_words, from_tail) = from.as_chunks::<8>();
    let (to_words, to_tail) = to.as_chunks_mut::<8>();
    for (from, to) in from_words.iter().zip(to_words) {
        *to = (u64::from_ne_bytes(*from) ^ word).to_ne_bytes();
    }
    for ((from, to), key) in from_tail.iter().zip(to_tail).zip(word.to_ne_bytes()) {
        *to = from ^ key;
    }
}
