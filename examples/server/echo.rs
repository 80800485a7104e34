//! Serves a client's WebSocket, from the handshake to the closing handshake.

use std::error::Error;
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

use rfc6455::{CloseCode, Connection, Incoming, Limits, Message, MessageBuffer, Server as Role};

use crate::compression::Compression;
use crate::fragments::fragments;
use crate::output::Output;
use crate::underway::Underway;
use crate::{Server, read};

/// How long a client may take to answer the server's Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a client must be silent before memory that it does not need is freed.
const REST: Duration = Duration::from_secs(1);

/// A client's connection, without the buffers from which its messages are borrowed.
pub(crate) struct Echo<'s> {
    server: &'s Server,
    stream: &'s TcpStream,
    output: Output<'s>,
    ws: Connection<Role>,
    compression: Compression,
    underway: Underway,
    /// How long the server has waited since the client last sent anything.
    silence: Duration,
    pinged: bool,
    /// When the answer to the server's Close is due.
    close_by: Option<Instant>,
}

impl<'s> Echo<'s> {
    pub(crate) fn new(
        server: &'s Server,
        stream: &'s TcpStream,
        output: Output<'s>,
        compression: Compression,
    ) -> Self {
        let max = server.settings.max_message;
        Self {
            server,
            stream,
            output,
            ws: Connection::server(Limits::DEFAULT.max_message(max).max_frame(max)),
            compression,
            underway: Underway::default(),
            silence: Duration::ZERO,
            pinged: false,
            close_by: None,
        }
    }

    /// Echoes until the connection is closed; `early` is the part of `buf` that arrived right
    /// after the handshake.
    pub(crate) fn run(mut self, buf: &mut [u8], early: Range<usize>) -> Result<(), Box<dyn Error>> {
        let outcome = self.exchange(buf, early);
        // Send the last Close, whether it answers the client's or reports an error.
        let flushed = self.output.flush();
        outcome?;
        Ok(flushed?)
    }

    fn exchange(&mut self, buf: &mut [u8], early: Range<usize>) -> Result<(), Box<dyn Error>> {
        let mut messages = MessageBuffer::new();
        let mut input = &mut buf[early];
        let mut in_place = None;
        loop {
            loop {
                let incoming = match in_place.take() {
                    Some(len) => messages.receive_spare(&mut self.ws, len),
                    None => {
                        self.compression.receive_message(&mut messages, &mut self.ws, &mut input)
                    }
                };
                if let Ok(incoming) = &incoming {
                    self.note(incoming.as_ref());
                }
                // A Pong, the answer to a Close, or the Close that reports a violation.
                if let Some(frame) = self.ws.poll_transmit() {
                    self.output.push(&frame)?;
                }
                match incoming? {
                    // Messages may still arrive after our Close, but cannot be answered.
                    Some(Incoming::Message(message)) if self.close_by.is_none() => {
                        self.reply(message)?;
                    }
                    Some(_) => {}
                    None => break,
                }
            }
            if self.ws.is_closed() {
                return Ok(());
            }
            self.meet_deadlines()?;

            // The client may be waiting for what is pending here before it sends more.
            self.output.flush()?;
            input = &mut []; // all of it was consumed
            // The rest of a long message is read directly into place.
            let spare = messages.spare(&mut self.ws);
            let is_in_place = spare.is_some();
            let start = Instant::now();
            let received = read(self.stream, spare.unwrap_or(buf))?;
            match received {
                None => {
                    self.silence += start.elapsed();
                    if self.silence > REST {
                        self.compression.release();
                        self.output.release();
                    }
                }
                Some(0) => {
                    self.ws.receive_eof();
                    return Err("it has gone without a Close".into());
                }
                Some(n) => {
                    (self.silence, self.pinged) = (Duration::ZERO, false);
                    if is_in_place {
                        in_place = Some(n);
                    } else {
                        input = &mut buf[..n];
                    }
                }
            }
        }
    }

    /// Records where a message or a control frame ended; `None` means the end of the input.
    fn note(&mut self, incoming: Option<&Incoming<'_>>) {
        let (position, payload) = (self.ws.position(), self.ws.control_payload().len());
        match incoming {
            Some(Incoming::Message(_)) => self.underway.message_ended(position),
            Some(_) => self.underway.control_ended(position, payload),
            None => self.underway.input_ended(position),
        }
    }

    /// Sends a message back.
    fn reply(&mut self, message: Message<'_>) -> Result<(), Box<dyn Error>> {
        for fragment in fragments(message) {
            if !self.compression.send(&mut self.ws, fragment, self.output.pending())? {
                // Without compression, the payload is written directly from its buffer.
                let header = self.ws.send_header(message)?;
                return Ok(self.output.push_frame(&header, message.as_bytes())?);
            }
            self.output.settle()?;
        }
        Ok(())
    }

    /// Sends a due Ping or Close, or fails if the client has missed a deadline.
    fn meet_deadlines(&mut self) -> Result<(), Box<dyn Error>> {
        let now = Instant::now();
        let idle = self.server.settings.idle;
        if self.close_by.is_some_and(|deadline| now > deadline) {
            return Err("it does not answer our Close".into());
        }
        if self.silence > idle * 2 {
            return Err("it does not answer our Ping".into());
        }
        if self.close_by.is_some() {
            return Ok(());
        }
        if self.server.is_stopping() {
            self.output.push(&self.ws.close(CloseCode::GOING_AWAY, "")?)?;
            self.close_by = Some(now + CLOSE_TIMEOUT);
        } else if self.underway.is_overdue(self.server.settings.message_timeout) {
            // Returning frees the message; waiting for the client's Close would keep it allocated.
            self.output.push(&self.ws.close(CloseCode::POLICY_VIOLATION, "too slow a message")?)?;
            return Err("its message takes too long".into());
        } else if self.silence > idle && !self.pinged {
            self.output.push(&self.ws.ping(b"")?)?;
            self.pinged = true;
        }
        Ok(())
    }
}
