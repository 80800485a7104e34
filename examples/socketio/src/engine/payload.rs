//! Payloads: the packets of one HTTP body.

use super::packet::{InvalidPacket, Packet};

/// The record separator, which stands between two packets.
const SEPARATOR: char = '\x1e';

/// Joins packets to a body.
#[must_use]
pub fn encode(packets: &[Packet]) -> String {
    let mut body = String::with_capacity(packets.iter().map(|packet| packet.len() + 2).sum());
    for packet in packets {
        if !body.is_empty() {
            body.push(SEPARATOR);
        }
        packet.write(&mut body);
    }
    body
}

/// Yields the packets of a body, one at a time, as a body of separators has many.
pub fn decode(body: &str) -> impl Iterator<Item = Result<Packet, InvalidPacket>> {
    body.split(SEPARATOR).map(Packet::parse)
}
