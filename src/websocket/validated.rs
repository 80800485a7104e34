//! From bytes that were validated as they arrived to a `str`.
//!
//! Text that was read in pieces is validated piece by piece, and ASCII while it is unmasked. Safe Rust
//! has no use for that knowledge: it scans all of the bytes again to make a `str`. The feature
//! `unchecked-utf8` replaces the scan by the only `unsafe` code of this crate.

#[cfg(not(feature = "unchecked-utf8"))]
use crate::utf8::to_str;

/// Returns these bytes as a `str`: by a scan, or at no cost with the feature `unchecked-utf8`.
///
/// They must be UTF-8. This holds because the only callers are [`Text`](super::Text) and
/// `Utf8Bytes`, whose bytes nothing can change, and whose constructors take only
/// - a `str` or a `String`;
/// - bytes that a scan of all of them has accepted, or that unmasking has seen to be all ASCII;
/// - a text message of which [`Utf8`](crate::Utf8) has accepted every piece, in order, up to a
///   boundary of code points. The pieces lie in memory that the `Receiver` owns or borrows
///   exclusively. What it lends to be read into begins behind them.
///
/// Builds with debug assertions scan the bytes; the tests and the fuzzers are such builds.
#[cfg_attr(
    feature = "unchecked-utf8",
    allow(unsafe_code, reason = "the feature is a request for it")
)]
#[inline]
pub(super) fn as_str(bytes: &[u8]) -> &str {
    #[cfg(feature = "unchecked-utf8")]
    {
        debug_assert!(core::str::from_utf8(bytes).is_ok(), "text that is not UTF-8");
        // SAFETY: the bytes are UTF-8, as the documentation of this function shows.
        unsafe { core::str::from_utf8_unchecked(bytes) }
    }
    #[cfg(not(feature = "unchecked-utf8"))]
    to_str(bytes).unwrap_or_default()
}
