//! Comma-separated lists in header values, read in one pass.

use super::chars::{is_token, trim_ows};

/// The most subprotocols in one offer; they are compared with each other, so there is a bound.
pub(crate) const MAX_SUBPROTOCOLS: usize = 32;

/// The elements of a comma-separated list, trimmed.
///
/// RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list
/// elements". The length of the head bounds their number.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    value.split(|&byte| byte == b',').map(trim_ows).filter(|element| !element.is_empty())
}

/// Whether the list `value` has the element `token`, in any case of letters.
pub(crate) fn list_has(value: &[u8], token: &[u8]) -> bool {
    elements(value).any(|element| element.eq_ignore_ascii_case(token))
}

/// Whether `elements` is an offer of subprotocols: one to 32 tokens, no two the same.
pub(crate) fn is_subprotocol_offer<'a>(elements: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut seen: [&[u8]; MAX_SUBPROTOCOLS] = [&[]; MAX_SUBPROTOCOLS];
    let mut len: usize = 0;
    for element in elements {
        // RFC 6455 §4.1: "The elements that comprise this value MUST be non-empty strings with
        // characters in the range U+0021 to U+007E not including separator characters as defined
        // in [RFC2616] and MUST all be unique strings."
        if !is_token(element) || seen.iter().take(len).any(|earlier| *earlier == element) {
            return false;
        }
        let Some(free) = seen.get_mut(len) else { return false };
        *free = element;
        len = len.saturating_add(1);
    }
    // RFC 6455 §4.3: "Sec-WebSocket-Protocol-Client = 1#token"
    len > 0
}
