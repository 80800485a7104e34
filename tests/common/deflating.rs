//! Properties of compression: each body takes plain bytes and panics if it does not hold.

use super::deflate::{
    Compressor, Oracle, WHOLE, agree, assert_inflated, content, frames, negotiated, receive,
};
use super::driver::{Keys, cut};
use super::source::{Scenario, Source};
use super::websocket::write_all;
use super::wire::{self, Frame};
use rfc6455::deflate::Config;
use rfc6455::{FixedRole, Fragment, Limits, SendError, WebSocket, websocket};

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
    let config = websocket::Config::DEFAULT.high_water(HIGH_WATER);
    let (wire, said) = if from_client {
        say(WebSocket::client(Keys(9), config).deflate(Some(by_client)), source)
    } else {
        say(WebSocket::server(config).deflate(Some(by_server)), source)
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
    let receiver = if from_client { by_server } else { by_client };
    let report = receive(from_client, Limits::DEFAULT, &receiver, WHOLE, pieces);
    assert_eq!((report.messages(), report.error), (said, None));
}

/// The most that waits to be written.
const HIGH_WATER: usize = 200_000;

/// Sends messages until there are no more choices.
fn say<R: FixedRole>(
    mut ws: WebSocket<R, Vec<u8>>,
    source: &mut Source<'_>,
) -> (Vec<u8>, Vec<(bool, Vec<u8>)>) {
    let (mut wire, mut said) = (Vec::new(), Vec::new());
    while !source.is_empty() && wire.len() < 150_000 {
        let (text, payload) = content(source);
        match source.below(8) {
            // What was queued is written, or waits for a while.
            0 => wire.extend(write_all(&mut ws)),
            // As if there were no extension.
            1 => {
                wire.extend(write_all(&mut ws));
                ws.sender().send_plain(&payload[..]).unwrap();
                said.push((false, payload));
                continue;
            }
            2 => {
                let queued = ws.queued();
                assert_eq!(ws.send(&vec![0; HIGH_WATER][..]), Err(SendError::TooLong));
                assert_eq!(ws.queued(), queued, "a refusal has changed the queue");
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
            send_all(&mut ws, strings.collect(), &mut wire);
        } else {
            let pieces = cut(&payload, &cuts).into_iter().map(Fragment::from).collect();
            send_all(&mut ws, pieces, &mut wire);
        }
        said.push((text, payload));
    }
    wire.extend(write_all(&mut ws));
    (wire, said)
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn send_all<R: FixedRole>(
    ws: &mut WebSocket<R, Vec<u8>>,
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
        if ws.send(piece) == Err(SendError::Full) {
            wire.extend(write_all(ws));
            ws.send(piece).unwrap();
        }
    }
}

/// Messages that another compressor made arrive, whole and in chunks; and if bytes are changed, the
/// verdict, its offset and all that was delivered are the same however the stream is cut, and
/// whatever comes in chunks.
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
    let run =
        |above: u64, pieces: Vec<&[u8]>| receive(is_server, limits, &negotiated, above, pieces);
    let report = run(0, vec![&wire]);
    if changes <= 2 && limits == Limits::DEFAULT {
        assert_eq!((report.messages(), report.error), (said, None));
    }
    let single: &[&[u8]] = &[&wire];
    let bytes: Vec<_> = wire.chunks(1).collect();
    let random = cut(&wire, &choices.cuts(wire.len()));
    for pieces in [&bytes, &random] {
        assert_eq!(run(0, pieces.clone()), report);
    }
    for above in [1, 7, 300, 4096, WHOLE] {
        let same = run(above, single.to_vec());
        assert_eq!((same.messages(), same.error), (report.messages(), report.error));
        let unfinished = same.unfinished();
        assert!(unfinished.is_empty() || unfinished == report.unfinished(), "{above}");
        assert!(unfinished.is_empty() || unfinished.len() as u64 > above);
        for pieces in [&bytes, &random] {
            assert_eq!(run(above, pieces.clone()), same, "in chunks above {above}");
        }
    }
}

/// Whatever arrives where compression was agreed to: whole and in chunks, the messages are those that
/// another inflater finds, and the connection fails if it does.
pub fn any_stream_is_inflated_alike(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let (is_server, takeover) = (choice & 1 == 1, choice & 2 == 2);
    let Scenario { mut setting, stream: wire, cuts } = Scenario::raw(bytes, is_server);
    setting.rsv1 = true;
    setting.limits = Limits::max_message(setting.limits, setting.limits.max_message.min(2000));
    let (limits, negotiated) = (setting.limits, negotiated(takeover));
    let above = [2000, 3, 50, 0][usize::from(choice >> 2 & 3)];
    let report = receive(is_server, limits, &negotiated, above, cut(&wire, &cuts));
    let in_one = receive(is_server, limits, &negotiated, WHOLE, [&wire[..]]);
    assert_eq!((in_one.messages(), in_one.error), (report.messages(), report.error));
    assert_inflated(&report, &wire, &setting, takeover);
}
