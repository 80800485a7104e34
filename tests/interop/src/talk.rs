//! One connection, in either role.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rfc6455::websocket::{self, Event};
use rfc6455::{
    CloseCode, Fragment, FrameHeader, MaskingKey, Opcode, ProtocolError, Role, WebSocket,
};

use crate::messages::Message;

/// TCP or TLS.
pub(crate) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A connection after its handshake.
pub(crate) struct Talk<R: Role> {
    pub(crate) ws: WebSocket<R, Vec<u8>>,
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) socket: TcpStream,
    /// How long an answer may take.
    pub(crate) patience: Duration,
    /// How many bytes a read takes at most.
    pub(crate) piece: usize,
    /// The negotiated windows, ours and theirs, if compression was negotiated.
    pub(crate) windows: Option<[u8; 2]>,
}

/// What arrived.
#[derive(Debug)]
pub(crate) enum Got {
    Message(Message),
    Pong(Vec<u8>),
    Close(Option<(CloseCode, String)>),
    Violation(ProtocolError),
    End,
}

impl<R: Role> Talk<R> {
    /// Sends a message, or a fragment of one.
    pub(crate) fn send<'a>(&mut self, message: impl Into<Fragment<'a>>) -> Result<(), String> {
        self.ws.send(message).map_err(|error| error.to_string())?;
        self.flush()
    }

    pub(crate) fn send_message(&mut self, message: &Message) -> Result<(), String> {
        match message {
            Message::Text(text) => self.send(&**text),
            Message::Binary(bytes) => self.send(&**bytes),
        }
    }

    /// Sends a frame past the sender, which does not cut a text inside a code point.
    pub(crate) fn send_frame(
        &mut self,
        fin: bool,
        opcode: Opcode,
        payload: &[u8],
    ) -> Result<(), String> {
        let masking_key = (!self.ws.is_server()).then_some(MaskingKey([1, 2, 3, 4]));
        let payload_len = payload.len() as u64;
        let header = FrameHeader { fin, rsv: [false; 3], opcode, masking_key, payload_len };
        let header = header.encode().map_err(|error| error.to_string())?;
        let mut payload = payload.to_vec();
        if let Some(key) = masking_key {
            rfc6455::mask(&mut payload, key);
        }
        let frame = [&*header, &payload].concat();
        let written = self.stream.write_all(&frame).and_then(|()| self.stream.flush());
        written.map_err(|error| format!("cannot write: {error}"))
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) -> Result<(), String> {
        self.ws.ping(payload).map_err(|error| error.to_string())?;
        self.flush()
    }

    pub(crate) fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), String> {
        self.ws.close(code, reason).map_err(|error| error.to_string())?;
        self.flush()
    }

    pub(crate) fn flush(&mut self) -> Result<(), String> {
        let written = self.ws.write_to(&mut self.stream).and_then(|()| self.stream.flush());
        written.map_err(|error| format!("cannot write: {error}"))
    }

    /// Waits for the next thing that arrives, and answers Pings.
    pub(crate) fn next(&mut self) -> Result<Got, String> {
        self.next_within(self.patience)?.ok_or_else(|| "no answer in time".to_string())
    }

    /// Waits as long as this at most; returns `None` if nothing arrived.
    pub(crate) fn next_within(&mut self, patience: Duration) -> Result<Option<Got>, String> {
        let deadline = Instant::now() + patience;
        loop {
            let got = match self.ws.next() {
                Ok(Some((Event::Message(websocket::Message::Text(text)), _))) => {
                    Some(Got::Message(Message::Text(text.as_str().to_string())))
                }
                Ok(Some((Event::Message(message), _))) => {
                    Some(Got::Message(Message::Binary(message.as_bytes().to_vec())))
                }
                Ok(Some((Event::Pong(payload), _))) => Some(Got::Pong(payload.to_vec())),
                Ok(Some((Event::Close(close), _))) => {
                    let close = close.map(|close| (close.code, close.reason.to_string()));
                    Some(Got::Close(close))
                }
                Ok(Some(_)) => continue,
                Ok(None) => None,
                Err(error) => Some(Got::Violation(error)),
            };
            // What the answers to all of this need is queued.
            if self.ws.wants_transmit() {
                let flushed = self.flush();
                if got.is_none() {
                    flushed?;
                }
            }
            if got.is_some() {
                return Ok(got);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let _ = self.socket.set_read_timeout(Some(left));
            let buf = self.ws.read_buf();
            let piece = buf.len().min(self.piece);
            match self.stream.read(&mut buf[..piece]) {
                Ok(0) => {
                    self.ws.receive_eof();
                    return Ok(Some(Got::End));
                }
                Ok(n) => self.ws.received(n).map_err(|error| error.to_string())?,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Ok(None),
                    ErrorKind::Interrupted => {}
                    // TLS without its end is the end all the same.
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
                        self.ws.receive_eof();
                        return Ok(Some(Got::End));
                    }
                    _ => return Err(format!("cannot read: {error}")),
                },
            }
        }
    }

    /// Waits for the end of TCP, after both Close frames.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        // A server ends TCP first (RFC 6455 §7.1.1), so that no client is kept waiting.
        if self.ws.is_server() {
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        match self.next()? {
            Got::End => Ok(()),
            got => Err(format!("after the Close: {got:?}")),
        }
    }

    /// Ends TCP in the middle of everything.
    pub(crate) fn abort(&mut self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Both)
    }
}
