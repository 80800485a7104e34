//! What a value costs (DESIGN: an open connection is one value of at most 256 bytes).
use rfc6455::*;
use std::mem::size_of;

#[test]
fn a_connection_is_at_most_256_bytes() {
    assert!(size_of::<Connection<Server>>() <= 256, "{}", size_of::<Connection<Server>>());
    assert!(size_of::<Connection<Client<fn() -> [u8; 4]>>>() <= 256 + 8);
}

#[test]
fn an_event_is_24_bytes() {
    assert_eq!(size_of::<Event<'_>>(), 24);
    assert_eq!(size_of::<Result<Option<Event<'_>>, ProtocolError>>(), 24);
}

#[test]
fn values_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Connection<Server>>();
    check::<Connection<Client<fn() -> [u8; 4]>>>();
    check::<Event<'_>>();
    check::<ProtocolError>();
}
