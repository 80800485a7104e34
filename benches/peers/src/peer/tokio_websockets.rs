//! tokio-websockets: asynchronous, over tokio's traits.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_websockets::{ClientBuilder, Limits, Message, ServerBuilder, WebSocketStream};

use super::{About, Accept, Echo, Receive, Send, Sink, ours};
use crate::source::{Source, now};

const NAME: &str = "tokio-websockets";

pub struct Server {
    ws: WebSocketStream<Source>,
}

impl Server {
    fn over(source: Source) -> Self {
        Self { ws: ServerBuilder::new().limits(Limits::unlimited()).serve(source) }
    }
}

impl Receive for Server {
    const ABOUT: About =
        About::new(NAME, ours::MESSAGES, "owned messages; reads 8 KiB or the rest of a message");
    const BESIDE_IN_TEXT: &'static str = ours::STR;

    fn new(source: Source, _: bool) -> Self {
        Self::over(source)
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        now(async {
            let mut left = self.ws.get_ref().messages;
            while left > 0 {
                let message = self.ws.next().await.unwrap().unwrap();
                if let Some(text) = message.as_text() {
                    sink.piece(text.as_bytes(), true);
                } else if message.is_binary() {
                    sink.piece(message.as_payload(), true);
                } else {
                    continue;
                }
                left -= 1;
            }
            self.ws.flush().await.unwrap();
        });
    }
}

impl Echo for Server {
    const ABOUT: About = About::new(NAME, ours::MESSAGES, "the payload is not copied");

    fn new(source: Source) -> Self {
        Self::over(source)
    }

    fn echo(&mut self) {
        now(async {
            for _ in 0..self.ws.get_ref().messages {
                let message = self.ws.next().await.unwrap().unwrap();
                self.ws.send(message).await.unwrap();
            }
        });
    }
}

pub struct Sender<const CLIENT: bool> {
    ws: WebSocketStream<Source>,
    payload: Bytes,
}

impl<const CLIENT: bool> Send for Sender<CLIENT> {
    const ABOUT: About = if CLIENT {
        About::new(NAME, ours::SLICE, "payload copied to the heap to be masked; keys by `fastrand`")
    } else {
        About::new(NAME, ours::IN_PLACE, "the payload is not copied")
    };

    fn new(payload: Vec<u8>, source: Source) -> Self {
        let ws = if CLIENT {
            ClientBuilder::new().take_over(source)
        } else {
            ServerBuilder::new().serve(source)
        };
        Self { ws, payload: payload.into() }
    }

    fn send(&mut self) {
        now(async {
            for _ in 0..self.ws.get_ref().messages {
                self.ws.feed(Message::binary(self.payload.clone())).await.unwrap();
            }
            self.ws.flush().await.unwrap();
        });
    }
}

pub struct Handshake {
    source: Source,
}

impl Accept for Handshake {
    const ABOUT: About = About::new(NAME, ours::HANDSHAKE, "owned request; SHA-1 by `ring`");

    fn new(source: Source) -> Self {
        Self { source }
    }

    fn accept(&mut self) {
        let accepted = now(ServerBuilder::new().accept(self.source.clone()));
        std::hint::black_box(accepted.unwrap());
    }
}
