//! The layer over everything: `WebSocket`.

use rfc6455::websocket::{Config, Event, Message};
use rfc6455::{Server, WebSocket};

use super::ours::LIMITS;
use super::{About, Echo, Receive, Sink};
use crate::source::Source;

pub const LAYER: &str = "rfc6455, WebSocket";
pub const LAYER_STR: &str = "rfc6455, WebSocket, &str";

const CONFIG: Config = Config::DEFAULT.limits(LIMITS).retain(128 << 10);

/// Whole messages where they were read; `STR` asks for text as a `str`.
pub struct Layer<const STR: bool> {
    ws: WebSocket<Server, Vec<u8>>,
    source: Source,
}

impl<const STR: bool> Receive for Layer<STR> {
    const ABOUT: About = if STR {
        About::new(LAYER_STR, LAYER_STR, "text that reads have cut is scanned again to be a &str")
    } else {
        About::new(LAYER, LAYER, "in place; text is checked, and handed out as bytes")
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
                        Message::Text(text) if STR => sink.piece(text.as_str().as_bytes(), true),
                        _ => sink.piece(message.as_bytes(), true),
                    }
                }
            }
            loop {
                let bytes = self.ws.transmit();
                if bytes.is_empty() {
                    break;
                }
                self.source.output.write(bytes);
                let len = bytes.len();
                self.ws.transmitted(len).unwrap();
            }
        }
    }
}

impl Echo for Layer<false> {
    const ABOUT: About = About::new(LAYER, LAYER, "one copy into its queue");

    fn new(source: Source) -> Self {
        Self { ws: WebSocket::server(CONFIG), source }
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
            let bytes = self.ws.transmit();
            self.source.output.write(bytes);
            let len = bytes.len();
            self.ws.transmitted(len).unwrap();
        }
    }
}
