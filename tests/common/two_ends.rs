//! Two ends of the layer that send and read at random.

use super::driver::Keys;
use super::source::Source;
use super::websocket::{RETAIN, config};
#[cfg(feature = "deflate")]
use super::{deflate::agree, deflating::config as compression};
use rfc6455::websocket::{Event, Message};
use rfc6455::{CloseCode, FixedRole, Fragment, Limits, SendError, WebSocket};

/// One end, and what it did.
struct End<R: FixedRole> {
    ws: WebSocket<R, Vec<u8>>,
    /// Messages that it sent, and messages that it received.
    sent: Vec<(bool, Vec<u8>)>,
    received: Vec<(bool, Vec<u8>)>,
    pings: usize,
    pongs: usize,
    open: Option<bool>,
    closed: Option<u16>,
}

impl<R: FixedRole> End<R> {
    fn new(ws: WebSocket<R, Vec<u8>>) -> Self {
        let (sent, received) = (Vec::new(), Vec::new());
        Self { ws, sent, received, pings: 0, pongs: 0, open: None, closed: None }
    }

    /// Tries to send something; a refusal changes nothing.
    fn act(&mut self, source: &mut Source<'_>) {
        let text = self.open.unwrap_or_else(|| source.flag());
        let len = source.len();
        let payload = if text { source.text(len).into_bytes() } else { source.bytes(len) };
        let words = std::str::from_utf8(&payload).unwrap_or_default();
        let whole = if text { Fragment::from(words) } else { Fragment::from(&payload[..]) };
        let (queued, how) = (self.ws.queued(), source.below(8));
        let (fragment, opens) = match (how, self.open) {
            (0, _) => {
                let sent = self.ws.ping(&payload[..payload.len().min(125)]);
                self.pings += usize::from(sent.is_ok());
                assert!(sent.is_ok() || self.ws.queued() == queued);
                return;
            }
            (1 | 2, None) => (whole.first(), Some(text)),
            (_, None) => (whole, None),
            (1 | 2, Some(_)) => (whole.middle(), Some(text)),
            (_, Some(_)) => (whole.last(), None),
        };
        match self.ws.send(fragment) {
            Ok(()) => {
                assert!(self.ws.queued() <= HIGH_WATER + CONTROLS, "above the mark");
                match self.open {
                    None => self.sent.push((text, payload)),
                    Some(_) => self.sent.last_mut().unwrap().1.extend(payload),
                }
                self.open = opens;
            }
            Err(error) => {
                let closing = self.ws.sender().is_close_sent() || self.ws.error().is_some();
                let expected = match frame_len(payload.len(), R::IS_SERVER) > HIGH_WATER {
                    _ if closing => SendError::Closed,
                    true => SendError::TooLong,
                    false => SendError::Full,
                };
                assert_eq!(error, expected);
                assert_eq!(self.ws.queued(), queued, "a refusal has changed the queue");
            }
        }
    }

    /// Moves some bytes to the other end, as a transport does.
    fn transmit<O: FixedRole>(&mut self, to: &mut End<O>, source: &mut Source<'_>) {
        let slices: Vec<_> = self.ws.transmit_slices().collect();
        assert!(slices.iter().all(|slice| !slice.is_empty()));
        let slices = slices.concat();
        let first = self.ws.transmit().to_vec();
        assert!(slices.starts_with(&first) && first.is_empty() == slices.is_empty());
        let len = source.pick(&[1, 2, 7, 100, 1000, 100_000]).min(slices.len());
        let room = to.ws.read_buf();
        let len = len.min(room.len());
        room[..len].copy_from_slice(&slices[..len]);
        to.ws.received(len).unwrap();
        self.ws.transmitted(len).unwrap();
        assert!(self.ws.transmitted(usize::MAX).is_err());
    }

    /// Receives everything that has arrived.
    fn receive(&mut self, echo: bool) {
        while let Some((event, tx)) = self.ws.next().expect("neither end breaks a rule") {
            match event {
                Event::Message(message) => {
                    if echo && self.open.is_none() && tx.send(message).is_ok() {
                        self.sent.push(plain(message));
                    }
                    self.received.push(plain(message));
                }
                Event::Chunk(chunk) => panic!("{chunk:?}, where messages are whole"),
                Event::Ping(_) => {}
                Event::Pong(_) => self.pongs += 1,
                Event::Close(frame) => self.closed = frame.map(|frame| frame.code.get()),
            }
        }
    }
}

fn plain(message: Message<'_>) -> (bool, Vec<u8>) {
    (matches!(message, Message::Text(_)), message.as_bytes().to_vec())
}

const HIGH_WATER: usize = 3_000;

/// How long the frame of a payload is that is not compressed (§5.2).
fn frame_len(payload_len: usize, is_server: bool) -> usize {
    let header_len = match payload_len {
        0..=125 => 2,
        126..=0xFFFF => 4,
        _ => 10,
    };
    header_len + if is_server { 0 } else { 4 } + payload_len
}

/// The bytes that control frames may take above the mark.
const CONTROLS: usize = (16 << 10) + 2 * 131;

/// Two ends that send and read at random, in pieces cut at random, agree on everything; what was sent
/// arrives, in order, and both close.
pub fn two_ends_agree(bytes: &[u8]) {
    let mut source = Source(bytes);
    let config = config(Limits::DEFAULT).high_water(HIGH_WATER);
    let server = WebSocket::server(config);
    let client = WebSocket::client(Keys(source.byte().into()), config);
    #[cfg(feature = "deflate")]
    let (server, client) = compressed(&mut source, server, client);
    let (mut server, mut client) = (End::new(server), End::new(client));
    let echo = source.flag();
    while !source.is_empty() {
        match source.below(6) {
            0 => server.act(&mut source),
            1 => client.act(&mut source),
            2 => server.transmit(&mut client, &mut source),
            3 => client.transmit(&mut server, &mut source),
            4 => server.receive(echo),
            _ => client.receive(false),
        }
    }
    // Whatever is open is ended, and one of them closes.
    let mut rest = Source(&[]);
    for _ in 0..3 {
        pass_on(&mut server, &mut client);
        pass_on(&mut client, &mut server);
    }
    if let Some(text) = server.open.take() {
        let end = if text { Fragment::from("").last() } else { Fragment::from(b"").last() };
        server.ws.send(end).unwrap();
    }
    if let Some(text) = client.open.take() {
        let end = if text { Fragment::from("").last() } else { Fragment::from(b"").last() };
        client.ws.send(end).unwrap();
    }
    client.ws.close(CloseCode::NORMAL, "bye").unwrap();
    assert_eq!(client.ws.send("more"), Err(SendError::Closed));
    while client.ws.wants_transmit() || server.ws.wants_transmit() {
        client.transmit(&mut server, &mut rest);
        server.receive(false);
        server.transmit(&mut client, &mut rest);
        client.receive(false);
    }
    assert_eq!((server.closed, client.closed), (Some(1000), Some(1000)));
    assert!(server.ws.is_closed() && !client.ws.is_closed());
    assert_eq!(client.ws.receive_eof(), rfc6455::Eof::Clean);
    assert!(client.ws.is_closed());
    assert_eq!(client.sent, server.received);
    assert_eq!(server.sent, client.received);
    assert!(server.pongs <= server.pings && client.pongs <= client.pings);
    assert!(server.ws.capacity() <= 3 * RETAIN && client.ws.capacity() <= 3 * RETAIN);
}

fn pass_on<R: FixedRole, O: FixedRole>(from: &mut End<R>, to: &mut End<O>) {
    while from.ws.wants_transmit() {
        from.transmit(to, &mut Source(&[]));
        to.receive(false);
    }
    to.receive(false);
}

#[cfg(feature = "deflate")]
#[allow(clippy::type_complexity)]
fn compressed<K: rfc6455::MaskingKeys>(
    source: &mut Source<'_>,
    server: WebSocket<rfc6455::Server, Vec<u8>>,
    client: WebSocket<rfc6455::Client<K>, Vec<u8>>,
) -> (WebSocket<rfc6455::Server, Vec<u8>>, WebSocket<rfc6455::Client<K>, Vec<u8>>) {
    if source.flag() {
        return (server, client);
    }
    let (of_client, of_server) = (compression(source), compression(source));
    let (by_client, by_server) = agree(&of_client, &of_server);
    (server.deflate(Some(by_server)), client.deflate(Some(by_client)))
}
