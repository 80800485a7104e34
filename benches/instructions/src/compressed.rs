//! Compressed messages, with the feature `deflate`.

use std::hint::black_box;

use rfc6455::deflate::{Config, Negotiated, Params};
use rfc6455::{Client, Connection, Event, Fragment, Limits, MaskingKeys, MessageBuffer, Server};

use crate::{KEY, measured};

pub fn negotiated() -> Negotiated {
    Config::DEFAULT.threshold(0).accept(Params::default()).unwrap()
}

fn client() -> Connection<Client<impl MaskingKeys>> {
    Connection::client(|| KEY, Limits::UNLIMITED)
}

pub fn server() -> Connection<Server> {
    Connection::server(Limits::UNLIMITED)
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

/// Returns one compressed message in `count` fragments, of `size` bytes each before compression.
fn stream(count: usize, size: usize) -> Vec<u8> {
    let (mut ws, mut deflater) = (client(), negotiated().deflater());
    let mut stream = Vec::new();
    for (index, bytes) in (0..count).map(|index| (index, letters(size))) {
        let fragment = Fragment::from(&bytes[..]);
        let part = match index {
            _ if count == 1 => fragment,
            0 => fragment.first(),
            _ if index + 1 < count => fragment.middle(),
            _ => fragment.last(),
        };
        deflater.send_to_vec(&mut ws, part, &mut stream).unwrap();
    }
    stream
}

pub fn inflate(count: usize, size: usize, read_len: usize) {
    let mut stream = stream(count, size);
    let (mut ws, mut inflater, mut room) = (server(), negotiated().inflater(), [0; 4096]);
    measured(|| {
        for mut input in stream.chunks_mut(read_len) {
            while let Some(event) = inflater.receive(&mut ws, &mut input, &mut room).unwrap() {
                if let Event::Data(chunk) = event {
                    black_box(&*chunk);
                }
            }
        }
    });
}

pub fn inflate_messages(count: usize, size: usize, read_len: usize) {
    let mut stream = stream(count, size);
    let (mut ws, mut inflater, mut messages) =
        (server(), negotiated().inflater(), MessageBuffer::new());
    measured(|| {
        for mut input in stream.chunks_mut(read_len) {
            while let Some(incoming) =
                messages.receive_inflated(&mut inflater, &mut ws, &mut input).unwrap()
            {
                black_box(incoming);
            }
        }
    });
}

pub fn deflate(count: usize, size: usize) {
    let payload = letters(size);
    let (mut ws, mut deflater, mut out) = (server(), negotiated().deflater(), Vec::new());
    measured(|| {
        for _ in 0..count {
            out.clear();
            deflater.send_to_vec(&mut ws, black_box(&payload[..]), &mut out).unwrap();
            black_box(&out);
        }
    });
}
