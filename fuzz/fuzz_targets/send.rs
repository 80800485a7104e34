//! Everything that a caller can ask for, into buffers of any size, against a model.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::refusals;

fuzz_target!(|bytes: &[u8]| refusals::a_refused_send_changes_nothing(bytes));
