//! Prints messages, without control characters that a terminal would obey.

use std::io::{self, StdoutLock, Write};
use std::mem;

use rfc6455::MessageKind;
use rfc6455::websocket::{Event, Message};

/// Prints messages as they arrive: text as a line, and only the length of a binary message.
pub(crate) struct Printer {
    output: StdoutLock<'static>,
    /// The escaper; `None` prints text unchanged.
    escape: Option<Escape>,
    binary_len: u64,
}

impl Printer {
    pub(crate) fn new(raw: bool) -> Self {
        let escape = (!raw).then(Escape::default);
        Self { output: io::stdout().lock(), escape, binary_len: 0 }
    }

    pub(crate) fn print(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Message(Message::Text(text)) => self.text(text.as_bytes(), true)?,
            Event::Message(Message::Binary(bytes)) => self.binary(bytes, true, true)?,
            Event::Chunk(chunk) if chunk.kind() == MessageKind::Text => {
                self.text(chunk, chunk.is_last())?;
            }
            Event::Chunk(chunk) => self.binary(chunk, chunk.is_first(), chunk.is_last())?,
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) => return Ok(()),
        }
        self.output.flush()
    }

    fn text(&mut self, text: &[u8], is_last: bool) -> io::Result<()> {
        match &mut self.escape {
            Some(escape) => escape.write(text, &mut self.output)?,
            None => self.output.write_all(text)?,
        }
        if is_last { self.output.write_all(b"\n") } else { Ok(()) }
    }

    fn binary(&mut self, bytes: &[u8], is_first: bool, is_last: bool) -> io::Result<()> {
        let before = if is_first { 0 } else { self.binary_len };
        self.binary_len = before + bytes.len() as u64;
        if is_last {
            writeln!(self.output, "[binary message of {} bytes]", self.binary_len)?;
        }
        Ok(())
    }
}

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
struct Escape {
    /// The first bytes of an incomplete code point.
    carry: Vec<u8>,
}

impl Escape {
    /// Writes the next piece of a text, with characters that a terminal would obey as `\u{1b}`.
    fn write(&mut self, piece: &[u8], output: &mut impl Write) -> io::Result<()> {
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
