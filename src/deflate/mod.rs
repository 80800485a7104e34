//! Compression of messages: permessage-deflate (RFC 7692), without I/O, in bounded steps.

mod agreement;
mod deflater;
#[cfg(feature = "handshake")]
mod handshake;
mod inflater;
mod params;
mod policy;

pub use agreement::{Agreement, HeaderText};
pub use deflater::{Deflater, Outgoing};
pub use inflater::Inflater;
pub(crate) use inflater::Step;
pub use params::Params;
pub use policy::Policy;
