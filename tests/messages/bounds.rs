//! What is configured holds at its bound, and not one byte beyond it.

use crate::common::websocket::write_all;
use crate::common::wire::Frame;
use rfc6455::websocket::{Config, Event, Storage};
use rfc6455::{Client, Fragment, WebSocket};

type Peer<S> = WebSocket<Client<fn() -> [u8; 4]>, S>;

fn client<S: Storage>(config: Config, read: S, write: S) -> Peer<S> {
    WebSocket::new(Client::new(|| [0; 4]), config, read, write)
}

/// Feeds these bytes; returns the messages, and the payloads of the chunks.
fn events<S: Storage>(ws: &mut Peer<S>, bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut messages, mut chunks, mut rest) = (Vec::new(), Vec::new(), bytes);
    while !rest.is_empty() {
        rest = &rest[ws.feed(rest)..];
        while let Some((event, _)) = ws.next().unwrap() {
            match event {
                Event::Message(message) => messages.push(message.as_bytes().to_vec()),
                Event::Chunk(chunk) => chunks.push(chunk.to_vec()),
                event => panic!("{event:?}"),
            }
        }
    }
    (messages, chunks)
}

#[test]
fn s5_4_a_message_in_fragments_is_whole_up_to_the_bound_and_in_chunks_beyond_it() {
    let config = Config::DEFAULT.stream_above(4);
    let mut ws = client(config, Vec::new(), Vec::new());
    assert_eq!(events(&mut ws, b"\x02\x02fo\x80\x02ur"), (vec![b"four".to_vec()], vec![]));
    let (messages, chunks) = events(&mut ws, b"\x02\x02fi\x80\x03ves");
    assert_eq!((messages.len(), chunks.concat()), (0, b"fives".to_vec()));
}

#[test]
fn s10_4_over_a_slice_longer_messages_come_in_chunks_if_they_fit_up_to_the_bound() {
    let (mut read, mut write) = ([0; 64], [0; 131]);
    let mut ws = client(Config::DEFAULT.stream_above(63), &mut read[..], &mut write[..]);
    let (messages, chunks) = events(&mut ws, &Frame::new(0x82, vec![1; 100]).bytes());
    assert_eq!((messages.len(), chunks.concat()), (0, vec![1; 100]));
    let (messages, chunks) = events(&mut ws, &Frame::new(0x82, vec![2; 63]).bytes());
    assert_eq!((messages.concat(), chunks.len()), (vec![2; 63], 0));
}

#[test]
fn s8_1_the_first_chunk_of_a_text_can_be_sent_on_if_it_was_joined_from_fragments() {
    let mut ws = client(Config::DEFAULT.stream_above(3), Vec::new(), Vec::new());
    let mut passed = WebSocket::server(Config::DEFAULT);
    let mut end = client(Config::DEFAULT, Vec::new(), Vec::new());
    // The first fragment ends inside a code point.
    for piece in [&b"\x01\x01\xC3"[..], b"\x80\x03\xA4", b"ab"] {
        assert_eq!(ws.feed(piece), piece.len());
        while let Some((event, _)) = ws.next().unwrap() {
            let Event::Chunk(chunk) = event else { panic!("{event:?}") };
            passed.send(Fragment::from(&chunk)).unwrap();
        }
    }
    let wire = write_all(&mut passed);
    assert_eq!(events(&mut end, &wire).0, ["\u{E4}ab".as_bytes()]);
}

#[test]
fn a_buffer_that_holds_exactly_what_may_be_retained_is_kept() {
    let message = Frame::new(0x82, vec![7; 50_000]).bytes();
    let fill = |retain| {
        let mut ws = client(Config::DEFAULT.retain(retain), Vec::new(), Vec::new());
        for piece in message.chunks(10_000) {
            events(&mut ws, piece);
        }
        ws.capacity()
    };
    let held = fill(usize::MAX);
    assert!(held >= 50_000);
    assert_eq!((fill(held), fill(held - 1)), (held, 0));
}

#[test]
fn a_queue_that_takes_exactly_what_may_be_retained_is_kept() {
    let fill = |retain| {
        let mut ws = WebSocket::server(Config::DEFAULT.retain(retain));
        ws.send(&vec![7; 50_000][..]).unwrap();
        write_all(&mut ws);
        ws.capacity()
    };
    let held = fill(usize::MAX);
    assert!(held >= 50_000);
    assert_eq!((fill(held), fill(held - 1)), (held, 0));
}

#[cfg(feature = "deflate")]
#[test]
fn memory_that_was_inflated_into_is_kept_if_it_is_exactly_what_may_be_retained() {
    use crate::common::deflate::{Compressor, frames, negotiated};
    let data = Compressor::new(6).compress(&[7; 10_000]);
    let wire: Vec<u8> = frames(false, &data, &[]).iter().flat_map(Frame::bytes).collect();
    let fill = |retain| {
        let ws = client(Config::DEFAULT.retain(retain), Vec::new(), Vec::new());
        let mut ws = ws.deflate(Some(negotiated(true)));
        assert_eq!(events(&mut ws, &wire).0, [[7; 10_000]]);
        ws.capacity()
    };
    let all = fill(usize::MAX);
    let read = all - fill(8_000);
    let held = all - wire.len();
    assert!(read >= 10_000 && held >= 10_000, "{all}");
    assert_eq!((fill(held), fill(held - 1)), (all, wire.len()));
}

#[cfg(feature = "deflate")]
#[test]
fn s7_2_2_a_compressed_message_is_whole_up_to_the_bound_and_in_chunks_beyond_it() {
    use crate::common::deflate::{Compressor, frames, negotiated};
    for (len, is_whole) in [(1_000, true), (1_001, false)] {
        let data = Compressor::new(6).compress(&vec![7; len]);
        let wire: Vec<u8> = frames(false, &data, &[]).iter().flat_map(Frame::bytes).collect();
        let ws = client(Config::DEFAULT.stream_above(1_000), Vec::new(), Vec::new());
        let (messages, chunks) = events(&mut ws.deflate(Some(negotiated(true))), &wire);
        let [whole, parts] = [messages.concat(), chunks.concat()];
        let expected = if is_whole { (len, 0) } else { (0, len) };
        assert_eq!((whole.len(), parts.len()), expected);
    }
}

#[cfg(feature = "deflate")]
#[test]
fn chunks_of_a_long_message_grow_to_16_kib_if_it_has_arrived() {
    use crate::common::deflate::{Compressor, frames, negotiated};
    let data = Compressor::new(6).compress(&vec![7; 1 << 20]);
    let wire: Vec<u8> = frames(false, &data, &[]).iter().flat_map(Frame::bytes).collect();
    let ws = client(Config::DEFAULT.stream_above(0), Vec::new(), Vec::new());
    let (_, chunks) = events(&mut ws.deflate(Some(negotiated(true))), &wire);
    assert_eq!(chunks.concat(), vec![7; 1 << 20]);
    assert!(chunks.iter().all(|chunk| chunk.len() <= 16 << 10) && chunks.len() <= 64 + 10);
}
