//! The payload of a Close frame (RFC 6455 §5.5.1).

use crate::close::CloseCode;
use crate::error::Violation;
use crate::utf8::Utf8;

/// The status code and the reason of a Close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// The reason, for programs.
    pub code: CloseCode,
    /// The reason, for people; at most 123 bytes.
    pub reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    /// Parses the whole payload of a Close frame; `Ok(None)` if it is empty.
    ///
    /// # Errors
    /// Returns the first rule of §5.5.1 and §7.4 that the payload breaks.
    pub fn parse(payload: &'a [u8]) -> Result<Option<Self>, Violation> {
        check(payload, 0).map_err(|(_, violation)| violation)?;
        Ok(Self::of_checked(payload))
    }

    /// Returns the contents of a payload that was checked; `None` if it is empty.
    pub(crate) fn of_checked(payload: &'a [u8]) -> Option<Self> {
        let reason = core::str::from_utf8(payload.get(2..)?).ok()?;
        Some(Self { code: code_of(payload)?, reason })
    }
}

/// Returns the status code of a Close payload that was checked.
pub(crate) fn code_of(payload: &[u8]) -> Option<CloseCode> {
    CloseCode::new(u16::from_be_bytes(*payload.first_chunk()?))
}

/// Checks the part of a Close payload that has arrived, with `left` more bytes to come.
///
/// The error is the index of the first byte that proves the payload wrong, and the violation.
pub(crate) fn check(arrived: &[u8], left: u64) -> Result<(), (usize, Violation)> {
    match *arrived {
        // "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer
        // (in network byte order) representing a status code" (§5.5.1)
        [_] if left == 0 => Err((0, Violation::CloseTooShort)),
        // No other high byte can begin a code: 3 begins 1000-1014, 11 to 19 begin 3000-4999.
        [high, ..] if !matches!(high, 3 | 11..=19) => Err((0, Violation::InvalidCloseCode)),
        [] | [_] => Ok(()),
        [high, low, ref reason @ ..] => {
            if CloseCode::new(u16::from_be_bytes([high, low])).is_none() {
                return Err((1, Violation::InvalidCloseCode));
            }
            // "Following the 2-byte integer, the body MAY contain UTF-8-encoded data" (§5.5.1)
            Utf8::new()
                .validate_before(reason, left)
                .map_err(|index| (index.saturating_add(2), Violation::InvalidReason))
        }
    }
}
