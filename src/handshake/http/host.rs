//! A host with an optional port, as in `Host` and in a URI.

use super::chars::ByteSet;

/// Splits `host [":" port]`; returns `None` for anything else.
///
/// RFC 9110 §7.2: `Host = uri-host [ ":" port ]`, with the `uri-host` of RFC 3986 §3.2.2, which may
/// not be empty here (RFC 9110 §4.2.1). The port may be empty.
pub(crate) fn split_host(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (host, port) = if bytes.starts_with(b"[") {
        let end = bytes.iter().position(|&byte| byte == b']')?;
        let (host, port) = bytes.split_at_checked(end.checked_add(1)?)?;
        let [b'[', inside @ .., b']'] = host else { return None };
        if inside.is_empty() || !inside.iter().all(|&byte| HOST.has(byte) || byte == b':') {
            return None;
        }
        (host, port)
    } else {
        let end = bytes.iter().position(|&byte| byte == b':').unwrap_or(bytes.len());
        let (host, port) = bytes.split_at_checked(end)?;
        if host.is_empty() || !host.iter().all(|&byte| HOST.has(byte)) {
            return None;
        }
        (host, port)
    };
    match port {
        [] => Some((host, None)),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => Some((host, Some(digits))),
        _ => None,
    }
}

/// `unreserved / pct-encoded / sub-delims` of RFC 3986.
static HOST: ByteSet = ByteSet::ALPHANUMERIC.and(b"-._~%!$&'()*+,;=");
