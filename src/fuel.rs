//! Counts the bytes that are touched, so that tests can measure what each byte from a peer costs.
//!
//! Every loop over a peer's bytes, and every fixed amount of work that stands for such a loop,
//! burns as much fuel as it touches bytes. The tests compare the fuel burnt with the bytes that
//! came in and went out. Without the feature `fuel`, nothing is counted.

#[cfg(feature = "fuel")]
use core::cell::Cell;

#[cfg(feature = "fuel")]
std::thread_local! {
    static BURNT: Cell<u64> = const { Cell::new(0) };
    static INFLATED: Cell<u64> = const { Cell::new(0) };
}

/// The fixed cost of a library call or of a header, however few bytes it is for.
#[cfg(feature = "deflate")]
pub(crate) const CALL: usize = 8;

/// Counts `bytes` as touched.
#[inline(always)]
pub(crate) fn burn(bytes: usize) {
    #[cfg(feature = "fuel")]
    BURNT.with(|burnt| burnt.set(burnt.get().wrapping_add(bytes as u64)));
    #[cfg(not(feature = "fuel"))]
    let _ = bytes;
}

/// Counts a call of the inflater that consumed and produced this many bytes.
#[cfg(feature = "deflate")]
pub(crate) fn burn_inflating(taken: usize, given: usize) {
    burn(CALL.saturating_add(taken).saturating_add(given));
    #[cfg(feature = "fuel")]
    INFLATED.with(|inflated| inflated.set(inflated.get().wrapping_add(given as u64)));
}

/// Returns the bytes that this thread touched, and those that it inflated, since the last call.
#[cfg(feature = "fuel")]
#[must_use]
pub fn take() -> (u64, u64) {
    (BURNT.with(|burnt| burnt.replace(0)), INFLATED.with(|inflated| inflated.replace(0)))
}
