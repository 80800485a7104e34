//! The load: connections to one server, each with messages in flight.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rfc6455::{Client, Connection, Event, Limits};

use crate::workload::{Messages, Workload};

const READ: usize = 256 << 10;
/// The longest time that a server may be silent with messages in flight.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server sends back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Messages.
    Messages,
    /// The bytes of the client, without a handshake.
    Bytes,
}

/// What one slice of load came to.
pub struct Slice {
    pub messages: u64,
    pub time: Duration,
    /// From sending each message to its reply, in nanoseconds.
    pub latencies: Vec<u64>,
}

/// All connections of a workload to one server.
pub struct Load {
    poll: Poll,
    events: Events,
    lines: Vec<Line>,
    buf: Box<[u8]>,
    in_flight: usize,
}

impl Load {
    /// Connects, one connection after the other.
    pub fn connect(address: SocketAddr, reply: Reply, workload: &Workload) -> io::Result<Self> {
        let (poll, mut lines) = (Poll::new()?, Vec::new());
        for at in 0..workload.connections {
            let mut line = Line::connect(address, reply, workload.compressed)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut line.stream, Token(at), both)?;
            lines.push(line);
        }
        let events = Events::with_capacity(lines.len().max(16));
        Ok(Self { poll, events, lines, buf: vec![0; READ].into(), in_flight: workload.in_flight })
    }

    /// Keeps messages in flight for `time`, and then waits for the last replies.
    pub fn run(&mut self, messages: &mut Messages, time: Duration) -> io::Result<Slice> {
        let start = Instant::now();
        let mut done = Slice { messages: 0, time, latencies: Vec::new() };
        for line in &mut self.lines {
            line.send(messages, self.in_flight, start)?;
        }
        let mut open = self.lines.len() * self.in_flight;
        while open > 0 {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            if self.events.is_empty() {
                return Err(failure("the server does not answer"));
            }
            for event in &self.events {
                let line = &mut self.lines[event.token().0];
                line.flush(messages)?;
                let answered = line.receive(messages, &mut self.buf, &mut done.latencies)?;
                done.messages += answered as u64;
                let now = Instant::now();
                if answered > 0 && now - start < time {
                    line.send(messages, answered, now)?;
                } else {
                    open -= answered;
                }
            }
        }
        done.time = start.elapsed();
        Ok(done)
    }
}

/// A source of masking keys, for the answers to heartbeats.
type Keys = fn() -> [u8; 4];

/// A connection.
struct Line {
    stream: TcpStream,
    reply: Reply,
    ws: Connection<Client<Keys>>,
    /// The number of the next message to write, how much of it is written, and how many wait.
    next: usize,
    written: usize,
    unwritten: usize,
    /// The number of the next message to come back.
    expected: usize,
    /// How much of the expected message has come back; all of it, if it is compressed.
    received: usize,
    compressed: Option<Vec<u8>>,
    sent_at: VecDeque<Instant>,
}

impl Line {
    fn connect(address: SocketAddr, reply: Reply, compressed: bool) -> io::Result<Self> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let keys: Keys = || [0x5A, 0x17, 0xC3, 0x88];
        let mut ws = Connection::client(keys, Limits::DEFAULT);
        if reply == Reply::Messages {
            shake_hands(&mut stream, compressed)?;
            ws.allow_rsv1(compressed);
        }
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            reply,
            ws,
            next: 0,
            written: 0,
            unwritten: 0,
            expected: 0,
            received: 0,
            compressed: None,
            sent_at: VecDeque::new(),
        })
    }

    /// Sends so many messages with one write.
    fn send(&mut self, messages: &Messages, count: usize, now: Instant) -> io::Result<()> {
        self.unwritten += count;
        self.sent_at.extend(std::iter::repeat_n(now, count));
        self.flush(messages)
    }

    fn flush(&mut self, messages: &Messages) -> io::Result<()> {
        if self.unwritten == 0 {
            return Ok(());
        }
        match self.stream.write(&messages.wire(self.next, self.unwritten)[self.written..]) {
            Ok(written) => self.written += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        while self.unwritten > 0 && self.written >= messages.wire(self.next, 1).len() {
            self.written -= messages.wire(self.next, 1).len();
            self.next = (self.next + 1) % messages.count();
            self.unwritten -= 1;
        }
        Ok(())
    }

    /// Reads what is there and compares it; returns how many messages it completes.
    fn receive(
        &mut self,
        messages: &mut Messages,
        buf: &mut [u8],
        latencies: &mut Vec<u64>,
    ) -> io::Result<usize> {
        let mut answered = 0;
        loop {
            let len = match self.stream.read(buf) {
                Ok(0) => return Err(failure("the server has closed a connection")),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            answered += match self.reply {
                Reply::Bytes => self.compare_bytes(messages, &buf[..len])?,
                Reply::Messages => self.compare_messages(messages, &mut buf[..len])?,
            };
            if len < buf.len() {
                break;
            }
        }
        let now = Instant::now();
        for sent_at in self.sent_at.drain(..answered) {
            latencies.push(u64::try_from((now - sent_at).as_nanos()).unwrap_or(u64::MAX));
        }
        Ok(answered)
    }

    fn compare_bytes(&mut self, messages: &Messages, mut bytes: &[u8]) -> io::Result<usize> {
        let mut answered = 0;
        while !bytes.is_empty() {
            let expected = &messages.wire(self.expected, 1)[self.received..];
            let len = expected.len().min(bytes.len());
            if bytes[..len] != expected[..len] {
                return Err(failure("other bytes came back"));
            }
            (self.received, bytes) = (self.received + len, &bytes[len..]);
            if len == expected.len() {
                answered += 1;
                (self.received, self.expected) = (0, (self.expected + 1) % messages.count());
            }
        }
        Ok(answered)
    }

    fn compare_messages(&mut self, messages: &mut Messages, bytes: &mut [u8]) -> io::Result<usize> {
        let (mut input, mut answered) = (bytes, 0);
        while let Some(event) = self.ws.receive(&mut input).map_err(io::Error::other)? {
            match event {
                Event::Data(chunk) => {
                    if chunk.is_first() && chunk.rsv1() {
                        self.compressed = Some(Vec::new());
                    }
                    let right = if let Some(compressed) = &mut self.compressed {
                        compressed.extend_from_slice(&chunk);
                        !chunk.is_last() || messages.is_reply(self.expected, compressed)
                    } else {
                        let expected = &messages.payload(self.expected)[self.received..];
                        self.received += chunk.len();
                        expected.starts_with(&chunk)
                            && chunk.is_last() == (expected.len() == chunk.len())
                    };
                    if !right {
                        return Err(failure("another message came back"));
                    }
                    if chunk.is_last() {
                        answered += 1;
                        (self.received, self.compressed) = (0, None);
                        self.expected = (self.expected + 1) % messages.count();
                    }
                }
                // A heartbeat, and room enough for its answer.
                Event::Ping => {
                    if let Some(pong) = self.ws.poll_transmit() {
                        self.stream.write_all(&pong)?;
                    }
                }
                Event::Pong => {}
                Event::Close(code) => return Err(failure(&format!("the server closes: {code:?}"))),
            }
        }
        Ok(answered)
    }
}

fn failure(what: &str) -> io::Error {
    io::Error::other(what)
}

const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate; \
    server_no_context_takeover; client_no_context_takeover\r\n";

/// Opens a WebSocket on a blocking stream.
pub fn shake_hands(stream: &mut std::net::TcpStream, compressed: bool) -> io::Result<()> {
    let extensions = if compressed { DEFLATE } else { "" };
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extensions}\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let (mut head, mut buf) = (Vec::new(), [0; 1024]);
    while !head.ends_with(b"\r\n\r\n") {
        let len = stream.read(&mut buf)?;
        if len == 0 {
            return Err(failure("the server does not answer the handshake"));
        }
        head.extend_from_slice(&buf[..len]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    if !head.starts_with("http/1.1 101 ") || compressed != head.contains("permessage-deflate") {
        return Err(failure(&format!("not the expected response: {head}")));
    }
    Ok(())
}
