//! The core tier: frames and what a connection makes of them (RFC 6455 §5 to §8).

#[path = "../common/mod.rs"]
mod common;

mod closing;
mod control;
mod headers;
mod limits;
mod loopback;
mod properties;
mod receive;
mod send;
mod timing;
mod values;
mod vectors;
