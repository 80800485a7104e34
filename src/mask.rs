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

    /// The key twice, as the word that eight bytes are masked with.
    #[inline]
    const fn long_word(self) -> u64 {
        let word = self.word() as u64;
        word << 32 | word
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
    if bytes.len() > FEW {
        mask_many(bytes, key);
    } else if let Some(last) = bytes.last_chunk::<16>() {
        let last = xor(*last, key.after(bytes.len() as u64).word());
        for bytes in bytes.as_chunks_mut::<16>().0 {
            *bytes = xor(*bytes, key.word());
        }
        if let Some(place) = bytes.last_chunk_mut::<16>() {
            *place = last;
        }
    } else if let Some(last) = bytes.last_chunk::<4>() {
        let last = xor(*last, key.after(bytes.len() as u64).word());
        for bytes in bytes.as_chunks_mut::<4>().0 {
            *bytes = xor(*bytes, key.word());
        }
        if let Some(place) = bytes.last_chunk_mut::<4>() {
            *place = last;
        }
    } else {
        for (byte, key) in bytes.iter_mut().zip(key.0) {
            *byte ^= key;
        }
    }
}

/// As [`mask`], and tells whether all bytes are ASCII then: seeing that costs little here, and a
/// pass of its own elsewhere.
#[inline]
pub(crate) fn mask_seeing(bytes: &mut [u8], key: MaskingKey) -> bool {
    if bytes.len() > FEW { mask_many(bytes, key) } else { mask_words(bytes, key) }
}

/// Up to this many bytes are masked where the call stands; more are worth a call, and finding out
/// which vectors the CPU has.
const FEW: usize = 128;

/// [`mask_words`], with the widest vectors there are.
#[cfg_attr(
    feature = "std",
    multiversion::multiversion(targets(
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
        "x86_64+avx2",
    ))
)]
#[inline(never)]
fn mask_many(bytes: &mut [u8], key: MaskingKey) -> bool {
    mask_words(bytes, key)
}

/// Masks, and tells whether all bytes are ASCII then. The last word may overlap the one before it:
/// it is read before anything is written.
#[inline(always)]
fn mask_words(bytes: &mut [u8], key: MaskingKey) -> bool {
    // What comes before the last word is as long as all, modulo 4.
    let behind = key.after(bytes.len() as u64);
    if let Some(last) = bytes.last_chunk::<8>() {
        let last = u64::from_ne_bytes(*last) ^ behind.long_word();
        let (word, mut seen) = (key.long_word(), last);
        for bytes in bytes.as_chunks_mut::<8>().0 {
            let plain = u64::from_ne_bytes(*bytes) ^ word;
            *bytes = plain.to_ne_bytes();
            seen |= plain;
        }
        if let Some(place) = bytes.last_chunk_mut::<8>() {
            *place = last.to_ne_bytes();
        }
        return seen.to_ne_bytes().is_ascii();
    }
    let mut seen = 0;
    for (byte, key) in bytes.iter_mut().zip(key.long_word().to_ne_bytes()) {
        *byte ^= key;
        seen |= *byte;
    }
    seen.is_ascii()
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
    if from.len() > FEW { copy_many(from, to, key) } else { copy_words(from, to, key) }
}

/// [`copy_words`], with the widest vectors there are.
#[cfg_attr(
    feature = "std",
    multiversion::multiversion(targets(
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
        "x86_64+avx2",
    ))
)]
#[inline(never)]
fn copy_many(from: &[u8], to: &mut [u8], key: MaskingKey) {
    copy_words(from, to, key);
}

#[inline(always)]
fn copy_words(from: &[u8], to: &mut [u8], key: MaskingKey) {
    let behind = key.after(from.len() as u64);
    if let (Some(last), Some(place)) = (from.last_chunk::<8>(), to.last_chunk_mut::<8>()) {
        *place = (u64::from_ne_bytes(*last) ^ behind.long_word()).to_ne_bytes();
        let word = key.long_word();
        for (from, to) in from.as_chunks::<8>().0.iter().zip(to.as_chunks_mut::<8>().0) {
            *to = (u64::from_ne_bytes(*from) ^ word).to_ne_bytes();
        }
    } else {
        for ((from, to), key) in from.iter().zip(to).zip(key.long_word().to_ne_bytes()) {
            *to = from ^ key;
        }
    }
}
