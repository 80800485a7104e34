//! This crate, with its frames and its validation of text.

use rfc6455::deflate::{Config, Deflater, Inflater, Negotiated, Params};
use rfc6455::{Client, Connection, Heap, Incoming, Limits, MessageBuffer, Server};

use super::{Receive, Send};
use crate::source::{Output, SHORT_READ, Source};

fn negotiated(takeover: bool) -> Negotiated {
    let config = Config::DEFAULT.threshold(0).send_takeover(takeover).receive_takeover(takeover);
    config.accept(Params::default()).unwrap()
}

pub struct Sender {
    ws: Connection<Server>,
    deflater: Deflater,
    out: Vec<u8>,
    output: Output,
}

impl Send for Sender {
    fn new(takeover: bool, output: Output) -> Self {
        let deflater = negotiated(takeover).deflater();
        Self { ws: Connection::server(Limits::DEFAULT), deflater, out: Vec::new(), output }
    }

    fn send(&mut self, texts: &[String]) {
        for text in texts {
            self.out.clear();
            self.deflater.send_to_vec(&mut self.ws, &**text, &mut self.out).unwrap();
            self.output.write(&self.out);
        }
    }
}

/// The receiver sends nothing, so any key will do.
type Keys = fn() -> [u8; 4];

pub struct Receiver {
    ws: Connection<Client<Keys>>,
    inflater: Inflater,
    messages: MessageBuffer<Heap>,
    buffer: Vec<u8>,
    source: Source,
}

impl Receive for Receiver {
    fn new(takeover: bool, source: Source) -> Self {
        Self {
            ws: Connection::client(|| [0; 4], Limits::DEFAULT),
            inflater: negotiated(takeover).inflater(),
            messages: MessageBuffer::new(),
            buffer: vec![0; SHORT_READ],
            source,
        }
    }

    fn receive(&mut self, sink: &mut dyn FnMut(&[u8])) {
        let Self { ws, inflater, messages, buffer, source } = self;
        let mut left = source.messages;
        while left > 0 {
            let len = source.read_into(buffer);
            let mut input = &mut buffer[..len];
            while let Some(incoming) = messages.receive_inflated(inflater, ws, &mut input).unwrap()
            {
                if let Incoming::Message(message) = incoming {
                    left -= 1;
                    sink(message.as_bytes());
                }
            }
        }
    }
}
