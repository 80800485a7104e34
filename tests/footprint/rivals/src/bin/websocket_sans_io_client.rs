//! A client with `websocket-sans-io`.

#![no_std]
#![no_main]

use rfc6455_footprint_rivals::websocket_sans_io;

#[unsafe(no_mangle)]
extern "C" fn start() {
    websocket_sans_io::echo(true);
}
