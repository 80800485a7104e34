//! A codec and a transport, as a state machine that is polled: what both a whole stream and its
//! halves are made of.

use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use rfc6455::websocket::{Broadcast, OwnedEvent, OwnedMessage, Sender};
use rfc6455::{AnyRole, CloseCode, ProtocolError, SendError, Timer, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use crate::alarm::Alarm;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::message::Message;
use crate::scratch;

/// The codec, over memory that messages can be split off.
pub type Codec = WebSocket<AnyRole<Keys>, BytesMut>;

type CodecSender = Sender<AnyRole<Keys>, BytesMut>;

/// The most slices of one vectored write.
const SLICES: usize = 64;
/// The longest header of a frame.
const HEADER: usize = 14;
/// From this length on, a payload waits where it is; to copy a shorter one costs less than a slice of
/// its own in a vectored write.
const SHARED: usize = 4 << 10;

#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(crate) transport: S,
    codec: Codec,
    started: Instant,
    phase: Phase,
    /// The codec's next deadline.
    deadline: Alarm,
    /// When a write that makes no progress fails.
    stall: Alarm,
    stalled_since: Option<Instant>,
    /// Bytes were written since the last flush of the transport.
    is_flush_needed: bool,
    writing: Writing,
    expired: Option<Timer>,
    backpressure: usize,
    high_water: usize,
    write_timeout: Option<Duration>,
}

/// Whether the transport takes more bytes.
#[derive(Debug)]
enum Writing {
    Open,
    Failed(io::Error),
    /// It has failed, and that was reported.
    Over,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Open,
    /// The peer has broken a rule, and the Close frame that says so is on its way.
    Failed(ProtocolError),
    /// That was written. What still arrives is discarded until the close deadline: a transport that
    /// is dropped with unread input may be reset, and take the Close frame with it.
    Lingering(ProtocolError),
    /// The end was reported.
    Over,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(transport: S, codec: Codec, config: &Config) -> Self {
        Self {
            transport,
            codec,
            started: Instant::now(),
            phase: Phase::Open,
            deadline: Alarm::default(),
            stall: Alarm::default(),
            stalled_since: None,
            is_flush_needed: false,
            writing: Writing::Open,
            expired: None,
            backpressure: config.backpressure,
            high_water: config.websocket.high_water,
            write_timeout: config.write_timeout,
        }
    }

    /// Returns the next event; `None` after the end of the connection.
    ///
    /// When everything that has arrived is used up, it first writes what is queued.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<OwnedEvent>>> {
        loop {
            match self.phase {
                Phase::Open => match self.next() {
                    Ok(Some(event)) => {
                        if matches!(event, OwnedEvent::Close(_)) {
                            // The answer, for callers that stop here. If it fails, the next call
                            // reports why.
                            let _ = self.poll_flush(cx);
                        }
                        return Poll::Ready(Some(Ok(event)));
                    }
                    Ok(None) if self.codec.is_closed() => {
                        return Poll::Ready(self.end(cx).map(Err));
                    }
                    Ok(None) => ready!(self.poll_progress(cx)),
                    Err(error) => self.phase = Phase::Failed(error),
                },
                Phase::Failed(error) => {
                    if self.poll_flush(cx).is_pending() {
                        ready!(self.poll_time(cx));
                        if self.expired.is_none() {
                            continue;
                        }
                    }
                    // Best effort: the error is reported in any case.
                    let _ = Pin::new(&mut self.transport).poll_shutdown(cx);
                    self.phase = Phase::Lingering(error);
                }
                Phase::Lingering(error) => {
                    ready!(self.poll_linger(cx));
                    self.phase = Phase::Over;
                    return Poll::Ready(Some(Err(Error::Protocol(error))));
                }
                Phase::Over => return Poll::Ready(None),
            }
        }
    }

    fn next(&mut self) -> std::result::Result<Option<OwnedEvent>, ProtocolError> {
        Ok(self.codec.next_owned()?.map(|(event, _)| event))
    }

    /// Writes, reads, and looks at the time; ready when any of that has changed something.
    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
            if error.kind() == ErrorKind::TimedOut {
                self.codec.receive_eof(); // it does not read, but may send for ever
            }
            self.writing = Writing::Failed(error);
        }
        if self.codec.is_closed() {
            return Poll::Ready(());
        }
        match self.poll_read(cx) {
            Poll::Ready(Ok(0)) => _ = self.codec.receive_eof(),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => {
                self.codec.receive_eof();
                self.writing = Writing::Failed(error);
            }
            // What had arrived before the transport failed was used.
            Poll::Pending if !self.writes() => _ = self.codec.receive_eof(),
            Poll::Pending => ready!(self.poll_time(cx)),
        }
        Poll::Ready(())
    }

    /// Reads once: the rest of a long frame into its place, and anything else by way of memory that
    /// all connections of a thread share, so that one that is idle holds none.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let transport = Pin::new(&mut self.transport);
        if self.codec.frame_left() >= scratch::LEN as u64 {
            let len = ready!(poll_read_buf(transport, cx, &mut self.codec.read_buf_mut()))?;
            self.codec.received_buf_mut();
            return Poll::Ready(Ok(len));
        }
        scratch::with(|scratch| {
            let mut room = ReadBuf::new(scratch);
            ready!(transport.poll_read(cx, &mut room))?;
            let bytes = room.filled();
            let is_fed = self.codec.feed(bytes) == bytes.len();
            let result = if is_fed { Ok(bytes.len()) } else { Err(ErrorKind::OutOfMemory.into()) };
            Poll::Ready(result)
        })
    }

    /// Ready when a deadline has passed, and so something is queued or over.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.codec.handle_timeout(self.started.elapsed()) {
                None => {}
                Some(Timer::Ping) => return Poll::Ready(()),
                Some(timer) => {
                    self.expired.get_or_insert(timer);
                    return Poll::Ready(());
                }
            }
            let deadline = self.codec.deadline().and_then(|at| self.started.checked_add(at));
            let Some(deadline) = deadline else { return Poll::Pending };
            ready!(self.deadline.poll(cx, deadline));
        }
    }

    /// Reads and discards until the peer closes its end, or has been given time enough.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.expired.is_none() {
            let transport = Pin::new(&mut self.transport);
            let read = scratch::with(|scratch| {
                let mut room = ReadBuf::new(scratch);
                transport.poll_read(cx, &mut room).map_ok(|()| room.filled().len())
            });
            // A peer that goes on sending gets no more time.
            let time = self.poll_time(cx);
            match read {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => break,
                Poll::Pending => ready!(time),
            }
        }
        Poll::Ready(())
    }

    /// Ends the stream, and returns why if that is an error.
    fn end(&mut self, cx: &mut Context<'_>) -> Option<Error> {
        self.phase = Phase::Over;
        // Best effort: the transport is about to be dropped.
        let _ = Pin::new(&mut self.transport).poll_shutdown(cx);
        if self.expired == Some(Timer::Message) {
            return Some(Error::TimedOut(Timer::Message));
        }
        if self.codec.is_close_received() {
            return None;
        }
        match mem::replace(&mut self.writing, Writing::Over) {
            Writing::Failed(error) => Some(Error::Io(error)),
            Writing::Open | Writing::Over => self.expired.map(Error::TimedOut),
        }
    }

    const fn writes(&self) -> bool {
        matches!(self.writing, Writing::Open)
    }

    /// Queues a message, for which there is [room](Self::poll_ready).
    pub(crate) fn queue(&mut self, message: Message) -> Result<()> {
        let sender = self.codec.sender();
        match message {
            Message::Text(text) => send(sender, OwnedMessage::Text(text)),
            Message::Binary(bytes) => send(sender, OwnedMessage::Binary(bytes)),
            Message::Chunk(chunk) => sender.send(&chunk),
            Message::Ping(payload) => sender.ping(&payload),
            Message::Pong(payload) => sender.pong(&payload),
            Message::Close(Some(frame)) => sender.close(frame.code, frame.reason.as_str()),
            Message::Close(None) => sender.close_without_code(),
        }
        .map_err(Error::Send)
    }

    /// Queues a message that many connections share, for which there is room.
    pub(crate) fn queue_broadcast(&mut self, message: &Broadcast) -> Result<()> {
        self.codec.sender().broadcast(message).map_err(Error::Send)
    }

    /// Begins the closing handshake; the same if it has begun.
    pub(crate) fn queue_close(&mut self, code: CloseCode, reason: &str) -> Result<()> {
        match self.codec.close(code, reason) {
            Err(SendError::Closed) | Ok(()) => Ok(()),
            Err(error) => Err(Error::Send(error)),
        }
    }

    /// Writes until there is room for a message of this length.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>, len: usize) -> Poll<Result<()>> {
        loop {
            let queued = self.codec.queued();
            let with_it = queued.saturating_add(len).saturating_add(HEADER);
            if queued == 0 || queued < self.backpressure && with_it <= self.high_water {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_write(cx))?;
        }
    }

    /// Writes everything that is queued, and flushes the transport.
    ///
    /// # Errors
    /// The transport's; [`SendError::Closed`] if the connection has ended before.
    pub(crate) fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let result = ready!(self.poll_flush(cx));
        Poll::Ready(match result {
            Err(error) => Err(self.fail(error)),
            Ok(()) if self.codec.wants_transmit() => Err(Error::Send(SendError::Closed)),
            Ok(()) => Ok(()),
        })
    }

    /// Writes everything that is queued, as far as the transport takes bytes.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.writes() && self.codec.wants_transmit() {
            if !ready!(self.poll_write_once(cx))? {
                break;
            }
        }
        if self.is_flush_needed && self.writes() {
            ready!(Pin::new(&mut self.transport).poll_flush(cx))?;
            self.is_flush_needed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes once, for a sender.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.writes() {
            return Poll::Ready(Err(match mem::replace(&mut self.writing, Writing::Over) {
                Writing::Failed(error) => Error::Io(error),
                Writing::Open | Writing::Over => Error::Send(SendError::Closed),
            }));
        }
        let result = ready!(self.poll_write_once(cx));
        Poll::Ready(match result {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Send(SendError::Closed)),
            Err(error) => Err(self.fail(error)),
        })
    }

    /// Notes that nothing more can be written.
    fn fail(&mut self, error: io::Error) -> Error {
        self.writing = Writing::Over;
        Error::Io(error)
    }

    /// Writes what is queued with one call of the transport; `false` if there is nothing.
    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let is_vectored = self.transport.is_write_vectored();
        let transport = Pin::new(&mut self.transport);
        let written = if is_vectored {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, bytes) in slices.iter_mut().zip(self.codec.transmit_slices()) {
                *slice = IoSlice::new(bytes);
                count += 1;
            }
            match &slices[..count] {
                [] => return Poll::Ready(Ok(false)),
                [one] => transport.poll_write(cx, one),
                all => transport.poll_write_vectored(cx, all),
            }
        } else {
            match self.codec.transmit() {
                [] => return Poll::Ready(Ok(false)),
                bytes => transport.poll_write(cx, bytes),
            }
        };
        match written {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(len)) => {
                self.stalled_since = None;
                self.is_flush_needed = true;
                let fits = self.codec.transmitted(len).is_ok();
                Poll::Ready(if fits { Ok(true) } else { Err(ErrorKind::InvalidData.into()) })
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                ready!(self.poll_stall(cx));
                Poll::Ready(Err(ErrorKind::TimedOut.into()))
            }
        }
    }

    /// Ready when no byte could be written for too long.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        let at = self.write_timeout.and_then(|timeout| since.checked_add(timeout));
        let Some(at) = at else { return Poll::Pending };
        self.stall.poll(cx, at)
    }
}

fn send(sender: &mut CodecSender, message: OwnedMessage) -> std::result::Result<(), SendError> {
    if message.as_bytes().len() < SHARED {
        sender.send(&message)
    } else {
        sender.send_owned(message)
    }
}

impl<S> Connection<S> {
    /// Returns how many bytes wait to be written.
    pub(crate) const fn queued(&self) -> usize {
        self.codec.queued()
    }

    /// Returns whether the peer's Close frame has arrived.
    pub(crate) const fn is_close_received(&self) -> bool {
        self.codec.is_close_received()
    }

    /// Returns whether the end was reported.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}
