//! The work of the programs with each other codec: echo what arrives, answer Pings and the Close.

#![cfg(feature = "device")]
#![no_std]

pub mod edge_ws;
pub mod embedded_websocket;
pub mod websocket_sans_io;
pub mod ws_framer;
