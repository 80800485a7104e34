//! Comma-separated lists in header values, parsed in one pass.

use super::chars::trim_ows;

/// Returns the trimmed elements of a comma-separated list.
///
/// RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list
/// elements". The length of the head bounds their number.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    value.split(|&byte| byte == b',').map(trim_ows).filter(|element| !element.is_empty())
}

/// Returns whether the list `value` contains `token`, compared case-insensitively.
pub(crate) fn list_has(value: &[u8], token: &[u8]) -> bool {
    elements(value).any(|element| element.eq_ignore_ascii_case(token))
}
