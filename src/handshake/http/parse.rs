//! Splits a complete head into its parts.
//!
//! The [scan](super::scan) has already checked every byte, so each part ends at the next separator.

use super::chars::split_at_byte;
use super::error::HeadError;
use super::headers::Headers;
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

/// The error for a head that the scan did not accept; that never happens.
const UNSCANNED: HeadError = HeadError::InvalidStartLine;

#[derive(Debug)]
pub(crate) struct ParsedRequest<'h> {
    pub(crate) method: &'h [u8],
    pub(crate) target: &'h [u8],
    pub(crate) version: HttpVersion,
    pub(crate) headers: Headers<'h>,
}

#[derive(Debug)]
pub(crate) struct ParsedResponse<'h> {
    pub(crate) status: u16,
    pub(crate) reason: &'h [u8],
    pub(crate) version: HttpVersion,
    pub(crate) headers: Headers<'h>,
}

/// Parses the complete head of a request.
pub(crate) fn parse_request(head: &[u8]) -> Result<ParsedRequest<'_>, HeadError> {
    fuel::burn(head.len());
    let (line, headers) = split_start_line(head).ok_or(UNSCANNED)?;
    let (method, line) = split_at_byte(line, b' ').ok_or(UNSCANNED)?;
    let (target, version) = split_at_byte(line, b' ').ok_or(UNSCANNED)?;
    Ok(ParsedRequest { method, target, version: version_of(version), headers })
}

/// Parses the complete head of a response.
pub(crate) fn parse_response(head: &[u8]) -> Result<ParsedResponse<'_>, HeadError> {
    fuel::burn(head.len());
    let (line, headers) = split_start_line(head).ok_or(UNSCANNED)?;
    let (version, line) = split_at_byte(line, b' ').ok_or(UNSCANNED)?;
    let (digits, reason) = line.split_first_chunk::<3>().ok_or(UNSCANNED)?;
    let digit = |status: u16, byte: &u8| {
        status.wrapping_mul(10).wrapping_add(u16::from(byte.wrapping_sub(b'0')))
    };
    Ok(ParsedResponse {
        status: digits.iter().fold(0, digit),
        reason: reason.strip_prefix(b" ").unwrap_or_default(),
        version: version_of(version),
        headers,
    })
}

/// Splits the start line from the header lines.
fn split_start_line(head: &[u8]) -> Option<(&[u8], Headers<'_>)> {
    let (line, rest) = split_at_byte(head, b'\r')?;
    Some((line, Headers::new(rest.strip_prefix(b"\n")?)))
}

fn version_of(version: &[u8]) -> HttpVersion {
    if version == b"HTTP/1.1" { HttpVersion::Http11 } else { HttpVersion::Http10 }
}

/// Returns whether a complete response head is interim, so that another follows.
pub(crate) fn is_interim(head: &[u8]) -> bool {
    // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to
    // a final response". 101 is the final response of an upgrade.
    matches!(head.get(9..12), Some(status) if status.starts_with(b"1") && status != b"101")
}
