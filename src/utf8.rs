//! UTF-8 that arrives in pieces (RFC 6455 §8.1, RFC 3629 §4).

use crate::fuel;

/// How far into a code point a text has come: what is kept between two pieces of it.
///
/// One byte of state. A piece is refused at its first byte that no valid text could have there.
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

/// Which bytes may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
enum State {
    /// The start of a code point.
    #[default]
    Boundary,
    /// One, two, three continuation bytes.
    One,
    Two,
    Three,
    /// `A0..=BF` and one more: below would be overlong.
    AfterE0,
    /// `80..=9F` and one more: above would be a surrogate.
    AfterEd,
    /// `90..=BF` and two more: below would be overlong.
    AfterF0,
    /// `80..=8F` and two more: above would exceed U+10FFFF.
    AfterF4,
}

impl Utf8 {
    /// At the start of a text.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self(State::Boundary)
    }

    /// Whether the text may end here: no code point is open.
    #[inline]
    #[must_use]
    pub const fn is_boundary(self) -> bool {
        matches!(self.0, State::Boundary)
    }

    /// Takes the next piece of the text, or says at which index its first impossible byte stands.
    ///
    /// # Errors
    /// The state is then the one before that byte: the bytes before it were taken.
    #[inline]
    pub fn validate(&mut self, piece: &[u8]) -> Result<(), usize> {
        self.validate_before(piece, u64::MAX)
    }

    /// As [`validate`](Self::validate), where only `left` bytes of text follow this piece: a code
    /// point that they cannot complete is refused at its first byte.
    pub(crate) fn validate_before(&mut self, piece: &[u8], left: u64) -> Result<(), usize> {
        let begun = self.step_all(piece, 0, left, true)?;
        let rest = piece.get(begun..).unwrap_or_default();
        let (body, tail) = split_open_code_point(rest);
        let valid = match to_str(body) {
            Some(_) => piece.len().saturating_sub(tail.len()),
            None => begun.saturating_add(valid_up_to(body)),
        };
        // Behind what is valid stands a code point that is cut or wrong: four steps tell.
        self.step_all(piece, valid, left, false).map(|_| ())
    }

    /// How many continuation bytes the open code point still lacks.
    #[inline]
    pub(crate) const fn missing(self) -> u64 {
        match self.0 {
            State::Boundary => 0,
            State::One => 1,
            State::Two | State::AfterE0 | State::AfterEd => 2,
            State::Three | State::AfterF0 | State::AfterF4 => 3,
        }
    }

    /// Steps from index `from` to the piece's end, or to a boundary if that is asked for, and
    /// tells the index reached; or the index of the byte that cannot stand there.
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

    /// The state after one more byte (RFC 3629 §4, the table of well-formed sequences).
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

/// The text that these bytes are, if they are.
#[inline]
pub(crate) fn to_str(bytes: &[u8]) -> Option<&str> {
    fuel::burn(bytes.len());
    #[cfg(feature = "std")]
    return simdutf8::basic::from_utf8(bytes).ok();
    #[cfg(not(feature = "std"))]
    return core::str::from_utf8(bytes).ok();
}

/// How many bytes are valid text.
#[cold]
fn valid_up_to(bytes: &[u8]) -> usize {
    fuel::burn(bytes.len());
    core::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Cuts off the bytes at the end that a code point begins with and that do not complete it.
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
}
