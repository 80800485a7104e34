//! tungstenite, which reads from a stream.

use std::io::{Read, Result, Write};

use crate::common::oracle::Seen;
use crate::verdict::{End, MAX_FRAME, MAX_MESSAGE, Verdict};
use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// Gives one piece after the other, and takes everything.
struct Pieces<'a>(std::vec::IntoIter<&'a [u8]>, &'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        while self.1.is_empty() {
            // Nothing at all means the end.
            let Some(next) = self.0.next() else { return Ok(0) };
            self.1 = next;
        }
        self.1.read(into)
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

pub(crate) fn receive(server: bool, pieces: Vec<&[u8]>) -> Verdict {
    let config = WebSocketConfig::default()
        .read_buffer_size(256)
        .max_frame_size(Some(MAX_FRAME.into()))
        .max_message_size(Some(MAX_MESSAGE.into()));
    let role = if server { Role::Server } else { Role::Client };
    let stream = Pieces(pieces.into_iter(), &[]);
    let mut ws = WebSocket::from_raw_socket(stream, role, Some(config));
    let mut events = Vec::new();
    let data = |text, bytes: &[u8]| {
        let bytes = bytes.to_vec();
        Seen::Data { text, rsv1: false, first: true, last: true, bytes }
    };
    let end = loop {
        events.push(match ws.read() {
            Ok(Message::Text(text)) => data(true, text.as_bytes()),
            Ok(Message::Binary(bytes)) => data(false, &bytes),
            Ok(Message::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Ok(Message::Pong(payload)) => Seen::Pong(payload.to_vec()),
            Ok(Message::Close(frame)) => {
                let frame = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                events.push(Seen::Close(frame));
                break End::Closed;
            }
            Ok(Message::Frame(_)) => unreachable!("never read"),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => break End::Open,
            Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)) => break End::Failed,
            Err(error) => panic!("{error:?}"),
        });
    };
    Verdict { events, end }
}
