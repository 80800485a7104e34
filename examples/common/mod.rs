//! Shared code of the example clients: from a URL to an open connection.

pub(crate) mod deflate;
pub(crate) mod linger;
pub(crate) mod url;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rfc6455::handshake::{
    ClientHandshake, HandshakeError, HandshakeLimits, HandshakeSendError, Offer,
};
use rfc6455::websocket::{Config, Receiver, Sender};
use rfc6455::{Client, WebSocket};

use url::Url;

/// The timeout for TCP, and again for the handshake.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// The source of masking keys: a function, because the type of a closure cannot be named.
pub(crate) type Keys = fn() -> [u8; 4];

/// A client's WebSocket, with its buffers on the heap.
pub(crate) type Ws = WebSocket<Client<Keys>, Vec<u8>>;
/// Its halves.
#[allow(dead_code, reason = "one client is not split")]
pub(crate) type Rx = Receiver<Client<Keys>, Vec<u8>>;
pub(crate) type Tx = Sender<Client<Keys>, Vec<u8>>;

/// A connection after its handshake.
pub(crate) struct Opened {
    pub(crate) ws: Ws,
    /// The bytes that arrived right after the response: the connection's first input.
    pub(crate) early: Vec<u8>,
    /// What the server chose, or nothing.
    #[allow(dead_code, reason = "one client offers none")]
    pub(crate) subprotocol: Option<String>,
}

/// Why connecting failed.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// No server answers at the address.
    Unreachable(io::Error),
    /// The request would break the protocol: a header, a subprotocol or the origin is not allowed.
    Request(HandshakeSendError),
    /// A server answers, but does not open a WebSocket.
    Handshake(HandshakeError),
    /// The transport failed during the handshake.
    Interrupted(io::Error),
}

/// Returns bytes from the operating system's cryptographic generator.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random generator");
    bytes
}

/// Tries the addresses of the host in turn.
pub(crate) fn connect_tcp(url: &Url) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(ErrorKind::NotFound, "the host has no address");
    for address in (url.host.as_str(), url.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => {
                // A frame is written with one call and should be sent at once.
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Performs the opening handshake over a stream, whose timeouts are those of `socket`.
#[cfg_attr(not(feature = "deflate"), allow(unused_variables))]
pub(crate) fn shake_hands(
    mut stream: impl Read + Write,
    socket: &TcpStream,
    offer: Offer<'_>,
    config: Config,
    deflate: deflate::Config,
) -> Result<Opened, ConnectError> {
    let ws = WebSocket::client(random as Keys, config);
    let mut storage = [0; 8192];
    #[cfg(feature = "deflate")]
    let extensions = deflate.offer();
    #[cfg(feature = "deflate")]
    let offer = offer.extensions(Some(&extensions));
    let mut handshake =
        ClientHandshake::new(offer, random(), &mut storage, HandshakeLimits::DEFAULT)
            .map_err(ConnectError::Request)?;
    let mut request = Vec::new();
    if let Err(HandshakeSendError::BufferTooSmall { needed }) =
        handshake.write_request(&mut request)
    {
        request.resize(needed, 0);
    }
    handshake.write_request(&mut request).map_err(ConnectError::Request)?;
    stream.write_all(&request)?;

    // One deadline for the whole response: a server that sends a byte now and then is too slow.
    let deadline = Instant::now() + TIMEOUT;
    let mut buf = [0; 4096];
    loop {
        let time = deadline.saturating_duration_since(Instant::now());
        socket.set_read_timeout(Some(time.max(Duration::from_millis(1))))?;
        let n = stream.read(&mut buf)?;
        if n == 0 || time.is_zero() {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let mut input = &mut buf[..n];
        if let Some(response) = handshake.receive(&mut input)? {
            let established = response.upgrade()?;
            #[cfg(feature = "deflate")]
            let ws = ws.deflate(deflate.confirm_response(&established)?);
            let subprotocol = established.subprotocol().map(str::to_string);
            socket.set_read_timeout(None)?;
            return Ok(Opened { ws, early: input.to_vec(), subprotocol });
        }
    }
}

impl From<HandshakeError> for ConnectError {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Interrupted(error)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "cannot connect: {error}"),
            Self::Request(error) => write!(f, "the request cannot be sent: {error}"),
            Self::Handshake(HandshakeError::Status(status)) => {
                write!(f, "the server refuses a WebSocket, with HTTP status {status}")
            }
            Self::Handshake(error) => {
                write!(f, "the server does not answer as a WebSocket: {error}")
            }
            Self::Interrupted(error) => write!(f, "no answer from a WebSocket: {error}"),
        }
    }
}

impl std::error::Error for ConnectError {}
