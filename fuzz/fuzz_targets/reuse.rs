//! Several connections that share buffers and inflaters, as they should and not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::reuse;

fuzz_target!(|bytes: &[u8]| reuse::nothing_passes_from_one_connection_to_another(bytes));
