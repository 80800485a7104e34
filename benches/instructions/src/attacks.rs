//! Compressed data as an attacker would choose it, with the feature `deflate`: one message in one
//! frame, to a server.

use rfc6455::{FrameHeader, MaskingKey, Opcode, mask};

use crate::KEY;
use crate::blocks::Blocks;
use crate::compressed;

/// Receives about `payload_len` bytes of a kind of block, as one message or in chunks.
pub fn receive(work: &str, payload_len: usize, read_len: usize) {
    let (tier, kind) = work.split_once(':').expect("TIER:KIND");
    let chunks = match tier {
        "whole" => false,
        "chunks" => true,
        _ => panic!("no such tier: {tier}"),
    };
    compressed::receive(&mut compressed::server(chunks), &stream(kind, payload_len), read_len);
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
