//! UTF-8 cut at every place, against the standard library.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::properties;

fuzz_target!(|bytes: &[u8]| properties::check_utf8(bytes));
