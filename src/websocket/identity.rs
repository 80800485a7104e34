//! Which halves are of one connection.

use core::sync::atomic::{AtomicU32, Ordering};

/// The number of a connection that was split, unique among the latest 2^32 in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u32);

impl Identity {
    /// Returns a number that no other connection has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
