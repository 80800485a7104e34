//! The tier of whole messages: a stream is copied into its buffer, in place of `recv`.

use std::hint::black_box;

use bytes::BufMut;
use rfc6455::websocket::{Config, Event, OwnedEvent, Storage};
use rfc6455::{Limits, Role, Server, WebSocket};

use crate::measured;

pub const CONFIG: Config = Config::DEFAULT.limits(Limits::UNLIMITED);

/// Takes everything that waits to be written.
fn transmit<R: Role, S: Storage>(ws: &mut WebSocket<R, S>) {
    loop {
        let len = black_box(ws.transmit()).len();
        if len == 0 {
            return;
        }
        ws.transmitted(len).unwrap();
    }
}

/// Reads the whole stream, at most `read_len` bytes at a time, and passes on each event.
pub fn drive<R: Role, S: Storage>(
    ws: &mut WebSocket<R, S>,
    mut stream: &[u8],
    read_len: usize,
    mut event: impl FnMut(Event<'_>, &mut rfc6455::websocket::Sender<R, S>),
) {
    while !stream.is_empty() {
        let room = ws.read_buf();
        let len = room.len().min(read_len).min(stream.len());
        room[..len].copy_from_slice(&stream[..len]);
        stream = &stream[len..];
        ws.received(len).unwrap();
        while let Some((next, tx)) = ws.next().unwrap() {
            event(next, tx);
        }
        transmit(ws);
    }
}

pub fn receive(stream: &[u8], read_len: usize) {
    let mut ws = WebSocket::server(CONFIG);
    measured(|| {
        drive(&mut ws, stream, read_len, |event, _| {
            if let Event::Message(message) = event {
                black_box(message.as_bytes());
            }
        });
    });
}

pub fn echo(stream: &[u8], read_len: usize) {
    let mut ws = WebSocket::server(CONFIG);
    measured(|| {
        drive(&mut ws, stream, read_len, |event, tx| {
            if let Event::Message(message) = event {
                tx.send(message).unwrap();
            }
        });
    });
}

pub fn own(mut stream: &[u8], read_len: usize) {
    let mut ws = WebSocket::over_bytes(Server, CONFIG);
    measured(|| {
        while !stream.is_empty() {
            stream = {
                let mut room = ws.read_buf_mut();
                let len = room.remaining_mut().min(read_len).min(stream.len());
                room.put_slice(&stream[..len]);
                &stream[len..]
            };
            ws.received_buf_mut();
            while let Some((event, _)) = ws.next_owned().unwrap() {
                if let OwnedEvent::Message(message) = event {
                    black_box(message);
                }
            }
        }
    });
}
