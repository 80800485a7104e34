//! Byte classes, and the searches that the rest of the handshake is built on.

use crate::FAST;

/// A set of ASCII characters.
#[derive(Clone, Copy)]
pub(crate) struct ByteSet(Table);

impl ByteSet {
    pub(crate) const ALPHANUMERIC: Self =
        Self::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    const fn of(characters: &[u8]) -> Self {
        Self(EMPTY).and(characters)
    }

    /// Returns the set with these characters added.
    pub(crate) const fn and(mut self, characters: &[u8]) -> Self {
        let mut rest = characters;
        while let [character, tail @ ..] = rest {
            self.add(*character);
            rest = tail;
        }
        self
    }
}

/// A byte for each byte, which is quick.
#[cfg(feature = "std")]
type Table = [bool; 256];
/// A bit for each ASCII character, which takes little memory.
#[cfg(not(feature = "std"))]
type Table = [u32; 4];

#[cfg(feature = "std")]
const EMPTY: Table = [false; 256];
#[cfg(not(feature = "std"))]
const EMPTY: Table = [0; 4];

#[cfg(feature = "std")]
impl ByteSet {
    const fn add(&mut self, character: u8) {
        if let Some((_, [place, ..])) = self.0.split_at_mut_checked(character as usize) {
            *place = true;
        }
    }

    #[inline]
    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|is| *is)
    }
}

#[cfg(not(feature = "std"))]
impl ByteSet {
    const fn add(&mut self, character: u8) {
        if let Some((_, [word, ..])) = self.0.split_at_mut_checked(character as usize / 32) {
            *word |= 1 << (character % 32);
        }
    }

    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte) / 32).is_some_and(|word| word >> (byte % 32) & 1 != 0)
    }
}

/// The bytes of a token: `tchar` of RFC 9110 §5.6.2, which equals the `token` of RFC 2616 that
/// RFC 6455 uses.
static TOKEN: ByteSet = ByteSet::ALPHANUMERIC.and(b"!#$%&'*+-.^_`|~");

/// Returns whether `byte` is allowed in a token.
#[inline]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN.has(byte)
}

/// Returns whether `bytes` is one token: not empty, and only token bytes.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// Returns `bytes` without the optional whitespace (space and tab) around it.
pub(crate) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Returns how many bytes at the front of `bytes` are token bytes.
///
/// With `FAST`, it processes eight at a time, because the compiler unrolls a loop of fixed length.
#[inline]
pub(crate) fn token_run(bytes: &[u8]) -> usize {
    let end = |&byte: &u8| !is_token_byte(byte);
    let (eights, tail) = if FAST { bytes.as_chunks::<8>() } else { (&[][..], bytes) };
    let mut before: usize = 0;
    for eight in eights {
        if let Some(found) = eight.iter().position(end) {
            return before.saturating_add(found);
        }
        // This never wraps: the sum is at most the length.
        before = before.wrapping_add(eight.len());
    }
    before.saturating_add(tail.iter().position(end).unwrap_or(tail.len()))
}

/// Returns how many bytes at the front of `bytes` are visible ASCII characters.
#[inline]
pub(crate) fn visible_run(bytes: &[u8]) -> usize {
    let hits = |word| below(word, b'!') | is_del(word) | word;
    position(bytes, hits, |byte| !byte.is_ascii_graphic()).unwrap_or(bytes.len())
}

/// Returns how many bytes at the front of `bytes` are not control characters; a tab counts as one.
#[inline]
pub(crate) fn text_run(bytes: &[u8]) -> usize {
    let hits = |word: u64| (below(word, b' ') | is_del(word)) & !word;
    position(bytes, hits, |byte| byte.is_ascii_control()).unwrap_or(bytes.len())
}

/// Returns the position of the first byte below `floor`, which is at most 128.
#[inline]
pub(crate) fn position_below(bytes: &[u8], floor: u8) -> Option<usize> {
    position(bytes, |word| below(word, floor) & !word, |byte| byte < floor)
}

const ONES: u64 = u64::from_le_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);

/// Sets the high bit of each byte of `word` that is below `floor`, and of some bytes above 127.
///
/// A byte below the floor borrows from the next one. This affects only bytes above a hit, so the
/// lowest hit is exact.
const fn below(word: u64, floor: u8) -> u64 {
    word.wrapping_sub(ONES.wrapping_mul(floor as u64))
}

/// Sets the high bit of each byte of `word` that is DEL, and of each that is 255.
const fn is_del(word: u64) -> u64 {
    (word & !HIGHS).wrapping_add(ONES)
}

/// Returns the position of the first byte for which `hit` is true; `hits` marks them in a word.
///
/// With `FAST`, it processes eight bytes at a time, because hits are rare.
#[inline]
fn position(bytes: &[u8], hits: impl Fn(u64) -> u64, hit: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, tail) = if FAST { bytes.as_chunks::<8>() } else { (&[][..], bytes) };
    let mut before: usize = 0;
    for word in words {
        let hits = hits(u64::from_le_bytes(*word)) & HIGHS;
        if hits != 0 {
            return Some(before.saturating_add(hits.trailing_zeros() as usize / 8));
        }
        // This never wraps: the sum is at most the length.
        before = before.wrapping_add(word.len());
    }
    tail.iter().position(|&byte| hit(byte)).map(|found| before.saturating_add(found))
}

/// Splits `bytes` at the first byte that equals `separator`, which is in neither part.
#[inline]
pub(crate) fn split_at_byte(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let differs = |word: u64| word ^ ONES.wrapping_mul(u64::from(separator));
    let hits = |word: u64| differs(word).wrapping_sub(ONES) & !differs(word);
    let (before, rest) = bytes.split_at_checked(position(bytes, hits, |it| it == separator)?)?;
    let [_, after @ ..] = rest else { return None };
    Some((before, after))
}

/// Returns `bytes` as text; they are known to be UTF-8, so the fallback is never used.
pub(crate) const fn text(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_token_byte_is_what_is_left_of_ascii_without_controls_space_and_separators() {
        // RFC 2616 §2.2: "token = 1*<any CHAR except CTLs or separators>"
        for byte in 0..=u8::MAX {
            let separator = b"()<>@,;:\\\"/[]?={} \t".contains(&byte);
            let control = byte < 0x20 || byte == 0x7f;
            assert_eq!(is_token_byte(byte), byte < 0x80 && !separator && !control, "{byte}");
        }
    }

    #[test]
    fn a_set_has_the_bytes_it_is_made_of_and_no_others() {
        for byte in 0..=u8::MAX {
            let set = ByteSet::of(&[byte & 0x7F, b'a']);
            for other in 0..=u8::MAX {
                let expected = other == byte & 0x7F || other == b'a';
                assert_eq!(set.has(other), expected, "{other} in {byte}");
            }
        }
    }

    #[test]
    fn position_below_is_that_of_a_naive_search() {
        for floor in [0, 1, b' ', b'!', 128] {
            for len in 0..20 {
                for at in 0..len {
                    for byte in [0, 1, b'\r', 0x1f, b' ', b'!', 0x7f, 0x80, 0xff] {
                        let mut bytes = [0xa0; 20];
                        bytes[at] = byte;
                        bytes[len - 1] = b'\n';
                        let bytes = &bytes[..len];
                        let naive = bytes.iter().position(|&byte| byte < floor);
                        assert_eq!(position_below(bytes, floor), naive);
                    }
                }
            }
        }
    }

    #[test]
    fn each_run_ends_where_a_naive_search_ends_it() {
        let mut bytes = [b'a'; 40];
        for len in 0..20 {
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    // The bytes after this one must not matter, even if they are hits too.
                    for other in [b'a', b'~', 0, b'\r', 0x7f, 0x80, 0xff] {
                        bytes[..at].fill(b'~');
                        bytes[at] = byte;
                        bytes[at + 1..len].fill(other);
                        let bytes = &bytes[..len];
                        let naive = |ordinary: fn(&u8) -> bool| {
                            bytes.iter().take_while(|&byte| ordinary(byte)).count()
                        };
                        assert_eq!(token_run(bytes), naive(|&byte| is_token_byte(byte)));
                        assert_eq!(visible_run(bytes), naive(u8::is_ascii_graphic));
                        assert_eq!(text_run(bytes), naive(|byte| !byte.is_ascii_control()));
                    }
                }
            }
        }
    }

    #[test]
    fn optional_whitespace_is_space_and_tab() {
        assert_eq!(trim_ows(b" \t a\tb \t"), b"a\tb");
        assert_eq!(trim_ows(b"\t \t"), b"");
        assert_eq!(trim_ows(b"\x0ba\n"), b"\x0ba\n");
    }
}
