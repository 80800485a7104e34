//! Prints messages, without control characters that a terminal would obey.

use std::fmt::Arguments;
use std::io::{self, StdoutLock, Write};
use std::mem;

use rfc6455::MessageKind;
use rfc6455::websocket::{Event, Message};

use crate::escape::Escape;
use crate::json;
use crate::terminal::Above;

/// How much of a long message is printed above the edited line at a time.
const PIECE: usize = 64 << 10;

/// Prints messages as they arrive: text as a line, and only the length of a binary message.
pub(crate) struct Printer {
    output: Output,
    /// The escaper; `None` prints text unchanged.
    escape: Option<Escape>,
    binary_len: u64,
}

/// Where messages are printed.
pub(crate) enum Output {
    Pipe(StdoutLock<'static>),
    /// Above the line that is being edited, with what is not printed yet.
    Terminal(Above, Vec<u8>),
}

impl Output {
    /// Prints what was written. Above an edited line, that ends the line.
    fn show(&mut self, is_last: bool) -> io::Result<()> {
        match self {
            Self::Pipe(output) => output.flush(),
            Self::Terminal(above, lines) if is_last || lines.len() >= PIECE => {
                let lines = String::from_utf8_lossy(&mem::take(lines)).into_owned();
                above.print(lines).map_err(io::Error::other)
            }
            Self::Terminal(..) => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Pipe(output) => output.write(bytes),
            Self::Terminal(_, lines) => lines.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.show(false)
    }
}

impl Printer {
    pub(crate) fn new(output: Output, raw: bool) -> Self {
        Self { output, escape: (!raw).then(Escape::default), binary_len: 0 }
    }

    pub(crate) fn print(&mut self, event: &Event<'_>) -> io::Result<()> {
        let is_last = match event {
            Event::Message(Message::Text(text)) => {
                let indented = match &self.output {
                    Output::Pipe(_) => None,
                    Output::Terminal(..) => {
                        str::from_utf8(text.as_bytes()).ok().and_then(json::indented)
                    }
                };
                self.text(indented.as_ref().map_or(text.as_bytes(), String::as_bytes), true)?;
                true
            }
            Event::Message(Message::Binary(bytes)) => {
                self.binary(bytes, true, true)?;
                true
            }
            Event::Chunk(chunk) => {
                match chunk.kind() {
                    MessageKind::Text => self.text(chunk, chunk.is_last())?,
                    MessageKind::Binary => self.binary(chunk, chunk.is_first(), chunk.is_last())?,
                }
                chunk.is_last()
            }
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) => return Ok(()),
        };
        self.output.show(is_last)
    }

    /// Prints something that is no message: beside the output, which a program may read.
    pub(crate) fn notice(&mut self, notice: Arguments<'_>) -> io::Result<()> {
        match &mut self.output {
            Output::Pipe(_) => {
                eprintln!("wsc: {notice}");
                Ok(())
            }
            Output::Terminal(above, _) => {
                above.print(format!("wsc: {notice}\n")).map_err(io::Error::other)
            }
        }
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
