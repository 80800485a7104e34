//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.1, §4.2.2).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};

const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The alphabet and the padding are strict. The four bits left over behind the sixteenth byte are
/// not looked at, because the example key that RFC 6455 §4.1 prints has one of them set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The value of `Sec-WebSocket-Accept` that answers `key`, the value of `Sec-WebSocket-Key`.
///
/// For servers whose HTTP stack does the rest; [`Upgrade::accept`](super::Upgrade::accept) calls
/// it by itself. `key` is hashed as it stands: without the whitespace around it, and not decoded.
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
    let _ = BASE64.encode_slice(hash.finalize(), &mut accept);
    accept
}

/// The value of `Sec-WebSocket-Key` that carries `nonce`.
pub(super) fn encode_key(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    // Sixteen bytes are always 24 characters, so this cannot fail.
    let _ = BASE64.encode_slice(nonce, &mut key);
    key
}

/// Whether `key` is the base64 of sixteen bytes.
pub(super) fn is_key(key: &[u8]) -> bool {
    // 24 characters decode to at most 18 bytes, and only those with two signs of padding to 16.
    let mut nonce = [0; 18];
    key.len() == 24 && matches!(BASE64.decode_slice(key, &mut nonce), Ok(16))
}
