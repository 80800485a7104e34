//! Does one piece of work under callgrind, which counts the instructions in `measured`.
//!
//! The script `run` specifies the work, the number of units, and the permitted cost.

#[cfg(feature = "deflate")]
mod attacks;
#[cfg(feature = "deflate")]
#[allow(dead_code, clippy::cast_possible_truncation, reason = "the tests use more of it")]
#[path = "../../../tests/common/blocks.rs"]
mod blocks;
#[cfg(feature = "deflate")]
mod compressed;
mod layer;

use std::hint::black_box;

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::{Connection, Event, Fragment, FrameHeader, Limits};

const KEY: [u8; 4] = [0x37, 0xA9, 0x5C, 0xE1];

fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().expect("usage: WORK COUNT SIZE READ_LEN");
    let work = next();
    let [count, size, read_len] = [(); 3].map(|()| next().parse().expect("a number"));
    match work.as_str() {
        "binary" => receive(&frames(Fragment::from(&vec![7; size][..]), count), read_len),
        "ascii" => receive(&frames(Fragment::from(&*text("abcdefgh", size)), count), read_len),
        "cyrillic" => receive(&frames(Fragment::from(&*text("Жук ", size)), count), read_len),
        "messages" => layer::receive(&frames(Fragment::from(&vec![7; size][..]), count), read_len),
        "text-messages" => {
            layer::receive(&frames(Fragment::from(&*text("Жук ", size)), count), read_len)
        }
        "owned-messages" => {
            layer::own(&frames(Fragment::from(&vec![7; size][..]), count), read_len)
        }
        "echo" => layer::echo(&frames(Fragment::from(&vec![7; size][..]), count), read_len),
        "fragments" => receive(&fragments(count, size), read_len),
        "fragmented-messages" => layer::receive(&fragments(count, size), read_len),
        "pings" => receive(&pings(count, size), read_len),
        "send" => send(Connection::server(Limits::UNLIMITED), count, size),
        "send-masked" => {
            send(Connection::client(|| black_box(KEY), Limits::UNLIMITED), count, size)
        }
        #[cfg(feature = "deflate")]
        "inflate" => compressed::inflate(count, size, read_len),
        #[cfg(feature = "deflate")]
        "inflate-messages" => compressed::inflate_messages(count, size, read_len),
        #[cfg(feature = "deflate")]
        "compressed-echo" => compressed::echo(count, size, read_len),
        #[cfg(feature = "deflate")]
        "deflate" => compressed::deflate(count, size),
        #[cfg(feature = "deflate")]
        work if work.contains(':') => attacks::receive(work, count * size, read_len),
        "head" => handshakes(&head(count, size), read_len),
        _ => panic!("no such work: {work}"),
    }
}

/// Does the work that callgrind counts.
#[inline(never)]
fn measured(work: impl FnOnce()) {
    work();
}

fn text(word: &str, len: usize) -> String {
    word.repeat(len.div_ceil(word.len()))
}

fn frames(payload: Fragment<'_>, count: usize) -> Vec<u8> {
    let mut ws = Connection::client(|| KEY, Limits::UNLIMITED);
    let mut out = vec![0; payload.payload().len() + FrameHeader::MAX_LEN];
    let mut stream = Vec::new();
    for _ in 0..count {
        let len = ws.send(payload, &mut out).unwrap();
        stream.extend_from_slice(&out[..len]);
    }
    stream
}

/// Returns one message in `count` fragments of `size` bytes, each followed by a Ping.
fn fragments(count: usize, size: usize) -> Vec<u8> {
    let mut ws = Connection::client(|| KEY, Limits::UNLIMITED);
    let payload = vec![7; size];
    let mut out = vec![0; size + FrameHeader::MAX_LEN];
    let mut stream = Vec::new();
    for index in 0..count {
        let payload = Fragment::from(&payload[..]);
        let part = match index {
            0 => payload.first(),
            _ if index + 1 < count => payload.middle(),
            _ => payload.last(),
        };
        let len = ws.send(part, &mut out).unwrap();
        stream.extend_from_slice(&out[..len]);
        stream.extend_from_slice(&ws.ping(b"ping").unwrap());
    }
    stream
}

fn pings(count: usize, size: usize) -> Vec<u8> {
    let mut ws = Connection::client(|| KEY, Limits::UNLIMITED);
    (0..count).flat_map(|_| ws.ping(&vec![7; size]).unwrap().to_vec()).collect()
}

/// Returns a request with `count` additional headers, each with a value of `size` bytes.
fn head(count: usize, size: usize) -> Vec<u8> {
    let mut head = b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
        Sec-WebSocket-Version: 13\r\n"
        .to_vec();
    for _ in 0..count {
        head.extend_from_slice(format!("X-Header: {}\r\n", "v".repeat(size)).as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn receive(stream: &[u8], read_len: usize) {
    let mut stream = stream.to_vec();
    let mut ws = Connection::server(Limits::UNLIMITED);
    measured(|| {
        for mut input in stream.chunks_mut(read_len) {
            while let Some(event) = ws.receive(&mut input).unwrap() {
                match event {
                    Event::Data(chunk) => drop(black_box(&*chunk)),
                    _ => drop(black_box(ws.poll_transmit().as_deref())),
                }
            }
        }
    });
}

fn send<R: rfc6455::Role>(mut ws: Connection<R>, count: usize, size: usize) {
    let payload = vec![7; size];
    let mut out = vec![0; size + FrameHeader::MAX_LEN];
    measured(|| {
        for _ in 0..count {
            black_box(ws.send(black_box(&payload[..]), &mut out)).unwrap();
        }
    });
}

fn handshakes(head: &[u8], read_len: usize) {
    let mut head = head.to_vec();
    let (mut storage, mut out) = (vec![0; head.len() + 1], [0; 256]);
    let limits = HandshakeLimits::DEFAULT.max_headers(128);
    let mut handshake = ServerHandshake::new(&mut storage, limits);
    measured(|| {
        for mut input in head.chunks_mut(read_len) {
            if let Some(request) = handshake.receive(&mut input).unwrap() {
                let upgrade = request.upgrade().unwrap();
                black_box(upgrade.accept(&Acceptance::default(), &mut out)).unwrap();
            }
        }
    });
}
