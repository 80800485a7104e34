//! Whole messages, on the heap and in slices, against the naive decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::messages;

fuzz_target!(|bytes: &[u8]| messages::any_stream_agrees_with_the_oracle(bytes));
