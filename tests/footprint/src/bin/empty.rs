//! What every program has: a device to read from and to write to.

#![no_std]
#![no_main]

#[unsafe(no_mangle)]
extern "C" fn start() {
    let [byte] = rfc6455_footprint::random();
    rfc6455_footprint::write(&[byte]);
}
