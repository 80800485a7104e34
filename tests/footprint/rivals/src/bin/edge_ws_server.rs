//! A server with `edge-ws`.

#![no_std]
#![no_main]

use rfc6455_footprint_rivals::edge_ws;

#[unsafe(no_mangle)]
extern "C" fn start() {
    edge_ws::run(edge_ws::echo(false));
}
