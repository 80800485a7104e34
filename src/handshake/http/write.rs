//! Writes heads, completely or not at all.

use core::mem;

use super::chars::trim_ows;
use super::error::OutputTooSmall;
use crate::bytes::copy;

/// Counts the output, and writes as much of it as fits.
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

/// Lets `emit` write into `out` if the whole output fits; otherwise leaves `out` unchanged.
pub(crate) fn all_or_nothing(
    out: &mut [u8],
    emit: impl Fn(&mut Writer<'_>),
) -> Result<usize, OutputTooSmall> {
    let mut count = Writer { room: &mut [], len: 0 };
    emit(&mut count);
    let needed = count.len;
    let room = out.get_mut(..needed).ok_or(OutputTooSmall { needed })?;
    emit(&mut Writer { room, len: 0 });
    Ok(needed)
}

/// Returns whether `value` is valid as the value of a header.
pub(crate) fn is_header_value(value: &[u8]) -> bool {
    // RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous"
    let clean = |&byte: &u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    value.iter().all(clean) && trim_ows(value).len() == value.len()
}
