//! What a value is and costs (an open connection is one value of at most 256 bytes).
use rfc6455::*;
use std::mem::size_of;

#[test]
fn a_connection_is_at_most_256_bytes() {
    assert!(size_of::<Connection<Server>>() <= 256, "{}", size_of::<Connection<Server>>());
    assert!(size_of::<Connection<Client<fn() -> [u8; 4]>>>() <= 256 + 8);
}

/// Compression that was not negotiated, and a Ping ahead of a long queue that there is not, take a
/// pointer each.
#[cfg(feature = "bytes")]
#[test]
fn a_websocket_over_bytes_is_at_most_720_bytes() {
    let size = size_of::<WebSocket<Server, bytes::BytesMut>>();
    assert!(size <= 720, "{size}");
}

#[test]
fn an_event_is_two_pointers_and_8_bytes() {
    let bytes = 2 * size_of::<usize>() + 8;
    assert_eq!(size_of::<Event<'_>>(), bytes);
    assert_eq!(size_of::<Result<Option<Event<'_>>, ProtocolError>>(), bytes);
}

#[test]
fn a_close_code_and_its_absence_are_two_bytes() {
    assert_eq!(size_of::<CloseCode>(), 2);
    assert_eq!(size_of::<Option<CloseCode>>(), 2);
}

/// Keys that cannot be shared between threads.
struct LocalKeys(std::cell::Cell<u8>);

impl MaskingKeys for LocalKeys {
    fn next_key(&mut self) -> [u8; 4] {
        [self.0.get(); 4]
    }
}

#[test]
fn values_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Connection<Server>>();
    check::<Connection<Client<fn() -> [u8; 4]>>>();
    check::<ReceiveHalf<Server>>();
    check::<ReceiveHalf<Client<LocalKeys>>>(); // the key source stays with the other half
    check::<SendHalf<Server>>();
    check::<Event<'_>>();
    check::<ProtocolError>();
    check::<SendError>();
    check::<Fragment<'_>>();
    check::<PreparedMessage<'_>>();
    check::<ControlFrame>();
    check::<EncodedHeader>();
    check::<Reply>();
}

#[test]
fn errors_are_errors() {
    fn check<T: std::error::Error + Send + Sync + 'static>() {}
    check::<ProtocolError>();
    check::<SendError>();
    check::<Violation>();
}

type FirmwareClient = Client<fn() -> [u8; 4]>;

/// A firmware's connections: in place before the program runs, without a heap.
static SERVER: Connection<Server> = Connection::server(LIMITS);
const CLIENT: Connection<FirmwareClient> = Connection::client(keys, LIMITS);
const LIMITS: Limits = Limits::DEFAULT.max_frame(512).max_message(1024).max_fragments(8);
const NORMAL: Option<CloseCode> = CloseCode::new(1000);
const KIND: FrameKind = FrameKind::whole(MessageKind::Binary).first();

fn keys() -> [u8; 4] {
    [1, 2, 3, 4]
}

#[test]
fn everything_can_be_made_in_a_constant() {
    let mut server = SERVER.clone();
    let mut client = CLIENT;
    assert_eq!(server.limits().max_message, 1024);
    let frame = client.close(NORMAL.unwrap(), "").unwrap();
    let mut bytes = frame.to_vec();
    assert!(matches!(server.receive(&mut &mut bytes[..]), Ok(Some(Event::Close(NORMAL)))));
    let mut other = CLIENT;
    assert!(other.begin_frame(KIND, 1).is_ok());
}
