//! Random messages: from very compressible to noise, with code points of every width.

use fastrand::Rng;

/// A message to be echoed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(String),
    Binary(Vec<u8>),
}

impl Message {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

const POOL: [&str; 8] =
    ["a", " the words that come again", "é", "€", "😀", "{\"key\": 1}", "\0", "~"];

/// Returns one message, of at most 64 KiB and a little.
pub(crate) fn random(rng: &mut Rng) -> Message {
    let below = [1, 2, 60, 130, 700, 4000, 65536][rng.usize(..7)];
    let len = rng.usize(..below);
    if rng.bool() {
        let (mut text, mut at, step) = (String::new(), rng.usize(..POOL.len()), rng.usize(..3));
        while text.len() < len {
            text += POOL[at % POOL.len()];
            at += step;
        }
        Message::Text(text)
    } else {
        let kinds: usize = [1, 4, 256][rng.usize(..3)];
        let byte = |at: usize, rng: &mut Rng| {
            let value = if kinds == 1 { at / 9 } else { rng.usize(..kinds) };
            value.to_le_bytes()[0]
        };
        Message::Binary((0..len).map(|at| byte(at, rng)).collect())
    }
}

/// Returns a text of `len` bytes with code points of every width.
pub(crate) fn text(len: usize) -> String {
    let mut text = "aé€😀".repeat(len / 10);
    text.extend(std::iter::repeat_n('.', len - text.len()));
    text
}
