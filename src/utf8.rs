//! UTF-8 that arrives in pieces (RFC 6455 §8.1, RFC 3629 §4).

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
        let Some(rest) = piece.get(begun..) else { return Ok(()) };
        match core::str::from_utf8(rest) {
            Ok(_) => Ok(()),
            // What is not valid is a code point that is cut or wrong: four steps tell.
            Err(error) => {
                let start = begun.saturating_add(error.valid_up_to());
                self.step_all(piece, start, left, false).map(|_| ())
            }
        }
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
