//! `Sec-WebSocket-Extensions`, and the negotiation of compression.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::handshake;

fuzz_target!(|bytes: &[u8]| handshake::extensions_are_read_by_the_grammar(bytes));
