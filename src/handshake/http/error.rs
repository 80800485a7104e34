//! What can be wrong with a head, whatever it is for.

/// What makes a head malformed or too large. `HandshakeError` describes each under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    HeadTooLarge,
    TooManyHeaders,
    TargetTooLong,
    InvalidStartLine,
    InvalidLineEnding,
    ControlCharacter,
    FoldedHeader,
    InvalidHeaderName,
    InvalidHeaderValue,
    UnsupportedHttpVersion,
}

/// The output is shorter than what is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputTooSmall {
    /// The length that is enough.
    pub(crate) needed: usize,
}
