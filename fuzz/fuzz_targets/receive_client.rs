//! What a client receives, against the naive decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::properties;

fuzz_target!(|bytes: &[u8]| properties::any_stream_agrees_with_the_oracle(bytes, false));
