//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.1, §4.2.2).

use super::http::chars::ByteSet;
#[cfg(not(feature = "sha1"))]
use super::sha1::sha1;

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
    base64(&sha1(key, GUID))
}

/// Returns the hash of two pieces, one behind the other.
#[cfg(feature = "sha1")]
fn sha1(first: &[u8], second: &[u8]) -> [u8; 20] {
    use sha1::{Digest, Sha1};

    Sha1::new_with_prefix(first).chain_update(second).finalize().into()
}

/// Returns the `Sec-WebSocket-Key` value for `nonce`.
pub(super) fn encode_key(nonce: [u8; 16]) -> [u8; 24] {
    base64(&nonce)
}

/// Encodes `bytes` in base64 (RFC 4648 §4), which takes `N` characters with the padding.
#[inline(always)]
fn base64<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut text = [b'='; N];
    encode(bytes, &mut text);
    text
}

/// Encodes `bytes` in base64 into `text`, which is full of padding.
fn encode(bytes: &[u8], text: &mut [u8]) {
    for (four, three) in text.as_chunks_mut::<4>().0.iter_mut().zip(bytes.chunks(3)) {
        let at = |index: usize| three.get(index).copied().unwrap_or(0);
        let mut bits = u32::from_be_bytes([at(0), at(1), at(2), 0]);
        // Three bytes are four characters, two are three, and one is two.
        for place in four.iter_mut().take(three.len().saturating_add(1)) {
            let [first, ..] = bits.to_be_bytes();
            *place = character(first >> 2);
            bits <<= 6;
        }
    }
}

/// Returns the character of base64 for a number below 64.
const fn character(six: u8) -> u8 {
    match six {
        0..26 => b'A'.wrapping_add(six),
        26..52 => b'a'.wrapping_add(six.wrapping_sub(26)),
        52..62 => b'0'.wrapping_add(six.wrapping_sub(52)),
        62 => b'+',
        _ => b'/',
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine;
    use ::base64::engine::general_purpose::STANDARD;

    /// The key of a nonce is 24 characters long, and the hash of a key is 28.
    #[test]
    fn s4_2_2_keys_and_hashes_are_encoded_as_by_the_crate_base64() {
        for seed in 0..=u8::MAX {
            let mut bytes = [0_u8; 20];
            for (place, at) in bytes.iter_mut().zip(1..) {
                *place = seed.wrapping_mul(at).wrapping_add(at << 4);
            }
            let (nonce, rest) = bytes.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
            assert_eq!(rest.len(), 4);
            assert_eq!(encode_key(*nonce), *STANDARD.encode(nonce).as_bytes());
            assert_eq!(base64::<28>(&bytes), *STANDARD.encode(bytes).as_bytes());
        }
    }
}
