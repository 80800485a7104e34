//! Control frames that require an answer: between fragments, and alone.

use super::decode::Stream;
use super::{measure, mention_absent};
use crate::measure::Settings;
use crate::peer::ours;
use crate::source::Source;
use crate::table::{Section, name_of_len};
use crate::wire::{self, BINARY, FIN, Keys, PING, PONG};

const PING_PAYLOAD: &[u8] = b"are you?";

/// Whole messages and pings, masked, and the expected Pongs.
struct Writer {
    stream: Vec<u8>,
    keys: Keys,
    replies: Vec<u8>,
}

impl Writer {
    fn new() -> Self {
        Self { stream: Vec::new(), keys: Keys::new(), replies: Vec::new() }
    }

    fn frame(&mut self, first_byte: u8, payload: &[u8]) {
        wire::frame(&mut self.stream, first_byte, payload, Some(self.keys.next()));
    }

    fn ping(&mut self) {
        self.frame(FIN | PING, PING_PAYLOAD);
        wire::frame(&mut self.replies, FIN | PONG, PING_PAYLOAD, None);
    }

    fn finish(self, messages: Vec<Vec<u8>>) -> Stream {
        let source = Source::new(self.stream, messages.len() as u64);
        Stream { source, text: false, messages, replies: self.replies }
    }
}

pub fn fragments(settings: Settings) -> Section {
    const LEN: usize = 64 << 10;
    const MESSAGES: usize = 4;
    let payload = wire::binary(LEN);
    let mut writer = Writer::new();
    for _ in 0..MESSAGES {
        for (index, fragment) in payload.chunks(1 << 10).enumerate() {
            if index > 0 {
                writer.ping();
            }
            let last = (index + 1) << 10 == LEN;
            let opcode = if index == 0 { BINARY } else { 0 };
            writer.frame(if last { FIN } else { 0 } | opcode, fragment);
        }
    }
    let stream = writer.finish(vec![payload; MESSAGES]);

    let mut section = Section::new(
        "fragments",
        "A 64 KiB message in fragments of 1 KiB, with a ping between each two, answered",
        ours::MESSAGES,
    );
    let work = (MESSAGES as u64, LEN as u64);
    measure(&mut section, name_of_len(LEN), work, &mut stream.peers(), settings);
    mention_absent(&mut section);
    section
}

pub fn pings(settings: Settings) -> Section {
    const PINGS: u64 = 4096;
    let mut writer = Writer::new();
    for _ in 0..PINGS {
        writer.ping();
    }
    // The message tells every peer where to stop, even one that does not report pings.
    writer.frame(FIN | BINARY, b"end");
    let stream = writer.finish(vec![b"end".to_vec()]);

    let mut section =
        Section::new("pings", "A flood of pings, each answered: time per ping", ours::MESSAGES);
    let work = (PINGS, PING_PAYLOAD.len() as u64);
    measure(&mut section, "8 B", work, &mut stream.peers(), settings);
    mention_absent(&mut section);
    section
}
