//! Compressed data as an attacker would choose it, with the feature `deflate`: one message in one
//! frame, to a server.

use std::hint::black_box;

use rfc6455::{Event, FrameHeader, Incoming, MaskingKey, MessageBuffer, Opcode, mask};

use crate::blocks::Blocks;
use crate::compressed::{negotiated, server};
use crate::{KEY, measured};

/// The length of the output for a chunk.
const ROOM: usize = 16 << 10;

/// Receives about `payload_len` bytes of a kind of block, as one message or in chunks.
pub fn receive(work: &str, payload_len: usize, read_len: usize) {
    let (tier, kind) = work.split_once(':').expect("TIER:KIND");
    let mut stream = stream(kind, payload_len);
    let (mut ws, mut inflater) = (server(), negotiated().inflater());
    let (mut messages, mut room) = (MessageBuffer::new(), vec![0; ROOM]);
    let mut count = 0;
    match tier {
        "whole" => measured(|| {
            for mut input in stream.chunks_mut(read_len) {
                while let Some(incoming) =
                    messages.receive_inflated(&mut inflater, &mut ws, &mut input).unwrap()
                {
                    count += usize::from(matches!(black_box(incoming), Incoming::Message(_)));
                }
            }
        }),
        "chunks" => measured(|| {
            for mut input in stream.chunks_mut(read_len) {
                while let Some(event) = inflater.receive(&mut ws, &mut input, &mut room).unwrap() {
                    if let Event::Data(chunk) = event {
                        count += usize::from(black_box(chunk).is_last());
                    }
                }
            }
        }),
        _ => panic!("no such tier: {tier}"),
    }
    assert_eq!(count, 1);
}

/// Returns a masked frame with at least `payload_len` bytes of a kind of block.
fn stream(kind: &str, payload_len: usize) -> Vec<u8> {
    let mut blocks = Blocks::default();
    if kind == "match" {
        blocks.literals(false, b"a");
    }
    while blocks.len() < payload_len {
        match kind {
            "empty-fixed" => blocks.literals(true, b""),
            "empty-stored" => blocks.stored(true, b""),
            "tables" => blocks.tables(false),
            "match" => blocks.matches(false, 20, 1),
            "plain" => blocks.literals(false, &[b'a'; 100]),
            _ => panic!("no such kind: {kind}"),
        }
    }
    let mut payload = blocks.payload();
    let key = MaskingKey::from(KEY);
    let header = FrameHeader {
        fin: true,
        rsv: [true, false, false],
        opcode: Opcode::Text,
        masking_key: Some(key),
        payload_len: payload.len() as u64,
    };
    mask(&mut payload, key);
    [&*header.encode().unwrap(), &payload].concat()
}
