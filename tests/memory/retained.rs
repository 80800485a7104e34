//! What the tiers above the core hold on the heap is bounded by what their owner has set, whatever
//! arrives: by formulas of [`Limits`] and of the compression's config.
//!
//! | what | between messages | at most |
//! |---|---|---|
//! | [`MessageBuffer`] | `retain` | 3 · `max_message` + 4 KiB |
//! | `Inflater` | 48 KiB | 48 KiB |
//! | `Deflater` | (4 << `send_window`) + (448 << `mem_level`) + 134 KiB | the same |
//!
//! A buffer that grows to twice what has arrived copies from the old one, which makes three.

use crate::common;

use super::held::held;
use common::driver::{Keys, cut};
use common::source::Scenario;
use common::vectors;
use rfc6455::*;

/// The formula of the table, for what is held at any time.
fn most_for_messages(limits: &Limits) -> usize {
    let max = usize::try_from(limits.max_message).unwrap_or(usize::MAX);
    max.saturating_mul(3).saturating_add(4 << 10)
}

/// Streams that are the same in each run, hostile and not.
fn scenarios() -> impl Iterator<Item = Scenario> {
    (0..3000_u32).map(|seed| {
        let mut state = u64::from(seed) << 1 | 1;
        let bytes: Vec<u8> = (0..300)
            .map(|_| {
                state =
                    state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
                state.to_be_bytes()[0]
            })
            .collect();
        Scenario::new(&bytes)
    })
}

/// Follows a stream by its chunks, to know what a buffer has to hold.
struct Watch<R> {
    ws: Connection<R>,
    is_inside: bool,
}

impl<R: Role + Clone> Watch<R> {
    fn new(ws: &Connection<R>) -> Self {
        Self { ws: ws.clone(), is_inside: false }
    }

    /// Whether a part of a message has come, and may still become a whole one.
    fn is_inside_after(&mut self, piece: &[u8]) -> bool {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        loop {
            match self.ws.receive(&mut input) {
                Ok(Some(Event::Data(chunk))) => self.is_inside = !chunk.is_last(),
                Ok(Some(Event::Ping | Event::Pong)) => {}
                Ok(Some(Event::Close(_))) | Err(_) => self.is_inside = false,
                Ok(None) => return self.is_inside,
            }
        }
    }
}

/// Bytes are read as an owner would, some of them into the spare room; returns the most that was
/// held. After each piece, no more is held than is to be retained, unless a message is open.
fn most_held<R: Role + Clone>(
    ws: &Connection<R>,
    wire: &[u8],
    cuts: &[usize],
    retain: usize,
    spare: bool,
) -> usize {
    let mut pieces: Vec<_> = cut(wire, cuts).into_iter().map(<[u8]>::to_vec).collect();
    let mut watch = Watch::new(ws);
    let inside: Vec<_> = pieces.iter().map(|piece| watch.is_inside_after(piece)).collect();
    let (mut messages, mut receiver) = (MessageBuffer::new().retain(retain), ws.clone());
    let ((), _, most) = held(|| {
        for (piece, inside) in pieces.iter_mut().zip(inside) {
            let mut input = &mut piece[..];
            while spare && let Some(room) = messages.spare(&mut receiver) {
                let len = room.len().min(input.len());
                let Some(piece @ [_, ..]) = input.split_off_mut(..len) else { break };
                room[..len].copy_from_slice(piece);
                _ = messages.receive_spare(&mut receiver, len);
            }
            while let Ok(Some(incoming)) = messages.receive(&mut receiver, &mut input) {
                std::hint::black_box(incoming);
            }
            let capacity = messages.capacity();
            assert!(inside || capacity <= retain, "{capacity} bytes are retained");
        }
    });
    most
}

/// The most that was held of this stream, in several deliveries; always within the bounds.
fn check(server: bool, rsv1: bool, limits: Limits, wire: &[u8], cuts: &[usize]) -> usize {
    let (mut client, mut at_server) =
        (Connection::client(Keys(0), limits), Connection::server(limits));
    client.allow_rsv1(rsv1);
    at_server.allow_rsv1(rsv1);
    let reads: Vec<_> = (1..=wire.len() / 5000).map(|read| read * 5000).collect();
    let mut most = 0;
    for cuts in [&[], cuts, &reads] {
        for (retain, spare) in [(0, false), (1000, true), (16 << 10, true)] {
            let held = if server {
                most_held(&at_server, wire, cuts, retain, spare)
            } else {
                most_held(&client, wire, cuts, retain, spare)
            };
            let bound = most_for_messages(&limits);
            assert!(held <= bound, "{held} of {bound} bytes with {limits:?}");
            // Nothing is ever allocated from a declared length.
            let arrived = 3 * wire.len() + (4 << 10);
            assert!(held <= arrived, "{held} bytes, and {} have arrived", wire.len());
            most = most.max(held);
        }
    }
    most
}

#[test]
fn s10_4_every_vector_is_held_within_the_bound() {
    for vector in vectors::all() {
        for server in &vector.roles {
            let wire = vector.wire(*server).bytes;
            let cuts: Vec<_> = (1..wire.len().min(500)).collect();
            check(*server, vector.rsv1, vector.limits, &wire, &cuts);
        }
    }
}

#[test]
fn s10_4_random_streams_are_held_within_the_bound() {
    let mut most = 0;
    for Scenario { setting, stream, cuts } in scenarios() {
        most = most.max(check(setting.server, setting.rsv1, setting.limits, &stream, &cuts));
    }
    assert!(most > 100 << 10, "only {most} bytes were ever held");
}

/// The bound is reached, but for a little: it is not just large.
#[test]
fn s10_4_the_longest_message_is_held_within_the_bound() {
    for max in [1_usize << 10, 5000, 1 << 16, 1 << 20] {
        let limits = Limits::DEFAULT.max_message(max as u64);
        for kind in [1, 2] {
            let mut wire = Vec::new();
            let payload = vec![b'a'; max];
            let step = (max / 100).max(1);
            let count = payload.chunks(step).count();
            for (index, piece) in payload.chunks(step).enumerate() {
                let opcode = if index == 0 { kind } else { 0 };
                let fin = if index + 1 == count { 0x80 } else { 0 };
                wire.extend(common::wire::Frame::new(opcode | fin, piece).bytes());
            }
            let declares_more =
                common::wire::Frame::new(0x82, [&payload[..], b"a"].concat()).bytes();
            wire.extend(declares_more);
            let most = check(false, false, limits, &wire, &[]);
            assert!(most >= max, "{most} for {max}");
        }
    }
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::{Watch, held, most_for_messages, scenarios};
    use crate::common::deflate::{Compressor, client, content, frames, negotiated, server};
    use crate::common::driver::cut;
    use crate::common::inflated;
    use crate::common::source::{Scenario, Source};
    use crate::common::wire::Frame;
    use rfc6455::deflate::{Config, Deflater, Negotiated, Params};
    use rfc6455::*;

    const INFLATER: usize = 48 << 10;
    /// What a buffer retains by default.
    const RETAINED: usize = 16 << 10;

    /// The formula of the table.
    fn of_deflater(window: u8, mem_level: u8) -> usize {
        (4 << window) + (448 << mem_level) + (134 << 10)
    }

    #[test]
    fn a_deflater_holds_what_the_formula_says() {
        let mut payload = Vec::new();
        for seed in 0..=255 {
            payload.extend(content(&mut Source(&[0, 251, 29, seed, seed % 4])).1);
        }
        let mut out = vec![0; Deflater::bound(payload.len())];
        for window in 9..=15 {
            for mem_level in 1..=9 {
                for level in [1, 6, 9] {
                    let config = Config::DEFAULT.send_window(window).mem_level(mem_level);
                    let negotiated = config.level(level).accept(Params::default()).unwrap();
                    let mut ws = Connection::server(Limits::DEFAULT);
                    let mut deflater = negotiated.deflater();
                    let ((), after, most) = held(|| {
                        for _ in 0..3 {
                            deflater.send(&mut ws, &payload[..], &mut out).unwrap();
                        }
                    });
                    let bound = of_deflater(window, mem_level);
                    assert!(most <= bound, "{window} {mem_level}: {most} of {bound}");
                    assert!(after + (8 << 10) >= bound, "{window} {mem_level}: {after} of {bound}");
                    let ((), freed, _) = held(|| assert!(deflater.release()));
                    assert_eq!(freed, 0);
                }
            }
        }
    }

    /// The most that is held while these pieces are inflated.
    fn inflate<R: Role + Clone>(
        mut ws: Connection<R>,
        negotiated: &Negotiated,
        wire: &[u8],
        cuts: &[usize],
    ) -> usize {
        let mut pieces: Vec<_> = cut(wire, cuts).into_iter().map(<[u8]>::to_vec).collect();
        let mut watch = Watch::new(&ws);
        watch.ws.allow_rsv1(true);
        let inside: Vec<_> = pieces.iter().map(|piece| watch.is_inside_after(piece)).collect();
        let (mut inflater, mut messages) = (negotiated.inflater(), MessageBuffer::new());
        let ((), _, most) = held(|| {
            for (piece, inside) in pieces.iter_mut().zip(inside) {
                let (mut input, inflater) = (&mut piece[..], &mut inflater);
                while let Ok(Some(got)) = messages.receive_inflated(inflater, &mut ws, &mut input) {
                    std::hint::black_box(got);
                }
                let capacity = messages.capacity();
                let may_go_on = inside && ws.error().is_none();
                assert!(may_go_on || capacity <= RETAINED, "{capacity} bytes are retained");
            }
        });
        most
    }

    #[test]
    fn s10_4_every_vector_is_inflated_within_the_bound() {
        let mut inflated = 0;
        for vector in inflated::all() {
            let bound = INFLATER + most_for_messages(&vector.limits);
            for fragmented in [false, true] {
                let wire: Vec<_> =
                    vector.frames(fragmented).iter().flat_map(Frame::bytes).collect();
                let each: Vec<_> = (1..wire.len().min(500)).collect();
                for cuts in [&[][..], &each] {
                    let ws = client(vector.limits);
                    let most = inflate(ws, &vector.negotiated(), &wire, cuts);
                    assert!(most <= bound, "{}: {most} of {bound}", vector.name);
                    inflated += usize::from(most > INFLATER / 2);
                }
            }
        }
        assert!(inflated > 20, "only {inflated} of them had to inflate something");
    }

    #[test]
    fn s10_4_random_streams_are_inflated_within_the_bound() {
        let mut inflated = 0;
        for (level, Scenario { setting, stream, cuts }) in (0..10).cycle().zip(scenarios()) {
            let limits = setting.limits.max_message(setting.limits.max_message.min(3000));
            let mut wire = Vec::new();
            // Something right comes before it, so that the context is there.
            let mut compressor = Compressor::new(level);
            let (text, payload) = content(&mut Source(&stream[..stream.len().min(20)]));
            for frame in frames(text, &compressor.compress(&payload), &[]) {
                let frame = if setting.server { frame.masked([1, 2, 3, 4]) } else { frame };
                wire.extend(frame.bytes());
            }
            wire.extend(&stream);
            let most = if setting.server {
                inflate(server(limits), &negotiated(true), &wire, &cuts)
            } else {
                inflate(client(limits), &negotiated(true), &wire, &cuts)
            };
            let bound = INFLATER + most_for_messages(&limits);
            assert!(most <= bound, "{most} of {bound} with {limits:?}");
            inflated += usize::from(most > INFLATER / 2);
        }
        assert!(inflated > 1000, "only {inflated} of them had to inflate something");
    }
}
