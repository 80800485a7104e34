//! sockudo-ws: its protocol layer over `BytesMut`, without its streams.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use sockudo_ws::protocol::Protocol;
use sockudo_ws::{Config, Message, Role, WebSocketStream};

use super::{About, Accept, Echo, Receive, Send, Sink, ours};
use crate::source::{READ_LEN, Source, now};

const NAME: &str = "sockudo-ws";
const MAX_LEN: usize = 1 << 30;

pub struct Server {
    protocol: Protocol,
    source: Source,
    input: BytesMut,
    messages: Vec<Message>,
    out: BytesMut,
}

impl Server {
    fn over(source: Source) -> Self {
        Self {
            protocol: Protocol::new(Role::Server, MAX_LEN, MAX_LEN),
            source,
            input: BytesMut::with_capacity(READ_LEN),
            messages: Vec::new(),
            out: BytesMut::new(),
        }
    }

    /// Reads once, and stores the complete messages in `messages`.
    #[inline]
    fn read(&mut self) {
        self.messages.clear();
        self.input.extend_from_slice(self.source.next(READ_LEN));
        self.protocol.process_into(&mut self.input, &mut self.messages).unwrap();
        self.out.clear();
    }
}

impl Receive for Server {
    const ABOUT: About =
        About::new(NAME, ours::MESSAGES, "owned messages; its protocol layer, without its streams");
    const BESIDE_IN_TEXT: &'static str = ours::STR;

    fn new(source: Source, _: bool) -> Self {
        Self::over(source)
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        let mut left = self.source.messages;
        while left > 0 {
            self.read();
            for message in &self.messages {
                match message {
                    Message::Ping(payload) => {
                        self.protocol.encode_pong(payload, &mut self.out);
                        continue;
                    }
                    Message::Text(_) => {
                        sink.piece(message.as_text().unwrap().as_bytes(), true);
                    }
                    message => sink.piece(message.as_bytes(), true),
                }
                left -= 1;
            }
            if !self.out.is_empty() {
                self.source.output.write(&self.out);
            }
        }
    }
}

/// Its stream, which holds the memory of a connection.
pub struct Stream {
    ws: WebSocketStream<Source>,
    messages: u64,
}

impl Receive for Stream {
    const ABOUT: About = About::new("sockudo-ws, stream", ours::MESSAGES, "");

    fn new(source: Source, _: bool) -> Self {
        let messages = source.messages;
        Self { ws: WebSocketStream::server(source, Config::default()), messages }
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        now(async {
            for _ in 0..self.messages {
                let message = self.ws.next().await.unwrap().unwrap();
                sink.piece(message.as_bytes(), true);
            }
        });
    }
}

impl Echo for Server {
    const ABOUT: About =
        About::new(NAME, ours::MESSAGES, "its protocol layer, without its streams");

    fn new(source: Source) -> Self {
        Self::over(source)
    }

    fn echo(&mut self) {
        let mut left = self.source.messages;
        while left > 0 {
            self.read();
            for message in &self.messages {
                self.protocol.encode_message(message, &mut self.out).unwrap();
                left -= 1;
            }
            if !self.out.is_empty() {
                self.source.output.write(&self.out);
            }
        }
    }
}

pub struct Sender<const CLIENT: bool> {
    protocol: Protocol,
    source: Source,
    message: Message,
    out: BytesMut,
}

impl<const CLIENT: bool> Send for Sender<CLIENT> {
    const ABOUT: About = About::new(
        NAME,
        ours::SLICE,
        if CLIENT { "keys by `fastrand`, not to be replaced" } else { "" },
    );

    fn new(payload: Vec<u8>, source: Source) -> Self {
        let role = if CLIENT { Role::Client } else { Role::Server };
        Self {
            protocol: Protocol::new(role, MAX_LEN, MAX_LEN),
            source,
            message: Message::Binary(Bytes::from(payload)),
            out: BytesMut::new(),
        }
    }

    fn send(&mut self) {
        for _ in 0..self.source.messages {
            self.out.clear();
            self.protocol.encode_message(&self.message, &mut self.out).unwrap();
            self.source.output.write(&self.out);
        }
    }
}

pub struct Handshake {
    source: Source,
}

impl Accept for Handshake {
    const ABOUT: About =
        About::new(NAME, ours::HANDSHAKE, "copies out of the request what it keeps");

    fn new(source: Source) -> Self {
        Self { source }
    }

    fn accept(&mut self) {
        let mut source = self.source.clone();
        let accepted = now(sockudo_ws::handshake::server_handshake(&mut source));
        std::hint::black_box(accepted.unwrap());
        std::hint::black_box(Protocol::new(Role::Server, MAX_LEN, MAX_LEN));
    }
}
