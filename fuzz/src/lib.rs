//! What the fuzz targets call: the properties that the crate's own tests check too, and other
//! codecs on the same streams.

#[path = "../../tests/common/mod.rs"]
pub mod common;
pub mod compare;
pub mod differences;
mod tungstenite;
pub mod verdict;
#[cfg(feature = "wslay")]
mod wslay;
