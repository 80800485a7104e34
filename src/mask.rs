//! Masking (RFC 6455 §5.3): XOR with a repeating key of four bytes.

use core::mem;

use crate::bytes::copy;
use crate::{FAST, fuel};

/// The four bytes that mask a client's frame.
///
/// > The masking key is a 32-bit value chosen at random by the client. (§5.3)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaskingKey(pub [u8; 4]);

impl MaskingKey {
    /// Returns the key for the bytes after the first `len`: masking continues where it stopped.
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

    /// Returns the key twice, as the word that masks eight bytes.
    #[inline]
    const fn long_word(self) -> u64 {
        let word = u32::from_ne_bytes(self.0) as u64;
        word << 32 | word
    }
}

impl From<[u8; 4]> for MaskingKey {
    #[inline]
    fn from(key: [u8; 4]) -> Self {
        Self(key)
    }
}

/// Masks or unmasks `bytes` in place (§5.3); a second call undoes the first.
///
/// The first byte is masked with the first byte of `key`. For a payload that comes in pieces, mask
/// each piece with [`key.after(..)`](MaskingKey::after) the number of bytes before it.
#[inline]
pub fn mask(bytes: &mut [u8], key: MaskingKey) {
    mask_seeing(bytes, key);
}

/// Masks `bytes` in place, and returns whether they are then all ASCII.
///
/// Checking that is cheap here; elsewhere it would take a separate pass.
#[inline]
pub(crate) fn mask_seeing(bytes: &mut [u8], key: MaskingKey) -> bool {
    fuel::burn(bytes.len());
    if !FAST {
        mask_each(bytes, key) < 0x80
    } else if are_few(bytes) {
        mask_few(bytes, key)
    } else {
        mask_many(bytes, key)
    }
}

#[inline(always)]
fn mask_few(bytes: &mut [u8], key: MaskingKey) -> bool {
    // Word by word, deliberately: the compiler would vectorise a loop over chunks, and the setup
    // costs more than masking so few bytes.
    let (word, behind) = (key.long_word(), key.after(bytes.len() as u64).long_word());
    let last = bytes.last_chunk::<8>().map(|last| u64::from_ne_bytes(*last) ^ behind);
    let mut seen = last.unwrap_or_default();
    let mut rest = &mut *bytes;
    while let Some((bytes, tail)) = mem::take(&mut rest).split_first_chunk_mut::<8>() {
        let plain = u64::from_ne_bytes(*bytes) ^ word;
        *bytes = plain.to_ne_bytes();
        seen |= plain;
        rest = tail;
    }
    match (last, bytes.last_chunk_mut::<8>()) {
        (Some(last), Some(place)) => *place = last.to_ne_bytes(),
        _ => seen = u64::from(mask_each(bytes, key)),
    }
    seen.to_ne_bytes().is_ascii()
}

/// Masks byte by byte, and returns the OR of them all.
#[inline]
fn mask_each(bytes: &mut [u8], key: MaskingKey) -> u8 {
    let (mut seen, mut word) = (0, u32::from_le_bytes(key.0));
    for byte in bytes {
        let [mask, ..] = word.to_le_bytes();
        *byte ^= mask;
        seen |= *byte;
        word = word.rotate_right(8);
    }
    seen
}

/// Returns whether so few bytes are masked inline.
///
/// More bytes are worth a function call, and the detection of the CPU's vector width.
#[inline(always)]
const fn are_few(bytes: &[u8]) -> bool {
    bytes.len() <= 128
}

/// The length from which it pays to begin with the bytes before the first cache line.
///
/// A wide store across two lines takes as long as two stores.
const MANY: usize = 1024;

/// Returns the number of bytes before the first whole cache line, if that matters.
#[inline(always)]
fn lead(bytes: &[u8]) -> Option<usize> {
    if bytes.len() < MANY { None } else { Some(bytes.as_ptr().addr().wrapping_neg() % 64) }
}

/// Masks more than eight bytes with the widest vectors; returns whether they are then all ASCII.
///
/// The last word may overlap the one before it, so it is read before anything is written.
#[cfg_attr(
    feature = "std",
    multiversion::multiversion(targets(
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
        "x86_64+avx2",
    ))
)]
#[inline(never)]
fn mask_many(bytes: &mut [u8], key: MaskingKey) -> bool {
    let (mut bytes, mut key, mut ascii) = (bytes, key, true);
    if let Some(lead) = lead(bytes)
        && let Some(head) = bytes.split_off_mut(..lead)
    {
        (ascii, key) = (mask_few(head, key), key.after(lead as u64));
    }
    let Some(last) = bytes.last_chunk::<8>() else { return false };
    // The last word has eight bytes, so modulo 4 it starts at the length of them all.
    let last = u64::from_ne_bytes(*last) ^ key.after(bytes.len() as u64).long_word();
    let (word, mut seen) = (key.long_word(), last);
    for bytes in bytes.as_chunks_mut::<8>().0 {
        let plain = u64::from_ne_bytes(*bytes) ^ word;
        *bytes = plain.to_ne_bytes();
        seen |= plain;
    }
    if let Some(place) = bytes.last_chunk_mut::<8>() {
        *place = last.to_ne_bytes();
    }
    ascii && seen.to_ne_bytes().is_ascii()
}

/// Copies `from`, masked, to the front of `to`, which has room for it, in one pass.
#[inline]
pub(crate) fn mask_copy(from: &[u8], to: &mut [u8], key: MaskingKey) {
    let Some(to) = to.get_mut(..from.len()) else { return };
    fuel::burn(from.len());
    if !FAST {
        copy(from, to);
        mask_each(to, key);
    } else if are_few(from) {
        copy_few(from, to, key);
    } else {
        copy_many(from, to, key);
    }
}

#[inline(always)]
fn copy_few(from: &[u8], to: &mut [u8], key: MaskingKey) {
    let (word, behind) = (key.long_word(), key.after(from.len() as u64).long_word());
    if let (Some(last), Some(place)) = (from.last_chunk::<8>(), to.last_chunk_mut::<8>()) {
        *place = (u64::from_ne_bytes(*last) ^ behind).to_ne_bytes();
    } else {
        for ((from, to), key) in from.iter().zip(to).zip(word.to_ne_bytes()) {
            *to = from ^ key;
        }
        return;
    }
    let (mut from, mut to) = (from, to);
    while let Some((plain, from_rest)) = from.split_first_chunk::<8>()
        && let Some((place, to_rest)) = mem::take(&mut to).split_first_chunk_mut::<8>()
    {
        *place = (u64::from_ne_bytes(*plain) ^ word).to_ne_bytes();
        (from, to) = (from_rest, to_rest);
    }
}

/// Copies and masks like [`mask_many`], from one slice to another of the same length.
#[cfg_attr(
    feature = "std",
    multiversion::multiversion(targets(
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
        "x86_64+avx2",
    ))
)]
#[inline(never)]
fn copy_many(from: &[u8], to: &mut [u8], key: MaskingKey) {
    let (mut from, mut to, mut key) = (from, to, key);
    if let Some(lead) = lead(to)
        && let (Some(start), Some(head)) = (from.split_off(..lead), to.split_off_mut(..lead))
    {
        copy_few(start, head, key);
        key = key.after(lead as u64);
    }
    if let (Some(last), Some(place)) = (from.last_chunk::<8>(), to.last_chunk_mut::<8>()) {
        let behind = key.after(from.len() as u64).long_word();
        *place = (u64::from_ne_bytes(*last) ^ behind).to_ne_bytes();
    }
    let word = key.long_word();
    for (from, to) in from.as_chunks::<8>().0.iter().zip(to.as_chunks_mut::<8>().0) {
        *to = (u64::from_ne_bytes(*from) ^ word).to_ne_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_128_bytes_are_few() {
        assert!(are_few(&[0; 128]));
        assert!(!are_few(&[0; 129]));
    }

    #[test]
    fn what_leads_to_a_cache_line_ends_at_one_and_is_the_least_that_does() {
        #[repr(align(64))]
        struct Aligned([u8; 64 + MANY]);
        let aligned = Aligned([0; 64 + MANY]);
        for (at, expected) in (0..64).zip([0].into_iter().chain((1..64).rev())) {
            let bytes = aligned.0.get(at..).unwrap_or_default();
            assert_eq!(bytes.get(..MANY).map(lead), Some(Some(expected)));
            assert_eq!(bytes.get(..MANY - 1).map(lead), Some(None));
        }
    }
}
