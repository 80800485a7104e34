//! tungstenite: blocking, over any `Read + Write`.

use bytes::Bytes;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::{About, Accept, Echo, Receive, Send, Sink, ours};
use crate::source::{READ_LEN, Source};

const NAME: &str = "tungstenite";

pub struct Server {
    ws: WebSocket<Source>,
}

impl Server {
    fn over(source: Source) -> Self {
        Self { ws: WebSocket::from_raw_socket(source, Role::Server, Some(config())) }
    }
}

/// Its defaults, but with the common length of reads, and without limits that forbid 16 MiB.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_LEN)
        .max_message_size(None)
        .max_frame_size(None)
}

impl Receive for Server {
    const ABOUT: About = About::new(NAME, ours::MESSAGES, "owned messages");
    const BESIDE_IN_TEXT: &'static str = ours::STR;

    fn new(source: Source, _: bool) -> Self {
        Self::over(source)
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        let mut left = self.ws.get_ref().messages;
        while left > 0 {
            match self.ws.read().unwrap() {
                Message::Text(text) => sink.piece(text.as_str().as_bytes(), true),
                Message::Binary(bytes) => sink.piece(&bytes, true),
                _ => continue,
            }
            left -= 1;
        }
        self.ws.flush().unwrap();
    }
}

impl Echo for Server {
    const ABOUT: About = About::new(NAME, ours::MESSAGES, "");

    fn new(source: Source) -> Self {
        Self::over(source)
    }

    fn echo(&mut self) {
        for _ in 0..self.ws.get_ref().messages {
            let message = self.ws.read().unwrap();
            self.ws.send(message).unwrap();
        }
    }
}

pub struct Sender<const CLIENT: bool> {
    ws: WebSocket<Source>,
    payload: Bytes,
}

impl<const CLIENT: bool> Send for Sender<CLIENT> {
    const ABOUT: About = About::new(
        NAME,
        ours::SLICE,
        if CLIENT {
            "written every 128 KiB; keys by `rand`, not to be replaced"
        } else {
            "written every 128 KiB"
        },
    );

    fn new(payload: Vec<u8>, source: Source) -> Self {
        let role = if CLIENT { Role::Client } else { Role::Server };
        Self {
            ws: WebSocket::from_raw_socket(source, role, Some(config())),
            payload: payload.into(),
        }
    }

    fn send(&mut self) {
        for _ in 0..self.ws.get_ref().messages {
            self.ws.write(Message::Binary(self.payload.clone())).unwrap();
        }
        self.ws.flush().unwrap();
    }
}

pub struct Handshake {
    source: Source,
}

impl Accept for Handshake {
    const ABOUT: About = About::new(NAME, ours::HANDSHAKE, "owned request");

    fn new(source: Source) -> Self {
        Self { source }
    }

    fn accept(&mut self) {
        let accepted = tungstenite::accept(self.source.clone());
        std::hint::black_box(accepted.unwrap_or_else(|_| panic!("refused")));
    }
}
