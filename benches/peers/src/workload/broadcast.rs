//! One message for many connections: it is queued for all of them, and then written to each.

use bytes::{Bytes, BytesMut};
use rfc6455::{Connection, PreparedMessage, Server, WebSocket};
use sockudo_ws::protocol::Protocol;
use sockudo_ws::{Message, Role};

use super::measure;
use super::memory::{held_by, signed};
use crate::measure::{Contender, Settings};
use crate::peer::layer::{self, CONFIG};
use crate::peer::ours::LIMITS;
use crate::peer::{About, layer::write};
use crate::source::{Output, Source};
use crate::table::Section;
use crate::wire::{self, BINARY, FIN};

pub const EACH: &str = "rfc6455, one by one";
pub const PREPARED: &str = "rfc6455, prepared";
pub const SHARED: &str = "rfc6455, shared";
pub const UNQUEUED: &str = "rfc6455, prepared, no queue";

const LEN: usize = 1 << 10;
const CONNECTIONS: usize = 10_000;

/// A way to send one message to all connections.
trait Broadcast {
    const ABOUT: About;
    fn new(count: usize, payload: &[u8], output: Output) -> Self;
    /// Queues the message for all connections.
    fn queue(&mut self);
    /// Writes it to each of them.
    fn write(&mut self);
}

/// Encodes the message for each connection.
struct Each {
    all: Vec<WebSocket<Server, Vec<u8>>>,
    payload: Vec<u8>,
    output: Output,
}

impl Broadcast for Each {
    const ABOUT: About = About::new(EACH, EACH, "encoded into each queue");

    fn new(count: usize, payload: &[u8], output: Output) -> Self {
        let all = (0..count).map(|_| WebSocket::server(CONFIG)).collect();
        Self { all, payload: payload.to_vec(), output }
    }

    fn queue(&mut self) {
        for ws in &mut self.all {
            ws.send(&self.payload[..]).unwrap();
        }
    }

    fn write(&mut self) {
        for ws in &mut self.all {
            write(ws, &self.output);
        }
    }
}

/// Encodes the message once, and copies the frame into each queue.
struct Prepared {
    each: Each,
    storage: Vec<u8>,
}

impl Broadcast for Prepared {
    const ABOUT: About = About::new(PREPARED, PREPARED, "encoded once, copied into each queue");

    fn new(count: usize, payload: &[u8], output: Output) -> Self {
        Self { each: Each::new(count, payload, output), storage: vec![0; LEN + 16] }
    }

    fn queue(&mut self) {
        let message = PreparedMessage::new(&self.each.payload[..], &mut self.storage).unwrap();
        for ws in &mut self.each.all {
            ws.sender().send_prepared(&message).unwrap();
        }
    }

    fn write(&mut self) {
        self.each.write();
    }
}

/// Queues a header and a reference to the payload.
struct Shared {
    all: Vec<WebSocket<Server, BytesMut>>,
    payload: Bytes,
    output: Output,
}

impl Broadcast for Shared {
    const ABOUT: About = About::new(SHARED, SHARED, "the payload is not copied");

    fn new(count: usize, payload: &[u8], output: Output) -> Self {
        let all = (0..count).map(|_| layer::over_bytes()).collect();
        Self { all, payload: Bytes::copy_from_slice(payload), output }
    }

    fn queue(&mut self) {
        for ws in &mut self.all {
            ws.sender().send_owned(self.payload.clone()).unwrap();
        }
    }

    fn write(&mut self) {
        for ws in &mut self.all {
            write(ws, &self.output);
        }
    }
}

/// The core tier: there is no queue, and the frame is written from where it was encoded.
struct Unqueued {
    all: Vec<Connection<Server>>,
    payload: Vec<u8>,
    storage: Vec<u8>,
    output: Output,
}

impl Broadcast for Unqueued {
    const ABOUT: About = About::new(UNQUEUED, UNQUEUED, "encoded once, and not copied");

    fn new(count: usize, payload: &[u8], output: Output) -> Self {
        let all = (0..count).map(|_| Connection::server(LIMITS)).collect();
        Self { all, payload: payload.to_vec(), storage: vec![0; LEN + 16], output }
    }

    fn queue(&mut self) {}

    fn write(&mut self) {
        let message = PreparedMessage::new(&self.payload[..], &mut self.storage).unwrap();
        for ws in &mut self.all {
            self.output.write(ws.send_prepared(&message).unwrap());
        }
    }
}

/// tungstenite, with a small read buffer, since nothing is received.
struct Tungstenite {
    all: Vec<tungstenite::WebSocket<Source>>,
    payload: Bytes,
}

impl Broadcast for Tungstenite {
    const ABOUT: About = About::new("tungstenite", EACH, "");

    fn new(count: usize, payload: &[u8], output: Output) -> Self {
        let config = tungstenite::protocol::WebSocketConfig::default().read_buffer_size(4 << 10);
        let role = tungstenite::protocol::Role::Server;
        let mut source = Source::new(vec![0], 1);
        source.output = output;
        let ws = |_| tungstenite::WebSocket::from_raw_socket(source.clone(), role, Some(config));
        Self { all: (0..count).map(ws).collect(), payload: Bytes::copy_from_slice(payload) }
    }

    fn queue(&mut self) {
        for ws in &mut self.all {
            ws.write(tungstenite::Message::Binary(self.payload.clone())).unwrap();
        }
    }

    fn write(&mut self) {
        for ws in &mut self.all {
            ws.flush().unwrap();
        }
    }
}

/// sockudo-ws: its protocol layer, with one output for each connection.
struct Sockudo {
    all: Vec<(Protocol, BytesMut)>,
    message: Message,
    output: Output,
}

impl Broadcast for Sockudo {
    const ABOUT: About = About::new("sockudo-ws", EACH, "its protocol layer, without its streams");

    fn new(count: usize, payload: &[u8], output: Output) -> Self {
        let ws = |_| (Protocol::new(Role::Server, 1 << 20, 1 << 20), BytesMut::new());
        let message = Message::Binary(Bytes::copy_from_slice(payload));
        Self { all: (0..count).map(ws).collect(), message, output }
    }

    fn queue(&mut self) {
        for (protocol, out) in &mut self.all {
            protocol.encode_message(&self.message, out).unwrap();
        }
    }

    fn write(&mut self) {
        for (_, out) in &mut self.all {
            self.output.write(out);
            out.clear();
        }
    }
}

/// Verifies every frame of the first pass, and counts bytes in all later ones.
fn contender<B: Broadcast + 'static>(payload: &[u8]) -> Contender {
    let output = Output::default();
    let mut all = B::new(CONNECTIONS, payload, output.clone());
    let written = output.record(|| {
        all.queue();
        all.write();
    });
    let mut frame = Vec::new();
    wire::frame(&mut frame, FIN | BINARY, payload, None);
    let name = B::ABOUT.name;
    assert!(written == frame.repeat(CONNECTIONS), "{name}: a frame differs from the expected one");

    let len = written.len() as u64;
    let pass = Box::new(move || {
        all.queue();
        all.write();
        assert_eq!(output.take_count(), len, "{name}");
    });
    Contender { about: B::ABOUT, pass }
}

pub fn run(settings: Settings) -> Section {
    let title = "Broadcast: one message of 1 KiB to 10,000 connections, time per connection";
    let mut section = Section::new("broadcast", title, EACH);
    let payload = wire::binary(LEN);
    let mut contenders = [
        contender::<Each>(&payload),
        contender::<Prepared>(&payload),
        contender::<Shared>(&payload),
        contender::<Unqueued>(&payload),
        contender::<Tungstenite>(&payload),
        contender::<Sockudo>(&payload),
    ];
    let work = (CONNECTIONS as u64, LEN as u64);
    measure(&mut section, "1 KiB", work, &mut contenders, settings);
    section
}

/// Returns the bytes of heap that each connection holds while the message is queued.
pub fn queued(connections: usize) -> Vec<(&'static str, i64)> {
    fn held<B: Broadcast>(count: usize) -> (&'static str, i64) {
        let mut all = B::new(count, &wire::binary(LEN), Output::default());
        let ((), bytes) = held_by(|| all.queue());
        (B::ABOUT.name, bytes / signed(count))
    }
    vec![
        held::<Each>(connections),
        held::<Prepared>(connections),
        held::<Shared>(connections),
        held::<Unqueued>(connections),
        held::<Tungstenite>(connections),
        held::<Sockudo>(connections),
    ]
}
