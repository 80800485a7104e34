//! A blocking WebSocket client and server over any stream, on top of [`rfc6455::WebSocket`].
//!
//! The layer has the protocol, the buffers, compression and the deadlines. This package adds what
//! is left: the clock, the stream, and the order in which they are served.

mod accept;
mod connect;
mod socket;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub use accept::{accept, accept_as};
pub use connect::{connect, connect_as};
pub use socket::Socket;

use rfc6455::handshake::{HandshakeError, HandshakeSendError};
use rfc6455::{ProtocolError, SendError, Timer, deflate, websocket};

/// A source of masking keys.
pub type Keys = fn() -> [u8; 4];

/// Returns fresh bytes from the operating system's generator.
///
/// # Panics
/// Panics if the operating system has none.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random generator");
    bytes
}

/// A byte stream whose calls can be bounded in time.
pub trait Transport: Read + Write {
    /// Sets how long a read or write may block before it fails with `WouldBlock` or `TimedOut`.
    ///
    /// # Errors
    /// Those of the operating system.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;
}

impl Transport for TcpStream {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_timeout(timeout)
    }
}

/// The settings of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config<'a> {
    /// Limits, timeouts and buffers.
    pub websocket: websocket::Config,
    /// How messages are compressed, if the peer agrees.
    pub deflate: Option<deflate::Config>,
    /// What a client offers, in order of preference, or a server supports.
    pub subprotocols: &'a [&'a str],
}

/// Why a connection failed, and whose fault it was.
#[derive(Debug)]
pub enum Error {
    /// The peer broke the protocol; a Close frame has reported it.
    Peer(ProtocolError),
    /// The peer's handshake is wrong, or refuses.
    Handshake(HandshakeError),
    /// The peer was silent, or too slow.
    TimedOut(Timer),
    /// The stream ended without a Close frame.
    Abnormal,
    /// The stream failed.
    Io(io::Error),
    /// The caller's message cannot be sent.
    Caller(SendError),
    /// The caller's settings cannot be sent.
    Config(HandshakeSendError),
}

pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(error) => write!(f, "the peer broke the protocol: {error}"),
            Self::Handshake(error) => write!(f, "the opening handshake failed: {error}"),
            Self::TimedOut(timer) => write!(f, "the peer took too long: {timer:?}"),
            Self::Abnormal => f.write_str("the stream ended without a Close frame"),
            Self::Io(error) => write!(f, "the stream failed: {error}"),
            Self::Caller(error) => write!(f, "the message cannot be sent: {error}"),
            Self::Config(error) => write!(f, "the handshake cannot be sent: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<HandshakeSendError> for Error {
    fn from(error: HandshakeSendError) -> Self {
        Self::Config(error)
    }
}

/// Returns whether the stream is as good as before, and the call can be repeated.
fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Returns whether the peer is gone.
fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    let kind = error.kind();
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}
