//! What can go wrong, by fault.

use std::convert::Infallible;
use std::fmt;
use std::io;

use rfc6455::handshake::{HandshakeError, HandshakeSendError, OwnedResponse};
use rfc6455::{ProtocolError, SendError, Timer};

/// Why a connection failed, or could not be opened.
///
/// A connection that ends in order is no error, and neither is a stream that ends without a Close
/// frame: see [`WebSocketStream::recv`](crate::WebSocketStream::recv).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed.
    Io(io::Error),
    /// The peer broke the protocol or exceeded a limit. A Close frame with
    /// [`close_code`](ProtocolError::close_code) has told it so.
    Protocol(ProtocolError),
    /// The peer was silent for too long, took too long for a message, or did not close.
    TimedOut(Timer),
    /// The caller's: this cannot be sent. Nothing has changed.
    Send(SendError),
    /// The peer's request or response is no opening handshake.
    Handshake(HandshakeError),
    /// The server answered with another status than 101.
    Refused(Box<OwnedResponse>),
    /// The callback refused the request with this status.
    Rejected(http::StatusCode),
    /// The caller's: this request or response cannot be sent.
    HandshakeSend(HandshakeSendError),
    /// The caller's: this URL is not `ws://` or `wss://` with a host.
    Url,
    /// The caller's: `wss` needs the feature `rustls`.
    TlsUnavailable,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the transport failed: {error}"),
            Self::Protocol(error) => error.fmt(f),
            Self::TimedOut(Timer::Handshake) => f.write_str("the handshake took too long"),
            Self::TimedOut(Timer::Ping | Timer::Pong) => {
                f.write_str("the peer did not answer a Ping in time")
            }
            Self::TimedOut(Timer::Message) => f.write_str("a message of the peer took too long"),
            Self::TimedOut(Timer::Close) => f.write_str("the peer did not close in time"),
            Self::Send(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::Refused(response) => {
                write!(f, "the server answered with status {}", response.response().status())
            }
            Self::Rejected(status) => write!(f, "the request was rejected with status {status}"),
            Self::HandshakeSend(error) => error.fmt(f),
            Self::Url => f.write_str("the URL is not ws:// or wss:// with a host"),
            Self::TlsUnavailable => {
                f.write_str("wss needs the feature `rustls`, which is not enabled")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Protocol(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::Handshake(error) => Some(error),
            Self::HandshakeSend(error) => Some(error),
            _ => None,
        }
    }
}

/// So that `connect` takes a [`Request`](crate::Request) as well as a URL.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<HandshakeSendError> for Error {
    fn from(error: HandshakeSendError) -> Self {
        Self::HandshakeSend(error)
    }
}

/// The result of a call of this crate.
pub type Result<T> = std::result::Result<T, Error>;
