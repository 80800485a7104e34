//! Properties of compression (RFC 7692), driven by proptest.
#![cfg(feature = "deflate")]

mod common;

use common::deflating;
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
}
