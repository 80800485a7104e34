//! What compression holds in memory, and what a bomb can make of it (RFC 7692 §8, SECURITY of both).

use crate::common;

use super::held::held;
use common::deflate::{client, frames, negotiated, server};
use rfc6455::deflate::{Config, Deflater, Negotiated, Params};
use rfc6455::*;

/// 64 KiB that inflate to 64 MiB, once; made in one go, as nothing else compresses so well.
fn bomb() -> Vec<u8> {
    let mut compressor = common::deflate::Compressor::new(9);
    let zeros = vec![0; 1 << 20];
    let mut data = Vec::new();
    for _ in 0..64 {
        data.extend(compressor.compress(&zeros));
        data.extend(common::deflate::TAIL);
    }
    data.truncate(data.len() - 4);
    assert!((60_000..70_000).contains(&data.len()), "{}", data.len());
    data
}

/// The inflater's, whatever the window: see the table of the module.
const INFLATER: usize = 48 << 10;

#[test]
fn s10_4_a_bomb_stops_at_the_limit_with_memory_flat() {
    fn go<R: Role>(mut ws: Connection<R>, bytes: &mut [u8], piece: usize, max: usize) {
        let negotiated = negotiated(true);
        let mut messages = MessageBuffer::new();
        let mut inflater = negotiated.inflater();
        let (error, _, most) = held(|| {
            for mut input in bytes.chunks_mut(piece) {
                match messages.receive_inflated(&mut inflater, &mut ws, &mut input) {
                    Ok(None) => {}
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => return Some(error),
                }
            }
            None
        });
        let error = error.expect("a bomb is refused");
        assert_eq!(error.violation(), Violation::MessageTooBig);
        assert_eq!(error.close_code(), CloseCode::MESSAGE_TOO_BIG);
        // The message may double its memory while it grows; at the end it is copied once.
        assert!(most <= INFLATER + 3 * max + (32 << 10), "{most} bytes for a limit of {max}");
    }
    let data = bomb();
    for max in [1_usize << 16, 1 << 20] {
        let limits = Limits::DEFAULT.max_message(data.len().max(max) as u64);
        let max = usize::try_from(limits.max_message).unwrap();
        let hundreds: Vec<_> = (1..600).map(|index| index * 100).collect();
        for cuts in [&[][..], &hundreds] {
            let frames = frames(false, &data, cuts);
            let plain: Vec<u8> = frames.iter().flat_map(common::wire::Frame::bytes).collect();
            let masked = frames.into_iter().flat_map(|frame| frame.masked([7, 8, 9, 1]).bytes());
            let masked: Vec<u8> = masked.collect();
            for piece in [plain.len(), 1000] {
                go(client(limits), &mut plain.clone(), piece, max);
                go(server(limits), &mut masked.clone(), piece, max);
            }
        }
    }
}

#[test]
fn a_bomb_passes_through_the_streaming_tier_in_constant_memory() {
    let negotiated = negotiated(true);
    let mut wire = frames(false, &bomb(), &[])[0].bytes();
    let mut out = vec![0; 4096];
    let (len, _, most) = held(|| {
        let mut inflater = negotiated.inflater();
        let mut ws = client(Limits::UNLIMITED);
        let (mut input, mut len) = (&mut wire[..], 0);
        while let Some(event) = inflater.receive(&mut ws, &mut input, &mut out).unwrap() {
            let Event::Data(chunk) = event else { panic!("{event:?}") };
            assert!(chunk.len() <= 4096);
            len += chunk.len();
        }
        len
    });
    assert_eq!(len, 64 << 20);
    assert!(most <= INFLATER, "{most}");
}

/// Bytes of memory for the messages that are sent, and for those that are received.
fn of(config: Config) -> (usize, usize) {
    let negotiated =
        config.accept(Params { client_max_window_bits: Some(None), ..Params::default() });
    let negotiated: Negotiated = negotiated.unwrap();
    let (mut out, mut ws) = (vec![0; Deflater::bound(20_000)], server(Limits::DEFAULT));
    let payload = vec![b'a'; 20_000];
    let mut deflater = negotiated.deflater();
    let (len, sending, most) = held(|| deflater.send(&mut ws, &payload[..], &mut out).unwrap());
    assert_eq!(sending, most, "all is taken at once");
    let mut inflater = negotiated.inflater();
    let mut receiver = client(Limits::DEFAULT);
    let mut room = vec![0; 20_001];
    let ((), receiving, most) = held(|| {
        let event = inflater.receive(&mut receiver, &mut &mut out[..len], &mut room).unwrap();
        assert!(matches!(event, Some(Event::Data(chunk)) if chunk.is_last()));
    });
    assert_eq!(receiving, most);
    let takeover = negotiated.receive_takeover();
    let (released, _, _) = held(|| (deflater.release(), inflater.release()));
    assert_eq!(released, (true, !takeover), "what a peer may refer to cannot be given back");
    (sending, receiving)
}

/// Documented are the numbers of 64 bits; narrower pointers take a little less.
fn assert_documented(kib: &str, bytes: usize) {
    let (kib, held) = (kib.parse::<usize>().unwrap(), bytes.div_ceil(1024));
    let fits = if size_of::<usize>() == 8 { kib..=kib } else { kib - 2..=kib };
    assert!(fits.contains(&held), "{held} KiB are held, {kib} documented");
}

#[test]
fn what_a_connection_holds_is_what_the_documentation_says() {
    let text = include_str!("../../src/deflate.rs");
    for window in [15, 13, 11, 9] {
        let (_, row) = text.split_once(&format!("//! | {window} | ")).unwrap();
        let (row, _) = row.split_once(" |\n").unwrap();
        let row: Vec<_> = row.split(" | ").collect();
        assert_eq!(row.len(), 4);
        for (kib, mem_level) in row.into_iter().zip([9, 8, 5, 1]) {
            let config = Config::DEFAULT.send_window(window).mem_level(mem_level);
            assert_documented(kib, of(config).0);
        }
    }
    let (before, _) = text.split_once(" KiB for every window").unwrap();
    let (_, kib) = before.rsplit_once(' ').unwrap();
    for window in 8..=15 {
        let (_, receiving) = of(Config::DEFAULT.receive_window(window));
        assert_documented(kib, receiving);
        assert!(receiving <= INFLATER);
    }
}

#[test]
fn nothing_is_taken_before_it_is_needed_and_all_is_given_back() {
    let ((), after, _) = held(|| {
        let negotiated = negotiated(false);
        let (made, at_first, _) = held(|| (negotiated.inflater(), negotiated.deflater()));
        assert_eq!(at_first, 0);
        let (mut inflater, mut deflater) = made;
        let mut ws = server(Limits::DEFAULT);
        let mut out = Vec::with_capacity(1000);
        let (result, taken, _) = held(|| deflater.send_to_vec(&mut ws, "short", &mut out));
        assert_eq!((result, taken), (Ok(()), 0), "below the threshold");
        let text = "long enough to be compressed, with a long tail";
        let (result, ..) = held(|| deflater.send_to_vec(&mut ws, text, &mut out));
        assert_eq!(result, Ok(()));
        let mut receiver = client(Limits::DEFAULT);
        let mut room = [0; 100];
        let mut input = &mut out[..];
        while let Some(event) = inflater.receive(&mut receiver, &mut input, &mut room).unwrap() {
            assert!(matches!(event, Event::Data(_)));
        }
        assert!(inflater.release() && deflater.release());
    });
    assert_eq!(after, 0);
}
