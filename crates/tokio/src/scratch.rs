//! Memory that the connections of a thread read into in turns.

use std::cell::Cell;

/// Its length in bytes: it fits the nearest cache but one, and takes a batch of short messages.
pub(crate) const LEN: usize = 32 << 10;

thread_local! {
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the memory, whose contents do not matter.
///
/// A transport that is a WebSocket too gets other memory.
pub(crate) fn with<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut scratch = SCRATCH.take().unwrap_or_else(|| vec![0; LEN].into_boxed_slice());
    let result = read(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}
