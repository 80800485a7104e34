//! A head as it arrives: kept, bounded, and searched for its end in new bytes only.
//!
//! HTTP says that a head is lines, each ended by CR LF, up to an empty one. This is where that is
//! enforced, byte by byte; what is inside the lines is parsed once, when all are there.

use core::mem;

use super::chars::position_below;
use super::error::HandshakeError;
use super::limits::HandshakeLimits;
use crate::bytes::copy;

/// The bytes of a head, in storage that the caller lent.
#[derive(Debug)]
pub(super) struct Head<'s> {
    storage: &'s mut [u8],
    /// Where the head begins; before it lie the interim responses that were passed over.
    start: usize,
    /// Where the next byte goes; at most the length of `storage`.
    len: usize,
    scan: Scan,
    first_line: Part,
    end: Option<Result<(), HandshakeError>>,
}

impl<'s> Head<'s> {
    pub(super) const fn of_request(storage: &'s mut [u8], limits: HandshakeLimits) -> Self {
        Self::new(storage, limits, Part::Method)
    }

    pub(super) const fn of_response(storage: &'s mut [u8], limits: HandshakeLimits) -> Self {
        Self::new(storage, limits, Part::StatusLine)
    }

    const fn new(storage: &'s mut [u8], limits: HandshakeLimits, first_line: Part) -> Self {
        let scan = Scan::new(first_line, limits);
        Self { storage, start: 0, len: 0, scan, first_line, end: None }
    }

    /// Takes the bytes of the head off the front of `input`; true when it is complete.
    ///
    /// A complete head takes nothing more. After an error all input is taken, and the error stays.
    pub(super) fn receive(&mut self, input: &mut &mut [u8]) -> Result<bool, HandshakeError> {
        match self.end {
            Some(Ok(())) => return Ok(true),
            Some(Err(error)) => {
                *input = &mut [];
                return Err(error);
            }
            None if input.is_empty() => return Ok(false),
            None => {}
        }
        let room = self.storage.get_mut(self.len..).unwrap_or_default();
        let data = mem::take(input);
        let fits = data.len().min(room.len());
        let scanned = self.scan.advance(data.get(..fits).unwrap_or_default());
        let taken = match scanned {
            Ok(complete_at) => complete_at.unwrap_or(fits),
            Err(error) => return self.fail(error),
        };
        let Some((head, rest)) = data.split_at_mut_checked(taken) else {
            return self.fail(HandshakeError::HeadTooLarge);
        };
        copy(head, room);
        self.len = self.len.saturating_add(taken);
        if let Ok(Some(_)) = scanned {
            *input = rest;
            self.end = Some(Ok(()));
            return Ok(true);
        }
        // Without an end within its storage the head is too large already: no byte is waited for
        // that could not be kept.
        if self.len >= self.storage.len() {
            return self.fail(match self.scan.part {
                Part::Target { .. } => HandshakeError::TargetTooLong,
                _ => HandshakeError::HeadTooLarge,
            });
        }
        Ok(false)
    }

    fn fail(&mut self, error: HandshakeError) -> Result<bool, HandshakeError> {
        self.end = Some(Err(error));
        Err(error)
    }

    /// Makes room for another head after this one, within the same storage and the same limits.
    pub(super) fn pass_over(&mut self) {
        self.start = self.len;
        self.scan.restart(self.first_line);
        self.end = None;
    }

    /// The bytes received of the head, without an empty line before it.
    pub(super) fn bytes(&self) -> &[u8] {
        let bytes = self.storage.get(self.start..self.len).unwrap_or_default();
        bytes.strip_prefix(b"\r\n").unwrap_or(bytes)
    }

    /// How many header lines have begun, in this head and those passed over.
    pub(super) fn header_count(&self) -> usize {
        self.scan.headers
    }
}

/// The part of a head that the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Method,
    Target { len: usize },
    Version,
    StatusLine,
    Headers,
}

/// Where the next byte is within its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    Inside,
    /// A line has ended with CR: LF must follow.
    LineFeed,
    /// Likewise, and the line is empty.
    EmptyLineFeed,
}

/// The search for the end of a head, which remembers all that it needs of earlier bytes.
#[derive(Clone, Copy, Debug)]
struct Scan {
    part: Part,
    at: At,
    /// Header lines that have begun, in all heads together; at most `max_headers`.
    headers: usize,
    /// An empty line was ignored before the request line.
    skipped: bool,
    max_headers: usize,
    max_target: usize,
}

impl Scan {
    const fn new(part: Part, limits: HandshakeLimits) -> Self {
        Self {
            part,
            at: At::LineStart,
            headers: 0,
            skipped: false,
            max_headers: if limits.max_headers < HandshakeLimits::MAX_HEADERS {
                limits.max_headers
            } else {
                HandshakeLimits::MAX_HEADERS
            },
            max_target: limits.max_target,
        }
    }

    /// Expects another head. Headers go on being counted: were the count to start anew, interim
    /// responses could bring any number of them.
    fn restart(&mut self, part: Part) {
        self.part = part;
        self.at = At::LineStart;
    }

    /// Goes through `bytes` once; tells how many of them end the head, if they do.
    fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, HandshakeError> {
        let mut rest = bytes;
        loop {
            if self.at == At::Inside {
                let floor = if self.in_request_line() { b' '.saturating_add(1) } else { b' ' };
                let run = position_below(rest, floor).unwrap_or(rest.len());
                self.count_target(run)?;
                rest = rest.get(run..).unwrap_or_default();
                // What follows decides the same step by step; a line that is whole takes one.
                if let ([b'\r', b'\n', tail @ ..], Part::Headers) = (rest, self.part) {
                    self.at = At::LineStart;
                    rest = tail;
                    continue;
                }
            }
            let Some((&byte, tail)) = rest.split_first() else { return Ok(None) };
            match self.at {
                At::LineStart if byte == b'\r' => self.at = At::EmptyLineFeed,
                At::LineStart => {
                    self.begin_line(byte)?;
                    // The byte is looked at again, as the first of its line.
                    continue;
                }
                At::Inside => self.stop(byte)?,
                // RFC 9112 §2.2: "A recipient of such a bare CR MUST consider that element to be
                // invalid".
                At::LineFeed | At::EmptyLineFeed if byte != b'\n' => {
                    return Err(HandshakeError::InvalidLineEnding);
                }
                At::LineFeed => {
                    self.part = Part::Headers;
                    self.at = At::LineStart;
                }
                At::EmptyLineFeed if self.part == Part::Headers => {
                    return Ok(Some(bytes.len().saturating_sub(tail.len())));
                }
                At::EmptyLineFeed => self.skip_empty_line()?,
            }
            rest = tail;
        }
    }

    fn in_request_line(&self) -> bool {
        matches!(self.part, Part::Method | Part::Target { .. } | Part::Version)
    }

    fn begin_line(&mut self, first: u8) -> Result<(), HandshakeError> {
        if self.part == Part::Headers {
            // RFC 9112 §5.2: "A server that receives an obs-fold in a request message that is not
            // within a "message/http" container MUST either reject the message by sending a 400
            // (Bad Request) [...]".
            if matches!(first, b' ' | b'\t') {
                return Err(HandshakeError::FoldedHeader);
            }
            if self.headers >= self.max_headers {
                return Err(HandshakeError::TooManyHeaders);
            }
            self.headers = self.headers.saturating_add(1);
        }
        self.at = At::Inside;
        Ok(())
    }

    /// One line only, and only before a request: a server that is spoken to in anything else than
    /// HTTP finds out at the second.
    fn skip_empty_line(&mut self) -> Result<(), HandshakeError> {
        // RFC 9112 §2.2: "a server that is expecting to receive and parse a request-line SHOULD
        // ignore at least one empty line (CRLF) received prior to the request-line."
        if self.part != Part::Method || self.skipped {
            return Err(HandshakeError::InvalidStartLine);
        }
        self.skipped = true;
        self.at = At::LineStart;
        Ok(())
    }

    fn count_target(&mut self, run: usize) -> Result<(), HandshakeError> {
        if let Part::Target { len } = &mut self.part {
            *len = len.saturating_add(run);
            if *len > self.max_target {
                return Err(HandshakeError::TargetTooLong);
            }
        }
        Ok(())
    }

    /// A byte that is not simply part of its line: a control character, or the space that
    /// separates the parts of a request line.
    fn stop(&mut self, byte: u8) -> Result<(), HandshakeError> {
        match (byte, self.part) {
            (b'\r', Part::Method | Part::Target { .. }) => {
                return Err(HandshakeError::InvalidStartLine);
            }
            (b'\r', _) => self.at = At::LineFeed,
            // RFC 9112 §2.2 lets a recipient take a single LF for the end of a line. Two parties
            // that disagree about it can be played off against each other, so this one does not.
            (b'\n', _) => return Err(HandshakeError::InvalidLineEnding),
            (b' ', Part::Method) => self.part = Part::Target { len: 0 },
            (b' ', Part::Target { .. }) => self.part = Part::Version,
            (b' ' | b'\t', Part::Method | Part::Target { .. } | Part::Version) => {
                return Err(HandshakeError::InvalidStartLine);
            }
            (b'\t', _) => {}
            _ => return Err(HandshakeError::ControlCharacter),
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    /// RFC 6455 leaves the size of a head open, so the work on it must not grow faster than it.
    #[test]
    fn no_byte_that_was_kept_is_looked_at_again_before_the_end() {
        const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789\tabcdefghij\r\n\r\n";
        let mut storage = [0; 256];
        let mut head = Head::of_request(&mut storage, HandshakeLimits::DEFAULT);
        for (at, byte) in HEAD.iter().enumerate() {
            let complete = head.receive(&mut &mut [*byte][..]);
            assert_eq!(complete, Ok(at + 1 == HEAD.len()));
            // Were it looked at again, this would end the head, or be refused.
            for filler in [b'\n', b'\r', 0, b' '] {
                head.storage[..=at].fill(filler);
            }
        }
        assert_eq!(head.header_count(), 2);
        assert_eq!(head.bytes().len(), HEAD.len());
    }

    #[test]
    fn sec_2_2_of_rfc_9112_an_ignored_line_is_not_part_of_the_head() {
        let mut storage = [0; 64];
        let mut head = Head::of_request(&mut storage, HandshakeLimits::DEFAULT);
        let mut input = *b"\r\nGET / HTTP/1.1\r\n\r\nmore";
        let mut input = &mut input[..];
        assert_eq!(head.receive(&mut input), Ok(true));
        assert_eq!(head.bytes(), b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(input, b"more");
    }
}
