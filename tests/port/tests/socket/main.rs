//! The client and server over every kind of stream.

mod exchange;
mod faults;
mod handshake;
mod net;
mod split;
mod timing;

use net::{Kind, Wrapped};

/// Runs the cases that every kind of stream has to pass.
macro_rules! over {
    ($($name:ident: $tls:literal, $wrapped:ident, $compressed:literal;)*) => {$(
        mod $name {
            use super::{Kind, Wrapped, exchange, faults, handshake};

            const KIND: Kind =
                Kind { tls: $tls, wrapped: Wrapped::$wrapped, compressed: $compressed };

            #[test]
            fn messages_of_all_lengths_are_echoed() {
                exchange::messages_of_all_lengths_are_echoed(KIND);
            }

            #[test]
            fn fragments_are_joined_around_pings() {
                exchange::fragments_are_joined_around_pings(KIND);
            }

            #[test]
            fn pings_are_answered_both_ways() {
                exchange::pings_are_answered_both_ways(KIND);
            }

            #[test]
            fn either_end_closes() {
                exchange::either_end_closes(KIND);
            }

            #[test]
            fn a_full_queue_is_written() {
                exchange::a_full_queue_is_written(KIND);
            }

            #[test]
            fn violations_are_answered_and_reported() {
                faults::violations_are_answered_and_reported(KIND);
            }

            #[test]
            fn an_abrupt_end_is_abnormal() {
                faults::an_abrupt_end_is_abnormal(KIND);
            }

            #[test]
            fn frames_behind_the_heads_arrive() {
                handshake::frames_behind_the_heads_arrive(KIND);
            }

            #[test]
            fn a_subprotocol_is_agreed_on() {
                handshake::a_subprotocol_is_agreed_on(KIND);
            }
        }
    )*};
}

over! {
    tcp: false, No, false;
    tcp_compressed: false, No, true;
    tcp_bytewise: false, Bytewise, false;
    tcp_bytewise_compressed: false, Bytewise, true;
    tcp_interrupted: false, Interrupted, false;
    tcp_interrupted_compressed: false, Interrupted, true;
    tls: true, No, false;
    tls_compressed: true, No, true;
    tls_bytewise: true, Bytewise, false;
    tls_bytewise_compressed: true, Bytewise, true;
    tls_interrupted: true, Interrupted, false;
    tls_interrupted_compressed: true, Interrupted, true;
}
