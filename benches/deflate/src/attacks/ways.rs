//! The ways to receive: whole messages or chunks, in reads of several lengths.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use rfc6455::deflate::{Config, Inflater, Params};
use rfc6455::{Connection, Event, Heap, Incoming, Limits, MessageBuffer, Role};
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
    /// `MessageBuffer::receive_inflated`.
    Whole,
    /// `Inflater::receive`, with an output of this many bytes.
    Chunks(usize),
    /// The inflater alone, with nothing around it: the limit of all others.
    Alone,
}

pub const TIERS: [Tier; 5] =
    [Tier::Whole, Tier::Chunks(1), Tier::Chunks(64), Tier::Chunks(4096), Tier::Chunks(65536)];
pub const READS: [usize; 3] = [1 << 20, 16 << 10, 100];

/// Returns all ways, tier by tier.
pub fn all() -> Vec<Way> {
    let ways = TIERS.iter().flat_map(|&tier| READS.map(|read| Way { tier, read }));
    ways.chain([Way { tier: Tier::Alone, read: usize::MAX }]).collect()
}

impl Way {
    /// Returns the CPU time to receive a whole stream, and checks the result.
    pub fn time(self, stream: &Stream) -> Duration {
        if stream.server {
            self.receive(Connection::server(Limits::DEFAULT), stream)
        } else {
            self.receive(Connection::client(|| [0; 4], Limits::DEFAULT), stream)
        }
    }

    fn receive<R: Role>(self, mut ws: Connection<R>, stream: &Stream) -> Duration {
        let mut inflater = Config::DEFAULT.accept(Params::default()).unwrap().inflater();
        let mut wire = stream.wire.clone();
        let mut seen = Seen::default();
        let start;
        match self.tier {
            Tier::Alone => {
                start = ThreadTime::now();
                seen.alone(&stream.payloads);
            }
            Tier::Whole => {
                let mut messages = MessageBuffer::new();
                start = ThreadTime::now();
                for input in wire.chunks_mut(self.read) {
                    seen.whole(&mut ws, &mut inflater, &mut messages, input);
                }
            }
            Tier::Chunks(len) => {
                let mut out = vec![0; len];
                start = ThreadTime::now();
                for input in wire.chunks_mut(self.read) {
                    seen.chunks(&mut ws, &mut inflater, &mut out, input);
                }
            }
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
            Tier::Chunks(len) => write!(f, "{len}")?,
            Tier::Alone => return write!(f, "zlib-rs alone"),
        }
        match self.read {
            0..1024 => write!(f, ", {}", self.read),
            1024..0x10_0000 => write!(f, ", {}K", self.read >> 10),
            _ => write!(f, ", {}M", self.read >> 20),
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
    fn whole<R: Role>(
        &mut self,
        ws: &mut Connection<R>,
        inflater: &mut Inflater,
        messages: &mut MessageBuffer<Heap>,
        mut input: &mut [u8],
    ) {
        while let Some(incoming) = messages.receive_inflated(inflater, ws, &mut input).unwrap() {
            if let Incoming::Message(message) = incoming {
                self.inflated += black_box(message).as_bytes().len();
                self.messages += 1;
            }
        }
    }

    fn chunks<R: Role>(
        &mut self,
        ws: &mut Connection<R>,
        inflater: &mut Inflater,
        out: &mut [u8],
        mut input: &mut [u8],
    ) {
        while let Some(event) = inflater.receive(ws, &mut input, out).unwrap() {
            if let Event::Data(chunk) = event {
                self.inflated += black_box(&*chunk).len();
                self.messages += usize::from(chunk.is_last());
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
