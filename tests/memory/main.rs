//! What is allocated, what is kept, and the sizes of types. One allocator counts for all of these tests.

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod allocator;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "alloc")]
mod retained;
mod sizes;
