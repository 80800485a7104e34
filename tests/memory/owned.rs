//! What a connection over `BytesMut` holds once its owned messages are gone, and how much it reads.

use bytes::{BufMut, BytesMut};
use rfc6455::websocket::{Config, OwnedEvent};
use rfc6455::{Server, WebSocket};

use super::held::held;

fn server() -> WebSocket<Server, BytesMut> {
    WebSocket::over_bytes(Server, Config::DEFAULT)
}

/// Reads a stream into the room that is lent, as an asynchronous reader would: into one piece of
/// it. Returns the number of reads and of messages, which are dropped.
fn receive(ws: &mut WebSocket<Server, BytesMut>, mut stream: &[u8]) -> (usize, usize) {
    let (mut reads, mut messages) = (0, 0);
    while !stream.is_empty() {
        stream = {
            let mut room = ws.read_buf_mut();
            let (read, rest) = stream.split_at(room.chunk_mut().len().min(stream.len()));
            room.put_slice(read);
            rest
        };
        reads += 1;
        ws.received_buf_mut();
        while let Some((event, _)) = ws.next_owned().unwrap() {
            messages += usize::from(matches!(event, OwnedEvent::Message(_)));
        }
    }
    (reads, messages)
}

/// Returns a masked binary message, whose key is zero.
fn message(len: usize) -> Vec<u8> {
    let mut frame = vec![0x82, 0xFF];
    frame.extend_from_slice(&(len as u64).to_be_bytes());
    frame.resize(frame.len() + 4 + len, 0);
    frame
}

#[test]
fn an_owned_message_that_is_gone_is_not_held() {
    for len in [1 << 16, 1 << 20, 3 << 20] {
        let stream = message(len);
        let mut ws = server();
        let ((_, messages), after, _) = held(|| receive(&mut ws, &stream));
        assert_eq!(messages, 1);
        assert!(after <= Config::DEFAULT.retain, "{after} bytes are held after {len}");
    }
}

#[test]
fn the_room_that_is_lent_grows_with_what_arrives() {
    let stream = b"\x82\x80\0\0\0\0".repeat(20_000);
    let (reads, messages) = receive(&mut server(), &stream);
    assert_eq!(messages, 20_000);
    // Reads of 256 bytes, twice as many, and so on, up to 8 KiB.
    assert!(reads <= 5 + stream.len().div_ceil(8 << 10), "{reads} reads");
}
