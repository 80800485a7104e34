//! What compression holds in memory, and what a bomb can make of it (RFC 7692 §8, SECURITY of both).

use crate::common;

use super::held::held;
use common::deflate::{frames, negotiated};
use common::driver::Keys;
use common::websocket::read;
use rfc6455::deflate::{Config, Negotiated, Params};
use rfc6455::websocket::{self, Event};
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

/// Reads these bytes, as much as there is room for at a time; returns the error and how many bytes
/// of data came in chunks.
fn pass<R: FixedRole>(
    ws: &mut WebSocket<R, Vec<u8>>,
    bytes: &[u8],
    most: usize,
) -> (Option<ProtocolError>, usize) {
    let (mut rest, mut len) = (bytes, 0);
    while !rest.is_empty() {
        rest = &rest[read(ws, &rest[..rest.len().min(most)])..];
        loop {
            match ws.next() {
                Ok(None) => break,
                Ok(Some((Event::Chunk(chunk), _))) => len += chunk.len(),
                Ok(Some((other, _))) => panic!("{other:?}"),
                Err(error) => return (Some(error), len),
            }
        }
    }
    (None, len)
}

#[test]
fn s10_4_a_bomb_stops_at_the_limit_with_memory_flat() {
    fn go<R: FixedRole>(ws: WebSocket<R, Vec<u8>>, bytes: &[u8], piece: usize, max: usize) {
        let mut ws = ws.deflate(Some(negotiated(true)));
        let ((error, _), _, most) = held(|| pass(&mut ws, bytes, piece));
        let error = error.expect("a bomb is refused");
        assert_eq!(error.violation(), Violation::MessageTooBig);
        assert_eq!(error.close_code(), CloseCode::MESSAGE_TOO_BIG);
        // The message may double its memory while it grows; at the end it is copied once. What is
        // read is inflated at once.
        assert!(most <= INFLATER + 3 * max + (64 << 10), "{most} bytes for a limit of {max}");
        assert!(ws.capacity() <= 3 * websocket::Config::DEFAULT.retain, "{}", ws.capacity());
    }
    let data = bomb();
    for max in [1_usize << 16, 1 << 20] {
        let limits = Limits::DEFAULT.max_message(data.len().max(max) as u64);
        let config = websocket::Config::DEFAULT.limits(limits);
        let max = usize::try_from(limits.max_message).unwrap();
        let hundreds: Vec<_> = (1..600).map(|index| index * 100).collect();
        for cuts in [&[][..], &hundreds] {
            let frames = frames(false, &data, cuts);
            let plain: Vec<u8> = frames.iter().flat_map(common::wire::Frame::bytes).collect();
            let masked = frames.into_iter().flat_map(|frame| frame.masked([7, 8, 9, 1]).bytes());
            let masked: Vec<u8> = masked.collect();
            for piece in [plain.len(), 1000] {
                go(WebSocket::client(Keys(3), config), &plain, piece, max);
                go(WebSocket::server(config), &masked, piece, max);
            }
        }
    }
}

#[test]
fn a_bomb_passes_in_chunks_in_constant_memory() {
    let wire = frames(false, &bomb(), &[])[0].bytes();
    let config = websocket::Config::DEFAULT.limits(Limits::UNLIMITED).stream_above(0);
    let ((error, len), _, most) = held(|| {
        let mut ws = WebSocket::client(Keys(3), config).deflate(Some(negotiated(true)));
        pass(&mut ws, &wire, wire.len())
    });
    assert_eq!((error, len), (None, 64 << 20));
    assert!(most <= INFLATER + (96 << 10), "{most}");
}

/// Bytes of memory for the messages that are sent, and for those that are received: the buffers are
/// slices, but for what is inflated.
fn of(config: Config) -> (usize, usize) {
    let negotiated =
        config.accept(Params { client_max_window_bits: Some(None), ..Params::default() });
    let negotiated: Negotiated = negotiated.unwrap();
    let layer = websocket::Config::DEFAULT.stream_above(0);
    let slices = &mut [[0; 300], [0; 300]];
    let [read, control] = slices;
    let mut write = vec![0; 40_000];
    let ws = WebSocket::new(Server, layer, &mut read[..], &mut write[..]);
    let mut ws = ws.deflate(Some(negotiated));
    let payload = vec![b'a'; 20_000];
    let ((), sending, most) = held(|| ws.send(&payload[..]).unwrap());
    assert_eq!(sending, most, "all is taken at once");
    let wire = ws.transmit().to_vec();
    assert!(wire[0] == 0xC2 && wire.len() < 300);
    drop(ws);

    let mut read = [0; 300];
    let ws = WebSocket::new(Client::new(Keys(3)), layer, &mut read[..], &mut control[..]);
    let mut ws = ws.deflate(Some(negotiated));
    let before = ws.capacity();
    assert_eq!(ws.feed(&wire), wire.len());
    let (room, receiving, _) = held(|| {
        while !matches!(ws.next().unwrap(), Some((Event::Chunk(chunk), _)) if chunk.is_last()) {}
        ws.capacity() - before
    });
    let ((), freed, _) = held(|| drop(ws));
    assert_eq!(freed, 0);
    (sending, receiving - room)
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
fn no_window_is_taken_before_it_is_needed_and_all_is_given_back() {
    let ((), after, _) = held(|| {
        let (mut buffers, mut others) = ([[0; 300]; 2], [[0; 300]; 2]);
        let [read, write] = &mut buffers;
        let config = websocket::Config::DEFAULT;
        let (ws, at_first, _) = held(|| {
            let ws = WebSocket::new(Server, config, &mut read[..], &mut write[..]);
            ws.deflate(Some(negotiated(false)))
        });
        assert!(at_first <= 368, "{at_first} bytes for the state, without the windows");
        let mut ws = ws;
        let (result, taken, _) = held(|| ws.send("short"));
        assert_eq!((result, taken), (Ok(()), 0), "below the threshold");
        let len = ws.queued();
        ws.transmitted(len).unwrap();
        let text = "long enough to be compressed, with a long tail";
        let (result, taken, _) = held(|| ws.send(text));
        assert!(result == Ok(()) && taken > 0);

        let [read, write] = &mut others;
        let receiver = WebSocket::new(Client::new(Keys(3)), config, &mut read[..], &mut write[..]);
        let mut receiver = receiver.deflate(Some(negotiated(false)));
        let plain = b"\x81\x05plain";
        let (messages, taken, _) = held(|| {
            assert_eq!(receiver.feed(plain), plain.len());
            usize::from(receiver.next().unwrap().is_some())
        });
        assert_eq!((messages, taken), (1, 0), "nothing to be inflated");
        let wire = ws.transmit();
        assert_eq!((wire[0], receiver.feed(wire)), (0xC1, wire.len()));
        assert!(matches!(receiver.next().unwrap(), Some((Event::Message(_), _))));
    });
    assert_eq!(after, 0);
}

#[test]
fn a_deflater_gives_its_memory_back_when_it_is_released_but_not_inside_a_message() {
    let mut ws = WebSocket::server(websocket::Config::DEFAULT).deflate(Some(negotiated(true)));
    let mut send = |fragment: Fragment<'_>| {
        ws.send(fragment).unwrap();
        let len = ws.queued();
        ws.transmitted(len).unwrap();
        ws.release();
    };
    let ((), after, _) = held(|| {
        let ((), open, _) = held(|| send(Fragment::from("the first fragment").first()));
        assert!(open > 0, "the next one may refer to it");
        send(Fragment::from("the last fragment").last());
    });
    assert_eq!(after, 0);
}

#[test]
fn an_inflater_keeps_its_memory_until_it_is_released() {
    let data = common::deflate::Compressor::new(6).compress(&[7; 100]);
    let wire: Vec<u8> =
        frames(false, &data, &[]).iter().flat_map(common::wire::Frame::bytes).collect();
    let mut ws = WebSocket::client(Keys(3), websocket::Config::DEFAULT);
    ws = ws.deflate(Some(negotiated(false)));
    let mut inflate = |released: bool| {
        held(|| {
            assert_eq!(read(&mut ws, &wire), wire.len());
            while ws.next().unwrap().is_some() {}
            if released {
                ws.release();
            }
        })
    };
    let ((), kept, _) = inflate(false);
    assert!((INFLATER / 2..=INFLATER + (1 << 10)).contains(&kept), "{kept} bytes");
    let ((), more, most) = inflate(false);
    assert_eq!((more, most), (0, 0), "it serves the next message");
    inflate(true);
    let ((), after, _) = inflate(true);
    assert_eq!(after, 0);
    let ((), anew, _) = inflate(false);
    assert_eq!(anew, kept);
}
