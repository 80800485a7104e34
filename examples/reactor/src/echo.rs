//! The protocol of a reactor: the glue between this crate's codec and a loop that moves bytes.
//!
//! A connection is a [`Connection`] of 256 bytes and a few bytes of time. It has no buffers: it
//! works in those that the loop lends for each batch, so what it received is echoed as it arrives,
//! and a message of any length is never held. If the client wants compression, the connection is a
//! [`WebSocket`] on the heap instead, which needs whole messages and has memory of its own.

use std::time::Duration;

use rfc6455::handshake::{
    Acceptance, HandshakeError, HandshakeLimits, HeadBuffer, Request, ServerHandshake,
};
use rfc6455::websocket::{self, Event as Whole};
use rfc6455::{
    CloseCode, Connection, Event, Limits, SendError, Server, Timeouts, Timer, WebSocket, deflate,
};

use crate::{Output, Protocol};

/// The longest head of a request.
const MAX_HEAD: usize = 8 << 10;
/// The longest compressed message. The replies to one batch are held until they are written, so
/// more than four of them close the connection.
const MAX_COMPRESSED: u64 = 1 << 20;
const MAX_REPLIES: usize = 4 << 20;

/// When to act on silence, in seconds.
const HANDSHAKE: u32 = seconds(Timeouts::DEFAULT.handshake);
const IDLE: u32 = seconds(Timeouts::DEFAULT.idle);
const PONG: u32 = seconds(Timeouts::DEFAULT.pong);
const CLOSE: u32 = seconds(Timeouts::DEFAULT.close);

/// A client to which every message is sent back.
pub struct Echo {
    state: State,
    /// When the state began or, if it is open, when the client was last heard of.
    since: u32,
    /// Whether it was sent a Ping since.
    pinged: bool,
}

#[allow(clippy::large_enum_variant, reason = "nearly every connection is a plain one")]
enum State {
    Handshake(Box<ServerHandshake<HeadBuffer>>),
    Plain(Connection<Server>),
    Compressed(Box<Compressed>),
    Refused,
}

/// A client that compresses.
struct Compressed {
    ws: WebSocket<Server, Vec<u8>>,
    /// When its clock began.
    opened: u32,
}

impl Protocol for Echo {
    fn new(now: u32) -> Self {
        let storage = HeadBuffer::new(MAX_HEAD);
        let handshake = ServerHandshake::new(storage, HandshakeLimits::DEFAULT);
        Self { state: State::Handshake(Box::new(handshake)), since: now, pinged: false }
    }

    fn receive<'b>(&mut self, mut input: &'b mut [u8], output: &mut Output<'b>, now: u32) {
        if let State::Handshake(handshake) = &mut self.state {
            self.state = match handshake.receive(&mut input) {
                Ok(None) => return,
                Ok(Some(request)) => answer(&request, output, now),
                Err(error) => refuse(error, output),
            };
            self.since = now;
        }
        // What is left came right after the head.
        if !self.is_closed() {
            (self.since, self.pinged) = (now, false);
        }
        match &mut self.state {
            State::Plain(ws) => echo(ws, input, output),
            State::Compressed(client) => client.echo(input, output, now),
            State::Handshake(_) | State::Refused => {}
        }
    }

    fn tick(&mut self, output: &mut Output<'_>, now: u32) -> bool {
        let quiet = now.saturating_sub(self.since);
        if self.is_closed() {
            return quiet < CLOSE;
        }
        match &mut self.state {
            State::Handshake(_) => quiet < HANDSHAKE,
            State::Plain(_) if self.pinged => quiet < IDLE + PONG,
            State::Plain(ws) if quiet >= IDLE => {
                self.pinged = true;
                ws.ping(b"").is_ok_and(|ping| {
                    output.copy(&ping);
                    true
                })
            }
            State::Compressed(client) => {
                let expired = client.handle_timeout(output, now);
                !matches!(expired, Some(Timer::Pong | Timer::Close))
            }
            State::Plain(_) | State::Refused => true,
        }
    }

    fn is_closed(&self) -> bool {
        match &self.state {
            State::Handshake(_) => false,
            State::Plain(ws) => ws.is_closed(),
            State::Compressed(client) => client.ws.is_closed(),
            State::Refused => true,
        }
    }
}

/// Sends data back as it arrives, piece by piece: a piece that ends no frame is a fragment.
fn echo<'b>(ws: &mut Connection<Server>, mut input: &'b mut [u8], output: &mut Output<'b>) {
    // A violation consumes the input; the Close that reports it is then pending.
    while let Ok(Some(event)) = ws.receive(&mut input) {
        match event {
            // After a Close of either end, data cannot be answered, and nothing is sent.
            Event::Data(chunk) if output.lends(chunk.len()) => {
                if let Ok(header) = ws.send_header(&chunk) {
                    output.copy(&header);
                    output.lend(chunk.into_payload());
                }
            }
            Event::Data(chunk) => {
                let sent = ws.send(&chunk, output.room());
                output.wrote(sent.unwrap_or(0));
            }
            Event::Ping => transmit(ws, output),
            Event::Pong | Event::Close(_) => {}
        }
    }
    transmit(ws, output);
}

/// Sends the Pong or Close that is pending.
fn transmit(ws: &mut Connection<Server>, output: &mut Output<'_>) {
    if let Some(frame) = ws.poll_transmit() {
        output.copy(&frame);
    }
}

impl Compressed {
    /// Sends whole messages back, compressed again.
    fn echo(&mut self, mut input: &[u8], output: &mut Output<'_>, now: u32) {
        while !input.is_empty() {
            let fed = self.ws.feed(input);
            input = &input[fed..];
            while let Ok(Some((event, tx))) = self.ws.next() {
                if let Whole::Message(message) = event
                    && tx.send(message).is_err_and(|error| error == SendError::Full)
                {
                    let _ = tx.close(CloseCode::POLICY_VIOLATION, "too much at once");
                }
            }
            if fed == 0 {
                break;
            }
        }
        self.handle_timeout(output, now);
    }

    /// Reports the time, and moves everything that is queued to the output.
    fn handle_timeout(&mut self, output: &mut Output<'_>, now: u32) -> Option<Timer> {
        let since = now.saturating_sub(self.opened);
        let expired = self.ws.handle_timeout(Duration::from_secs(since.into()));
        while self.ws.wants_transmit() {
            let bytes = self.ws.transmit();
            output.copy(bytes);
            let len = bytes.len();
            if self.ws.transmitted(len).is_err() || len == 0 {
                break;
            }
        }
        expired
    }
}

/// Answers a request, and returns what the connection is from now on.
fn answer(request: &Request<'_>, output: &mut Output<'_>, now: u32) -> State {
    let upgrade = match request.upgrade() {
        Ok(upgrade) => upgrade,
        Err(error) => return refuse(error, output),
    };
    // A server with secrets also checks `upgrade.require_origin`.
    let negotiated = deflate::Config::DEFAULT.accept_offer(&upgrade);
    let extensions = negotiated.map(|negotiated| negotiated.response());
    let acceptance = Acceptance::DEFAULT.extensions(extensions.as_deref());
    let Ok(len) = upgrade.accept(&acceptance, output.room()) else { return State::Refused };
    output.wrote(len);
    if negotiated.is_none() {
        return State::Plain(Connection::server(Limits::DEFAULT));
    }
    let limits = Limits::DEFAULT.max_message(MAX_COMPRESSED);
    let config = websocket::Config::DEFAULT.limits(limits).high_water(MAX_REPLIES);
    let ws = WebSocket::server(config.retain(0)).deflate(negotiated);
    State::Compressed(Box::new(Compressed { ws, opened: now }))
}

/// Sends the response to what is no handshake.
fn refuse(error: HandshakeError, output: &mut Output<'_>) -> State {
    output.copy(error.response());
    State::Refused
}

/// A timeout in whole seconds.
#[allow(clippy::cast_possible_truncation, reason = "the defaults are minutes at most")]
const fn seconds(timeout: Option<Duration>) -> u32 {
    match timeout {
        Some(timeout) => timeout.as_secs() as u32,
        None => u32::MAX / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{LENT, SLICES};

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    /// Returns the slices that answer `input`.
    fn receive(echo: &mut Echo, input: &[u8], now: u32) -> Vec<Vec<u8>> {
        let (mut input, mut room) = (input.to_vec(), vec![0; input.len() + Output::SLACK]);
        let mut output = Output::new(&mut room);
        echo.receive(&mut input, &mut output, now);
        output.finish(|slices| slices.iter().map(|slice| slice.to_vec()).collect())
    }

    fn tick(echo: &mut Echo, now: u32) -> (bool, Vec<u8>) {
        let mut room = [0; Output::SLACK];
        let mut output = Output::new(&mut room);
        let alive = echo.tick(&mut output, now);
        (alive, output.finish(|slices| slices.iter().flat_map(|slice| slice.to_vec()).collect()))
    }

    fn opened(now: u32) -> Echo {
        let mut echo = Echo::new(now);
        assert!(receive(&mut echo, REQUEST, now).concat().starts_with(b"HTTP/1.1 101 "));
        echo
    }

    /// A frame with a masking key of zeros.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        if let Ok(len @ ..=125) = u8::try_from(payload.len()) {
            frame.push(0x80 | len);
        } else {
            frame.push(0xFE);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        frame
    }

    #[test]
    fn a_batch_of_short_messages_is_answered_with_one_slice() {
        let mut echo = opened(0);
        let batch = [frame(0x82, b"one"), frame(0x89, b"!"), frame(0x81, b"two")].concat();
        assert_eq!(receive(&mut echo, &batch, 0), [b"\x82\x03one\x8A\x01!\x81\x03two"]);
    }

    #[test]
    fn a_long_payload_is_not_copied() {
        let mut echo = opened(0);
        let long = vec![7; LENT];
        let batch = [frame(0x82, b"one"), frame(0x82, &long), frame(0x82, b"two")].concat();
        let slices = receive(&mut echo, &batch, 0);
        assert_eq!(slices, [&b"\x82\x03one\x82\x7E\x10\x00"[..], &long, b"\x82\x03two"]);
    }

    #[test]
    fn a_message_is_echoed_as_it_arrives() {
        let mut echo = opened(0);
        let text = frame(0x81, "é".as_bytes());
        assert_eq!(receive(&mut echo, &text[..7], 0), [b"\x01\x01\xC3"]);
        assert_eq!(receive(&mut echo, &text[7..], 0), [b"\x80\x01\xA9"]);
    }

    #[test]
    fn more_lent_payloads_than_slices_are_copied() {
        let mut echo = opened(0);
        let batch = frame(0x82, &[7; LENT]).repeat(SLICES);
        let slices = receive(&mut echo, &batch, 0);
        assert!(slices.len() <= SLICES);
        assert_eq!(slices.concat(), [&b"\x82\x7E\x10\x00"[..], &[7; LENT]].concat().repeat(SLICES));
    }

    #[test]
    fn a_violation_is_answered_with_its_close() {
        let mut echo = opened(0);
        assert_eq!(receive(&mut echo, b"\x81\x02hi", 0), [b"\x88\x02\x03\xEA"]);
        assert!(echo.is_closed());
        assert!(receive(&mut echo, b"more", 3).is_empty());
        assert!(tick(&mut echo, CLOSE - 1).0);
        assert!(!tick(&mut echo, CLOSE).0);
    }

    #[test]
    fn a_silent_client_gets_a_ping_and_is_then_dropped() {
        let mut echo = opened(5);
        assert_eq!(tick(&mut echo, 5 + IDLE - 1), (true, vec![]));
        assert_eq!(tick(&mut echo, 5 + IDLE), (true, b"\x89\x00".to_vec()));
        assert_eq!(tick(&mut echo, 5 + IDLE + 1), (true, vec![]));
        receive(&mut echo, &frame(0x8A, b""), 5 + IDLE + 2);
        assert_eq!(tick(&mut echo, 5 + IDLE + PONG), (true, vec![]));
        assert_eq!(tick(&mut echo, 7 + 2 * IDLE), (true, b"\x89\x00".to_vec()));
        assert!(!tick(&mut echo, 7 + 2 * IDLE + PONG).0);
    }

    #[test]
    fn a_compressed_client_gets_its_pings_from_its_opening_on() {
        let mut echo = Echo::new(500);
        let extension = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        let request = [&REQUEST[..REQUEST.len() - 2], extension].concat();
        assert!(receive(&mut echo, &request, 500).concat().ends_with(b"\r\n\r\n"));
        assert_eq!(tick(&mut echo, 500 + IDLE - 1), (true, vec![]));
        assert_eq!(tick(&mut echo, 500 + IDLE), (true, b"\x89\x00".to_vec()));
        assert!(!tick(&mut echo, 500 + IDLE + PONG).0);
    }

    #[test]
    fn a_request_in_pieces_has_one_deadline() {
        let mut echo = Echo::new(1);
        for byte in &REQUEST[..20] {
            receive(&mut echo, &[*byte], 9);
        }
        assert!(tick(&mut echo, HANDSHAKE).0);
        assert!(!tick(&mut echo, HANDSHAKE + 1).0);
    }
}
