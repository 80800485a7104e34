//! Properties of compression (RFC 7692), driven by proptest.

use crate::common;

use common::deflate::Compressor;
use common::deflating;
use common::hostile;
use common::wire::Frame;
use proptest::collection::vec;
use proptest::prelude::*;

fn times(factor: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases * factor, failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(times(2))]

    #[test]
    fn s7_2_1_what_is_sent_can_be_inflated(bytes in vec(any::<u8>(), 0..120)) {
        deflating::what_is_sent_can_be_inflated(&bytes);
    }

    #[test]
    fn s7_2_2_cuts_change_nothing(bytes in vec(any::<u8>(), 0..120)) {
        deflating::cuts_change_nothing(&bytes);
    }

    #[test]
    fn s10_4_hostile_blocks_cost_no_more_than_their_bytes(bytes in vec(any::<u8>(), 0..60)) {
        hostile::hostile_blocks_cost_no_more_than_their_bytes(&bytes);
    }

    #[test]
    fn s10_4_what_is_inflated_is_bounded_by_what_came(bytes in vec(any::<u8>(), 0..60)) {
        hostile::what_is_inflated_is_bounded_by_what_came(&bytes);
    }

    #[test]
    fn s7_2_2_any_stream_is_inflated_alike(
        choices in vec(any::<u8>(), 15..=15),
        payloads in vec((any::<[u8; 2]>(), vec(any::<u8>(), 0..30)), 0..4),
    ) {
        let mut bytes = choices;
        for ([first, change], payload) in payloads {
            let mut data = Compressor::new(i32::from(first % 10)).compress(&payload);
            let at = usize::from(change) % data.len();
            data[at] ^= change >> 7;
            let frame = Frame::new([0xC1, 0xC2, 0x41, 0x80][usize::from(first & 3)], data);
            let is_server = bytes[0] & 1 == 1;
            bytes.extend(if is_server { frame.masked([1, 2, 3, 4]) } else { frame }.bytes());
        }
        deflating::any_stream_is_inflated_alike(&bytes);
    }
}
