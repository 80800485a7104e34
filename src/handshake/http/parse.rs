//! Parses a complete head with httparse.
//!
//! The [scan](super::scan) has already checked every byte; the parse splits the head into its
//! parts. It reserves stack space for the number of headers, so that a small head needs little.

use core::mem::MaybeUninit;

use httparse::Status;

use super::chars::ascii;
use super::error::HeadError;
use super::headers::{Field, Headers};
use crate::fuel;

/// An HTTP version. A head that this crate parses has one of the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpVersion {
    /// HTTP/1.0, which has no upgrade.
    Http10,
    /// HTTP/1.1, in which a request asks for an upgrade (RFC 6455).
    Http11,
    /// HTTP/2, in which a request is an extended CONNECT (RFC 8441).
    Http2,
    /// HTTP/3, in which a request is an extended CONNECT (RFC 9220).
    Http3,
}

/// The length of what follows the target of a request: a space, a version, and CR LF.
const AFTER_TARGET: usize = " HTTP/1.1\r\n".len();
/// The length of what precedes a reason and its space: a version, a space, and three digits.
const BEFORE_REASON: usize = "HTTP/1.1 101".len();

/// The error if httparse refuses a head that the scan accepted, or finds a different end.
///
/// That never happens; if it did, neither could be trusted.
const DISAGREEMENT: HeadError = HeadError::InvalidStartLine;

#[derive(Debug)]
pub(crate) struct ParsedRequest<'h, F> {
    pub(crate) method: &'h str,
    pub(crate) target: &'h str,
    pub(crate) version: HttpVersion,
    pub(crate) headers: Headers<'h>,
    /// The facts that the caller collects from the headers.
    pub(crate) facts: F,
}

#[derive(Debug)]
pub(crate) struct ParsedResponse<'h, F> {
    pub(crate) status: u16,
    pub(crate) reason: &'h [u8],
    pub(crate) version: HttpVersion,
    pub(crate) headers: Headers<'h>,
    /// The facts that the caller collects from the headers.
    pub(crate) facts: F,
}

/// Parses the complete head of a request that has at most `headers` header lines.
pub(crate) fn parse_request<'h, F: FromIterator<Field<'h>>>(
    head: &'h [u8],
    headers: usize,
) -> Result<ParsedRequest<'h, F>, HeadError> {
    match headers {
        0..=16 => parse_request_in::<F, 16>(head),
        17..=32 => parse_request_in::<F, 32>(head),
        33..=64 => parse_request_in::<F, 64>(head),
        _ => parse_request_in::<F, 128>(head),
    }
}

/// Parses the complete head of a response that has at most `headers` header lines.
pub(crate) fn parse_response<'h, F: FromIterator<Field<'h>>>(
    head: &'h [u8],
    headers: usize,
) -> Result<ParsedResponse<'h, F>, HeadError> {
    match headers {
        0..=16 => parse_response_in::<F, 16>(head),
        17..=32 => parse_response_in::<F, 32>(head),
        33..=64 => parse_response_in::<F, 64>(head),
        _ => parse_response_in::<F, 128>(head),
    }
}

// Never inlined: otherwise every size would use the stack of the largest.
#[inline(never)]
fn parse_request_in<'h, F: FromIterator<Field<'h>>, const N: usize>(
    head: &'h [u8],
) -> Result<ParsedRequest<'h, F>, HeadError> {
    fuel::burn(head.len());
    let mut room = [const { MaybeUninit::uninit() }; N];
    let mut parsed = httparse::Request::new(&mut []);
    if parsed.parse_with_uninit_headers(head, &mut room) != Ok(Status::Complete(head.len())) {
        return Err(DISAGREEMENT);
    }
    let (Some(method), Some(target)) = (parsed.method, parsed.path) else {
        return Err(DISAGREEMENT);
    };
    let line = method.len().saturating_add(1).saturating_add(target.len());
    let lines = head.get(line.saturating_add(AFTER_TARGET)..).unwrap_or_default();
    let facts = parsed.headers.iter().map(|header| (header.name, header.value)).collect();
    let version = version(parsed.version);
    Ok(ParsedRequest { method, target, version, headers: Headers::new(lines), facts })
}

#[inline(never)]
fn parse_response_in<'h, F: FromIterator<Field<'h>>, const N: usize>(
    head: &'h [u8],
) -> Result<ParsedResponse<'h, F>, HeadError> {
    fuel::burn(head.len());
    let mut room = [httparse::EMPTY_HEADER; N];
    let mut parsed = httparse::Response::new(&mut room);
    if parsed.parse(head) != Ok(Status::Complete(head.len())) {
        return Err(DISAGREEMENT);
    }
    let status = parsed.code.unwrap_or_default();
    let rest = head.get(BEFORE_REASON..).unwrap_or_default();
    let end = rest.iter().position(|&byte| byte == b'\r').unwrap_or_default();
    let (reason, lines) = rest.split_at_checked(end).unwrap_or_default();
    let reason = reason.strip_prefix(b" ").unwrap_or(reason);
    let headers = Headers::new(lines.strip_prefix(b"\r\n").unwrap_or_default());
    let facts = parsed.headers.iter().map(|header| (header.name, header.value)).collect();
    Ok(ParsedResponse { status, reason, version: version(parsed.version), headers, facts })
}

fn version(minor: Option<u8>) -> HttpVersion {
    if minor == Some(1) { HttpVersion::Http11 } else { HttpVersion::Http10 }
}

/// Returns whether a complete response head is interim, so that another follows.
pub(crate) fn is_interim(head: &[u8]) -> bool {
    // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to
    // a final response". 101 is the final response of an upgrade.
    let status = head.get(9..12).map_or("", ascii);
    status.starts_with('1') && status != "101"
}
