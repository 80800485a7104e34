//! The layer over everything: messages, buffers, the queue, answers and time.

use crate::common::{self, oracle, vectors, websocket};
use proptest::collection::vec;
use proptest::prelude::*;
use rfc6455::WebSocket;
use rfc6455::websocket::{Config, Event, Message};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn s5_4_a_websocket_agrees_with_the_oracle(bytes in vec(any::<u8>(), 0..300)) {
        websocket::agrees_with_the_oracle(&bytes);
    }

    #[test]
    fn s5_4_a_websocket_agrees_with_the_oracle_on_any_stream(bytes in vec(any::<u8>(), 0..60)) {
        websocket::any_stream_agrees_with_the_oracle(&bytes);
    }

    #[test]
    fn s6_two_websockets_agree_however_they_send_and_read(bytes in vec(any::<u8>(), 0..400)) {
        websocket::two_ends_agree(&bytes);
    }
}

#[test]
fn every_vector_agrees_with_the_oracle_however_cut() {
    for vector in vectors::all().iter().filter(|vector| !vector.rsv1) {
        for server in &vector.roles {
            let (setting, wire) = (vector.setting(*server), vector.wire(*server).bytes);
            let outcome = oracle::decode(&wire, &setting);
            let step = if wire.len() < 700 { 1 } else { wire.len() / 7 + 1 };
            for above in [u64::MAX, 0, 5] {
                for pieces in [wire.chunks(step).collect(), vec![&wire[..]]] {
                    let config = websocket::config(setting.limits).stream_above(above);
                    let memory = [Vec::new(), Vec::new()];
                    let report = websocket::run(&setting, config, memory, pieces);
                    common::messages::assert_agrees(&report, &outcome);
                }
            }
        }
    }
}

#[test]
fn a_message_is_echoed_while_it_is_borrowed() {
    let mut ws = WebSocket::server(Config::DEFAULT);
    let arrived = b"\x81\x82\x01\x02\x03\x04\x49\x6B";
    ws.read_buf()[..8].copy_from_slice(arrived);
    ws.received(8).unwrap();
    let (event, tx) = ws.next().unwrap().unwrap();
    let Event::Message(message @ Message::Text(text)) = event else { panic!() };
    assert_eq!(text, "Hi");
    tx.send(message).unwrap();
    assert!(ws.next().unwrap().is_none());
    assert_eq!(ws.transmit(), b"\x81\x02Hi");
}
