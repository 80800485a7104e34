//! What a connection over `BytesMut` holds once its owned messages are gone, and how much it reads.

use std::time::Duration;

use allocation_counter::measure;
use bytes::{BufMut, Bytes, BytesMut};
use rfc6455::websocket::{Config, OwnedEvent};
use rfc6455::{Server, WebSocket};

use super::held::held;
use crate::common::wire::Frame;

fn server() -> WebSocket<Server, BytesMut> {
    WebSocket::over_bytes(Server, Config::DEFAULT)
}

/// Reads a stream into the room that is lent, as an asynchronous reader would: into one piece of
/// it. Returns the number of reads and of messages, which are dropped.
fn receive(ws: &mut WebSocket<Server, BytesMut>, mut stream: &[u8]) -> (usize, usize) {
    let (mut reads, mut messages) = (0, 0);
    while !stream.is_empty() {
        stream = &stream[read(ws, stream)..];
        reads += 1;
        while let Some((event, _)) = ws.next_owned().unwrap() {
            messages += usize::from(matches!(event, OwnedEvent::Message(_)));
        }
    }
    (reads, messages)
}

/// Reads the front of a stream into one piece of the room that is lent; returns how much.
fn read(ws: &mut WebSocket<Server, BytesMut>, stream: &[u8]) -> usize {
    {
        let mut room = ws.read_buf_mut();
        let len = room.chunk_mut().len().min(stream.len());
        room.put_slice(&stream[..len]);
    }
    ws.received_buf_mut()
}

/// Returns a masked binary message, whose key is zero, of so many bytes like this one.
fn message(len: usize, byte: u8) -> Vec<u8> {
    Frame::new(0x82, vec![byte; len]).masked([0; 4]).bytes()
}

#[test]
fn an_owned_message_that_is_gone_is_not_held() {
    for len in [1 << 16, 1 << 20, 3 << 20] {
        let stream = message(len, 0);
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

#[test]
fn memory_whose_owned_messages_are_gone_is_read_into_again() {
    for len in [8 << 10, 16 << 10, 64 << 10, 1 << 20] {
        let stream = message(len, 0);
        let mut ws = server();
        let mut again = || {
            ws.handle_timeout(Duration::ZERO); // memory may stay for a moment
            receive(&mut ws, &stream).1
        };
        assert_eq!((again(), again()), (1, 1));
        let info = measure(|| assert_eq!(again(), 1));
        assert_eq!(info.count_total, 0, "{len} bytes");
    }
}

#[test]
fn memory_of_owned_messages_is_freed_at_once_if_nothing_is_retained() {
    let stream = message(64 << 10, 0);
    let mut ws = WebSocket::over_bytes(Server, Config::DEFAULT.retain(0));
    for _ in 0..2 {
        ws.handle_timeout(Duration::ZERO);
        assert_eq!(receive(&mut ws, &stream).1, 1);
        assert_eq!(ws.capacity(), 0);
    }
}

#[test]
fn an_owned_message_like_the_last_is_read_at_once_up_to_16_kib() {
    let stream = message(16 << 10, 0);
    let mut ws = server();
    for _ in 0..2 {
        assert!(receive(&mut ws, &stream).0 > 1);
    }
    assert_eq!(receive(&mut ws, &stream), (1, 1));
}

#[test]
fn memory_that_an_owned_message_holds_is_never_read_into() {
    let mut ws = server();
    let mut kept = Vec::new();
    for byte in 0..8 {
        let message = message(16 << 10, byte);
        let mut stream = &message[..];
        while !stream.is_empty() {
            stream = &stream[read(&mut ws, stream)..];
            while let Some((event, _)) = ws.next_owned().unwrap() {
                let OwnedEvent::Message(message) = event else { panic!("{event:?}") };
                kept.push(message);
            }
        }
        kept.truncate(5); // some are dropped, and their memory may be used again
    }
    for (byte, message) in (0..).zip(&kept) {
        assert!(message.as_bytes().iter().all(|it| *it == byte));
    }
}

#[test]
fn the_list_of_payloads_that_were_sent_is_not_held() {
    let (mut ws, payload) = (server(), Bytes::from(vec![0; 1 << 10]));
    let ((), after, most) = held(|| {
        for _ in 0..10_000 {
            ws.sender().send_owned(payload.clone()).unwrap();
        }
        let len = ws.queued();
        ws.transmitted(len).unwrap();
    });
    assert!(most > 10_000 * 32, "{most} bytes");
    assert!(after <= Config::DEFAULT.retain, "{after} of {most} bytes are held");
}
