//! The zlib of this crate and of sockudo-ws, called directly and without any checks. `FrameHeader`
//! of this crate writes and reads the frames.

use rfc6455::{FrameHeader, Opcode};
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

use super::{Receive, Send};
use crate::source::{Output, SHORT_READ, Source};

const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// Writes a whole compressed text message.
pub fn write_frame(output: &Output, payload: &[u8]) {
    let header = FrameHeader {
        fin: true,
        rsv: [true, false, false],
        opcode: Opcode::Text,
        masking_key: None,
        payload_len: payload.len() as u64,
    };
    output.write(&header.encode().unwrap());
    output.write(payload);
}

/// Reads frames, and passes on their payloads in place.
pub fn read_frames(source: &mut Source, buffer: &mut Vec<u8>, mut payload: impl FnMut(&[u8])) {
    buffer.clear();
    let (mut start, mut left) = (0, source.messages);
    while left > 0 {
        let filled = buffer.len();
        buffer.resize(filled + SHORT_READ, 0);
        let len = source.read_into(&mut buffer[filled..]);
        buffer.truncate(filled + len);
        while let Ok(Some((header, header_len))) = FrameHeader::decode(&buffer[start..]) {
            let body = start + header_len;
            let end = body + usize::try_from(header.payload_len).unwrap();
            let Some(bytes) = buffer.get(body..end) else { break };
            payload(bytes);
            (start, left) = (end, left - 1);
        }
        buffer.drain(..std::mem::take(&mut start));
    }
}

pub struct Sender {
    zlib: Deflate,
    takeover: bool,
    room: Vec<u8>,
    output: Output,
}

impl Send for Sender {
    fn new(takeover: bool, output: Output) -> Self {
        Self { zlib: Deflate::new(1, false, 15), takeover, room: vec![0; 32 << 10], output }
    }

    fn send(&mut self, texts: &[String]) {
        for text in texts {
            if !self.takeover {
                self.zlib.reset();
            }
            let before = self.zlib.total_out();
            self.zlib.compress(text.as_bytes(), &mut self.room, DeflateFlush::SyncFlush).unwrap();
            let len = usize::try_from(self.zlib.total_out() - before).unwrap();
            write_frame(&self.output, &self.room[..len - TAIL.len()]);
        }
    }
}

pub struct Receiver {
    zlib: Inflate,
    takeover: bool,
    buffer: Vec<u8>,
    room: Vec<u8>,
    source: Source,
}

impl Receive for Receiver {
    fn new(takeover: bool, source: Source) -> Self {
        let zlib = Inflate::new(false, 15);
        Self { zlib, takeover, buffer: Vec::new(), room: vec![0; 32 << 10], source }
    }

    fn receive(&mut self, message: &mut dyn FnMut(&[u8])) {
        let Self { zlib, takeover, buffer, room, source } = self;
        read_frames(source, buffer, |payload| {
            if !*takeover {
                zlib.reset(false);
            }
            let before = zlib.total_out();
            zlib.decompress(payload, room, InflateFlush::NoFlush).unwrap();
            let len = usize::try_from(zlib.total_out() - before).unwrap();
            zlib.decompress(&TAIL, &mut room[len..], InflateFlush::NoFlush).unwrap();
            message(&room[..len]);
        });
    }
}
