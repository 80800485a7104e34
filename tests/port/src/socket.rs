//! A connection: before and after its handshake.

use std::io;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rfc6455::deflate::Negotiated;
use rfc6455::websocket::{OwnedCloseFrame, OwnedEvent, OwnedMessage};
use rfc6455::{CloseCode, Fragment, Role, SendError, Timer, Timers, WebSocket};

use crate::{Config, Error, Result, Transport, is_end, is_pause};

/// The shortest timeout that a stream is given: zero would mean forever.
const MOMENT: Duration = Duration::from_millis(1);

/// A stream during the handshake.
pub(crate) struct Opening<'a, S> {
    stream: S,
    config: &'a Config<'a>,
    started: Instant,
    timers: Timers,
}

impl<'a, S: Transport> Opening<'a, S> {
    pub(crate) fn new(stream: S, config: &'a Config<'a>) -> Self {
        let timers = Timers::new(config.websocket.timeouts, Duration::ZERO);
        Self { stream, config, started: Instant::now(), timers }
    }

    /// Reads the next bytes of the head.
    pub(crate) fn read<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b mut [u8]> {
        match self.retry(|stream| stream.read(buf))? {
            0 => Err(Error::Abnormal),
            len => Ok(&mut buf[..len]),
        }
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let len = self.retry(|stream| stream.write(bytes))?;
            bytes = &bytes[len..];
        }
        self.retry(S::flush)
    }

    /// Repeats a call until it is done, or the handshake has taken too long.
    fn retry<T>(&mut self, mut call: impl FnMut(&mut S) -> io::Result<T>) -> Result<T> {
        loop {
            let now = self.started.elapsed();
            if let Some(timer) = self.timers.handle_timeout(now) {
                return Err(Error::TimedOut(timer));
            }
            let left = self.timers.deadline().map(|at| at.saturating_sub(now).max(MOMENT));
            self.stream.set_timeout(left)?;
            match call(&mut self.stream) {
                Err(error) if is_pause(&error) => {}
                Err(error) if is_end(&error) => return Err(Error::Abnormal),
                result => return Ok(result?),
            }
        }
    }

    /// Begins the connection with the bytes that came behind the head.
    pub(crate) fn finish<R: Role>(
        self,
        role: R,
        negotiated: Option<Negotiated>,
        subprotocol: Option<&str>,
        mut rest: &[u8],
    ) -> Socket<S, R> {
        let mut ws = WebSocket::over_bytes(role, self.config.websocket).deflate(negotiated);
        while !rest.is_empty() {
            let len = ws.feed(rest);
            rest = &rest[len..];
        }
        let mut socket = Socket::from_parts(self.stream, ws, Instant::now());
        socket.subprotocol = subprotocol.map(str::to_owned);
        socket
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Socket<S, R: Role> {
    stream: S,
    ws: WebSocket<R, BytesMut>,
    started: Instant,
    subprotocol: Option<String>,
    /// The peer's Close frame, once it has arrived.
    closed: Option<Option<OwnedCloseFrame>>,
    pong: Option<Bytes>,
    expired: Option<Timer>,
}

impl<S: Transport, R: Role> Socket<S, R> {
    /// Joins a stream with a connection whose handshake is done; `started` is where its time began.
    pub const fn from_parts(stream: S, ws: WebSocket<R, BytesMut>, started: Instant) -> Self {
        let (subprotocol, closed, pong, expired) = (None, None, None, None);
        Self { stream, ws, started, subprotocol, closed, pong, expired }
    }

    /// Returns the stream and the connection, with where its time began.
    pub fn into_parts(self) -> (S, WebSocket<R, BytesMut>, Instant) {
        (self.stream, self.ws, self.started)
    }

    /// Returns the subprotocol that both ends agreed on.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Returns the peer's Close frame, if it has arrived with a code.
    pub const fn close_frame(&self) -> Option<&OwnedCloseFrame> {
        match &self.closed {
            Some(Some(frame)) => Some(frame),
            _ => None,
        }
    }

    /// Returns the payload of the latest Pong.
    pub const fn pong(&self) -> Option<&Bytes> {
        self.pong.as_ref()
    }

    /// Returns how many bytes of memory the connection holds.
    pub fn memory(&self) -> usize {
        self.ws.capacity().max(self.ws.queued())
    }

    /// Receives the next message; `None` when the closing handshake is done.
    ///
    /// # Errors
    /// The peer broke a rule, was silent, or is gone; the stream's errors.
    pub fn recv(&mut self) -> Result<Option<OwnedMessage>> {
        loop {
            // A violation is reported below, once its answer is written.
            while let Ok(Some((event, _))) = self.ws.next_owned() {
                match event {
                    OwnedEvent::Message(message) => return Ok(Some(message)),
                    OwnedEvent::Pong(payload) => self.pong = Some(payload),
                    OwnedEvent::Close(frame) => self.closed = Some(frame),
                    _ => {}
                }
            }
            match self.drain() {
                Ok(true) => continue,
                Ok(false) => {}
                // What the peer sent before it went may still arrive.
                Err(Error::Io(error)) if is_end(&error) => {}
                Err(error) => return Err(error),
            }
            if self.ws.is_closed() {
                return self.end().map(|()| None);
            }
            if self.read()? == Some(0) {
                self.ws.receive_eof();
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The message cannot be sent, or the peer is gone; the stream's errors.
    pub fn send(&mut self, message: impl Into<OwnedMessage>) -> Result<()> {
        self.queue(message)?;
        self.flush()
    }

    /// Queues a message; writes only if the queue is full.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn queue(&mut self, message: impl Into<OwnedMessage>) -> Result<()> {
        let message = message.into();
        self.until_taken(|ws| ws.sender().send_owned(message.clone()))
    }

    /// Sends a fragment of a message.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_fragment(&mut self, fragment: Fragment<'_>) -> Result<()> {
        self.until_taken(|ws| ws.send(fragment))?;
        self.flush()
    }

    /// Sends a Ping.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn ping(&mut self, payload: &[u8]) -> Result<()> {
        self.until_taken(|ws| ws.ping(payload))?;
        self.flush()
    }

    /// Begins the closing handshake, which [`recv`](Self::recv) completes.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<()> {
        self.until_taken(|ws| ws.close(code, reason))?;
        self.flush()
    }

    /// Writes everything that is queued.
    ///
    /// # Errors
    /// The peer is gone, or does not read; the stream's errors.
    pub fn flush(&mut self) -> Result<()> {
        self.drain()?;
        if self.ws.wants_transmit() {
            return self.end().and(Err(Error::Caller(SendError::Closed)));
        }
        Ok(())
    }

    /// Writes everything that is queued, unless the connection ends before; returns whether bytes
    /// have arrived meanwhile.
    fn drain(&mut self) -> Result<bool> {
        let mut heard = false;
        loop {
            self.tick()?;
            if self.ws.is_closed() {
                return Ok(heard);
            }
            match self.ws.write_to(&mut self.stream) {
                Ok(()) => return Ok(heard),
                Err(error) if is_pause(&error) => {}
                Err(error) => return Err(error.into()),
            }
            // A peer that reads slowly, but sends, is alive.
            self.stream.set_timeout(Some(MOMENT))?;
            heard |= self.read()?.is_some_and(|len| len > 0);
        }
    }

    /// Reads once; `None` if nothing came, `Some(0)` at the end of the stream.
    fn read(&mut self) -> Result<Option<usize>> {
        match self.stream.read(self.ws.read_buf()) {
            Ok(len) if self.ws.received(len).is_ok() => Ok(Some(len)),
            Ok(_) => Err(Error::Io(io::ErrorKind::InvalidData.into())),
            Err(error) if is_pause(&error) => Ok(None),
            Err(error) if is_end(&error) => Ok(Some(0)),
            Err(error) => Err(error.into()),
        }
    }

    /// Reports the time, and bounds the next call of the stream.
    fn tick(&mut self) -> Result<()> {
        let now = self.started.elapsed();
        if let Some(timer) = self.ws.handle_timeout(now).filter(|timer| *timer != Timer::Ping) {
            self.expired.get_or_insert(timer);
        }
        let left = self.ws.deadline().map(|at| at.saturating_sub(now).max(MOMENT));
        Ok(self.stream.set_timeout(left)?)
    }

    /// Queues something, and writes as often as there is no room for it.
    fn until_taken(
        &mut self,
        put: impl Fn(&mut WebSocket<R, BytesMut>) -> std::result::Result<(), SendError>,
    ) -> Result<()> {
        while let Err(error) = put(&mut self.ws) {
            if error != SendError::Full || self.ws.queued() == 0 {
                return Err(Error::Caller(error));
            }
            self.flush()?;
        }
        Ok(())
    }

    /// Returns how the connection ended.
    fn end(&self) -> Result<()> {
        match (self.ws.error(), &self.closed, self.expired) {
            (Some(error), ..) => Err(Error::Peer(error)),
            (None, Some(_), _) => Ok(()),
            (None, None, Some(timer)) => Err(Error::TimedOut(timer)),
            (None, None, None) => Err(Error::Abnormal),
        }
    }
}
