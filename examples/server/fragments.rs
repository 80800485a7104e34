//! Splits messages into bounded fragments, so that compression needs little memory.

use std::{iter, mem};

use rfc6455::{Fragment, Message};

/// The longest payload that is compressed at once.
const LONGEST: usize = 64 << 10;

/// Splits a message into fragments; a short one stays whole.
pub(crate) fn fragments(message: Message<'_>) -> impl Iterator<Item = Fragment<'_>> {
    let mut rest = Some(message);
    let mut first = true;
    iter::from_fn(move || {
        let (piece, tail) = split(rest.take()?);
        rest = Some(tail).filter(|tail| !tail.as_bytes().is_empty());
        let fragment = Fragment::from(piece);
        Some(match (mem::take(&mut first), rest.is_none()) {
            (true, true) => fragment,
            (true, false) => fragment.first(),
            (false, false) => fragment.middle(),
            (false, true) => fragment.last(),
        })
    })
}

/// Splits text between two code points, and bytes anywhere.
fn split(message: Message<'_>) -> (Message<'_>, Message<'_>) {
    match message {
        Message::Text(text) => {
            let mut end = text.len().min(LONGEST);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let (piece, tail) = text.split_at(end);
            (Message::Text(piece), Message::Text(tail))
        }
        Message::Binary(bytes) => {
            let (piece, tail) = bytes.split_at(bytes.len().min(LONGEST));
            (Message::Binary(piece), Message::Binary(tail))
        }
    }
}
