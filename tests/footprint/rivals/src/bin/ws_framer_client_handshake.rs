//! A client with `ws-framer`, and its handshake.

#![no_std]
#![no_main]

use rfc6455_footprint_rivals::ws_framer;

#[unsafe(no_mangle)]
extern "C" fn start() {
    ws_framer::echo(true, true);
}
