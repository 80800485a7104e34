//! A server, data as it arrives.

#![no_std]
#![no_main]

use rfc6455::Server;
use rfc6455_footprint::work::{self, READ};

#[unsafe(no_mangle)]
extern "C" fn start() {
    let mut buf = [0; READ];
    work::echo_chunks(Server, &mut buf, 0, 0);
}
