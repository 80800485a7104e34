//! The stream over pipes of every kind.

mod cancel;
mod closing;
mod deadlines;
mod exchange;
mod handshake;
mod peers;
mod pipe;
mod split;
#[cfg(feature = "rustls")]
mod tls;
