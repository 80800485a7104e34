//! The parse of a complete head, by httparse.
//!
//! [`Head`](super::head) has seen to the lines; here it is settled what is in them. Room for the
//! headers is chosen by their number, so that a small head costs little stack.

use core::mem::MaybeUninit;

use super::chars::ascii;
use super::error::HandshakeError;
use super::facts::Facts;
use super::headers::Headers;

/// A version of HTTP that a request can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HttpVersion {
    /// HTTP/1.0, which knows no upgrade.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// `SP`, a version, and CR LF: what comes behind the target of a request.
const BEHIND_TARGET: usize = " HTTP/1.1\r\n".len();
/// `HTTP/1.1`, `SP`, three digits and `SP`: what comes before a reason.
const BEFORE_REASON: usize = "HTTP/1.1 101 ".len();

#[derive(Debug)]
pub(super) struct ParsedRequest<'h> {
    pub(super) method: &'h str,
    pub(super) target: &'h str,
    pub(super) version: HttpVersion,
    pub(super) headers: Headers<'h>,
    pub(super) facts: Facts<'h>,
}

#[derive(Debug)]
pub(super) struct ParsedResponse<'h> {
    pub(super) status: u16,
    pub(super) reason: &'h [u8],
    pub(super) version: HttpVersion,
    pub(super) headers: Headers<'h>,
    pub(super) facts: Facts<'h>,
}

/// Parses the complete head of a request that has at most `headers` header lines.
pub(super) fn parse_request(
    head: &[u8],
    headers: usize,
) -> Result<ParsedRequest<'_>, HandshakeError> {
    match headers {
        0..=16 => parse_request_in::<16>(head),
        17..=32 => parse_request_in::<32>(head),
        33..=64 => parse_request_in::<64>(head),
        _ => parse_request_in::<128>(head),
    }
}

/// Parses the complete head of a response that has at most `headers` header lines.
pub(super) fn parse_response(
    head: &[u8],
    headers: usize,
) -> Result<ParsedResponse<'_>, HandshakeError> {
    match headers {
        0..=16 => parse_response_in::<16>(head),
        17..=32 => parse_response_in::<32>(head),
        33..=64 => parse_response_in::<64>(head),
        _ => parse_response_in::<128>(head),
    }
}

// Never inlined: the stack of the largest must not be the stack of all.
#[inline(never)]
fn parse_request_in<const N: usize>(head: &[u8]) -> Result<ParsedRequest<'_>, HandshakeError> {
    let mut room = [const { MaybeUninit::uninit() }; N];
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(head, &mut room) {
        Ok(httparse::Status::Complete(len)) if len == head.len() => {}
        // The head ends with an empty line, so a parser that sees it end anywhere else reads
        // another message than we do.
        Ok(_) => return Err(HandshakeError::InvalidStartLine),
        Err(httparse::Error::Version) => {
            let before = parsed.method.map_or(0, str::len).saturating_add(1);
            let before = before.saturating_add(parsed.path.map_or(0, str::len)).saturating_add(1);
            return Err(wrong_version(head.get(before..).unwrap_or_default(), b'\r'));
        }
        Err(error) => return Err(invalid(error)),
    }
    let (Some(method), Some(target)) = (parsed.method, parsed.path) else {
        return Err(HandshakeError::InvalidStartLine);
    };
    // RFC 3986 §2: a URI is made of characters of US-ASCII.
    if !target.is_ascii() {
        return Err(HandshakeError::InvalidStartLine);
    }
    let line = method.len().saturating_add(1).saturating_add(target.len());
    let lines = head.get(line.saturating_add(BEHIND_TARGET)..).unwrap_or_default();
    let facts = Facts::gather(parsed.headers.iter().map(|header| (header.name, header.value)));
    let version = version(parsed.version);
    Ok(ParsedRequest { method, target, version, headers: Headers::new(lines), facts })
}

#[inline(never)]
fn parse_response_in<const N: usize>(head: &[u8]) -> Result<ParsedResponse<'_>, HandshakeError> {
    // RFC 9112 §4: "status-line = HTTP-version SP status-code SP [ reason-phrase ]". httparse does
    // without the second space.
    let line = head.get(..BEFORE_REASON).unwrap_or_default();
    let [_, _, _, _, _, _, _, _, b' ', a, b, c, b' '] = line else {
        return Err(HandshakeError::InvalidStartLine);
    };
    if ![a, b, c].into_iter().all(u8::is_ascii_digit) {
        return Err(HandshakeError::InvalidStartLine);
    }
    let mut room = [httparse::EMPTY_HEADER; N];
    let mut parsed = httparse::Response::new(&mut room);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(len)) if len == head.len() => {}
        Ok(_) => return Err(HandshakeError::InvalidStartLine),
        Err(httparse::Error::Version) => return Err(wrong_version(head, b' ')),
        Err(error) => return Err(invalid(error)),
    }
    let status = parsed.code.unwrap_or_default();
    // RFC 9110 §15: "valid status codes are within the range of 100 to 599"
    if !(100..=599).contains(&status) {
        return Err(HandshakeError::InvalidStartLine);
    }
    let (_, behind) = head.split_at_checked(BEFORE_REASON).unwrap_or_default();
    let end = behind.iter().position(|&byte| byte == b'\r').unwrap_or_default();
    let (reason, lines) = behind.split_at_checked(end).unwrap_or_default();
    let headers = Headers::new(lines.strip_prefix(b"\r\n").unwrap_or_default());
    let facts = Facts::gather(parsed.headers.iter().map(|header| (header.name, header.value)));
    Ok(ParsedResponse { status, reason, version: version(parsed.version), headers, facts })
}

fn version(minor: Option<u8>) -> HttpVersion {
    if minor == Some(1) { HttpVersion::Http11 } else { HttpVersion::Http10 }
}

/// What is wrong where a version should be: another version, or no version at all.
fn wrong_version(text: &[u8], end: u8) -> HandshakeError {
    // RFC 9112 §2.3: "HTTP-version = HTTP-name "/" DIGIT "." DIGIT"
    match text {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor, behind, ..]
            if major.is_ascii_digit() && minor.is_ascii_digit() && *behind == end =>
        {
            HandshakeError::UnsupportedHttpVersion
        }
        _ => HandshakeError::InvalidStartLine,
    }
}

fn invalid(error: httparse::Error) -> HandshakeError {
    match error {
        httparse::Error::HeaderName => HandshakeError::InvalidHeaderName,
        httparse::Error::HeaderValue => HandshakeError::InvalidHeaderValue,
        httparse::Error::TooManyHeaders => HandshakeError::TooManyHeaders,
        // The ends of lines have been checked as they came, so a line that does not end where it
        // should is a first line with too much in it.
        httparse::Error::NewLine
        | httparse::Error::Status
        | httparse::Error::Token
        | httparse::Error::Version => HandshakeError::InvalidStartLine,
    }
}

/// Whether a complete head of a response is an interim one, after which another follows.
pub(super) fn is_interim(head: &[u8]) -> bool {
    // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to
    // a final response". 101 is the final one of an upgrade.
    let status = head.get(9..12).map_or("", ascii);
    status.starts_with('1') && status != "101"
}
