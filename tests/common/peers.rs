//! Our client against our server over a wire that delivers when and how it likes.

use super::driver::Keys;
use super::source::Source;
use super::wire::{self, Frame};
use rfc6455::*;

/// One end, what is on its way to it, and what it saw and said.
struct Peer<R> {
    ws: Connection<R>,
    /// Bytes that the other end has written and that have not arrived.
    coming: Vec<u8>,
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
}

impl<R: Role> Peer<R> {
    fn new(ws: Connection<R>) -> Self {
        Self {
            ws,
            coming: Vec::new(),
            wrote: Vec::new(),
            said: Vec::new(),
            heard: Vec::new(),
            part: Vec::new(),
            pings_heard: Vec::new(),
            closed_with: None,
            open: None,
        }
    }

    fn write<S: Role>(&mut self, to: &mut Peer<S>, bytes: &[u8]) {
        self.wrote.extend_from_slice(bytes);
        to.coming.extend_from_slice(bytes);
    }

    /// Does something that an application might.
    fn act<S: Role>(&mut self, to: &mut Peer<S>, source: &mut Source<'_>) {
        match source.below(16) {
            0..=3 => {
                let (text, len) = (source.flag(), source.len());
                let string = source.text(if text { len } else { 0 });
                let bytes = source.bytes(len);
                let mut out = vec![0; string.len().max(len) + FrameHeader::MAX_LEN];
                let sent = if text {
                    self.ws.send(&*string, &mut out)
                } else {
                    self.ws.send(&bytes[..], &mut out)
                };
                let Ok(written) = sent else { return };
                self.write(to, &out[..written]);
                self.said.push((text, if text { string.into_bytes() } else { bytes }));
            }
            4..=6 => {
                let (piece, last) = (source.text(5), source.flag());
                let whole = Fragment::from(&*piece);
                let fragment = match (&self.open, last) {
                    (None, _) => whole.starts(),
                    (Some(_), false) => whole.continues(),
                    (Some(_), true) => whole.ends(),
                };
                let mut out = [0; 64];
                let Ok(written) = self.ws.send(fragment, &mut out) else { return };
                self.write(to, &out[..written]);
                let said = self.open.take().map_or(piece.clone(), |open| open + &piece);
                self.open = Some(said);
                if out[0] & 0x80 != 0 {
                    self.said.push((true, self.open.take().unwrap().into_bytes()));
                }
            }
            7 | 8 => {
                let len = source.pick(&[0, 4, 100, 125]);
                let Ok(frame) = self.ws.ping(&source.bytes(len)) else { return };
                self.write(to, &frame);
            }
            9 if source.below(6) == 5 => self.close(to, source),
            10..=12 => self.arrive(to, source),
            _ => self.transmit(to),
        }
    }

    fn close<S: Role>(&mut self, to: &mut Peer<S>, source: &mut Source<'_>) {
        let code = CloseCode::new(source.pick(&[1000, 1001, 3000, 4999])).unwrap();
        let frame = if source.flag() {
            self.ws.close(code, "good bye")
        } else {
            self.ws.close_without_code()
        };
        if let Ok(frame) = frame {
            self.write(to, &frame);
        }
    }

    fn transmit<S: Role>(&mut self, to: &mut Peer<S>) {
        while let Some(frame) = self.ws.poll_transmit() {
            self.write(to, &frame);
        }
    }

    /// Reads a part of what is coming, and answers after each event, or later.
    fn arrive<S: Role>(&mut self, to: &mut Peer<S>, source: &mut Source<'_>) {
        let len = source.below((self.coming.len() + 1).min(65_536));
        let eager = source.flag();
        self.read(len, to, eager);
    }

    fn read<S: Role>(&mut self, len: usize, to: &mut Peer<S>, eager: bool) {
        let mut buffer: Vec<u8> = self.coming.drain(..len).collect();
        let mut input = &mut buffer[..];
        while let Some(event) = self.ws.receive(&mut input).expect("our own peer is right") {
            assert_eq!(self.closed_with, None, "an event after the Close");
            match event {
                Event::Data(chunk) => {
                    self.part.extend_from_slice(&chunk);
                    if chunk.is_last() {
                        let text = chunk.kind() == MessageKind::Text;
                        self.heard.push((text, std::mem::take(&mut self.part)));
                    }
                }
                Event::Ping => self.pings_heard.push(self.ws.control_payload().to_vec()),
                Event::Pong => {}
                Event::Close(code) => self.closed_with = Some(code.map(CloseCode::get)),
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
    let mut client = Peer::new(Connection::client(Keys(1), Limits::DEFAULT));
    let mut server = Peer::new(Connection::server(Limits::DEFAULT));
    let broken_off = source.below(4) == 3;
    while !source.is_empty() && client.wrote.len() + server.wrote.len() < 200_000 {
        if source.flag() {
            client.act(&mut server, source);
        } else {
            server.act(&mut client, source);
        }
    }
    if broken_off {
        for eof in [client.ws.receive_eof(), server.ws.receive_eof()] {
            assert!(
                eof == Eof::Abnormal
                    || client.closed_with.is_some()
                    || server.closed_with.is_some()
            );
        }
        assert!(client.ws.is_closed() && server.ws.is_closed());
    } else {
        finish(&mut client, &mut server, source);
    }
    let [from_client, from_server] =
        [&client.wrote, &server.wrote].map(|wrote| wire::frames(wrote));
    assert!(from_client.iter().all(|frame| frame.key.is_some()));
    assert!(from_server.iter().all(|frame| frame.key.is_none()));
    assert_close_is_last(&from_client, !broken_off);
    assert_close_is_last(&from_server, !broken_off);
    assert_heard(&client.said, &server.heard, !broken_off);
    assert_heard(&server.said, &client.heard, !broken_off);
    assert_ponged(&client.pings_heard, &from_client);
    assert_ponged(&server.pings_heard, &from_server);
}

/// Someone closes, and both ends carry on until the transport is closed.
fn finish(client: &mut Peer<Client<Keys>>, server: &mut Peer<Server>, source: &mut Source<'_>) {
    if source.flag() {
        client.close(server, source);
    } else {
        server.close(client, source);
    }
    let mut rounds = 0;
    while !server.ws.is_closed() {
        client.transmit(server);
        server.transmit(client);
        client.read(client.coming.len(), server, true);
        server.read(server.coming.len(), client, true);
        rounds += 1;
        assert!(rounds < 4, "the closing handshake does not end");
    }
    // The server closes the transport first (§7.1.1), after all that it wrote.
    client.read(client.coming.len(), server, true);
    assert!(client.closed_with.is_some() && !client.ws.is_closed());
    assert_eq!(client.ws.receive_eof(), Eof::Clean);
    assert_eq!(server.ws.receive_eof(), Eof::Clean);
    assert!(client.ws.is_closed());
    let close_of = |wrote: &[u8]| {
        let last = wire::frames(wrote).pop().unwrap();
        last.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    };
    // Each has the code that the other sent: the same one, unless both began at the same time.
    let [by_client, by_server] = [close_of(&client.wrote), close_of(&server.wrote)];
    assert_eq!(server.closed_with, Some(by_client));
    assert_eq!(client.closed_with, Some(by_server));
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
