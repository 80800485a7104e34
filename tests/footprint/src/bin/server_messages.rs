//! A server, whole messages over slices.

#![no_std]
#![no_main]

use rfc6455::Server;
use rfc6455_footprint::work;

#[unsafe(no_mangle)]
extern "C" fn start() {
    work::echo_messages(Server);
}
