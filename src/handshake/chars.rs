//! Classes of bytes, and the search that the rest of the handshake is built on.

/// A set of bytes. A byte for each: bits would take less memory, and longer.
#[derive(Clone, Copy)]
pub(super) struct ByteSet([bool; 256]);

impl ByteSet {
    pub(super) const ALPHANUMERIC: Self =
        Self::of(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    const fn of(bytes: &[u8]) -> Self {
        Self([false; 256]).and(bytes)
    }

    /// The same, with these bytes too.
    pub(super) const fn and(mut self, bytes: &[u8]) -> Self {
        let mut rest = bytes;
        while let [byte, tail @ ..] = rest {
            if let Some((_, [place, ..])) = self.0.split_at_mut_checked(*byte as usize) {
                *place = true;
            }
            rest = tail;
        }
        self
    }

    #[inline]
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|is| *is)
    }
}

/// The bytes of a token: `tchar` of RFC 9110 §5.6.2, and the `token` of RFC 2616, by which RFC 6455
/// goes.
static TOKEN: ByteSet = ByteSet::ALPHANUMERIC.and(b"!#$%&'*+-.^_`|~");

/// Whether `byte` may stand in a token.
#[inline]
pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN.has(byte)
}

/// Whether `bytes` is one token: not empty, and nothing but token bytes.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// `bytes` without the optional whitespace (space and tab) around it.
pub(super) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Where the first byte below `floor` is; `floor` is at most 128.
///
/// Eight bytes at a time: it is asked for control characters, which are rare.
pub(super) fn position_below(bytes: &[u8], floor: u8) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let floors = ONES.wrapping_mul(u64::from(floor));
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // A byte below the floor borrows and so sets its high bit. The borrow can only spoil bytes
        // above one that is itself a hit, so the lowest hit is exact.
        let hits = word.wrapping_sub(floors) & !word & HIGHS;
        if hits != 0 {
            return Some(
                index.saturating_mul(8).saturating_add(hits.trailing_zeros() as usize / 8),
            );
        }
    }
    let before = bytes.len().saturating_sub(tail.len());
    tail.iter().position(|&byte| byte < floor).map(|found| before.saturating_add(found))
}

/// `bytes` as text; they are known to be ASCII, so the fallback is never seen.
pub(super) const fn ascii(bytes: &[u8]) -> &str {
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
            let set = ByteSet::of(&[byte, b'a']);
            for other in 0..=u8::MAX {
                assert_eq!(set.has(other), other == byte || other == b'a', "{other} in {byte}");
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
    fn optional_whitespace_is_space_and_tab() {
        assert_eq!(trim_ows(b" \t a\tb \t"), b"a\tb");
        assert_eq!(trim_ows(b"\t \t"), b"");
        assert_eq!(trim_ows(b"\x0ba\n"), b"\x0ba\n");
    }
}
