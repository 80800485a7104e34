//! websocket-sans-io: frames alone. The parts of the protocol that it lacks are here.

use websocket_sans_io::{
    FrameInfo, Opcode, WebsocketFrameDecoder, WebsocketFrameEncoder, WebsocketFrameEvent,
};

use super::{About, Echo, Receive, Send, Sink, ours};
use crate::source::{Output, SHORT_READ, Source};
use crate::wire::Keys;

const NAME: &str = "websocket-sans-io";

pub struct Server {
    decoder: WebsocketFrameDecoder,
    source: Source,
    buffer: Vec<u8>,
    control: Vec<u8>,
    message: Vec<u8>,
    out: Vec<u8>,
}

impl Server {
    fn over(source: Source) -> Self {
        Self {
            decoder: WebsocketFrameDecoder::new(),
            source,
            buffer: vec![0; SHORT_READ],
            control: Vec::new(),
            message: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Reads until all messages have been passed to `piece`, which also learns where they end.
    #[inline]
    fn run(&mut self, mut piece: impl FnMut(&mut Vec<u8>, &Output, &[u8], bool)) {
        let mut left = self.source.messages;
        while left > 0 {
            let len = self.source.read_into(&mut self.buffer);
            let mut input = &mut self.buffer[..len];
            loop {
                let step = self.decoder.add_data(input).unwrap();
                let (taken, rest) = input.split_at_mut(step.consumed_bytes);
                match step.event {
                    None if taken.is_empty() => break,
                    Some(WebsocketFrameEvent::Start { frame_info, .. }) => {
                        assert!(frame_info.is_reasonable());
                        self.control.clear();
                    }
                    Some(WebsocketFrameEvent::PayloadChunk { original_opcode }) => {
                        if original_opcode.is_data() {
                            piece(&mut self.message, &self.source.output, taken, false);
                        } else {
                            self.control.extend_from_slice(taken);
                        }
                    }
                    Some(WebsocketFrameEvent::End { frame_info, original_opcode }) => {
                        if original_opcode == Opcode::Ping {
                            encode(&mut self.out, Opcode::Pong, None, &self.control);
                            self.source.output.write(&self.out);
                        } else if original_opcode.is_data() && frame_info.fin {
                            left -= 1;
                            piece(&mut self.message, &self.source.output, &[], true);
                        }
                    }
                    None => {}
                }
                input = rest;
            }
        }
    }
}

fn encode(out: &mut Vec<u8>, opcode: Opcode, mask: Option<[u8; 4]>, payload: &[u8]) {
    let mut encoder = WebsocketFrameEncoder::new();
    let payload_length = payload.len() as u64;
    let info = FrameInfo { opcode, payload_length, mask, fin: true, reserved: 0 };
    let header = encoder.start_frame(&info);
    out.clear();
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
    encoder.transform_frame_payload(&mut out[header.len()..]);
}

impl Receive for Server {
    const ABOUT: About = About::new(
        NAME,
        ours::CHUNKS,
        "in place, in pieces; checks neither UTF-8, masks, nor the order of frames; the caller answers pings",
    );

    fn new(source: Source, _: bool) -> Self {
        Self::over(source)
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        self.run(|_, _, bytes, last| sink.piece(bytes, last));
    }

    fn lent(&self) -> usize {
        let lent = [&self.buffer, &self.control, &self.message, &self.out];
        lent.map(|buffer| size_of::<Vec<u8>>() + buffer.capacity()).into_iter().sum()
    }
}

impl Echo for Server {
    const ABOUT: About = About::new(NAME, ours::MESSAGES, "the caller puts messages together");

    fn new(source: Source) -> Self {
        Self::over(source)
    }

    fn echo(&mut self) {
        let mut out = std::mem::take(&mut self.out);
        self.run(|message, output, bytes, last| {
            message.extend_from_slice(bytes);
            if last {
                encode(&mut out, Opcode::Binary, None, message);
                output.write(&out);
                message.clear();
            }
        });
        self.out = out;
    }
}

pub struct Sender<const CLIENT: bool> {
    source: Source,
    keys: Keys,
    payload: Vec<u8>,
    out: Vec<u8>,
}

impl<const CLIENT: bool> Send for Sender<CLIENT> {
    const ABOUT: About = About::new(NAME, ours::SLICE, "the caller copies");

    fn new(payload: Vec<u8>, source: Source) -> Self {
        Self { source, keys: Keys::new(), payload, out: Vec::new() }
    }

    fn send(&mut self) {
        for _ in 0..self.source.messages {
            let key = CLIENT.then(|| self.keys.next());
            encode(&mut self.out, Opcode::Binary, key, &self.payload);
            self.source.output.write(&self.out);
        }
    }
}
