//! This crate, tier by tier.

use rfc6455::{Connection, Event, Incoming, Limits, MessageBuffer};

const LIMITS: Limits = Limits::DEFAULT.max_frame(1 << 30).max_message(1 << 30);

/// The streaming tier: chunks where they lie.
pub fn decode(stream: &[u8], buffer: &mut [u8]) -> (u64, u64) {
    let mut ws = Connection::server(LIMITS);
    let (mut messages, mut bytes) = (0, 0);
    for read in stream.chunks(buffer.len()) {
        let mut input = &mut buffer[..read.len()];
        input.copy_from_slice(read);
        while let Some(event) = ws.receive(&mut input).unwrap() {
            if let Event::Data(chunk) = event {
                messages += u64::from(chunk.is_last());
                bytes += std::hint::black_box(&*chunk).len() as u64;
            }
        }
    }
    (messages, bytes)
}

/// The whole-message tier on the heap.
pub fn decode_messages(stream: &[u8], buffer: &mut [u8]) -> (u64, u64) {
    let mut ws = Connection::server(LIMITS);
    let mut buffered = MessageBuffer::new();
    let (mut messages, mut bytes) = (0, 0);
    for read in stream.chunks(buffer.len()) {
        let mut input = &mut buffer[..read.len()];
        input.copy_from_slice(read);
        while let Some(incoming) = buffered.receive(&mut ws, &mut input).unwrap() {
            if let Incoming::Message(message) = incoming {
                messages += 1;
                bytes += std::hint::black_box(message.as_bytes()).len() as u64;
            }
        }
    }
    (messages, bytes)
}
