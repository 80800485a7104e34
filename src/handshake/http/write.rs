//! Heads as we write them: checked, and all or nothing.

use core::mem;

use super::chars::{is_token, trim_ows};
use crate::bytes::copy;
use crate::handshake::error::HandshakeSendError;

/// Counts what is put, and writes as much of it as there is room for.
pub(crate) struct Writer<'o> {
    room: &'o mut [u8],
    len: usize,
}

impl Writer<'_> {
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len());
        if let Some((here, rest)) = mem::take(&mut self.room).split_at_mut_checked(bytes.len()) {
            copy(bytes, here);
            self.room = rest;
        }
    }

    pub(crate) fn header(&mut self, name: &[u8], value: &[u8]) {
        self.put(name);
        self.put(b": ");
        self.put(value);
        self.put(b"\r\n");
    }

    pub(crate) fn headers(&mut self, headers: &[(&str, &str)]) {
        for (name, value) in headers {
            self.header(name.as_bytes(), value.as_bytes());
        }
    }
}

/// Lets `emit` write into `out` if all of it fits; otherwise `out` stays as it is.
pub(crate) fn all_or_nothing(
    out: &mut [u8],
    emit: impl Fn(&mut Writer<'_>),
) -> Result<usize, HandshakeSendError> {
    let mut count = Writer { room: &mut [], len: 0 };
    emit(&mut count);
    let needed = count.len;
    let room = out.get_mut(..needed).ok_or(HandshakeSendError::BufferTooSmall { needed })?;
    emit(&mut Writer { room, len: 0 });
    Ok(needed)
}

/// Headers that decide about the handshake or about the end of the message are not the caller's.
pub(crate) fn check_headers(
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

fn is_header_value(value: &[u8]) -> bool {
    // RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous"
    let clean = |&byte: &u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    value.iter().all(clean) && trim_ows(value).len() == value.len()
}
