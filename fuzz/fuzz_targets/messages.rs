//! Messages, whole and in chunks, on the heap and in slices, against the naive decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfc6455_fuzz::common::websocket;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    if choice & 1 == 0 {
        websocket::any_stream_agrees_with_the_oracle(bytes);
    } else {
        websocket::agrees_with_the_oracle(bytes);
    }
});
