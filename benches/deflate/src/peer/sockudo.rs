//! sockudo-ws: its payloads, in frames by `FrameHeader` of this crate.

use sockudo_ws::deflate::{DeflateConfig, DeflateContext};

use super::bare::{read_frames, write_frame};
use super::{Receive, Send};
use crate::source::{Output, Source};

fn config(takeover: bool) -> DeflateConfig {
    DeflateConfig {
        compression_level: 1,
        compression_threshold: 0,
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        ..DeflateConfig::default()
    }
}

pub struct Sender {
    context: DeflateContext,
    output: Output,
}

impl Send for Sender {
    fn new(takeover: bool, output: Output) -> Self {
        Self { context: DeflateContext::server(config(takeover)), output }
    }

    fn send(&mut self, texts: &[String]) {
        for text in texts {
            write_frame(&self.output, &self.context.compress(text.as_bytes()).unwrap().unwrap());
        }
    }
}

pub struct Receiver {
    context: DeflateContext,
    buffer: Vec<u8>,
    source: Source,
}

impl Receive for Receiver {
    fn new(takeover: bool, source: Source) -> Self {
        Self { context: DeflateContext::client(config(takeover)), buffer: Vec::new(), source }
    }

    fn receive(&mut self, message: &mut dyn FnMut(&[u8])) {
        let Self { context, buffer, source } = self;
        read_frames(source, buffer, |payload| {
            message(&context.decompress(payload, 1 << 20).unwrap());
        });
    }
}
