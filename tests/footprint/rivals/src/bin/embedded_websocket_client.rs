//! A client with `embedded-websocket`.

#![no_std]
#![no_main]

use rfc6455_footprint_rivals::embedded_websocket;

#[unsafe(no_mangle)]
extern "C" fn start() {
    embedded_websocket::connect(false);
}
