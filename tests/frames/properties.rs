//! The properties of `common`, driven by proptest. A fuzzer drives the same bodies.

use crate::common;

use std::collections::BTreeMap;

#[cfg(feature = "alloc")]
use common::reuse;
use common::source::Scenario;
use common::{oracle, peers, properties, refusals, sending};
use proptest::collection::vec;
use proptest::prelude::*;

/// So many times as many cases as proptest would take by default, or as `PROPTEST_CASES` says.
fn times(factor: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases * factor, failure_persistence: None, ..config }
}

#[cfg(feature = "alloc")]
proptest! {
    #![proptest_config(times(12))]

    #[test]
    fn s5_4_nothing_passes_from_one_connection_to_another(bytes in vec(any::<u8>(), 0..200)) {
        reuse::nothing_passes_from_one_connection_to_another(&bytes);
    }
}

proptest! {
    #![proptest_config(times(6))]

    #[test]
    fn s5_receiving_agrees_with_the_oracle(bytes in vec(any::<u8>(), 0..400)) {
        properties::receiving_agrees_with_the_oracle(&bytes);
    }

    #[test]
    fn s5_any_stream_agrees_with_the_oracle(
        bytes in vec(any::<u8>(), 0..60),
        server in any::<bool>(),
    ) {
        properties::any_stream_agrees_with_the_oracle(&bytes, server);
    }

    #[test]
    fn s5_4_cuts_change_nothing(bytes in vec(any::<u8>(), 0..200)) {
        properties::cuts_change_nothing(&bytes);
    }

    #[test]
    fn s7_1_7_a_violation_is_detected_at_its_first_byte(bytes in vec(any::<u8>(), 0..300)) {
        properties::a_violation_is_detected_at_its_first_byte(&bytes);
    }

    #[test]
    fn s7_1_7_after_the_end_nothing_happens(bytes in vec(any::<u8>(), 0..300)) {
        properties::after_the_end_nothing_happens(&bytes);
    }

    #[test]
    fn s5_4_control_frames_change_no_message(bytes in vec(any::<u8>(), 0..150)) {
        properties::control_frames_change_no_message(&bytes);
    }

    #[test]
    fn s8_1_delivered_text_is_utf8(bytes in vec(any::<u8>(), 0..300)) {
        properties::delivered_text_is_utf8(&bytes);
    }

    #[test]
    fn s10_nothing_panics(bytes in vec(any::<u8>(), 0..300)) {
        properties::nothing_panics(&bytes);
    }

    #[test]
    fn s8_1_utf8_agrees_with_the_standard_library(bytes in vec(any::<u8>(), 0..120)) {
        properties::utf8_agrees_with_the_standard_library(&bytes);
    }

    #[test]
    fn s5_3_masking_is_the_definition(bytes in vec(any::<u8>(), 0..3000)) {
        properties::masking_is_the_definition(&bytes);
    }

    #[test]
    fn s6_what_is_sent_is_received(bytes in vec(any::<u8>(), 0..200)) {
        sending::what_is_sent_is_received(&bytes);
    }

    #[test]
    fn s6_1_refused_sends_change_nothing(bytes in vec(any::<u8>(), 0..300)) {
        refusals::refused_sends_change_nothing(&bytes);
    }

    #[test]
    fn s7_1_two_peers_understand_each_other(bytes in vec(any::<u8>(), 0..400)) {
        peers::two_peers_understand_each_other(&bytes);
    }
}

proptest! {
    #![proptest_config(times(2))]

    #[test]
    fn s5_4_every_prefix_is_judged_by_itself(bytes in vec(any::<u8>(), 0..150)) {
        properties::every_prefix_is_judged_by_itself(&bytes);
    }
}

#[test]
fn s5_3_masking_is_right_for_every_alignment_and_short_length() {
    let payload: Vec<u8> = (0..70_u8).map(|i| i.wrapping_mul(37)).collect();
    for (offset, len) in (0..8).flat_map(|offset| (0..=70).map(move |len| (offset, len))) {
        for cut in 0..=len {
            properties::check_mask(&payload[..len], [0x12, 0x34, 0x56, 0x78], offset, cut);
        }
    }
}

#[test]
fn s8_1_every_code_point_is_taken_and_every_other_encoding_refused() {
    for c in (0..=u32::from(char::MAX)).step_by(13).filter_map(char::from_u32) {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        let mut text = rfc6455::Utf8::new();
        assert_eq!(text.validate(bytes), Ok(()));
        assert!(text.is_boundary());
    }
    // All sequences of two bytes, and of three and four with a lead that could begin them.
    for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |s| (first, s))) {
        for rest in [&[][..], &[0x80], &[0xBF, 0x80], &[0x7F], &[0xBF, 0xC0], &[0x80, 0xFF]] {
            properties::check_utf8(&[&[first, second], rest].concat());
        }
    }
}

/// Bytes that are the same in each run.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn the_streams_of_the_properties_break_every_rule_and_keep_them_too() {
    let mut seen = BTreeMap::new();
    for seed in 0..12_000 {
        let Scenario { setting, stream, .. } = Scenario::new(&noise(seed, 250));
        let outcome = oracle::decode(&stream, &setting);
        for rule in outcome.fails.map_or(vec!["none"], |(rules, _)| rules) {
            *seen.entry(rule).or_insert(0) += 1;
        }
        if outcome.closed {
            *seen.entry("closed").or_insert(0) += 1;
        }
        if outcome.events.len() >= 4 {
            *seen.entry("several events").or_insert(0) += 1;
        }
    }
    assert_eq!(seen.len(), 19 + 3, "{seen:#?}");
    assert!(seen.values().all(|times| *times >= 10), "{seen:#?}");
    assert!(seen["several events"] > 5000, "{seen:#?}");
}
