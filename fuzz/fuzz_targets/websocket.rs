//! Two ends that send and read at random.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::two_ends;

fuzz_target!(|bytes: &[u8]| two_ends::two_ends_agree(bytes));
