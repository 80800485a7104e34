//! UTF-8 validation of text that arrives in pieces (RFC 6455 §8.1, RFC 3629 §4).

use crate::{FAST, fuel};

/// The state of UTF-8 validation between two pieces of a text.
///
/// It is one byte. A piece is rejected at its first byte that no valid text could have there.
///
/// ```
/// use rfc6455::Utf8;
/// let mut text = Utf8::new();
/// assert_eq!(text.validate(b"\xE2\x82"), Ok(()));     // two bytes of three
/// assert!(!text.is_boundary());
/// assert_eq!(text.validate(b"\xAC euro"), Ok(()));
/// assert!(text.is_boundary());
/// assert_eq!(text.validate(b"ok \xED\xA0"), Err(4));  // would become a surrogate
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Utf8(State);

/// The bytes that may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
enum State {
    /// The start of a code point.
    #[default]
    Boundary,
    /// One, two or three continuation bytes.
    One,
    Two,
    Three,
    /// `A0..=BF` and one more: a lower byte would be overlong.
    AfterE0,
    /// `80..=9F` and one more: a higher byte would make a surrogate.
    AfterEd,
    /// `90..=BF` and two more: a lower byte would be overlong.
    AfterF0,
    /// `80..=8F` and two more: a higher byte would exceed U+10FFFF.
    AfterF4,
}

impl Utf8 {
    /// Creates the state at the start of a text.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self(State::Boundary)
    }

    /// Returns whether the text may end here: no code point is open.
    #[inline]
    #[must_use]
    pub const fn is_boundary(self) -> bool {
        matches!(self.0, State::Boundary)
    }

    /// Validates the next piece of the text.
    ///
    /// # Errors
    /// Returns the index of the first impossible byte. The bytes before it were consumed, and the
    /// state is the one before that byte.
    #[inline]
    pub fn validate(&mut self, piece: &[u8]) -> Result<(), usize> {
        self.validate_before(piece, u64::MAX)
    }

    /// Validates the next piece of a text of which only `left` bytes follow that piece.
    ///
    /// A code point that they cannot complete is rejected at its first byte.
    pub(crate) fn validate_before(&mut self, piece: &[u8], left: u64) -> Result<(), usize> {
        if !FAST {
            return self.step_all(piece, 0, left, false).map(|_| ());
        }
        let begun = self.step_all(piece, 0, left, true)?;
        let rest = piece.get(begun..).unwrap_or_default();
        let (body, tail) = split_open_code_point(rest);
        let valid = match to_str(body) {
            Some(_) => piece.len().saturating_sub(tail.len()),
            None => begun.saturating_add(valid_up_to(body)),
        };
        // The valid part is followed by a split or wrong code point, which takes at most four
        // steps.
        self.step_all(piece, valid, left, false).map(|_| ())
    }

    /// Returns how many continuation bytes the open code point still lacks.
    #[inline]
    pub(crate) const fn missing(self) -> u64 {
        match self.0 {
            State::Boundary => 0,
            State::One => 1,
            State::Two | State::AfterE0 | State::AfterEd => 2,
            State::Three | State::AfterF0 | State::AfterF4 => 3,
        }
    }

    /// Steps from index `from` to the end of the piece, or to a boundary if that is asked for.
    ///
    /// Returns the index reached; the error is the index of the byte that cannot be there.
    fn step_all(
        &mut self,
        piece: &[u8],
        from: usize,
        left: u64,
        to_boundary: bool,
    ) -> Result<usize, usize> {
        let mut rest = piece.get(from..).unwrap_or_default();
        let index = |rest: &[u8]| piece.len().saturating_sub(rest.len());
        while let ([byte, after @ ..], true) = (rest, !(to_boundary && self.is_boundary())) {
            let follow = left.saturating_add(after.len() as u64);
            match self.step(*byte) {
                Some(next) if next.missing() <= follow => *self = next,
                _ => return Err(index(rest)),
            }
            rest = after;
        }
        fuel::burn(index(rest).saturating_sub(from));
        Ok(index(rest))
    }

    /// Returns the state after one more byte (RFC 3629 §4, the table of well-formed sequences).
    const fn step(self, byte: u8) -> Option<Self> {
        Some(Self(match (self.0, byte) {
            (State::Boundary, 0x00..=0x7F) | (State::One, 0x80..=0xBF) => State::Boundary,
            (State::Boundary, 0xC2..=0xDF)
            | (State::Two, 0x80..=0xBF)
            | (State::AfterE0, 0xA0..=0xBF)
            | (State::AfterEd, 0x80..=0x9F) => State::One,
            (State::Boundary, 0xE0) => State::AfterE0,
            (State::Boundary, 0xED) => State::AfterEd,
            (State::Boundary, 0xE1..=0xEF)
            | (State::Three, 0x80..=0xBF)
            | (State::AfterF0, 0x90..=0xBF)
            | (State::AfterF4, 0x80..=0x8F) => State::Two,
            (State::Boundary, 0xF0) => State::AfterF0,
            (State::Boundary, 0xF1..=0xF3) => State::Three,
            (State::Boundary, 0xF4) => State::AfterF4,
            _ => return None,
        }))
    }
}

/// Returns these bytes as text, if they are UTF-8.
#[inline]
pub(crate) fn to_str(bytes: &[u8]) -> Option<&str> {
    fuel::burn(bytes.len());
    #[cfg(feature = "std")]
    return simdutf8::basic::from_utf8(bytes).ok();
    #[cfg(not(feature = "std"))]
    return core::str::from_utf8(bytes).ok();
}

/// Returns how many bytes are valid text.
#[cold]
fn valid_up_to(bytes: &[u8]) -> usize {
    fuel::burn(bytes.len());
    core::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Splits off the bytes at the end that begin a code point without completing it.
pub(crate) fn split_open_code_point(text: &[u8]) -> (&[u8], &[u8]) {
    for back in 1..=text.len().min(3) {
        let at = text.len().saturating_sub(back);
        let len = match text.get(at) {
            Some(0x80..=0xBF) => continue,
            Some(0xC0..=0xDF) => 2,
            Some(0xE0..=0xEF) => 3,
            Some(0xF0..=0xFF) => 4,
            _ => 1,
        };
        return text.split_at(if back < len { at } else { text.len() });
    }
    (text, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_text_is_counted_up_to_its_last_whole_code_point() {
        for (bytes, valid) in [(&b""[..], 0), (b"ab", 2), (b"a\xC3\xA9\xFFb", 3), (b"a\xC3", 1)] {
            assert_eq!(valid_up_to(bytes), valid);
        }
    }

    #[test]
    fn a_code_point_is_split_off_if_it_is_open() {
        for (text, open) in [
            (&b""[..], 0),
            (b"abc", 0),
            (b"a\xC3\xA9", 0),
            (b"a\xE2\x82\xAC", 0),
            (b"a\xF0\x9F\x98\x80", 0),
            (b"\x80\x80\x80", 0),
            (b"a\xC3", 1),
            (b"a\xE2", 1),
            (b"a\xE2\x82", 2),
            (b"a\xF0", 1),
            (b"a\xF0\x9F", 2),
            (b"a\xF0\x9F\x98", 3),
        ] {
            assert_eq!(split_open_code_point(text).1.len(), open, "{text:X?}");
        }
    }
}
