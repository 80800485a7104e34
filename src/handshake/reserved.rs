//! The headers that our caller adds to a head, and those that the caller must not set.

use super::error::HandshakeSendError;
use super::http::chars::is_token;
use super::http::write::is_header_value;

/// Checks headers, and refuses those that control the handshake or the length of the message.
pub(super) fn check_headers(
    headers: &[(&str, &str)],
    reserved: &[&str],
) -> Result<(), HandshakeSendError> {
    for (name, value) in headers {
        let (name, value) = (name.as_bytes(), value.as_bytes());
        if !is_token(name) {
            return Err(HandshakeSendError::InvalidHeaderName);
        }
        let is_reserved = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
        let ours =
            name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case(b"sec-websocket-"));
        if ours || FRAMING.iter().any(is_reserved) || reserved.iter().any(is_reserved) {
            return Err(HandshakeSendError::ReservedHeader);
        }
        if !is_header_value(value) {
            return Err(HandshakeSendError::InvalidHeaderValue);
        }
    }
    Ok(())
}

const FRAMING: [&str; 4] = ["connection", "upgrade", "content-length", "transfer-encoding"];
