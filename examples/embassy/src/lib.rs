//! A WebSocket server over `embedded-io-async`, for executors such as embassy's: no allocator, no threads.
//!
//! [`serve`] takes one stream from its first byte to its last. [`Echo`] is the loop in it, and may be
//! dropped wherever it waits.

#![no_std]

use core::fmt;

use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use embedded_io_async::{Read, Write};
use rfc6455::handshake::{
    Acceptance, HandshakeError, HandshakeLimits, HandshakeSendError, ServerHandshake,
};
use rfc6455::websocket::{Config, Event, TooMany};
use rfc6455::{FrameHeader, SendError, Server, WebSocket};

/// The memory of one connection, which the next one uses again.
pub struct Buffers {
    /// What is received: the head of the handshake, and then messages.
    read: [u8; Self::READ],
    /// What waits to be written: at least the longest piece of a message, as a frame.
    write: [u8; Self::READ + FrameHeader::MAX_LEN],
}

impl Buffers {
    /// How many bytes are received before an answer must be written.
    pub const READ: usize = 1024;
    /// Empty buffers.
    pub const EMPTY: Self = Self { read: [0; _], write: [0; _] };
}

/// The settings of [`serve`]. Messages that would fill the buffer are echoed piece by piece.
pub const CONFIG: Config = Config::DEFAULT.stream_above(Buffers::READ as u64 / 2);

/// How long a peer may take for its request, and for the last bytes that are written to it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of a head is read at a time. Frames that the client has sent behind it are kept.
const PIECE: usize = 64;

/// Serves one connection: accepts its handshake, and echoes its messages until it is closed.
///
/// # Errors
/// See [`Error`]. Drop the stream in any case.
pub async fn serve<S: Read + Write>(
    stream: &mut S,
    buffers: &mut Buffers,
) -> Result<(), Error<S::Error>> {
    let accepted = with_timeout(PATIENCE, accept(stream, buffers, CONFIG)).await;
    let mut echo = accepted.map_err(|_| Error::TooSlow)??;
    echo.run(stream).await?;
    // What was written may still be in the stream's buffer.
    with_timeout(PATIENCE, stream.flush()).await.map_err(|_| Error::TooSlow)?.map_err(Error::Stream)
}

/// Receives a request and answers it. If you drop this while it waits, drop the stream, too.
///
/// # Errors
/// See [`Error`].
pub async fn accept<'b, S: Read + Write>(
    stream: &mut S,
    buffers: &'b mut Buffers,
    config: Config,
) -> Result<Echo<'b>, Error<S::Error>> {
    let Buffers { read, write } = buffers;
    let mut handshake = ServerHandshake::new(&mut *read, HandshakeLimits::DEFAULT);
    let mut piece = [0; PIECE];
    loop {
        let len = stream.read(&mut piece).await.map_err(Error::Stream)?;
        if len == 0 {
            return Err(Error::CutOff);
        }
        let mut input = piece.get_mut(..len).ok_or(Error::Miscounted)?;
        let request = handshake.receive(&mut input);
        match request.and_then(|request| request.map(|it| it.upgrade()).transpose()) {
            Ok(Some(upgrade)) => {
                let len = upgrade.accept(&Acceptance::DEFAULT, write)?;
                let response = write.get(..len).unwrap_or_default();
                stream.write_all(response).await.map_err(Error::Stream)?;
                let mut ws = WebSocket::new(Server, config, &mut read[..], &mut write[..]);
                ws.feed(input);
                return Ok(Echo { ws, opened: Instant::now() });
            }
            Ok(None) => {}
            Err(error) => {
                stream.write_all(error.response()).await.map_err(Error::Stream)?;
                return Err(Error::Refused(error));
            }
        }
    }
}

/// A connection whose messages are sent back.
///
/// Everything that must survive a wait is in here, so [`run`](Self::run) may be dropped while it waits,
/// as `select` does, and called again. That holds for each stream whose `read` and `write` change
/// nothing before they complete, as `embedded-io-async` encourages, and as `TcpSocket` of `embassy-net`
/// does. Over another stream, drop the connection with the future.
pub struct Echo<'b> {
    ws: WebSocket<Server, &'b mut [u8]>,
    opened: Instant,
}

impl Echo<'_> {
    /// Receives and answers until the connection is closed, or a deadline has passed.
    ///
    /// One task holds one message: nothing is received, and no message taken, before the last answer
    /// is written. So a peer that sends and does not read has to wait, and costs no memory; if it does
    /// so for longer than a Ping may take, the connection is over.
    ///
    /// # Errors
    /// [`Error::Stream`], and what else a stream can do wrong. A violation by the peer is no error here:
    /// it is answered with a Close, which ends the connection.
    pub async fn run<S: Read + Write>(&mut self, stream: &mut S) -> Result<(), Error<S::Error>> {
        loop {
            self.transmit(stream).await?;
            if self.ws.is_closed() {
                return Ok(());
            }
            match self.ws.next() {
                Ok(Some((Event::Message(message), tx))) => tx.send(message)?,
                Ok(Some((Event::Chunk(chunk), tx))) => tx.send(&chunk)?,
                // These are answered automatically.
                Ok(Some((Event::Ping(_) | Event::Pong(_) | Event::Close(_), _))) | Err(_) => {}
                Ok(None) => self.receive(stream).await?,
            }
        }
    }

    /// Writes all that waits.
    async fn transmit<S: Write>(&mut self, stream: &mut S) -> Result<(), Error<S::Error>> {
        loop {
            let timer = self.timer();
            let bytes = self.ws.transmit();
            if bytes.is_empty() || self.ws.is_closed() {
                return Ok(());
            }
            if let Either::First(len) = select(stream.write(self.ws.transmit()), timer).await {
                self.ws.transmitted(len.map_err(Error::Stream)?)?;
            }
        }
    }

    /// Waits for bytes, or for a deadline.
    async fn receive<S: Read>(&mut self, stream: &mut S) -> Result<(), Error<S::Error>> {
        let timer = self.timer();
        match select(stream.read(self.ws.read_buf()), timer).await {
            Either::First(len) => match len.map_err(Error::Stream)? {
                0 => _ = self.ws.receive_eof(),
                len => self.ws.received(len)?,
            },
            // The time is reported before the next wait.
            Either::Second(()) => {}
        }
        Ok(())
    }

    /// Reports the time, and returns a timer for the next deadline.
    fn timer(&mut self) -> impl Future<Output = ()> + use<> {
        self.ws.handle_timeout(self.opened.elapsed().into());
        let deadline = self.ws.deadline().and_then(|after| Duration::try_from(after).ok());
        Timer::at(deadline.and_then(|after| self.opened.checked_add(after)).unwrap_or(Instant::MAX))
    }
}

/// The end of a connection that did not close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The stream has failed.
    Stream(E),
    /// The stream has ended inside the request.
    CutOff,
    /// The peer took too long for its request, or for the last bytes.
    TooSlow,
    /// The request was refused, and answered.
    Refused(HandshakeError),
    /// The buffer is too short for the response.
    Response(HandshakeSendError),
    /// The buffer is too short for an answer.
    Answer(SendError),
    /// The stream claims to have read or written more bytes than it was given.
    Miscounted,
}

impl<E> From<HandshakeSendError> for Error<E> {
    fn from(error: HandshakeSendError) -> Self {
        Self::Response(error)
    }
}

impl<E> From<SendError> for Error<E> {
    fn from(error: SendError) -> Self {
        Self::Answer(error)
    }
}

impl<E> From<TooMany> for Error<E> {
    fn from(TooMany: TooMany) -> Self {
        Self::Miscounted
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "the stream has failed: {error}"),
            Self::CutOff => f.write_str("the stream has ended inside the request"),
            Self::TooSlow => f.write_str("the peer was too slow"),
            Self::Refused(error) => write!(f, "the request was refused: {error}"),
            Self::Response(error) => write!(f, "the response cannot be written: {error}"),
            Self::Answer(error) => write!(f, "the message cannot be sent back: {error}"),
            Self::Miscounted => f.write_str("the stream has counted more bytes than there are"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for Error<E> {}
