//! Properties of the cost of an attacker's compressed data, as functions of plain bytes.

use super::blocks::{Blocks, LONGEST_DISTANCE};
use super::deflate::{WHOLE, client, frames, negotiated, receive};
use super::driver::cut;
use super::source::Source;
use super::websocket::Recorder;
use rfc6455::Limits;
use rfc6455::deflate::{Config, Params};

/// Payload of a message: no more, as some of it is inflated a byte at a time.
const PAYLOAD: usize = 6_000;

/// One kind of block after the other, each so many times that its cost shows.
pub fn blocks(source: &mut Source<'_>) -> Vec<u8> {
    let mut blocks = Blocks::default();
    for _ in 0..=source.below(3) {
        let (kind, last) = (source.below(8), source.flag());
        let end = (blocks.len() + source.below(PAYLOAD)).min(PAYLOAD);
        // Some kinds inflate to many bytes, so they are few.
        let most = if kind < 5 { usize::MAX } else { 200 };
        for _ in 0..most {
            if blocks.len() >= end {
                break;
            }
            match kind {
                0 => blocks.literals(last, b""),
                1 => blocks.stored(last, b""),
                2 => blocks.tables(last),
                3 => blocks.literals(last, b"a"),
                4 => blocks.stored(last, b"b"),
                5 => blocks.matches(last, 0, 1),
                6 => {
                    blocks.literals(false, b"c");
                    blocks.matches(last, source.clone().below(4), 1);
                }
                _ => blocks.stored(last, &[b'd'; 300]),
            }
        }
    }
    blocks.payload()
}

/// The result is the same for whole messages and chunks, however the stream is cut, whatever blocks
/// it contains. Each run also checks that a byte is touched only a few times.
pub fn hostile_blocks_cost_no_more_than_their_bytes(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let (is_server, takeover) = (source.flag(), source.flag());
    let above = source.pick(&[0, 4096, 64, 700, 1]);
    let payload = blocks(source);
    let cuts = source.cuts(payload.len());
    let fragments = if source.flag() { &cuts[..cuts.len().min(5)] } else { &[] };
    let mut wire = Vec::new();
    for frame in frames(false, &payload, fragments) {
        wire.extend(if is_server { frame.masked(source.key()) } else { frame }.bytes());
    }
    let max_message = if above == 0 { 50_000 } else { (above * 500).min(50_000) };
    let (negotiated, limits) = (negotiated(takeover), Limits::DEFAULT.max_message(max_message));
    let cuts = source.cuts(wire.len());
    let mut reports = Vec::new();
    for pieces in [vec![&wire[..]], cut(&wire, &cuts), wire.chunks(1000).collect()] {
        let chunks = receive(is_server, limits, &negotiated, above, pieces.clone());
        let whole = receive(is_server, limits, &negotiated, WHOLE, pieces);
        assert_eq!((chunks.messages(), chunks.error), (whole.messages(), whole.error));
        reports.push(chunks);
    }
    assert!(reports.iter().all(|report| *report == reports[0]));
}

/// If the ratio is bounded, so is the output by the input that has arrived, whatever a header
/// declares; and the verdict does not depend on the cuts.
pub fn what_is_inflated_is_bounded_by_what_came(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let ratio = [1, 2, 10, 100][source.below(4)];
    let config = Config::DEFAULT.max_ratio(ratio);
    let negotiated = config.confirm(Params::default()).unwrap();
    let mut blocks = Blocks::default();
    for _ in 0..=source.below(4) {
        let (count, distance) = (source.below(300), source.pick(&[1, LONGEST_DISTANCE]));
        let noise: Vec<u8> = source.bytes(source.clone().below(3000));
        blocks.stored(source.flag(), &noise);
        blocks.literals(false, b"a");
        // A match that reaches behind the first byte is a violation of its own.
        blocks.matches(false, count, if source.below(8) == 7 { distance } else { 1 });
    }
    let payload = blocks.payload();
    let declared = payload.len() + source.pick(&[0, 100, 1 << 14, 1 << 23]);
    let mut wire = super::wire::header(0xC2, false, declared as u64);
    let head = wire.len();
    wire.extend(&payload);
    let cuts = source.cuts(wire.len());
    let above = source.pick(&[0, 100, WHOLE]);

    let (mut ws, mut recorder) = (client(Limits::UNLIMITED, &negotiated, above), Recorder::new());
    let mut came = 0;
    for piece in cut(&wire, &cuts) {
        came += piece.len();
        recorder.feed(&mut ws, piece);
        let counted = came.saturating_sub(head).next_multiple_of(1024).max(1024) as u64;
        let out: usize = recorder.report.messages().iter().map(|(_, bytes)| bytes.len()).sum();
        let out = (out + recorder.report.unfinished().len()) as u64;
        assert!(out <= counted * u64::from(ratio), "{out} bytes came out of {came}");
    }
    let receive =
        |pieces: Vec<&[u8]>| receive(false, Limits::UNLIMITED, &negotiated, above, pieces);
    let report = receive(vec![&wire]);
    assert_eq!(report.error, ws.error());
    for pieces in [cut(&wire, &cuts), wire.chunks(97).collect()] {
        assert_eq!(receive(pieces), report);
    }
}
