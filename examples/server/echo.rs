//! A client's WebSocket, from the handshake to the closing handshake.

use std::error::Error;
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

use rfc6455::{
    CloseCode, Connection, Incoming, Limits, Message, MessageBuffer, ReceiveHalf, Server as Role,
};

use crate::compression::Compression;
use crate::fragments::fragments;
use crate::output::Output;
use crate::underway::Underway;
use crate::{Server, read};

/// For the answer to our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// A client that is silent for so long keeps no memory that it can do without.
const REST: Duration = Duration::from_secs(1);

/// What there is of a client besides the messages that it sends.
pub(crate) struct Echo<'s> {
    server: &'s Server,
    stream: &'s TcpStream,
    output: Output<'s>,
    ws: Connection<Role>,
    compression: Compression,
    underway: Underway,
    /// How long the client was waited for since it sent anything.
    silence: Duration,
    pinged: bool,
    /// When the answer to our Close is due.
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

    /// Echoes until the connection is closed; `early` is what came behind the handshake in `buf`.
    pub(crate) fn run(mut self, buf: &mut [u8], early: Range<usize>) -> Result<(), Box<dyn Error>> {
        let outcome = self.exchange(buf, early);
        // The last Close leaves, whether it answers the client's or tells it what was wrong.
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
                // The answer to a Ping or a Close, or the Close that reports a violation.
                if let Some(frame) = self.ws.poll_transmit() {
                    self.output.push(&frame)?;
                }
                match incoming? {
                    // Once our Close is on its way, messages may still come, but cannot be answered.
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
            input = &mut []; // all of it was taken
            // A long message that is under way is read to where it belongs.
            let spare = messages.spare(&mut self.ws);
            let is_in_place = spare.is_some();
            let start = Instant::now();
            let received = read(self.stream, spare.unwrap_or(buf))?;
            self.underway.wait(start.elapsed());
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

    /// Follows what arrives: `None` if that is not complete.
    fn note(&mut self, incoming: Option<&Incoming<'_>>) {
        let receiver: &mut ReceiveHalf<Role> = self.ws.as_mut();
        let (position, payload) = (receiver.position(), receiver.control_payload().len());
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
                // Without compression, the payload goes from where it is to the socket.
                let header = self.ws.send_header(message)?;
                return Ok(self.output.push_frame(&header, message.as_bytes())?);
            }
            self.output.settle()?;
        }
        Ok(())
    }

    /// Does what is due, or fails if it is too late.
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
            // What has come of it is freed at once; the answer is not waited for here.
            self.output.push(&self.ws.close(CloseCode::POLICY_VIOLATION, "too slow a message")?)?;
            return Err("its message takes too long".into());
        } else if self.silence > idle && !self.pinged {
            self.output.push(&self.ws.ping(b"")?)?;
            self.pinged = true;
        }
        Ok(())
    }
}
