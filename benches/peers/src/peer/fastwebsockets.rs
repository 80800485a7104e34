//! fastwebsockets: asynchronous, over tokio's traits.

use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};

use super::{About, Echo, Receive, Send, Sink, ours};
use crate::source::{Source, now};
use crate::wire::Keys;

const NAME: &str = "fastwebsockets";

/// Its handshake needs `hyper`, so the table of handshakes leaves it out.
pub const NO_HANDSHAKE: About =
    About::new(NAME, ours::HANDSHAKE, "left out: its handshake goes through hyper");

pub struct Server {
    ws: FragmentCollector<Source>,
    messages: u64,
}

impl Server {
    fn over(source: Source) -> Self {
        let messages = source.messages;
        let mut ws = WebSocket::after_handshake(source, Role::Server);
        ws.set_max_message_size(1 << 30);
        Self { ws: FragmentCollector::new(ws), messages }
    }
}

impl Receive for Server {
    const ABOUT: About = About::new(
        NAME,
        ours::MESSAGES,
        "owned frames; reads 8 KiB or the rest of a message; text is checked, but handed out as bytes",
    );

    fn new(source: Source, _: bool) -> Self {
        Self::over(source)
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        now(async {
            for _ in 0..self.messages {
                let frame = self.ws.read_frame().await.unwrap();
                sink.piece(&frame.payload, true);
            }
        });
    }
}

impl Echo for Server {
    const ABOUT: About = About::new(NAME, ours::MESSAGES, "over 1 KiB the payload is not copied");

    fn new(source: Source) -> Self {
        Self::over(source)
    }

    fn echo(&mut self) {
        now(async {
            for _ in 0..self.messages {
                let frame = self.ws.read_frame().await.unwrap();
                self.ws.write_frame(frame).await.unwrap();
            }
        });
    }
}

pub struct Sender<const CLIENT: bool> {
    ws: WebSocket<Source>,
    keys: Keys,
    payload: Vec<u8>,
    messages: u64,
}

impl<const CLIENT: bool> Send for Sender<CLIENT> {
    const ABOUT: About = if CLIENT {
        About::new(
            NAME,
            ours::SLICE,
            "payload copied to the heap to be masked; over 1 KiB handed over from there",
        )
    } else {
        About::new(NAME, ours::IN_PLACE, "up to 1 KiB one copy, over it none")
    };

    fn new(payload: Vec<u8>, source: Source) -> Self {
        let messages = source.messages;
        let role = if CLIENT { Role::Client } else { Role::Server };
        let ws = WebSocket::after_handshake(source, role);
        Self { ws, keys: Keys::new(), payload, messages }
    }

    fn send(&mut self) {
        now(async {
            for _ in 0..self.messages {
                let key = CLIENT.then(|| self.keys.next());
                let payload = Payload::Borrowed(&self.payload);
                let frame = Frame::new(true, OpCode::Binary, key, payload);
                self.ws.write_frame(frame).await.unwrap();
            }
        });
    }
}
