//! The core tier never allocates, whatever comes in and whatever goes out; nor does the layer over
//! it, if it is given slices, or once its memory has grown.

use crate::common;

use std::hint::black_box;

use common::driver::Keys;
use common::vectors;
use rfc6455::*;

/// Returns how often `work` allocates on this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

/// Receives everything and asks everything that can be asked.
fn receive<R: FixedRole>(mut ws: Connection<R>, rsv1: bool, bytes: &mut [u8], size: usize) {
    ws.allow_rsv1(rsv1);
    for piece in bytes.chunks_mut(size) {
        let mut input = piece;
        loop {
            match ws.receive(&mut input) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    black_box(&event);
                }
                Err(error) => {
                    black_box((error.violation(), error.close_code(), error.offset()));
                    break;
                }
            }
            black_box((ws.control_payload(), ws.close_frame()));
            while let Some(frame) = ws.poll_transmit() {
                black_box(&*frame);
            }
        }
        black_box(ws.poll_transmit().as_deref());
    }
    black_box((ws.receive_eof(), ws.is_closed(), ws.error()));
}

#[test]
fn receiving_allocates_nothing() {
    assert_eq!(allocations(|| drop(black_box(vec![1]))), 1, "the allocator is counted");
    for vector in vectors::all() {
        for server in &vector.roles {
            let wire = vector.wire(*server).bytes;
            for size in [1, 3, 64, wire.len().max(1)] {
                let mut bytes = wire.clone();
                let count = allocations(|| {
                    if *server {
                        receive(Connection::server(vector.limits), vector.rsv1, &mut bytes, size);
                    } else {
                        let ws = Connection::client(Keys(0), vector.limits);
                        receive(ws, vector.rsv1, &mut bytes, size);
                    }
                });
                assert_eq!(count, 0, "{}", vector.name);
            }
        }
    }
}

fn send<R: FixedRole>(mut ws: Connection<R>, out: &mut [u8], payload: &mut [u8]) {
    let _ = black_box(ws.send("text", out));
    let _ = black_box(ws.send(&*payload, out));
    let _ = black_box(ws.send(&*payload, &mut out[..5]));
    let _ = black_box(ws.send(Fragment::from("a").first(), out));
    let _ = black_box(ws.send("not now", out));
    let _ = black_box(ws.send(Fragment::from("b").last(), out));
    let _ = black_box(ws.begin_frame(FrameKind::whole(MessageKind::Text), payload.len() as u64));
    let _ = black_box(ws.ping(b"not now"));
    let _ = black_box(ws.frame_payload(payload));
    let _ = black_box(ws.ping(b"ping"));
    let _ = black_box(ws.pong(b"pong"));
    let _ = black_box(ws.ping(payload));
    let _ = black_box(ws.close(CloseCode::NORMAL, "reason"));
    let _ = black_box(ws.send("too late", out));
}

#[test]
fn sending_allocates_nothing() {
    let (mut out, mut payload) = (vec![0; 70_014], vec![b'a'; 70_000]);
    assert_eq!(
        allocations(|| send(Connection::server(Limits::DEFAULT), &mut out, &mut payload)),
        0
    );
    let client = Connection::client(Keys(0), Limits::DEFAULT);
    assert_eq!(allocations(|| send(client, &mut out, &mut payload)), 0);
    let count = allocations(|| {
        let prepared = PreparedMessage::new("news", &mut out).unwrap();
        let mut ws = Connection::server(Limits::DEFAULT);
        black_box(ws.send_prepared(&prepared).unwrap());
        black_box(ws.send_header("header").unwrap());
        black_box(ws.into_split());
    });
    assert_eq!(count, 0);
}

/// Receives everything and echoes each message.
fn echo<R: FixedRole, S: websocket::Storage>(ws: &mut WebSocket<R, S>, bytes: &[u8], size: usize) {
    for mut piece in bytes.chunks(size) {
        while !piece.is_empty() {
            let len = ws.feed(piece);
            piece = &piece[len..];
            while let Some(next) = ws.next().transpose() {
                if let Ok((websocket::Event::Message(message), tx)) = next {
                    let _ = black_box(tx.send(message));
                }
                while let len @ 1.. = ws.transmit().len() {
                    ws.transmitted(len).unwrap();
                }
            }
        }
    }
    black_box((ws.is_closed(), ws.error(), ws.deadline()));
}

#[test]
fn a_layer_over_slices_allocates_nothing() {
    let (mut read, mut write) = (vec![0; 200_000], vec![0; 200_000]);
    for vector in vectors::all() {
        for server in &vector.roles {
            let wire = vector.wire(*server).bytes;
            for size in [1, 64, wire.len().max(1)] {
                let config = websocket::Config::DEFAULT.limits(vector.limits);
                let count = allocations(|| {
                    if *server {
                        let mut ws = WebSocket::new(Server, config, &mut read[..], &mut write[..]);
                        echo(&mut ws, &wire, size);
                        black_box(ws.into_split());
                    } else {
                        let role = Client::new(Keys(0));
                        let mut ws = WebSocket::new(role, config, &mut read[..], &mut write[..]);
                        echo(&mut ws, &wire, size);
                        black_box(ws.into_split());
                    }
                });
                assert_eq!(count, 0, "{}", vector.name);
            }
        }
    }
}

#[cfg(feature = "alloc")]
#[test]
fn a_layer_over_vecs_allocates_nothing_once_they_have_grown() {
    let wire = b"\x81\x82\x00\x00\x00\x00hi\x01\x81\x00\x00\x00\x00a\x80\x80\x00\x00\x00\x00";
    let wire = wire.repeat(50);
    let mut ws = WebSocket::server(websocket::Config::DEFAULT);
    assert!(allocations(|| echo(&mut ws, &wire.repeat(50), usize::MAX)) > 0);
    for size in [1, 7, 1000, usize::MAX] {
        assert_eq!(allocations(|| echo(&mut ws, &wire, size)), 0);
    }
}
