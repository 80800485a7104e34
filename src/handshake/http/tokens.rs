//! Comma-separated lists in header values, parsed in one pass.

use super::chars::{split_at_byte, trim_ows};

/// Returns the trimmed elements of a comma-separated list.
///
/// RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list
/// elements". The length of the head bounds their number.
pub(crate) const fn elements(value: &[u8]) -> Elements<'_> {
    Elements { rest: value }
}

/// An iterator over the elements of a list.
#[derive(Clone)]
pub(crate) struct Elements<'v> {
    rest: &'v [u8],
}

impl<'v> Iterator for Elements<'v> {
    type Item = &'v [u8];

    fn next(&mut self) -> Option<&'v [u8]> {
        while !self.rest.is_empty() {
            let element;
            (element, self.rest) = split_at_byte(self.rest, b',').unwrap_or((self.rest, b""));
            let element = trim_ows(element);
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    }
}

/// Returns whether the list `value` contains `token`, compared case-insensitively.
pub(crate) fn list_has(value: &[u8], token: &[u8]) -> bool {
    elements(value).any(|element| element.eq_ignore_ascii_case(token))
}
