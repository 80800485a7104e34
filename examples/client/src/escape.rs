//! Shows characters that a terminal would obey instead of showing them.

use std::io::{self, Write};
use std::mem;

/// Returns whether a terminal may obey this character instead of showing it.
///
/// These are controls other than line feed and tab, and bidirectional overrides and isolates.
fn is_obeyed(char: char) -> bool {
    (char.is_control() && !matches!(char, '\n' | '\t'))
        || matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether an [obeyed](is_obeyed) character may begin with this byte.
fn may_begin_obeyed(byte: u8) -> bool {
    byte < b' ' || matches!(byte, 0x7F | 0xC2 | 0xE2)
}

/// Escapes a text that arrives in pieces; a piece may end inside a code point.
#[derive(Debug, Default)]
pub(crate) struct Escape {
    /// The first bytes of an incomplete code point.
    carry: Vec<u8>,
}

impl Escape {
    /// Writes the next piece of a text, with characters that a terminal would obey as `\u{1b}`.
    pub(crate) fn write(&mut self, piece: &[u8], output: &mut impl Write) -> io::Result<()> {
        let joined;
        let bytes = if self.carry.is_empty() {
            piece
        } else {
            self.carry.extend_from_slice(piece);
            joined = mem::take(&mut self.carry);
            &joined
        };
        // The text is valid UTF-8, so an invalid end is the start of a code point.
        let valid = str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let (text, rest) = bytes.split_at(valid);
        self.carry.extend_from_slice(rest);
        let text = str::from_utf8(text).unwrap_or_default();
        if !text.bytes().any(may_begin_obeyed) {
            return output.write_all(text.as_bytes());
        }
        let mut shown = 0;
        for (at, obeyed) in text.match_indices(is_obeyed) {
            output.write_all(&text.as_bytes()[shown..at])?;
            write!(output, "{}", obeyed.escape_unicode())?;
            shown = at + obeyed.len();
        }
        output.write_all(&text.as_bytes()[shown..])
    }
}
