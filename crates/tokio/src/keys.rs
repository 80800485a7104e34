//! Masking keys and nonces (RFC 6455 §5.3, §4.1).

use rfc6455::MaskingKeys;

/// The source of a client's masking keys: a cryptographic generator for each thread, which the
/// operating system seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys;

impl MaskingKeys for Keys {
    fn next_key(&mut self) -> [u8; 4] {
        rand::random()
    }
}

/// Returns sixteen fresh bytes for `Sec-WebSocket-Key`.
pub(crate) fn nonce() -> [u8; 16] {
    rand::random()
}
