//! Errors of any head, of a request or a response.

/// The error of a malformed or too large head. `HandshakeError` documents each under its name.
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

/// The output buffer is too short for the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputTooSmall {
    /// The sufficient length.
    pub(crate) needed: usize,
}
