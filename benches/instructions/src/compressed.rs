//! Compressed messages, with the feature `deflate`.

use std::hint::black_box;

use rfc6455::deflate::{self, Negotiated, Params};
use rfc6455::websocket::Event;
use rfc6455::{Fragment, Server, WebSocket};

use crate::layer::{self, CONFIG};
use crate::{KEY, measured};

pub fn negotiated() -> Option<Negotiated> {
    deflate::Config::DEFAULT.threshold(0).accept(Params::default())
}

/// Returns a server; `chunks` requests messages piece by piece.
pub fn server(chunks: bool) -> WebSocket<Server, Vec<u8>> {
    let config = if chunks { CONFIG.stream_above(0) } else { CONFIG };
    WebSocket::server(config.high_water(usize::MAX)).deflate(negotiated())
}

/// Returns letters that compress to slightly more than half.
fn letters(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (state >> 28) as u8
    };
    (0..len).map(letter).collect()
}

/// Returns one compressed message in `count` fragments, or `count` messages, of `size` bytes each
/// before compression.
fn stream(count: usize, size: usize, fragmented: bool) -> Vec<u8> {
    let config = CONFIG.high_water(usize::MAX);
    let mut ws = WebSocket::client(|| KEY, config).deflate(negotiated());
    let bytes = letters(size);
    for index in 0..count {
        let fragment = Fragment::from(&bytes[..]);
        let part = match index {
            _ if count == 1 || !fragmented => fragment,
            0 => fragment.first(),
            _ if index + 1 < count => fragment.middle(),
            _ => fragment.last(),
        };
        ws.send(part).unwrap();
    }
    ws.transmit().to_vec()
}

pub fn inflate(count: usize, size: usize, read_len: usize) {
    receive(&mut server(true), &stream(count, size, true), read_len);
}

pub fn inflate_messages(count: usize, size: usize, read_len: usize) {
    receive(&mut server(false), &stream(count, size, true), read_len);
}

/// Receives a stream, and checks that it ends with the end of a message.
pub fn receive(ws: &mut WebSocket<Server, Vec<u8>>, stream: &[u8], read_len: usize) {
    let mut ended = false;
    measured(|| {
        layer::drive(ws, stream, read_len, |event, _| match event {
            Event::Message(message) => {
                black_box(message.as_bytes());
                ended = true;
            }
            Event::Chunk(chunk) => ended = black_box(chunk).is_last(),
            _ => {}
        });
    });
    assert!(ended);
}

pub fn echo(count: usize, size: usize, read_len: usize) {
    let (mut ws, stream) = (server(false), stream(count, size, false));
    measured(|| {
        layer::drive(&mut ws, &stream, read_len, |event, tx| {
            if let Event::Message(message) = event {
                tx.send(message).unwrap();
            }
        });
    });
}

pub fn deflate(count: usize, size: usize) {
    let (mut ws, payload) = (server(false), letters(size));
    measured(|| {
        for _ in 0..count {
            ws.send(black_box(&payload[..])).unwrap();
            let len = black_box(ws.transmit()).len();
            ws.transmitted(len).unwrap();
        }
    });
}
