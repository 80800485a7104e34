//! Memory that served another connection, halves of several connections, and calls after an
//! error.

use crate::common;

use common::driver::Keys;
use common::messages::Report;
use common::websocket::Recorder;
use rfc6455::websocket::{Config, Storage};
use rfc6455::*;

type Peer<S> = WebSocket<Client<Keys>, S>;

fn client<S: Storage>(config: Config, read: S, write: S) -> Peer<S> {
    WebSocket::new(Client::new(Keys(1)), config, read, write)
}

fn receive<S: Storage>(ws: &mut Peer<S>, bytes: &[u8]) -> Report {
    let mut recorder = Recorder::new();
    recorder.feed(ws, bytes);
    recorder.report
}

/// The only message that these bytes complete.
fn heard<S: Storage>(ws: &mut Peer<S>, bytes: &[u8]) -> String {
    let report = receive(ws, bytes);
    let [(_, message)] = &report.messages()[..] else { panic!("{report:?}") };
    String::from_utf8(message.clone()).unwrap()
}

const KINDS: [u8; 2] = [0x01, 0x02];

#[test]
fn s5_4_memory_whose_connection_died_inside_a_message_serves_the_next() {
    for kind in KINDS {
        for len in [3, 9] {
            let (mut read, mut write) = ([0; 300], [0; 131]);
            let mut ws = client(Config::DEFAULT, &mut read[..], &mut write[..]);
            assert_eq!(receive(&mut ws, &[kind, len, b'o', b'l', b'd']), Report::default());
            assert!(read.windows(3).any(|bytes| bytes == b"old"), "it is still there");

            let mut ws = client(Config::DEFAULT, &mut read[..], &mut write[..]);
            assert_eq!(receive(&mut ws, &[kind, 2, b'n', b'e']), Report::default());
            assert_eq!(heard(&mut ws, b"\x80\x01w"), "new");

            let mut ws = client(Config::DEFAULT, read.to_vec(), write.to_vec());
            assert_eq!(heard(&mut ws, &[0x80 | kind, 3, b'n', b'e', b'w']), "new");
            assert!(ws.transmit().is_empty());
        }
    }
}

#[test]
fn s5_4_the_contents_of_memory_that_is_handed_over_are_no_events() {
    let old = b"\x81\x03old".repeat(50);
    for kind in KINDS {
        let mut ws = client(Config::DEFAULT, old.clone(), old.clone());
        assert!(ws.next().unwrap().is_none() && ws.transmit().is_empty());
        // Nor is the rest of the room: only what was reported has been read.
        assert_eq!(receive(&mut ws, &[kind]), Report::default());
        assert_eq!(heard(&mut ws, b"\x03new\x80\x00"), "new");
        let (mut read, mut write) = (old.clone(), old.clone());
        let mut ws = client(Config::DEFAULT, &mut read[..], &mut write[..]);
        assert!(ws.next().unwrap().is_none() && ws.transmit().is_empty());
        assert_eq!(receive(&mut ws, &[kind, 3, b'n']), Report::default());
        assert_eq!(heard(&mut ws, b"ew\x80\x00"), "new");
        ws.send("x").unwrap();
        assert_eq!(ws.transmit().len(), 7);
    }
}

#[test]
fn s5_4_halves_of_two_connections_are_not_reunited() {
    for kind in KINDS {
        let begins = [kind, 3, b's', b'a', b'y'];
        let mut one = client(Config::DEFAULT, Vec::new(), Vec::new());
        let mut other = client(Config::DEFAULT, Vec::new(), Vec::new());
        for ws in [&mut one, &mut other] {
            assert_eq!(receive(ws, &begins), Report::default());
            ws.send(Fragment::from("in ").first()).unwrap();
        }
        other.close(CloseCode::NORMAL, "").unwrap();
        let ((one, to_one), (other, to_other)) = (one.into_split(), other.into_split());
        let (one, to_other) = WebSocket::reunite(one, to_other).unwrap_err();
        let (other, to_one) = WebSocket::reunite(other, to_one).unwrap_err();
        // They are as they were.
        let mut one = WebSocket::reunite(one, to_one).unwrap();
        let mut other = WebSocket::reunite(other, to_other).unwrap();
        assert_eq!(heard(&mut one, b"\x80\x01!"), "say!");
        assert_eq!(heard(&mut other, b"\x80\x01?"), "say?");
        assert_eq!(one.send(Fragment::from("half").last()), Ok(()));
        assert_eq!(other.send(Fragment::from("half").last()), Err(SendError::Closed));
    }
}

#[test]
fn s5_2_without_compression_rsv1_fails_and_blames_the_peer() {
    for bytes in [b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00", b"\xC2\x07\xF2\x48\xCD\xC9\xC9\x07\x00"]
    {
        for config in [Config::DEFAULT, Config::DEFAULT.stream_above(0)] {
            for step in 1..=bytes.len() {
                let mut ws = client(config, Vec::new(), Vec::new());
                let mut recorder = Recorder::new();
                let written: Vec<_> =
                    bytes.chunks(step).flat_map(|piece| recorder.feed(&mut ws, piece)).collect();
                let error = recorder.report.error.unwrap();
                assert_eq!((error.violation(), error.offset()), (Violation::ReservedBits, 0));
                assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
                assert!(recorder.report.events.is_empty() && ws.is_closed());
                assert_eq!(written[0], 0x88);
            }
        }
    }
}

#[test]
fn s7_1_7_a_loop_that_passes_errors_over_ends() {
    let noise = b"\x83\x00and more";
    let (mut ws, mut bytes) = (Connection::client(Keys(1), Limits::DEFAULT), *noise);
    let mut input = &mut bytes[..];
    assert!(ws.receive(&mut input).is_err());
    assert_eq!(ws.receive(&mut input).unwrap().map(|_| ()), None);
    let mut again = *noise;
    let mut input = &mut again[..];
    let errors = std::iter::from_fn(|| ws.receive(&mut input).map(|_| ()).err()).count();
    assert_eq!(errors, 1, "once for each input");

    let text = b"\x81\x01\xFF and more";
    for (noise, violation) in
        [(&noise[..], Violation::ReservedOpcode), (&text[..], Violation::InvalidUtf8)]
    {
        let mut ws = client(Config::DEFAULT, Vec::new(), Vec::new());
        for _ in 0..3 {
            assert_eq!(ws.feed(noise), noise.len());
            let mut results = 0;
            while let Some(result) = ws.next().map(|next| next.map(|_| ())).transpose() {
                assert_eq!(result.unwrap_err().violation(), violation);
                results += 1;
            }
            assert_eq!(results, 1, "once for each read");
        }
    }
}

#[test]
fn s7_1_7_what_follows_a_violation_is_read_and_discarded() {
    for end in [&b"\x83\x00"[..], b"\x88\x00", b"\x01\x02\xC3\x28"] {
        let mut ws = client(Config::DEFAULT.retain(0), Vec::new(), Vec::new());
        let first = receive(&mut ws, &[b"\x01\x03say", &b"\x80\x01!"[..], end].concat());
        assert_eq!(first.messages(), [(true, b"say!".to_vec())]);
        for _ in 0..20 {
            let report = receive(&mut ws, &b"\x81\x01x".repeat(3_000));
            assert_eq!((&report.events[..], report.error), (&[][..], first.error));
            assert_eq!(ws.capacity(), 0, "it takes no memory");
        }
        assert!(ws.transmit().is_empty());
    }
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::common::deflate::negotiated;
    use super::*;

    /// RFC 7692 §7.2.3.1, and §7.2.3.2, which refers to it.
    const HELLO: &[u8] = b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00";
    const HELLO_AGAIN: &[u8] = b"\xC1\x05\xF2\x00\x11\x00\x00";

    fn inflating<S: Storage>(read: S, write: S) -> Peer<S> {
        client(Config::DEFAULT, read, write).deflate(Some(negotiated(true)))
    }

    #[test]
    fn s7_2_2_memory_whose_connection_died_inside_a_compressed_message_serves_the_next() {
        for next_is_compressed in [false, true] {
            let next = if next_is_compressed { HELLO } else { b"\x81\x05Hello" };
            let (mut read, mut write) = ([0; 300], [0; 131]);
            let mut ws = inflating(&mut read[..], &mut write[..]);
            assert_eq!(receive(&mut ws, &HELLO[..7]), Report::default());
            let mut ws = inflating(&mut read[..], &mut write[..]);
            assert_eq!(heard(&mut ws, next), "Hello");
            let mut ws = inflating(read.to_vec(), write.to_vec());
            assert_eq!(heard(&mut ws, next), "Hello");
        }
    }

    #[test]
    fn s7_1_1_what_one_connection_was_told_no_other_one_inflates() {
        let mut one = inflating(Vec::new(), Vec::new());
        assert_eq!(heard(&mut one, HELLO), "Hello");
        // These five bytes would refer to what the first connection received.
        let mut other = inflating(Vec::new(), Vec::new());
        let report = receive(&mut other, HELLO_AGAIN);
        assert_eq!(report.error.unwrap().violation(), Violation::InvalidDeflate);
        assert!(report.events.is_empty());
        assert_eq!(heard(&mut one, HELLO_AGAIN), "Hello");
        // Split and reunited, it continues.
        let (mut receiver, sender) = one.into_split();
        receiver.read_buf()[..HELLO_AGAIN.len()].copy_from_slice(HELLO_AGAIN);
        receiver.received(HELLO_AGAIN.len()).unwrap();
        assert!(matches!(receiver.next(), Ok(Some(websocket::Event::Message(_)))));
        let mut one = WebSocket::reunite(receiver, sender).unwrap();
        assert_eq!(heard(&mut one, HELLO_AGAIN), "Hello");
    }

    #[test]
    fn s7_2_1_what_one_connection_sends_refers_to_nothing_of_another() {
        let text = "long enough to be compressed, and more than that";
        let mut one = inflating(Vec::new(), Vec::new());
        one.send(text).unwrap();
        let first = one.queued();
        one.send(text).unwrap();
        assert!(one.queued() < 2 * first, "the second one refers to the first one");
        let mut other = inflating(Vec::new(), Vec::new());
        other.send(text).unwrap();
        assert_eq!(other.queued(), first);
    }

    #[test]
    fn s6_1_a_message_that_was_begun_compressed_ends_compressed() {
        let mut ws = inflating(Vec::new(), Vec::new());
        let whole = Fragment::from("in fragments ");
        ws.send(whole.first()).unwrap();
        let queued = ws.queued();
        assert_eq!(ws.sender().send_plain("whole"), Err(SendError::MessageOpen));
        assert_eq!(ws.queued(), queued, "a refusal changes nothing");
        assert_eq!(ws.sender().send_plain(whole.last()), Ok(()));
        assert!(ws.queued() < queued + whole.payload().len(), "it refers to the first fragment");
        assert_eq!(ws.sender().send_plain("whole"), Ok(()));
    }
}
