//! A client and a server of this crate over a wire with arbitrary delays and chunking: connections,
//! or the layer over them, with compression or without.

use super::driver::Keys;
use super::end::{End, ends};
use super::fuel::Meter;
use super::oracle::Seen;
use super::source::Source;
use super::wire::{self, Frame};
use rfc6455::*;

/// One end, the bytes on their way to it, and a record of what it received and sent.
struct Peer<R: FixedRole> {
    end: End<R>,
    /// Bytes that the other end has written and that have not arrived.
    coming: Vec<u8>,
    /// How many of them, at the end, are held back, and for how many more reads of this end.
    held_back: (usize, usize),
    /// Everything that this end has written.
    wrote: Vec<u8>,
    said: Vec<(bool, Vec<u8>)>,
    heard: Vec<(bool, Vec<u8>)>,
    /// The message that is being received.
    part: Vec<u8>,
    pings_heard: Vec<Vec<u8>>,
    closed_with: Option<Option<u16>>,
    /// The message that is being sent, which is text.
    open: Option<String>,
    /// Its first frame was compressed.
    compress: bool,
    meter: Meter,
}

impl<R: FixedRole> Peer<R> {
    fn new(end: End<R>) -> Self {
        Self {
            end,
            coming: Vec::new(),
            held_back: (0, 0),
            wrote: Vec::new(),
            said: Vec::new(),
            heard: Vec::new(),
            part: Vec::new(),
            pings_heard: Vec::new(),
            closed_with: None,
            open: None,
            compress: false,
            meter: Meter::start(),
        }
    }

    fn write<S: FixedRole>(&mut self, to: &mut Peer<S>, bytes: &[u8]) {
        self.wrote.extend_from_slice(bytes);
        to.coming.extend_from_slice(bytes);
        to.held_back.0 += bytes.len();
    }

    /// Does something that an application might.
    fn act<S: FixedRole>(&mut self, to: &mut Peer<S>, source: &mut Source<'_>) {
        match source.below(16) {
            0..=3 => {
                let (text, len) = (source.flag(), source.len());
                let string = source.text(if text { len } else { 0 });
                let bytes = source.bytes(len);
                let compress = source.flag();
                let message =
                    if text { Fragment::from(&*string) } else { Fragment::from(&bytes[..]) };
                let sent = self.end.send(message, compress);
                let Some(frame) = self.sent(sent) else { return };
                self.write(to, &frame);
                self.said.push((text, if text { string.into_bytes() } else { bytes }));
            }
            4..=6 => {
                let (piece, last) = (source.text(5), source.flag() && self.open.is_some());
                let whole = Fragment::from(&*piece);
                let fragment = match (&self.open, last) {
                    (None, _) => whole.first(),
                    (Some(_), false) => whole.middle(),
                    (Some(_), true) => whole.last(),
                };
                if self.open.is_none() {
                    self.compress = source.flag();
                }
                let sent = self.end.send(fragment, self.compress);
                let Some(frame) = self.sent(sent) else { return };
                self.write(to, &frame);
                let said = self.open.take().map_or(piece.clone(), |open| open + &piece);
                self.open = Some(said);
                if last {
                    self.said.push((true, self.open.take().unwrap().into_bytes()));
                }
            }
            7 | 8 => {
                let len = source.pick(&[0, 4, 100, 125]);
                let Ok(frame) = self.end.ping(&source.bytes(len)) else { return };
                self.write(to, &frame);
            }
            9 if source.below(6) == 5 => self.close(to, source),
            10..=12 => self.arrive(to, source),
            13 => self.hold_back(source),
            _ => self.transmit(to),
        }
    }

    /// Checks that a refusal has a reason: another message is open, or the connection is closing.
    fn sent(&mut self, result: Result<Vec<u8>, SendError>) -> Option<Vec<u8>> {
        let expected = if self.end.refuses(self.closed_with.is_some()) {
            SendError::Closed
        } else {
            SendError::MessageOpen
        };
        result.map_err(|error| assert_eq!(error, expected)).ok()
    }

    /// Delays the last bytes on the way, and everything after them.
    fn hold_back(&mut self, source: &mut Source<'_>) {
        let len = source.below((self.coming.len() + 1).min(65_536));
        self.held_back = (len, 1 + source.below(6));
    }

    fn close<S: FixedRole>(&mut self, to: &mut Peer<S>, source: &mut Source<'_>) {
        let code = CloseCode::new(source.pick(&[1000, 1001, 3000, 4999])).unwrap();
        let with = source.flag().then_some((code, "good bye"));
        if let Ok(frame) = self.end.close(with) {
            self.write(to, &frame);
        }
    }

    fn transmit<S: FixedRole>(&mut self, to: &mut Peer<S>) {
        let frames = self.end.transmit();
        self.write(to, &frames);
    }

    /// Reads a part of what is coming, and answers after each event, or later.
    fn arrive<S: FixedRole>(&mut self, to: &mut Peer<S>, source: &mut Source<'_>) {
        let (late, times) = self.held_back;
        let there = self.coming.len() - if times > 0 { late } else { 0 };
        self.held_back.1 = times.saturating_sub(1);
        let len = source.below((there + 1).min(65_536));
        let eager = source.flag();
        self.read(len, to, eager);
    }

    fn read<S: FixedRole>(&mut self, len: usize, to: &mut Peer<S>, eager: bool) {
        let mut buffer: Vec<u8> = self.coming.drain(..len).collect();
        let mut input = &mut buffer[..];
        self.meter.forget();
        self.meter.give(len);
        loop {
            let received = self.end.receive(&mut input, &mut self.meter);
            let Some(event) = received.expect("our own peer is right") else { break };
            assert_eq!(self.closed_with, None, "an event after the Close");
            match event {
                Seen::Data { text, last, bytes, .. } => {
                    self.part.extend(bytes);
                    if last {
                        self.heard.push((text, std::mem::take(&mut self.part)));
                    }
                }
                Seen::Ping(payload) => self.pings_heard.push(payload),
                Seen::Pong(_) => {}
                Seen::Close(frame) => self.closed_with = Some(frame.map(|(code, _)| code)),
            }
            if eager {
                self.transmit(to);
            }
        }
    }
}

/// Messages arrive as they were sent; the closing handshake ends after a bounded number of steps;
/// each end sends at most one Close, with nothing behind it; both know the same code; and a
/// connection that breaks off loses only what had not arrived.
pub fn two_peers_understand_each_other(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let (client, server, agreed) = ends(source);
    let (mut client, mut server) = (Peer::new(client), Peer::new(server));
    let broken_off = source.below(4) == 3;
    while !source.is_empty() && client.wrote.len() + server.wrote.len() < 200_000 {
        if source.flag() {
            client.act(&mut server, source);
        } else {
            server.act(&mut client, source);
        }
    }
    if broken_off {
        for eof in [client.end.receive_eof(), server.end.receive_eof()] {
            assert!(
                eof == Eof::Abnormal
                    || client.closed_with.is_some()
                    || server.closed_with.is_some()
            );
        }
        assert!(client.end.is_closed() && server.end.is_closed());
    } else {
        finish(&mut client, &mut server, source);
    }
    let [from_client, from_server] =
        [&client.wrote, &server.wrote].map(|wrote| wire::frames(wrote));
    assert!(from_client.iter().all(|frame| frame.key.is_some()));
    assert!(from_server.iter().all(|frame| frame.key.is_none()));
    assert_only_compression_sets_rsv(&from_client, agreed);
    assert_only_compression_sets_rsv(&from_server, agreed);
    assert_close_is_last(&from_client, !broken_off);
    assert_close_is_last(&from_server, !broken_off);
    assert_heard(&client.said, &server.heard, !broken_off);
    assert_heard(&server.said, &client.heard, !broken_off);
    assert_ponged(&client.pings_heard, &from_client);
    assert_ponged(&server.pings_heard, &from_server);
}

/// One end closes, and both continue until the transport is closed.
fn finish(client: &mut Peer<Client<Keys>>, server: &mut Peer<Server>, source: &mut Source<'_>) {
    if source.flag() {
        client.close(server, source);
    } else {
        server.close(client, source);
    }
    let mut rounds = 0;
    while !server.end.is_closed() {
        client.transmit(server);
        server.transmit(client);
        client.read(client.coming.len(), server, true);
        server.read(server.coming.len(), client, true);
        rounds += 1;
        assert!(rounds < 4, "the closing handshake does not end");
    }
    // The server closes the transport first (§7.1.1), after all that it wrote.
    client.read(client.coming.len(), server, true);
    assert!(client.closed_with.is_some() && !client.end.is_closed());
    assert_eq!(client.end.receive_eof(), Eof::Clean);
    assert_eq!(server.end.receive_eof(), Eof::Clean);
    assert!(client.end.is_closed());
    let close_of = |wrote: &[u8]| {
        let last = wire::frames(wrote).pop().unwrap();
        last.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    };
    // Each has the code that the other sent: the same one, unless both began at the same time.
    let [by_client, by_server] = [close_of(&client.wrote), close_of(&server.wrote)];
    assert_eq!(server.closed_with, Some(by_client));
    assert_eq!(client.closed_with, Some(by_server));
}

/// RSV1 is set on the first frame of a message alone (RFC 7692 §6), the other bits nowhere.
fn assert_only_compression_sets_rsv(frames: &[Frame], agreed: bool) {
    for frame in frames {
        let may = if agreed && matches!(frame.opcode(), 1 | 2) { 0x40 } else { 0 };
        assert_eq!(frame.first & 0x70 & !may, 0, "{:02X}", frame.first);
    }
}

fn assert_close_is_last(frames: &[Frame], complete: bool) {
    let close = frames.iter().position(|frame| frame.opcode() == 8);
    assert!(close.is_none_or(|at| at + 1 == frames.len()), "something follows a Close");
    assert!(close.is_some() || !complete);
}

fn assert_heard(said: &[(bool, Vec<u8>)], heard: &[(bool, Vec<u8>)], complete: bool) {
    if complete {
        assert_eq!(said, heard);
    } else {
        assert!(said.starts_with(heard));
    }
}

/// The Pongs that an end sent answer the Pings that it heard, in order, each at most once.
fn assert_ponged(pings: &[Vec<u8>], frames: &[Frame]) {
    let mut rest = pings;
    for pong in frames.iter().filter(|frame| frame.opcode() == 10) {
        let at = rest.iter().position(|ping| *ping == pong.payload);
        rest = &rest[at.expect("a Pong to no Ping") + 1..];
    }
}
