//! A server, whole messages on the heap.

#![no_std]
#![no_main]

use rfc6455_footprint::work;

#[unsafe(no_mangle)]
extern "C" fn start() {
    work::echo_heap();
}
