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
        let [.., low] = len.to_be_bytes();
        let bits = (low as u32 & 3) << 3;
        Self(u32::from_le_bytes(self.0).rotate_right(bits).to_le_bytes())
    }

    #[inline]
    const fn word(self) -> u32 {
        u32::from_ne_bytes(self.0)
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
    if !mask_words::<16>(bytes, key) && !mask_words::<4>(bytes, key) {
        for (byte, key) in bytes.iter_mut().zip(key.0) {
            *byte ^= key;
        }
    }
}

/// Masks in words of `N` bytes, the last of which may overlap the one before it: it is read before
/// anything is written. `false`, and nothing done, if there are not that many bytes.
#[inline]
fn mask_words<const N: usize>(bytes: &mut [u8], key: MaskingKey) -> bool {
    // N is a multiple of 4: what comes before the last word is as long as all, modulo 4.
    let Some(last) = bytes.last_chunk::<N>() else { return false };
    let last = xor(*last, key.after(bytes.len() as u64).word());
    let word = key.word();
    for bytes in bytes.as_chunks_mut::<N>().0 {
        *bytes = xor(*bytes, word);
    }
    if let Some(place) = bytes.last_chunk_mut::<N>() {
        *place = last;
    }
    true
}

#[inline]
fn xor<const N: usize>(mut bytes: [u8; N], key: u32) -> [u8; N] {
    for bytes in bytes.as_chunks_mut::<4>().0 {
        *bytes = (u32::from_ne_bytes(*bytes) ^ key).to_ne_bytes();
    }
    bytes
}

/// Copies `from` to the front of `to`, which has room for it, masked, in one pass.
#[inline]
pub(crate) fn mask_copy(from: &[u8], to: &mut [u8], key: MaskingKey) {
    let Some(to) = to.get_mut(..from.len()) else { return };
    if !copy_words::<16>(from, to, key) && !copy_words::<4>(from, to, key) {
        for ((from, to), key) in from.iter().zip(to).zip(key.0) {
            *to = from ^ key;
        }
    }
}

/// As [`mask_words`], from one slice to another.
#[inline]
fn copy_words<const N: usize>(from: &[u8], to: &mut [u8], key: MaskingKey) -> bool {
    let (Some(last), Some(place)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) else {
        return false;
    };
    *place = xor(*last, key.after(from.len() as u64).word());
    let word = key.word();
    for (from, to) in from.as_chunks::<N>().0.iter().zip(to.as_chunks_mut::<N>().0) {
        *to = xor(*from, word);
    }
    true
}
