//! Scans a head byte by byte, for its end and for the first byte that no head can have in its
//! place.
//!
//! The scan refuses everything that the parse of a complete head would refuse, as soon as it
//! arrives: a peer that speaks another protocol fails at its first bytes. It searches for the end of
//! each run of ordinary bytes, and examines single bytes only between runs.

use super::chars::{is_token_byte, text_run, token_run, visible_run};
use super::error::HeadError;
use super::limits::HandshakeLimits;
use crate::{FAST, fuel};

/// The position of the next byte in the grammar of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The first byte of a request, or of an empty line before it.
    Request,
    /// The LF of that empty line.
    IgnoredLineFeed,
    /// The first byte of a method, after an empty line.
    MethodStart,
    /// Within a method, or the space after it.
    Method,
    Target,
    Version,
    Status,
    Reason,
    /// The LF of a start line or of a header line.
    LineFeed,
    /// The first byte of a header line, or of the empty line that ends the head.
    Line,
    /// Within a name, or the colon after it.
    Name,
    Value,
    /// The LF of the empty line that ends the head.
    LastLineFeed,
}

const VERSION: &[u8; 8] = b"HTTP/1.1";
/// The positions of the digits in a version.
const MAJOR: usize = 5;
const MINOR: usize = 7;

/// The state of a scan, which is all that it keeps of earlier bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    at: At,
    /// Where the first byte is: at `Request`, or at the `Version` of a response.
    start: At,
    /// Bytes received of the current target, version or status.
    count: usize,
    /// Header lines that have begun, in all heads together; at most `max_headers`.
    headers: usize,
    max_headers: usize,
    max_target: usize,
    missing_reason_space: bool,
}

impl Scan {
    pub(crate) const fn of_request(limits: HandshakeLimits) -> Self {
        Self::new(At::Request, limits)
    }

    pub(crate) const fn of_response(limits: HandshakeLimits) -> Self {
        Self::new(At::Version, limits)
    }

    const fn new(start: At, limits: HandshakeLimits) -> Self {
        Self {
            at: start,
            start,
            count: 0,
            headers: 0,
            max_headers: if limits.max_headers < HandshakeLimits::MAX_HEADERS {
                limits.max_headers
            } else {
                HandshakeLimits::MAX_HEADERS
            },
            max_target: limits.max_target,
            missing_reason_space: false,
        }
    }

    /// Sets whether a status line may lack the space before an empty reason.
    pub(crate) const fn allow_missing_reason_space(&mut self, allow: bool) {
        self.missing_reason_space = allow;
    }

    /// Prepares for another head.
    ///
    /// The header count continues: if it restarted, interim responses could bring any number of
    /// headers.
    pub(crate) const fn restart(&mut self) {
        self.at = self.start;
        self.count = 0;
    }

    /// Returns whether the last byte belongs to the target of a request.
    pub(crate) fn is_in_target(&self) -> bool {
        self.at == At::Target
    }

    /// Scans `bytes` once; returns how many complete the head, or `None` if it is incomplete.
    ///
    /// # Errors
    /// The error of the first byte that no head can have in its place, or that exceeds a limit.
    // Inline: `receive` is generic, and would otherwise call it across crates for each read.
    #[inline]
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, HeadError> {
        let mut rest = bytes;
        loop {
            let run = if FAST { self.take_run(rest)? } else { rest };
            let Some((&byte, tail)) = run.split_first() else {
                fuel::burn(rest.len());
                return Ok(None);
            };
            fuel::burn(rest.len().saturating_sub(tail.len()));
            if (self.at, byte) == (At::LastLineFeed, b'\n') {
                return Ok(Some(bytes.len().saturating_sub(tail.len())));
            }
            self.at = if FAST { self.step(byte)? } else { self.step_any(byte)? };
            rest = tail;
        }
    }

    /// Takes runs of ordinary bytes and whole header lines off the front of `rest`.
    ///
    /// It stops at a byte that [`step`](Self::step) must examine.
    #[inline]
    fn take_run<'b>(&mut self, rest: &'b [u8]) -> Result<&'b [u8], HeadError> {
        let rest = match self.at {
            At::Name => self.name(after(rest, token_run(rest))),
            At::Value => self.value(rest),
            At::Method => after(rest, token_run(rest)),
            At::Reason => after(rest, text_run(rest)),
            At::Target => {
                // RFC 3986 §2: a URI consists of US-ASCII characters.
                let run = visible_run(rest);
                self.count = self.count.saturating_add(run);
                if self.count > self.max_target {
                    return Err(HeadError::TargetTooLong);
                }
                after(rest, run)
            }
            At::Version if self.count == 0 => match rest.strip_prefix(VERSION) {
                Some(tail) => {
                    self.count = VERSION.len();
                    tail
                }
                None => rest,
            },
            _ => rest,
        };
        Ok(self.header_lines(rest))
    }

    /// Takes whole header lines, and the received part of an incomplete one.
    #[inline]
    fn header_lines<'b>(&mut self, mut rest: &'b [u8]) -> &'b [u8] {
        while self.at == At::Line && self.headers < self.max_headers {
            let run = token_run(rest);
            if run == 0 {
                break;
            }
            self.headers = self.headers.saturating_add(1);
            self.at = At::Name;
            rest = self.name(after(rest, run));
        }
        rest
    }

    /// Takes the colon after a name, and the value after it.
    #[inline]
    fn name<'b>(&mut self, rest: &'b [u8]) -> &'b [u8] {
        // RFC 9112 §5: "field-line = field-name ":" OWS field-value OWS"
        let [b':', tail @ ..] = rest else { return rest };
        self.at = At::Value;
        self.value(tail)
    }

    /// Takes a value up to a tab or the end of its line, and then the line ending.
    #[inline]
    fn value<'b>(&mut self, rest: &'b [u8]) -> &'b [u8] {
        let rest = after(rest, text_run(rest));
        let [b'\r', b'\n', tail @ ..] = rest else { return rest };
        self.at = At::Line;
        tail
    }

    /// Returns the position after `byte`, which does not continue a run.
    // Never inlined: otherwise the scan of a short piece would save and restore registers for it.
    #[inline(never)]
    fn step(&mut self, byte: u8) -> Result<At, HeadError> {
        Ok(match (self.at, byte) {
            // RFC 9112 §2.2: "a server that is expecting to receive and parse a request-line SHOULD
            // ignore at least one empty line (CRLF) received prior to the request-line." One line
            // only: a client that speaks another protocol fails at the second.
            (At::Request, b'\r') => At::IgnoredLineFeed,
            (At::IgnoredLineFeed, b'\n') => At::MethodStart,
            // RFC 9112 §3: "request-line = method SP request-target SP HTTP-version"
            (At::Request | At::MethodStart, _) if is_token_byte(byte) => At::Method,
            (At::Method, b' ') => At::Target,
            (At::Target, b' ') if self.count > 0 => {
                self.count = 0;
                At::Version
            }
            (At::Version, _) => self.version(byte)?,
            (At::Status, _) => self.status(byte)?,
            // RFC 9112 §4: "reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )"
            (At::Reason, b'\t') => At::Reason,
            (At::Value, b'\t') => At::Value,
            (At::Reason | At::Value, b'\r') => At::LineFeed,
            (At::LineFeed, b'\n') => At::Line,
            (At::Line, b'\r') => At::LastLineFeed,
            _ => return Err(self.refuse(byte)),
        })
    }

    /// Returns the position after any byte: what [`take_run`](Self::take_run) does for many is done for
    /// one.
    fn step_any(&mut self, byte: u8) -> Result<At, HeadError> {
        Ok(match (self.at, byte) {
            (At::Method | At::Name, _) if is_token_byte(byte) => self.at,
            (At::Reason | At::Value, _) if !byte.is_ascii_control() => self.at,
            (At::Line, _) if self.headers < self.max_headers && is_token_byte(byte) => {
                self.headers = self.headers.saturating_add(1);
                At::Name
            }
            (At::Name, b':') => At::Value,
            (At::Target, _) if byte.is_ascii_graphic() => {
                self.count = self.count.saturating_add(1);
                if self.count > self.max_target {
                    return Err(HeadError::TargetTooLong);
                }
                At::Target
            }
            _ => self.step(byte)?,
        })
    }

    /// Returns the position after a byte of a version, or after the byte that ends it.
    fn version(&mut self, byte: u8) -> Result<At, HeadError> {
        let count = self.count;
        match VERSION.get(count) {
            Some(expected) if *expected == byte || (count == MINOR && byte == b'0') => {
                self.count = count.saturating_add(1);
                Ok(At::Version)
            }
            // RFC 9112 §2.3: "HTTP-version = HTTP-name "/" DIGIT "." DIGIT". Another digit means
            // another version, whatever follows.
            Some(_) if matches!(count, MAJOR | MINOR) && byte.is_ascii_digit() => {
                Err(HeadError::UnsupportedHttpVersion)
            }
            None if self.start == At::Request && byte == b'\r' => Ok(At::LineFeed),
            None if self.start == At::Version && byte == b' ' => {
                self.count = 0;
                Ok(At::Status)
            }
            _ => Err(self.refuse(byte)),
        }
    }

    /// Returns the position after a digit of a status, or after the byte that ends it.
    fn status(&mut self, byte: u8) -> Result<At, HeadError> {
        match (self.count, byte) {
            // RFC 9110 §15: "valid status codes are within the range of 100 to 599"
            (0, b'1'..=b'5') | (1 | 2, b'0'..=b'9') => {
                self.count = self.count.saturating_add(1);
                Ok(At::Status)
            }
            // RFC 9112 §4: "status-line = HTTP-version SP status-code SP [ reason-phrase ]"
            (3, b' ') => Ok(At::Reason),
            // RFC 9112 §4: "A server MUST send the space that separates the status-code from the
            // reason-phrase even when the reason-phrase is absent (i.e., the status-line would end
            // with the space)."
            (3, b'\r') if self.missing_reason_space => Ok(At::LineFeed),
            _ => Err(self.refuse(byte)),
        }
    }

    /// Returns the error for a byte that is not allowed here.
    #[cold]
    fn refuse(&self, byte: u8) -> HeadError {
        match (self.at, byte) {
            // RFC 9112 §5.2: "A server that receives an obs-fold in a request message that is not
            // within a "message/http" container MUST either reject the message by sending a 400
            // (Bad Request) [...]".
            (At::Line, b' ' | b'\t') => HeadError::FoldedHeader,
            (At::Line, _) if self.headers >= self.max_headers => HeadError::TooManyHeaders,
            // RFC 9112 §2.2: "A recipient of such a bare CR MUST consider that element to be
            // invalid".
            (At::IgnoredLineFeed | At::LineFeed | At::LastLineFeed, _)
            // RFC 9112 §2.2 lets a recipient accept a single LF as a line ending. An attacker can
            // exploit two parties that disagree about it, so this scan does not accept it.
            | (_, b'\n') => HeadError::InvalidLineEnding,
            // RFC 9110 §5.5: "Field values containing other CTL characters are also invalid"
            (_, b'\0'..b' ') if !matches!(byte, b'\t' | b'\r') => HeadError::ControlCharacter,
            // RFC 9112 §5.1: "A server MUST reject, with a response status code of 400 (Bad
            // Request), any received request message that contains whitespace between a header
            // field name and colon."
            (At::Line | At::Name, _) => HeadError::InvalidHeaderName,
            (At::Value, _) => HeadError::InvalidHeaderValue,
            _ => HeadError::InvalidStartLine,
        }
    }
}

fn after(bytes: &[u8], run: usize) -> &[u8] {
    bytes.get(run..).unwrap_or_default()
}
