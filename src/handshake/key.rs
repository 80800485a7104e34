//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.1, §4.2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::http::chars::ByteSet;

const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Returns the `Sec-WebSocket-Accept` value for `key`, the value of `Sec-WebSocket-Key`.
///
/// This is for servers whose HTTP stack does the rest; [`Upgrade::accept`](super::Upgrade::accept)
/// calls it for you. `key` is hashed without decoding; pass it without surrounding whitespace.
///
/// ```
/// let accept = rfc6455::handshake::accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(&accept, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[must_use]
pub fn accept_key(key: &[u8]) -> [u8; 28] {
    // RFC 6455 §4.2.2: "concatenating /key/, defined above in step 4 in Section 4.2.2, with the
    // string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", taking the SHA-1 hash of this concatenated
    // value to obtain a 20-byte value and base64-encoding (see Section 4 of [RFC4648]) this
    // 20-byte hash."
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    let mut accept = [0; 28];
    // Twenty bytes are always 28 characters, so this cannot fail.
    let _ = STANDARD.encode_slice(hash.finalize(), &mut accept);
    accept
}

/// Returns the `Sec-WebSocket-Key` value for `nonce`.
pub(super) fn encode_key(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    // Sixteen bytes are always 24 characters, so this cannot fail.
    let _ = STANDARD.encode_slice(nonce, &mut key);
    key
}

/// RFC 6455 §4.3: "base64-character = ALPHA | DIGIT | "+" | "/""
static BASE64: ByteSet = ByteSet::ALPHANUMERIC.and(b"+/");

/// Returns whether `key` is the base64 of sixteen bytes: 22 characters and two padding signs.
///
/// The last four bits of the 22 characters carry no data and should be zero. They are not checked,
/// because they are not zero in the example key of RFC 6455 §4.1.
pub(super) fn is_key(key: &[u8]) -> bool {
    match key.split_last_chunk() {
        Some((characters, b"==")) => {
            characters.len() == 22 && characters.iter().all(|&byte| BASE64.has(byte))
        }
        _ => false,
    }
}
