//! The same stream to this crate and to wslay.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::compare;

fuzz_target!(|bytes: &[u8]| compare::with_wslay(bytes));
