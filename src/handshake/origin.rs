//! Origins: their syntax and their comparison (RFC 6454).

use super::http::host::split_host;

/// An origin that is a tuple of scheme, host and port (RFC 6454 §4).
#[derive(Clone, Copy)]
struct Origin<'a> {
    scheme: &'a [u8],
    host: &'a [u8],
    /// `None` if it is not given and the scheme has no known default.
    port: Option<u16>,
}

impl<'a> Origin<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let colon = bytes.iter().position(|&byte| byte == b':')?;
        let (scheme, rest) = bytes.split_at_checked(colon)?;
        if !is_scheme(scheme) {
            return None;
        }
        let (host, port) = split_host(rest.strip_prefix(b"://")?)?;
        let port = match port {
            Some(digits) => Some(core::str::from_utf8(digits).ok()?.parse().ok()?),
            None => default_port(scheme),
        };
        Some(Self { scheme, host, port })
    }
}

fn is_scheme(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn default_port(scheme: &[u8]) -> Option<u16> {
    let is = |known: &[u8]| scheme.eq_ignore_ascii_case(known);
    if is(b"https") || is(b"wss") {
        Some(443)
    } else if is(b"http") || is(b"ws") {
        Some(80)
    } else {
        None
    }
}

/// The origins without a host, which browsers send for sandboxed frames and local files.
const WITHOUT_HOST: [&[u8]; 2] = [b"null", b"file://"];

/// Returns whether `origin` equals `allowed`.
///
/// Two origins are equal if scheme, host and port are (RFC 6454 §5), or if both are the same name
/// of an origin without a host. A list, or anything else that is not an origin, equals nothing,
/// not even itself.
pub(super) fn is_allowed(origin: &[u8], allowed: &[u8]) -> bool {
    if WITHOUT_HOST.contains(&allowed) {
        return origin == allowed;
    }
    let (Some(a), Some(b)) = (Origin::parse(origin), Origin::parse(allowed)) else { return false };
    a.scheme.eq_ignore_ascii_case(b.scheme)
        && a.host.eq_ignore_ascii_case(b.host)
        && a.port == b.port
}

/// Returns whether a client may send `bytes` as its `Origin` (RFC 6454 §7.1).
pub(super) fn is_origin(bytes: &[u8]) -> bool {
    bytes == b"null" || Origin::parse(bytes).is_some()
}
