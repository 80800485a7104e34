//! Several connections at once, and memory that serves one after the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::reuse;

fuzz_target!(|bytes: &[u8]| reuse::nothing_passes_from_one_connection_to_another(bytes));
