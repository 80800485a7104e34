//! A client with its handshake, data as it arrives.

#![no_std]
#![no_main]

use rfc6455_footprint::work::{self, READ};

#[unsafe(no_mangle)]
extern "C" fn start() {
    let mut buf = [0; READ];
    if let Some((start, end)) = work::connect(&mut buf) {
        work::echo_chunks(work::client(), &mut buf, start, end);
    }
}
