//! `Sec-WebSocket-Protocol` of a request (RFC 6455 §4.1, §4.3).

use super::http::chars::is_token;

/// The most subprotocols in one offer: they are compared pairwise, so their number is bounded.
const MAX_SUBPROTOCOLS: usize = 32;

/// Returns whether `elements` is an offer of subprotocols: one to 32 tokens, no two the same.
pub(super) fn is_subprotocol_offer<'a>(elements: impl Iterator<Item = &'a [u8]>) -> bool {
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
