//! Classes of bytes, and the search that the rest of the handshake is built on.

/// Whether `byte` may stand in a token.
///
/// These are the `tchar` of RFC 9110 §5.6.2: digits, letters, and fifteen others. They also make up
/// the `token` of RFC 2616, which RFC 6455 goes by.
pub(super) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z'
        | b'^'..=b'z' | b'|' | b'~')
}

/// Whether `bytes` is one token: not empty, and nothing but token bytes.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// `bytes` without the optional whitespace (space and tab) around it.
pub(super) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Where the first byte below `floor` is; `floor` is at most 128.
///
/// Eight bytes at a time: it is asked for control characters, which are rare.
pub(super) fn position_below(bytes: &[u8], floor: u8) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let floors = ONES.wrapping_mul(u64::from(floor));
    let mut at: usize = 0;
    for word in bytes.as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*word);
        // A byte below the floor borrows and so sets its high bit. A borrow can only spoil the
        // bytes above one that is itself a hit, so "no hit" is exact.
        if word.wrapping_sub(floors) & !word & HIGHS != 0 {
            break;
        }
        at = at.saturating_add(8);
    }
    bytes.get(at..)?.iter().position(|&byte| byte < floor).map(|found| at.saturating_add(found))
}

/// Copies as much of `from` as `to` has room for.
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// `bytes` as text; they are known to be ASCII, so the fallback is never seen.
pub(super) fn ascii(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
