//! What is sent is what is received.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::sending;

fuzz_target!(|bytes: &[u8]| sending::what_is_sent_is_received_after_a_short_buffer(bytes));
