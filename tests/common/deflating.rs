//! Properties of compression: each body takes plain bytes and panics if it does not hold.

use super::deflate::{
    Compressor, Oracle, Report, agree, client, content, frames, messages, negotiated, server,
    stream, whole,
};
use super::driver::{Keys, cut};
use super::oracle::{self, Seen};
use super::source::{Scenario, Source};
use super::wire::{self, Frame};
use rfc6455::deflate::Config;
use rfc6455::{Connection, Fragment, Limits, MessageBuffer, Role, Violation};

pub fn config(source: &mut Source<'_>) -> Config {
    Config::DEFAULT
        .send_window(9 + source.below(7) as u8)
        .receive_window(9 + source.below(7) as u8)
        .send_takeover(source.flag())
        .receive_takeover(source.flag())
        .level(source.below(10) as u8)
        .mem_level(1 + source.below(9) as u8)
        .threshold(source.pick(&[0, 0, 20, 1000]))
}

/// What we send, compressed, in fragments and not, is what another inflater finds, and our own.
pub fn what_is_sent_can_be_inflated(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let (of_client, of_server) = (config(source), config(source));
    let (by_client, by_server) = agree(&of_client, &of_server);
    assert_eq!(by_client.send_window(), by_server.receive_window().min(by_client.send_window()));
    assert_eq!(by_client.receive_window(), by_server.send_window());
    let takeover = (by_client.send_takeover(), by_server.send_takeover());
    assert_eq!(takeover, (by_server.receive_takeover(), by_client.receive_takeover()));
    let from_client = source.flag();
    let deflater = if from_client { by_client.deflater() } else { by_server.deflater() };
    let (wire, said) = if from_client {
        say(Connection::client(Keys(9), Limits::DEFAULT), deflater, source)
    } else {
        say(Connection::server(Limits::DEFAULT), deflater, source)
    };
    let mut oracle = Oracle::new(if from_client { takeover.0 } else { takeover.1 });
    let mut heard = Vec::new();
    let mut open: Option<(bool, bool, Vec<u8>)> = None;
    for Frame { first, payload, .. } in wire::frames(&wire) {
        let rsv1 = first & 0x40 != 0;
        match &mut open {
            None => open = Some((first & 0x0F == 1, rsv1, payload)),
            Some((_, _, all)) => {
                assert!(!rsv1, "only a first frame has RSV1");
                all.extend(payload);
            }
        }
        if first & 0x80 != 0 {
            let (text, compressed, all) = open.take().unwrap();
            let all = if compressed { oracle.inflate(&all).unwrap() } else { all };
            heard.push((text, all));
        }
    }
    assert_eq!(heard, said);
    let pieces = cut(&wire, &source.cuts(wire.len()));
    let report = if from_client {
        whole(server(Limits::DEFAULT), &by_server, &mut MessageBuffer::new(), pieces)
    } else {
        whole(client(Limits::DEFAULT), &by_client, &mut MessageBuffer::new(), pieces)
    };
    assert_eq!((messages(&report), report.error), (said, None));
}

/// Sends messages until there are no more choices.
fn say<R: Role>(
    mut ws: Connection<R>,
    mut deflater: rfc6455::deflate::Deflater,
    source: &mut Source<'_>,
) -> (Vec<u8>, Vec<(bool, Vec<u8>)>) {
    let (mut wire, mut said) = (Vec::new(), Vec::new());
    while !source.is_empty() && wire.len() < 150_000 {
        let (text, payload) = content(source);
        match source.below(8) {
            0 => _ = deflater.release(),
            // As if there were no extension.
            1 => {
                let mut out = vec![0; payload.len() + 14];
                let len = ws.send(&payload[..], &mut out).unwrap();
                wire.extend_from_slice(&out[..len]);
                said.push((false, payload));
                continue;
            }
            2 => {
                let short = deflater.send(&mut ws, &payload[..], &mut []).unwrap_err();
                assert!(matches!(short, rfc6455::SendError::BufferTooSmall { .. }));
            }
            _ => {}
        }
        let fragments = source.below(4);
        let cuts: Vec<_> = (0..fragments).map(|_| source.below(payload.len() + 1)).collect();
        if text {
            let string = std::str::from_utf8(&payload).unwrap();
            let cuts: Vec<_> = cuts.into_iter().map(|at| floor(string, at)).collect();
            let pieces = cut(string.as_bytes(), &cuts);
            let strings = pieces.iter().map(|piece| std::str::from_utf8(piece).unwrap().into());
            send_all(&mut ws, &mut deflater, strings.collect(), &mut wire);
        } else {
            let pieces = cut(&payload, &cuts).into_iter().map(Fragment::from).collect();
            send_all(&mut ws, &mut deflater, pieces, &mut wire);
        }
        said.push((text, payload));
    }
    (wire, said)
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn send_all<R: Role>(
    ws: &mut Connection<R>,
    deflater: &mut rfc6455::deflate::Deflater,
    pieces: Vec<Fragment<'_>>,
    wire: &mut Vec<u8>,
) {
    let last = pieces.len() - 1;
    for (index, piece) in pieces.into_iter().enumerate() {
        let piece = match (index == 0, index == last) {
            (true, true) => piece,
            (true, false) => piece.first(),
            (false, false) => piece.middle(),
            (false, true) => piece.last(),
        };
        deflater.send_to_vec(ws, piece, wire).unwrap();
    }
}

/// Messages that another compressor made arrive, in both tiers; and if bytes are changed, the
/// verdict, its offset and all that was delivered are the same however the stream is cut, and
/// however long the output is.
pub fn cuts_change_nothing(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let (takeover, is_server) = (source.flag(), source.flag());
    let limits = source.limits();
    let changes = source.below(4);
    let negotiated = negotiated(takeover);
    let mut compressor = Compressor::new(source.pick(&[0, 1, 2, 3, 6, 9]));
    let (mut wire, mut said) = (Vec::new(), Vec::new());
    let mut choices = Source(bytes);
    while !source.is_empty() && wire.len() < 20_000 {
        let (text, payload) = content(source);
        if !takeover {
            compressor = Compressor::new(source.pick(&[0, 1, 2, 3, 6, 9]));
        }
        let mut data = compressor.compress(&payload);
        for _ in 0..changes.saturating_sub(2) {
            let at = choices.below(data.len());
            data[at] ^= 1 << choices.below(8);
        }
        let cuts: Vec<_> = (0..source.below(4)).map(|_| source.below(data.len() + 1)).collect();
        for frame in frames(text, &data, &cuts) {
            let frame = if is_server { frame.masked(source.key()) } else { frame };
            wire.extend(frame.bytes());
            if source.below(8) == 7 {
                let ping = Frame::new(0x89, b"ping");
                let ping = if is_server { ping.masked(source.key()) } else { ping };
                wire.extend(ping.bytes());
            }
        }
        said.push((text, payload));
    }
    let run = |room: usize, pieces: Vec<&[u8]>| {
        if is_server {
            stream(server(limits), &negotiated, room, pieces)
        } else {
            stream(client(limits), &negotiated, room, pieces)
        }
    };
    let report = run(1 << 16, vec![&wire]);
    if changes <= 2 && limits == Limits::DEFAULT {
        assert_eq!((messages(&report), report.error), (said, None));
    }
    let short = wire.len() < 2000;
    let sizes: &[usize] = if short { &[1, 2, 7, 300] } else { &[300, 4096] };
    for room in sizes {
        assert_eq!(run(*room, vec![&wire]), report, "{room} bytes of output");
    }
    assert_eq!(run(if short { 3 } else { 5000 }, wire.chunks(1).collect()), report);
    let random = cut(&wire, &choices.cuts(wire.len()));
    assert_eq!(run(100, random.clone()), report);
    let heap = &mut MessageBuffer::new();
    let whole: Report = if is_server {
        whole(server(limits), &negotiated, heap, random)
    } else {
        whole(client(limits), &negotiated, heap, random)
    };
    assert_eq!((messages(&whole), whole.error), (messages(&report), report.error));
}

/// Whatever arrives where compression was agreed to: both tiers deliver the messages that another
/// inflater finds, and fail if it does.
pub fn any_stream_is_inflated_alike(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let (is_server, takeover) = (choice & 1 == 1, choice & 2 == 2);
    let Scenario { mut setting, stream: wire, cuts } = Scenario::raw(bytes, is_server);
    setting.rsv1 = true;
    setting.limits = Limits::max_message(setting.limits, setting.limits.max_message.min(2000));
    let (limits, negotiated) = (setting.limits, negotiated(takeover));
    let room = [2000, 3, 50, 2001][usize::from(choice >> 2 & 3)];
    let (pieces, heap) = (cut(&wire, &cuts), &mut MessageBuffer::new());
    let (report, in_one) = if is_server {
        let report = stream(server(limits), &negotiated, room, pieces);
        (report, whole(server(limits), &negotiated, heap, [&wire[..]]))
    } else {
        let report = stream(client(limits), &negotiated, room, pieces);
        (report, whole(client(limits), &negotiated, heap, [&wire[..]]))
    };
    assert_eq!((messages(&in_one), in_one.error), (messages(&report), report.error));

    let outcome = oracle::decode(&wire, &setting);
    let (mut inflater, mut expected) = (Oracle::new(takeover), Vec::new());
    let (mut open, mut refused) = (Vec::new(), false);
    for event in &outcome.events {
        let Seen::Data { text, rsv1, last, bytes, .. } = event else { continue };
        open.extend_from_slice(bytes);
        if !last {
            continue;
        }
        let message = std::mem::take(&mut open);
        let message = if *rsv1 { inflater.inflate(&message) } else { Some(message) };
        let right = |message: &Vec<u8>| {
            message.len() as u64 <= limits.max_message
                && (!text || std::str::from_utf8(message).is_ok())
        };
        let Some(message) = message.filter(right) else {
            refused = true;
            break;
        };
        expected.push((*text, message));
    }
    assert_eq!(messages(&report), expected);
    match report.error {
        None => assert!(!refused && outcome.fails.is_none()),
        // Of a message that is not complete, only its inflater can tell.
        Some(error) if !refused && outcome.fails.is_none() => assert!(matches!(
            error.violation(),
            Violation::InvalidDeflate | Violation::InvalidUtf8 | Violation::MessageTooBig
        )),
        Some(_) => {}
    }
}
