//! The whole-message tier of this crate: `WebSocket`, over a `Vec<u8>` and over `BytesMut`.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use rfc6455::websocket::{Config, Event, Message, OwnedEvent, OwnedMessage, Storage};
use rfc6455::{Server, WebSocket};

use super::ours::{LIMITS, MESSAGES, OWNED, STR};
use super::{About, Echo, Receive, Sink};
use crate::source::{Output, Source};

pub const CONFIG: Config = Config::DEFAULT.limits(LIMITS);
/// For the echo, which does not report the time: keeps the memory for 64 KiB and a header.
const WITHOUT_CLOCK: Config = CONFIG.retain(128 << 10);

/// Creates a connection over `BytesMut`.
pub fn over_bytes() -> WebSocket<Server, BytesMut> {
    WebSocket::over_bytes(Server, CONFIG)
}

/// Writes everything that is queued.
#[inline]
pub fn write<S: Storage>(ws: &mut WebSocket<Server, S>, output: &Output) {
    loop {
        let bytes = ws.transmit();
        if bytes.is_empty() {
            return;
        }
        output.write(bytes);
        let len = bytes.len();
        ws.transmitted(len).unwrap();
    }
}

const SCANNED: &str = "as above, but text that arrived in pieces is scanned again";
const UNCHECKED: &str = "as above, with the feature `unchecked-utf8`: nothing is scanned again";

/// Whole messages, yielded where they were read; `STR` requests text as a `str`.
pub struct Messages<const STR: bool> {
    ws: WebSocket<Server, Vec<u8>>,
    source: Source,
}

impl<const TO_STR: bool> Receive for Messages<TO_STR> {
    const ABOUT: About = if TO_STR {
        let unchecked = cfg!(feature = "unchecked-utf8");
        About::new(STR, STR, if unchecked { UNCHECKED } else { SCANNED })
    } else {
        About::new(MESSAGES, MESSAGES, "in place; text is checked, and handed out as bytes")
    };

    fn new(source: Source, _: bool) -> Self {
        Self { ws: WebSocket::server(CONFIG), source }
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        let mut left = self.source.messages;
        while left > 0 {
            let len = self.source.read_into(self.ws.read_buf());
            self.ws.received(len).unwrap();
            while let Some((event, _)) = self.ws.next().unwrap() {
                if let Event::Message(message) = event {
                    left -= 1;
                    match message {
                        Message::Text(text) if TO_STR => sink.piece(text.as_str().as_bytes(), true),
                        _ => sink.piece(message.as_bytes(), true),
                    }
                }
            }
            self.ws.handle_timeout(Duration::ZERO); // the peers look at no clock either
            write(&mut self.ws, &self.source.output);
        }
    }
}

impl Echo for Messages<false> {
    const ABOUT: About = About::new(MESSAGES, MESSAGES, "one copy, into its queue");

    fn new(source: Source) -> Self {
        Self { ws: WebSocket::server(WITHOUT_CLOCK), source }
    }

    fn echo(&mut self) {
        let mut left = self.source.messages;
        while left > 0 {
            let len = self.source.read_into(self.ws.read_buf());
            self.ws.received(len).unwrap();
            while let Some((event, tx)) = self.ws.next().unwrap() {
                if let Event::Message(message) = event {
                    left -= 1;
                    tx.send(message).unwrap();
                }
            }
            write(&mut self.ws, &self.source.output);
        }
    }
}

/// Whole messages as `Bytes`: from 1 KiB on, split off the buffer that was read into.
pub struct Owned {
    ws: WebSocket<Server, BytesMut>,
    source: Source,
}

impl Owned {
    /// Reads once.
    #[inline]
    fn read(&mut self) {
        {
            let mut room = self.ws.read_buf_mut();
            let bytes = self.source.next(room.remaining_mut());
            room.put_slice(bytes);
        }
        self.ws.received_buf_mut();
    }
}

impl Receive for Owned {
    const ABOUT: About = About::new(
        OWNED,
        OWNED,
        "up to 1 KiB one copy, over it none; text as a &str, scanned as above",
    );

    fn new(source: Source, _: bool) -> Self {
        Self { ws: over_bytes(), source }
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        let mut left = self.source.messages;
        while left > 0 {
            self.read();
            while let Some((event, _)) = self.ws.next_owned().unwrap() {
                if let OwnedEvent::Message(message) = event {
                    left -= 1;
                    match &message {
                        OwnedMessage::Text(text) => sink.piece(text.as_str().as_bytes(), true),
                        OwnedMessage::Binary(bytes) => sink.piece(bytes, true),
                    }
                }
            }
            self.ws.handle_timeout(Duration::ZERO);
            write(&mut self.ws, &self.source.output);
        }
    }
}

impl Echo for Owned {
    const ABOUT: About = About::new(OWNED, OWNED, "from 1 KiB on, the payload is not copied");

    fn new(source: Source) -> Self {
        Self { ws: over_bytes(), source }
    }

    fn echo(&mut self) {
        let mut left = self.source.messages;
        while left > 0 {
            self.read();
            while let Some((event, tx)) = self.ws.next_owned().unwrap() {
                if let OwnedEvent::Message(message) = event {
                    left -= 1;
                    tx.send_owned(message).unwrap();
                }
            }
            write(&mut self.ws, &self.source.output);
        }
    }
}
