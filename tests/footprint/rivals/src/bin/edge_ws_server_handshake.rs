//! A server with `edge-ws`, and the handshake of `edge-http`.

#![no_std]
#![no_main]

use rfc6455_footprint_rivals::edge_ws;

#[unsafe(no_mangle)]
extern "C" fn start() {
    edge_ws::run(async {
        if edge_ws::accept().await.is_some() {
            edge_ws::echo(false).await;
        }
    });
}
