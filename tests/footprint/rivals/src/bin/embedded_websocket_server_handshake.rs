//! A server with `embedded-websocket`, and its handshake.

#![no_std]
#![no_main]

use rfc6455_footprint_rivals::embedded_websocket;

#[unsafe(no_mangle)]
extern "C" fn start() {
    embedded_websocket::serve(true);
}
