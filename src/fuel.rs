//! Counts the bytes that are touched, for tests of what a peer's byte costs.
//!
//! Every loop over a peer's bytes, and every fixed amount of work that stands for one, burns as
//! much fuel as it touches bytes. The tests compare what was burnt with what came in and went out.
//! Without the feature `fuel`, nothing is counted.

#[cfg(feature = "fuel")]
use core::cell::Cell;

#[cfg(feature = "fuel")]
std::thread_local! {
    static BURNT: Cell<u64> = const { Cell::new(0) };
    static INFLATED: Cell<u64> = const { Cell::new(0) };
}

/// A call of a library, or a header: what it costs however few bytes it is for.
#[cfg(feature = "deflate")]
pub(crate) const CALL: usize = 8;

/// Counts `bytes` that are touched now.
#[inline(always)]
pub(crate) fn burn(bytes: usize) {
    #[cfg(feature = "fuel")]
    BURNT.with(|burnt| burnt.set(burnt.get().wrapping_add(bytes as u64)));
    #[cfg(not(feature = "fuel"))]
    let _ = bytes;
}

/// Counts a call of the inflater, which has taken and given so many bytes.
#[cfg(feature = "deflate")]
pub(crate) fn burn_inflating(taken: usize, given: usize) {
    burn(CALL.saturating_add(taken).saturating_add(given));
    #[cfg(feature = "fuel")]
    INFLATED.with(|inflated| inflated.set(inflated.get().wrapping_add(given as u64)));
}

/// Returns how many bytes this thread has touched since it was last asked, and how many have come
/// out of an inflater.
#[cfg(feature = "fuel")]
#[must_use]
pub fn take() -> (u64, u64) {
    (BURNT.with(|burnt| burnt.replace(0)), INFLATED.with(|inflated| inflated.replace(0)))
}
