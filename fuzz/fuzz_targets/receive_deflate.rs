//! What either end receives compressed, against another inflater.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::deflating;

fuzz_target!(|bytes: &[u8]| deflating::any_stream_is_inflated_alike(bytes));
