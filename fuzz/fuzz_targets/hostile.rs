//! What an attacker compresses: what it costs, and what comes out of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::hostile;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    if choice & 1 == 0 {
        hostile::hostile_blocks_cost_no_more_than_their_bytes(bytes);
    } else {
        hostile::what_is_inflated_is_bounded_by_what_came(bytes);
    }
});
