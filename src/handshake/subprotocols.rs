//! `Sec-WebSocket-Protocol` of a request (RFC 6455 §4.1, §4.3).

use super::facts::Values;
use super::http::chars::is_token;
use super::http::tokens::{Elements, elements};

/// The most subprotocols in one offer: they are compared pairwise, so their number is bounded.
const MAX_SUBPROTOCOLS: usize = 32;

/// Returns whether these elements are an offer of subprotocols: one to 32 tokens, no two the same.
///
/// `elements` iterates over them from the beginning. They are not kept, so that a long list takes no
/// more stack than a short one.
pub(super) fn is_subprotocol_offer<'a, I>(elements: impl Fn() -> I) -> bool
where
    I: Iterator<Item = &'a [u8]>,
{
    let mut len: usize = 0;
    for element in elements() {
        // RFC 6455 §4.1: "The elements that comprise this value MUST be non-empty strings with
        // characters in the range U+0021 to U+007E not including separator characters as defined
        // in [RFC2616] and MUST all be unique strings."
        let is_new = || elements().take(len).all(|earlier| earlier != element);
        if len >= MAX_SUBPROTOCOLS || !is_token(element) || !is_new() {
            return false;
        }
        len = len.saturating_add(1);
    }
    // RFC 6455 §4.3: "Sec-WebSocket-Protocol-Client = 1#token"
    len > 0
}

/// The elements in all lines of a head.
pub(super) struct SubprotocolLines<'h> {
    here: Elements<'h>,
    lines: Values<'h>,
}

impl<'h> SubprotocolLines<'h> {
    pub(super) const fn new(lines: Values<'h>) -> Self {
        Self { here: elements(b""), lines }
    }
}

impl<'h> Iterator for SubprotocolLines<'h> {
    type Item = &'h [u8];

    fn next(&mut self) -> Option<&'h [u8]> {
        loop {
            if let Some(element) = self.here.next() {
                return Some(element);
            }
            self.here = elements(self.lines.next()?);
        }
    }
}
