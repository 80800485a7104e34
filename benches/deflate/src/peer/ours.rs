//! This crate, with its frames and its validation of text.

use rfc6455::deflate::{self, Negotiated, Params};
use rfc6455::websocket::{Config, Event};
use rfc6455::{Client, Server, WebSocket};

use super::{Receive, Send};
use crate::source::{Output, Source};

fn negotiated(takeover: bool) -> Option<Negotiated> {
    let config = deflate::Config::DEFAULT.threshold(0);
    config.send_takeover(takeover).receive_takeover(takeover).accept(Params::default())
}

pub struct Sender {
    ws: WebSocket<Server, Vec<u8>>,
    output: Output,
}

impl Send for Sender {
    fn new(takeover: bool, output: Output) -> Self {
        Self { ws: WebSocket::server(Config::DEFAULT).deflate(negotiated(takeover)), output }
    }

    fn send(&mut self, texts: &[String]) {
        for text in texts {
            self.ws.send(&**text).unwrap();
            let bytes = self.ws.transmit();
            self.output.write(bytes);
            let len = bytes.len();
            self.ws.transmitted(len).unwrap();
        }
    }
}

/// The receiver sends nothing, so any key will do.
type Keys = fn() -> [u8; 4];

pub struct Receiver {
    ws: WebSocket<Client<Keys>, Vec<u8>>,
    source: Source,
}

impl Receive for Receiver {
    fn new(takeover: bool, source: Source) -> Self {
        let ws = WebSocket::client((|| [0; 4]) as Keys, Config::DEFAULT);
        Self { ws: ws.deflate(negotiated(takeover)), source }
    }

    fn receive(&mut self, sink: &mut dyn FnMut(&[u8])) {
        let mut left = self.source.messages;
        while left > 0 {
            let len = self.source.read_into(self.ws.read_buf());
            self.ws.received(len).unwrap();
            while let Some((event, _)) = self.ws.next().unwrap() {
                if let Event::Message(message) = event {
                    left -= 1;
                    sink(message.as_bytes());
                }
            }
        }
    }
}
