//! A client and a server, over any sequence of operations.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::peers;

fuzz_target!(|bytes: &[u8]| peers::two_peers_understand_each_other(bytes));
