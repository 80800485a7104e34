//! Messages as `Bytes`: what is copied, what is shared, and what is sent once to many.

use crate::common::websocket::read;

use bytes::{BufMut, Bytes, BytesMut};
use rfc6455::websocket::{Broadcast, Config, OwnedEvent, OwnedMessage, Utf8Bytes};
use rfc6455::{Client, Fragment, MaskingKeys, MessageKind, SendError, Server, WebSocket};

fn server(config: Config) -> WebSocket<Server, BytesMut> {
    WebSocket::over_bytes(Server, config)
}

fn client(config: Config) -> WebSocket<Client<impl MaskingKeys>, BytesMut> {
    WebSocket::over_bytes(Client::new(|| [1, 2, 3, 4]), config)
}

fn written<R: rfc6455::Role>(ws: &mut WebSocket<R, BytesMut>) -> Vec<u8> {
    let all: Vec<u8> = ws.transmit_slices().flatten().copied().collect();
    ws.transmitted(all.len()).unwrap();
    all
}

/// Gives the client these bytes in steps of this length; returns the messages that it finds.
fn receive(
    ws: &mut WebSocket<Client<impl MaskingKeys>, BytesMut>,
    wire: &[u8],
    step: usize,
) -> Vec<OwnedMessage> {
    let mut messages = Vec::new();
    for mut piece in wire.chunks(step) {
        while !piece.is_empty() {
            let len = {
                let mut room = ws.read_buf_mut();
                let len = room.remaining_mut().min(piece.len());
                room.put_slice(&piece[..len]);
                len
            };
            assert_eq!(ws.received_buf_mut(), len);
            assert_eq!(ws.received_buf_mut(), 0, "counted once");
            piece = &piece[len..];
            while let Some((event, _)) = ws.next_owned().unwrap() {
                let OwnedEvent::Message(message) = event else { panic!("{event:?}") };
                messages.push(message);
            }
        }
    }
    messages
}

#[test]
fn s5_4_owned_messages_are_those_that_were_sent_however_they_are_cut() {
    for step in [1, 7, 1000, 5000, usize::MAX] {
        let (mut from, mut to) = (server(Config::DEFAULT), client(Config::DEFAULT));
        let mut sent = Vec::new();
        for len in [0, 1, 125, 1023, 1024, 5_000, 70_000, 3] {
            let text = OwnedMessage::from("\u{E4}".repeat(len / 2));
            for message in [text, OwnedMessage::from(vec![7; len])] {
                from.sender().send_owned(message.clone()).unwrap();
                sent.push(message);
            }
            let parts = [Fragment::from(&[1; 700]).first(), Fragment::from(&[2; 700]).last()];
            for part in parts {
                from.send(part).unwrap();
            }
            sent.push(OwnedMessage::from([[1; 700], [2; 700]].concat()));
        }
        let wire = written(&mut from);
        let received = receive(&mut to, &wire, step);
        assert_eq!(received, sent);
        for message in received {
            if let OwnedMessage::Text(text) = message {
                assert_eq!(std::str::from_utf8(text.as_bytes()), Ok(text.as_str()));
            }
        }
    }
}

#[test]
fn s5_4_owned_chunks_pass_on_a_message_that_is_never_whole() {
    let text = "\u{E4}".repeat(3_000);
    for step in [1, 7, 1001, usize::MAX] {
        let (mut from, mut to) = (server(Config::DEFAULT), client(Config::DEFAULT.stream_above(9)));
        let (mut passed, mut end) = (server(Config::DEFAULT), client(Config::DEFAULT));
        from.send(&*text).unwrap();
        let (mut parts, mut joined) = (Vec::new(), Vec::new());
        for piece in written(&mut from).chunks(step) {
            let mut piece = piece;
            while !piece.is_empty() {
                piece = &piece[to.feed(piece)..];
                while let Some((event, _)) = to.next_owned().unwrap() {
                    let OwnedEvent::Chunk(chunk) = event else { panic!("{event:?}") };
                    assert_eq!(chunk.kind(), MessageKind::Text);
                    parts.push((chunk.is_first(), chunk.is_last()));
                    joined.extend_from_slice(chunk.as_bytes());
                    passed.send(&chunk).unwrap();
                }
            }
        }
        assert_eq!(joined, text.as_bytes());
        let last = parts.len() - 1;
        assert!(parts.iter().enumerate().all(|(at, part)| *part == (at == 0, at == last)));
        assert_eq!(
            receive(&mut end, &written(&mut passed), step),
            [OwnedMessage::from(text.clone())]
        );
    }
}

#[test]
fn a_long_payload_of_a_server_is_not_copied_and_a_short_one_is() {
    for (len, shared) in [(1023, false), (1024, true), (100_000, true)] {
        let payload = Bytes::from(vec![5; len]);
        let mut ws = server(Config::DEFAULT);
        ws.sender().send_owned(payload.clone()).unwrap();
        ws.sender().broadcast(&Broadcast::new(payload.clone()).unwrap()).unwrap();
        let slices: Vec<_> = ws.transmit_slices().map(<[u8]>::as_ptr).collect();
        let places = slices.iter().filter(|place| **place == payload.as_ptr()).count();
        assert_eq!(places, if shared { 2 } else { 0 });
        assert_eq!(ws.queued(), 2 * len + if len > 65_535 { 20 } else { 8 });
    }
}

#[test]
fn s5_2_a_shared_payload_is_written_behind_its_header() {
    let mut ws = server(Config::DEFAULT);
    ws.sender().send_owned(Bytes::from(vec![5; 1024])).unwrap();
    for part in [&[0x82, 0x7E, 4, 0][..], &[5; 1024]] {
        assert_eq!(ws.transmit(), part);
        ws.transmitted(part.len()).unwrap();
    }
    assert_eq!(ws.queued(), 0);
}

#[test]
fn a_received_message_is_split_off_from_1_kib_on() {
    for (len, is_split) in [(1023, false), (1024, true), (1025, true)] {
        let mut ws = client(Config::DEFAULT);
        let wire = [&[0x82, 0x7E][..], &u16::to_be_bytes(len), &vec![1; usize::from(len)]].concat();
        // As many bytes as were read at once before are lent at once.
        receive(&mut ws, &vec![[0x82, 0]; 8_000].concat(), usize::MAX);
        let room = ws.read_buf();
        let place = room.as_ptr().addr() + 4;
        room[..wire.len()].copy_from_slice(&wire);
        ws.received(wire.len()).unwrap();
        let Some((OwnedEvent::Message(message), _)) = ws.next_owned().unwrap() else { panic!() };
        assert_eq!(message.as_bytes(), &wire[4..]);
        assert_eq!(message.as_bytes().as_ptr().addr() == place, is_split, "{len} bytes");
    }
}

#[test]
fn only_bytes_that_are_put_into_the_room_postpone_a_ping() {
    let at = std::time::Duration::from_secs;
    let mut ws = server(Config::DEFAULT);
    assert_eq!(ws.handle_timeout(at(0)), None);
    ws.read_buf_mut();
    assert_eq!(ws.received_buf_mut(), 0);
    assert_eq!((ws.handle_timeout(at(10)), ws.deadline()), (None, Some(at(30))));
    ws.read_buf_mut().put_slice(b"\x82");
    assert_eq!(ws.received_buf_mut(), 1);
    ws.read_buf_mut();
    assert_eq!(ws.received_buf_mut(), 0);
    assert_eq!((ws.handle_timeout(at(10)), ws.deadline()), (None, Some(at(40))));
}

#[test]
fn an_owned_message_stays_what_it_is_while_the_buffer_is_used_again() {
    let mut ws = client(Config::DEFAULT);
    let mut kept = Vec::new();
    for round in 0..50_u8 {
        let mut wire = vec![0x82, 0x7E, 0x08, 0x00];
        wire.resize(4 + 2048, round);
        wire.extend([0x82, 3, round, round, round]);
        kept.extend(receive(&mut ws, &wire, 900));
    }
    assert_eq!(kept.len(), 100);
    for (index, message) in kept.iter().enumerate() {
        let round = u8::try_from(index / 2).unwrap();
        assert!(message.as_bytes().iter().all(|byte| *byte == round), "message {index}");
    }
}

#[test]
fn s5_5_a_pong_goes_between_shared_payloads_and_never_into_one() {
    for sent in [0, 1, 4, 5, 20_003, 20_004, 20_005, 60_011] {
        let mut ws = server(Config::DEFAULT);
        for byte in 1..=3 {
            ws.sender().send_owned(vec![byte; 20_000]).unwrap();
        }
        ws.transmitted(sent).unwrap();
        ws.ping(b"p").unwrap();
        let rest = written(&mut ws);
        let ahead = sent.next_multiple_of(20_004) - sent;
        let short = 60_012 - sent < 16 << 10;
        let at = if short { 60_012 - sent } else { ahead };
        assert_eq!(&rest[at..at + 3], b"\x89\x01p", "after {sent}");
        assert_eq!(rest.len(), 60_012 + 3 - sent);
    }
}

#[test]
fn a_payload_that_waits_keeps_its_place_when_what_was_sent_makes_room() {
    let frame = |byte, len: u16| {
        [&[0x82, 0x7E][..], &len.to_be_bytes(), &vec![byte; usize::from(len)]].concat()
    };
    let all = [frame(1, 900), frame(2, 2_000), frame(3, 2_000), frame(4, 900), frame(5, 60_000)];
    for sent in [1, 500, 904, 906, 908, 1_000, 2_907, 2_908, 4_911, 4_912, 5_000] {
        let mut ws = server(Config::DEFAULT);
        ws.send(&[1; 900]).unwrap();
        ws.sender().send_owned(vec![2; 2_000]).unwrap();
        ws.sender().send_owned(vec![3; 2_000]).unwrap();
        ws.send(&[4; 900]).unwrap();
        ws.transmitted(sent).unwrap();
        ws.release();
        ws.send(&vec![5; 60_000][..]).unwrap();
        assert!(written(&mut ws) == all.concat()[sent..], "after {sent}");
    }
}

#[test]
fn a_connection_over_bytes_counts_what_its_buffers_hold() {
    let mut ws = server(Config::DEFAULT);
    assert_eq!(ws.capacity(), 0);
    for len in [100, 200, 50, 300, 40_000] {
        ws.send(&vec![7; len][..]).unwrap();
        assert!((len..4 * len + 1_000).contains(&ws.capacity()), "{} for {len}", ws.capacity());
        let frame = written(&mut ws);
        assert_eq!(
            (frame.len() - len, frame[frame.len() - len..].to_vec()),
            (if len < 126 { 2 } else { 4 }, vec![7; len])
        );
    }
    ws.release();
    assert_eq!(ws.capacity(), 0);
    assert_eq!(ws.feed(&[0x82; 10_000]), 10_000);
    assert!((10_000..30_000).contains(&ws.capacity()), "{}", ws.capacity());
}

#[test]
fn memory_that_owned_messages_share_counts_whole() {
    // Growing to twice its length leaves some of it.
    let wire = [&[0x82, 0x7E, 0x61, 0xA8][..], &vec![7; 25_000], b"\x82\x05ab"].concat();
    for (rest, retain) in
        [(&b""[..], 16 << 10), (b"cde", 16 << 10), (b"", 64 << 10), (b"cde", 64 << 10)]
    {
        let mut ws = client(Config::DEFAULT.retain(retain));
        let end = if rest.is_empty() { 25_004 } else { wire.len() };
        for piece in [0..10_000, 10_000..11_000, 11_000..21_000, 21_000..end] {
            assert_eq!(ws.next_owned().unwrap().map(|_| ()), None);
            assert_eq!(ws.feed(&wire[piece.clone()]), piece.len());
        }
        let held = ws.next_owned().unwrap().map(|(event, _)| event);
        assert!(ws.next_owned().unwrap().is_none());
        if !rest.is_empty() {
            assert!(ws.capacity() > 10_000, "there is room for the rest: {}", ws.capacity());
            ws.read_buf_mut().put_slice(rest);
            assert_eq!(ws.received_buf_mut(), rest.len());
            assert!(ws.next_owned().unwrap().is_some() && ws.next_owned().unwrap().is_none());
        }
        let kept = if retain < end { 0..=0 } else { end..=retain };
        assert!(kept.contains(&ws.capacity()), "{} of {retain}", ws.capacity());
        assert!(held.is_some(), "it is held until here");
    }
}

#[test]
fn memory_of_which_short_owned_messages_are_split_off_is_read_into_again() {
    let mut ws = client(Config::DEFAULT);
    let wire = [&[0x82, 0x7E, 0x08, 0x00][..], &[7; 2_048]].concat();
    let mut kept = receive(&mut ws, &wire, usize::MAX);
    for _ in 0..50 {
        kept.extend(receive(&mut ws, &wire, usize::MAX));
        assert!(ws.capacity() > 0);
    }
    assert_eq!(kept.len(), 51);
}

#[test]
fn memory_of_owned_messages_is_counted_once_however_it_is_read_into() {
    let wire = [&[0x82, 0x7F, 0, 0, 0, 0, 0, 4, 0, 0][..], &vec![7; 256 << 10]].concat().repeat(16);
    let (mut ws, mut kept) = (client(Config::DEFAULT), None);
    for mut rest in wire.chunks(100_000) {
        while !rest.is_empty() {
            ws.handle_timeout(std::time::Duration::ZERO); // memory may stay for a moment
            rest = &rest[read(&mut ws, rest)..];
            while let Some((event, _)) = ws.next_owned().unwrap() {
                kept = Some(event); // until the next one
            }
            assert!(ws.capacity() <= 1 << 20, "{}", ws.capacity());
        }
    }
    assert!(kept.is_some());
}

#[test]
fn s7_1_7_after_a_violation_an_owned_event_is_the_error_and_nothing_is_sent() {
    let mut ws = client(Config::DEFAULT);
    assert_eq!(ws.feed(&[0x83, 0]), 2); // a reserved opcode
    assert!(ws.next_owned().is_err());
    assert_eq!(ws.send("too late"), Err(SendError::Closed));
}

#[test]
fn s5_1_what_a_client_sends_to_many_is_masked() {
    let message = Broadcast::new("the same ".repeat(200)).unwrap();
    assert_eq!((message.len(), message.is_empty()), (1800, false));
    let mut ws = client(Config::DEFAULT);
    ws.sender().broadcast(&message).unwrap();
    let frame = written(&mut ws);
    let (header, len) = rfc6455::FrameHeader::decode(&frame).unwrap().unwrap();
    assert_eq!((header.payload_len, frame.len()), (1800, len + 1800));
    let mut payload = frame[len..].to_vec();
    rfc6455::mask(&mut payload, header.masking_key.unwrap());
    assert_eq!(payload, "the same ".repeat(200).as_bytes());
}

#[test]
fn s5_3_an_owned_message_of_a_client_is_masked() {
    for len in [100, 2_000] {
        let mut ws = client(Config::DEFAULT);
        ws.sender().send_owned(vec![7; len]).unwrap();
        let frame = written(&mut ws);
        let (header, header_len) = rfc6455::FrameHeader::decode(&frame).unwrap().unwrap();
        let mut payload = frame[header_len..].to_vec();
        rfc6455::mask(&mut payload, header.masking_key.unwrap());
        assert_eq!(payload, vec![7; len]);
    }
}

#[test]
fn above_the_mark_nothing_is_shared() {
    let mut ws = server(Config::DEFAULT.high_water(10_000));
    let message = Broadcast::new(vec![0; 6_000]).unwrap();
    ws.sender().broadcast(&message).unwrap();
    assert_eq!(ws.sender().broadcast(&message), Err(SendError::Full));
    assert_eq!(ws.sender().send_owned(vec![0; 6_000]), Err(SendError::Full));
    assert_eq!(ws.queued(), 6_004);
    ws.send(Fragment::from("x").first()).unwrap();
    assert_eq!(ws.sender().broadcast(&message), Err(SendError::MessageOpen));
}

#[test]
fn over_a_slice_a_shared_payload_needs_room_for_its_header_alone() {
    let (mut read, mut write) = ([0; 64], [0; 200]);
    let mut ws = WebSocket::new(Server, Config::DEFAULT, &mut read[..], &mut write[..]);
    let [short, long] = [1_023, 1_024].map(|len| Broadcast::new(vec![5; len]).unwrap());
    assert_eq!(ws.sender().broadcast(&short), Err(SendError::Full), "it is copied");
    assert_eq!(ws.sender().send_owned(vec![5; 1_023]), Err(SendError::Full));
    assert_eq!(ws.queued(), 0);
    ws.sender().broadcast(&long).unwrap();
    ws.sender().send_owned(vec![5; 1_024]).unwrap();
    let frame = [&b"\x82\x7E\x04\x00"[..], &[5; 1_024]].concat();
    let all: Vec<u8> = ws.transmit_slices().flatten().copied().collect();
    assert_eq!(all, [&frame[..], &frame].concat());
}

#[test]
fn owned_text_converts_without_a_copy_where_nobody_shares_it() {
    let text = String::from("some text that is long enough");
    let place = text.as_ptr();
    let owned = Utf8Bytes::from(text);
    assert_eq!(owned.as_bytes().as_ptr(), place);
    let text = String::from(owned);
    assert_eq!((text.as_ptr(), &*text), (place, "some text that is long enough"));
    assert_eq!(Utf8Bytes::from_static("a"), "a");
    assert_eq!(String::from(Utf8Bytes::try_from(Bytes::from_static(b"b")).unwrap()), "b");
    assert_eq!(format!("{:?} {}", Utf8Bytes::from("c"), Utf8Bytes::from("d")), "\"c\" d");
    let message = OwnedMessage::from("e");
    assert_eq!(OwnedMessage::from(message.as_message()), message);
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::*;
    use rfc6455::Limits;
    use rfc6455::deflate::{self, Params};
    use rfc6455::websocket::Event;

    fn pair(
        config: deflate::Config,
    ) -> (WebSocket<Server, BytesMut>, WebSocket<Client<impl MaskingKeys>, BytesMut>) {
        let by_server = config.accept(Params::default()).unwrap();
        let response = Params {
            server_no_context_takeover: !by_server.send_takeover(),
            server_max_window_bits: (by_server.send_window() < 15)
                .then_some(by_server.send_window()),
            ..Params::default()
        };
        let by_client = deflate::Config::DEFAULT.confirm(response).unwrap();
        let limits = Config::DEFAULT.limits(Limits::DEFAULT);
        (server(limits).deflate(Some(by_server)), client(limits).deflate(Some(by_client)))
    }

    #[test]
    fn s6_2_a_compressed_message_over_the_bound_is_owned_in_chunks() {
        let (mut server, _) = pair(deflate::Config::DEFAULT);
        let negotiated = deflate::Config::DEFAULT.confirm(Params::default()).unwrap();
        let config = Config::DEFAULT.stream_above(1_000);
        let [mut owns, mut lends] = [(); 2].map(|()| client(config).deflate(Some(negotiated)));
        let text = "abc ".repeat(50_000);
        server.send(text.as_str()).unwrap();
        let wire = written(&mut server);
        assert!(wire.len() < 4_000, "it is compressed: {}", wire.len());
        let (mut all, mut ends) = (Vec::new(), Vec::new());
        for ws in [&mut owns, &mut lends] {
            assert_eq!(ws.feed(&wire), wire.len());
        }
        while let Some((event, _)) = owns.next_owned().unwrap() {
            let OwnedEvent::Chunk(chunk) = event else { panic!("{event:?}") };
            ends.push((chunk.is_first(), chunk.is_last()));
            all.extend_from_slice(chunk.as_bytes());
            let Some((Event::Chunk(lent), _)) = lends.next().unwrap() else { panic!() };
            assert_eq!(chunk.as_bytes().len(), lent.len());
        }
        assert_eq!(all, text.as_bytes());
        let (first, last) = (ends[0], ends[ends.len() - 1]);
        assert_eq!((first, last), ((true, false), (false, true)));
        assert!(ends.len() < 25, "{} chunks for 200,000 bytes", ends.len());
    }

    #[test]
    fn s7_2_1_what_is_compressed_once_reaches_every_client_that_can_read_it() {
        let once = deflate::Config::DEFAULT.send_window(12);
        let news = "the same news for all of them. ".repeat(100);
        let message = Broadcast::new(news.clone()).unwrap().compress(&once);
        let own = "the same news for all of them, and more".repeat(3);
        for (config, first, later) in [
            (deflate::Config::DEFAULT, true, false),
            (deflate::Config::DEFAULT.send_takeover(false), true, true),
            (deflate::Config::DEFAULT.send_window(12), true, false),
            (deflate::Config::DEFAULT.send_window(11), false, false),
        ] {
            let (mut from, mut to) = pair(config);
            from.sender().broadcast(&message).unwrap();
            let short = from.queued() < 500;
            assert_eq!(short, first, "{config:?}");
            from.send(&*own).unwrap();
            let before = from.queued();
            from.sender().broadcast(&message).unwrap();
            assert_eq!(from.queued() - before < 500, later, "{config:?}");
            from.send(&*own).unwrap();
            let wire = written(&mut from);
            let expected = [&news, &own, &news, &own].map(|text| OwnedMessage::from(text.clone()));
            assert_eq!(receive(&mut to, &wire, 100), expected);
        }
    }

    /// It is split off if it fills at least half of the memory that it was inflated into.
    #[test]
    fn an_inflated_message_is_split_off_from_1_kib_on_unless_much_is_to_spare() {
        for (earlier, len, is_copied) in [
            (0, 1_023, true),
            (0, 1_024, false),
            (0, 1_025, false),
            (0, 40_000, false),
            (50_000, 1_023, true),
            (50_000, 2_000, true),
            (50_000, 40_000, false),
        ] {
            let (mut from, mut to) = pair(deflate::Config::DEFAULT);
            from.send(&vec![b'a'; earlier][..]).unwrap();
            let wire = written(&mut from);
            assert_eq!(to.feed(&wire), wire.len());
            assert!(to.next().unwrap().is_some() && to.next().unwrap().is_none());
            from.send(&vec![b'b'; len][..]).unwrap();
            let wire = written(&mut from);
            assert_eq!(to.feed(&wire), wire.len());
            let Some((OwnedEvent::Message(message), _)) = to.next_owned().unwrap() else {
                panic!()
            };
            assert_eq!(message.as_bytes(), vec![b'b'; len]);
            // What is inflated into is all but a few bytes of the memory.
            let held = to.capacity();
            assert_eq!(held > 1_000, is_copied, "{earlier}, {len}: {held} bytes");
        }
    }

    #[test]
    fn the_memory_that_inflated_messages_need_is_kept_for_a_moment() {
        let at = std::time::Duration::from_millis;
        let (mut from, mut to) = pair(deflate::Config::DEFAULT);
        for now in [0, 900, 1_800] {
            to.handle_timeout(at(now));
            assert!(now == 0 || to.capacity() >= 1 << 20, "{now}: {}", to.capacity());
            from.send(&vec![7; 1 << 20][..]).unwrap();
            let wire = written(&mut from);
            assert_eq!(to.feed(&wire), wire.len());
            while to.next().unwrap().is_some() {}
        }
        for now in [2_900, 4_000] {
            to.handle_timeout(at(now));
        }
        assert!(to.capacity() <= Config::DEFAULT.retain, "{}", to.capacity());
    }

    #[test]
    fn s5_1_without_compression_a_client_gets_the_message_as_it_is() {
        let news = "news ".repeat(1000);
        let message = Broadcast::new(news.clone()).unwrap().compress(&deflate::Config::DEFAULT);
        let (mut from, mut to) = (server(Config::DEFAULT), client(Config::DEFAULT));
        from.sender().broadcast(&message).unwrap();
        let wire = written(&mut from);
        assert_eq!(receive(&mut to, &wire, 4096), [OwnedMessage::from(news)]);
    }
}
