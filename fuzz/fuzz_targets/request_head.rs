//! A request's head, as a server reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::handshake;

fuzz_target!(|bytes: &[u8]| handshake::any_request(bytes));
