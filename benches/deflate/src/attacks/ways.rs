//! The ways to receive: whole messages or chunks, in reads of several lengths.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use rfc6455::deflate::{self, Params};
use rfc6455::websocket::{Config, Event};
use rfc6455::{Role, WebSocket};
use zlib_rs::{Inflate, InflateFlush, Status};

use super::wire::Stream;

/// One way to receive.
#[derive(Clone, Copy)]
pub struct Way {
    pub tier: Tier,
    /// The length of a read.
    pub read: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Each message at once.
    Whole,
    /// Each message in chunks, with `Config::stream_above(0)`.
    Chunks,
    /// The inflater alone, with nothing around it: the limit of all others.
    Alone,
}

pub const TIERS: [Tier; 2] = [Tier::Whole, Tier::Chunks];
/// Lengths of reads. The connection lends at most 16 KiB, so the first stands for full reads.
pub const READS: [usize; 2] = [16 << 10, 100];

/// Returns all ways, tier by tier.
pub fn all() -> Vec<Way> {
    let ways = TIERS.iter().flat_map(|&tier| READS.map(|read| Way { tier, read }));
    ways.chain([Way { tier: Tier::Alone, read: usize::MAX }]).collect()
}

impl Way {
    /// Returns the CPU time to receive a whole stream, and checks the result.
    pub fn time(self, stream: &Stream) -> Duration {
        let config = match self.tier {
            Tier::Whole | Tier::Alone => Config::DEFAULT,
            Tier::Chunks => Config::DEFAULT.stream_above(0),
        };
        if stream.server {
            self.receive(WebSocket::server(config), stream)
        } else {
            self.receive(WebSocket::client(|| [0; 4], config), stream)
        }
    }

    fn receive<R: Role>(self, ws: WebSocket<R, Vec<u8>>, stream: &Stream) -> Duration {
        let mut ws = ws.deflate(deflate::Config::DEFAULT.accept(Params::default()));
        let mut seen = Seen::default();
        let start = ThreadTime::now();
        match self.tier {
            Tier::Alone => seen.alone(&stream.payloads),
            Tier::Whole | Tier::Chunks => seen.drive(&mut ws, &stream.wire, self.read),
        }
        let time = start.elapsed();
        assert_eq!((seen.inflated, seen.messages), (stream.inflated, stream.messages));
        time
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tier {
            Tier::Whole => write!(f, "whole")?,
            Tier::Chunks => write!(f, "chunks")?,
            Tier::Alone => return write!(f, "zlib-rs alone"),
        }
        match self.read {
            0..1024 => write!(f, ", {}", self.read),
            _ => write!(f, ", {}K", self.read >> 10),
        }
    }
}

/// The result of a stream.
#[derive(Default)]
struct Seen {
    inflated: usize,
    messages: usize,
}

impl Seen {
    /// Receives the whole stream, at most `read` bytes at a time.
    fn drive<R: Role>(&mut self, ws: &mut WebSocket<R, Vec<u8>>, mut wire: &[u8], read: usize) {
        while !wire.is_empty() {
            let room = ws.read_buf();
            let len = room.len().min(read).min(wire.len());
            room[..len].copy_from_slice(&wire[..len]);
            wire = &wire[len..];
            ws.received(len).unwrap();
            while let Some((event, _)) = ws.next().unwrap() {
                match black_box(event) {
                    Event::Message(message) => {
                        self.inflated += message.as_bytes().len();
                        self.messages += 1;
                    }
                    Event::Chunk(chunk) => {
                        self.inflated += chunk.len();
                        self.messages += usize::from(chunk.is_last());
                    }
                    _ => {}
                }
            }
        }
    }

    /// Inflates all messages, with takeover.
    fn alone(&mut self, payloads: &[Vec<u8>]) {
        let (mut zlib, mut out) = (Inflate::new(false, 15), vec![0; 64 << 10]);
        for payload in payloads {
            let (mut rest, mut ended) = (&payload[..], true);
            while !rest.is_empty() {
                let (taken, status) = self.step(&mut zlib, rest, &mut out);
                rest = &rest[taken..];
                ended = status == Status::StreamEnd;
                if ended {
                    zlib.reset(false);
                }
            }
            // If the output was full, there may be more.
            while !ended && self.step(&mut zlib, &[], &mut out).1 == Status::Ok {}
            if !ended {
                self.step(&mut zlib, &[0, 0, 0xFF, 0xFF], &mut out);
            }
            self.messages += 1;
        }
    }

    fn step(&mut self, zlib: &mut Inflate, rest: &[u8], out: &mut [u8]) -> (usize, Status) {
        let before = (zlib.total_in(), zlib.total_out());
        let status = zlib.decompress(rest, out, InflateFlush::NoFlush).unwrap();
        let [taken, len] = [zlib.total_in() - before.0, zlib.total_out() - before.1];
        self.inflated += black_box(usize::try_from(len).unwrap());
        (usize::try_from(taken).unwrap(), status)
    }
}
