//! Code that the tests share. It uses no test harness, so fuzz targets can include it by path.
#![allow(dead_code, unreachable_pub, missing_docs)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::mut_mut,
    clippy::new_without_default,
    clippy::option_option,
    clippy::similar_names,
    clippy::too_many_lines
)]

#[cfg(feature = "deflate")]
pub mod blocks;
#[cfg(feature = "deflate")]
pub mod deflate;
#[cfg(feature = "deflate")]
pub mod deflating;
pub mod driver;
pub mod end;
pub mod fuel;
#[cfg(feature = "handshake")]
pub mod handshake;
#[cfg(feature = "handshake")]
pub mod heads;
#[cfg(feature = "deflate")]
pub mod hostile;
#[cfg(feature = "deflate")]
pub mod inflated;
#[cfg(feature = "alloc")]
pub mod messages;
pub mod oracle;
pub mod peers;
pub mod properties;
pub mod refusals;
#[cfg(feature = "alloc")]
pub mod reuse;
pub mod sending;
pub mod source;
#[cfg(feature = "alloc")]
pub mod two_ends;
pub mod vectors;
#[cfg(feature = "alloc")]
pub mod websocket;
pub mod wire;
