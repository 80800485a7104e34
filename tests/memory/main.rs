//! What is allocated, what is kept, and the sizes of types.

#[path = "../common/mod.rs"]
mod common;

mod allocations;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "alloc")]
mod held;
#[cfg(feature = "bytes")]
mod owned;
#[cfg(feature = "alloc")]
mod retained;
mod sizes;
