//! The test programs in one, so that only one is linked for each mutant.
//!
//! Left out are `examples`, which needs the examples as programs, and `traceability`, which reads the
//! sources.

#[path = "../common/mod.rs"]
mod common;
#[path = "../deflate/main.rs"]
mod deflate;
#[path = "../frames/main.rs"]
mod frames;
#[path = "../handshake/main.rs"]
mod handshake;
#[path = "../memory/main.rs"]
mod memory;
#[path = "../messages/main.rs"]
mod messages;
