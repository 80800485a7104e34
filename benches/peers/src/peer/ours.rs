//! The core of this crate, and the names of all our rows.

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::{
    Client, Connection, ControlFrame, Event, FrameHeader, Limits, MaskingKeys, Role, Server,
};

use super::{About, Accept, Echo, Receive, Send, Sink};
use crate::source::{SHORT_READ, Source};
use crate::wire::Keys;

pub const CHUNKS: &str = "rfc6455, chunks";
pub const MESSAGES: &str = "rfc6455, messages";
pub const LONG_CHUNKS: &str = "rfc6455, chunks, 64 KiB reads";
/// Whole messages, with text as a `str`.
pub const STR: &str = "rfc6455, messages, &str";
/// Whole messages as `Bytes`.
pub const OWNED: &str = "rfc6455, owned messages";
pub const SLICE: &str = "rfc6455, into a slice";
pub const IN_PLACE: &str = "rfc6455, in place";
pub const HANDSHAKE: &str = "rfc6455";

pub const LIMITS: Limits = Limits::DEFAULT.max_frame(1 << 30).max_message(1 << 30);

/// The streaming tier: data in place, as it arrives.
pub struct Chunks<const READ: usize = SHORT_READ> {
    ws: Connection<Server>,
    source: Source,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

impl<const READ: usize> Chunks<READ> {
    fn over(source: Source, out: usize) -> Self {
        let (buffer, out) = (vec![0; READ], vec![0; out]);
        Self { ws: Connection::server(LIMITS), source, buffer, out }
    }
}

impl<const READ: usize> Receive for Chunks<READ> {
    const ABOUT: About = if READ == SHORT_READ {
        About::new(CHUNKS, CHUNKS, "in place, in pieces as they arrive; text is checked")
    } else {
        About::new(LONG_CHUNKS, LONG_CHUNKS, "more at once than the nearest cache holds")
    };

    fn new(source: Source, _: bool) -> Self {
        Self::over(source, ControlFrame::MAX_LEN)
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        let mut left = self.source.messages;
        while left > 0 {
            let len = self.source.read_into(&mut self.buffer);
            let mut input = &mut self.buffer[..len];
            while let Some(event) = self.ws.receive(&mut input).unwrap() {
                if let Event::Data(chunk) = event {
                    left -= u64::from(chunk.is_last());
                    sink.piece(&chunk, chunk.is_last());
                } else {
                    let len = self.ws.poll_transmit_into(&mut self.out).unwrap();
                    self.source.output.write(&self.out[..len]);
                }
            }
        }
    }

    fn lent(&self) -> usize {
        2 * size_of::<Vec<u8>>() + self.buffer.capacity() + self.out.capacity()
    }
}

impl Echo for Chunks {
    const ABOUT: About =
        About::new(CHUNKS, CHUNKS, "a message that came in two reads goes back in two fragments");

    fn new(source: Source) -> Self {
        Self::over(source, (64 << 10) + FrameHeader::MAX_LEN)
    }

    fn echo(&mut self) {
        let mut left = self.source.messages;
        while left > 0 {
            let len = self.source.read_into(&mut self.buffer);
            let mut input = &mut self.buffer[..len];
            while let Some(event) = self.ws.receive(&mut input).unwrap() {
                if let Event::Data(chunk) = event {
                    left -= u64::from(chunk.is_last());
                    let len = self.ws.send(&chunk, &mut self.out).unwrap();
                    self.source.output.write(&self.out[..len]);
                }
            }
        }
    }
}

impl MaskingKeys for Keys {
    #[inline]
    fn next_key(&mut self) -> [u8; 4] {
        self.next()
    }
}

/// Writes header and payload to one slice, and masks while copying.
pub struct Slice<R: Role> {
    ws: Connection<R>,
    payload: Vec<u8>,
    out: Vec<u8>,
    source: Source,
}

impl<R: Role> Slice<R> {
    fn over(ws: Connection<R>, payload: Vec<u8>, source: Source) -> Self {
        let out = vec![0; payload.len() + FrameHeader::MAX_LEN];
        Self { ws, payload, out, source }
    }

    fn send_all(&mut self) {
        for _ in 0..self.source.messages {
            let len = self.ws.send(&self.payload[..], &mut self.out).unwrap();
            self.source.output.write(&self.out[..len]);
        }
    }
}

impl Send for Slice<Server> {
    const ABOUT: About = About::new(SLICE, SLICE, "one copy");

    fn new(payload: Vec<u8>, source: Source) -> Self {
        Self::over(Connection::server(LIMITS), payload, source)
    }

    fn send(&mut self) {
        self.send_all();
    }
}

impl Send for Slice<Client<Keys>> {
    const ABOUT: About = About::new(SLICE, SLICE, "one copy, masked on the way");

    fn new(payload: Vec<u8>, source: Source) -> Self {
        Self::over(Connection::client(Keys::new(), LIMITS), payload, source)
    }

    fn send(&mut self) {
        self.send_all();
    }
}

/// Writes the header alone, and hands over the payload in place, as for `writev`.
pub struct InPlace {
    ws: Connection<Server>,
    payload: Vec<u8>,
    source: Source,
}

impl Send for InPlace {
    const ABOUT: About =
        About::new(IN_PLACE, IN_PLACE, "no copy: header and payload handed over separately");

    fn new(payload: Vec<u8>, source: Source) -> Self {
        Self { ws: Connection::server(LIMITS), payload, source }
    }

    fn send(&mut self) {
        for _ in 0..self.source.messages {
            let header = self.ws.send_header(&self.payload[..]).unwrap();
            self.source.output.write(&header);
            self.source.output.write(&self.payload);
        }
    }
}

/// Reads the bytes of a request, and writes those of the response.
pub struct Handshake {
    source: Source,
    buffer: Vec<u8>,
}

impl Accept for Handshake {
    const ABOUT: About = About::new(
        HANDSHAKE,
        HANDSHAKE,
        "no heap; strict: all of RFC 6455 4.2.1, duplicates, bodies",
    );

    fn new(source: Source) -> Self {
        Self { source, buffer: vec![0; SHORT_READ] }
    }

    fn accept(&mut self) {
        let (mut storage, mut out) = ([0; 4096], [0; 512]);
        let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
        let len = self.source.read_into(&mut self.buffer);
        let mut input = &mut self.buffer[..len];
        let request =
            handshake.receive(&mut input).unwrap().expect("the whole request has arrived");
        let len = request.upgrade().unwrap().accept(&Acceptance::default(), &mut out).unwrap();
        self.source.output.write(&out[..len]);
        std::hint::black_box(Connection::server(LIMITS));
    }
}
