//! Shared code of the example clients: from a URL to an open connection.

pub(crate) mod deflate;
pub(crate) mod linger;
pub(crate) mod url;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rfc6455::handshake::{ClientHandshake, HandshakeError, HandshakeLimits, Offer};
use rfc6455::websocket::{Config, Receiver, Sender};
use rfc6455::{Client, WebSocket};

use url::Url;

/// The timeout for TCP, and again for the handshake.
const TIMEOUT: Duration = Duration::from_secs(10);

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
    pub(crate) stream: TcpStream,
    pub(crate) ws: Ws,
    /// The bytes that arrived right after the response: the connection's first input.
    pub(crate) early: Vec<u8>,
}

/// Why connecting failed.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// No server answers at the address.
    Unreachable(io::Error),
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

/// Connects, and performs the opening handshake.
pub(crate) fn connect(
    url: &Url,
    config: Config,
    deflate: deflate::Config,
) -> Result<Opened, ConnectError> {
    let mut stream = connect_tcp(url).map_err(ConnectError::Unreachable)?;
    let ws = WebSocket::client(random as Keys, config);
    let (ws, early) = shake_hands(&mut stream, url, ws, deflate)?;
    Ok(Opened { stream, ws, early })
}

/// Tries the addresses of the host in turn.
fn connect_tcp(url: &Url) -> io::Result<TcpStream> {
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

/// Sends the request and reads the response; returns the bytes after it.
#[cfg_attr(not(feature = "deflate"), allow(unused_variables))]
fn shake_hands(
    stream: &mut TcpStream,
    url: &Url,
    ws: Ws,
    deflate: deflate::Config,
) -> Result<(Ws, Vec<u8>), ConnectError> {
    let mut storage = [0; 8192];
    let offer = Offer::new(&url.authority, &url.target);
    #[cfg(feature = "deflate")]
    let extensions = deflate.offer();
    #[cfg(feature = "deflate")]
    let offer = offer.extensions(Some(&extensions));
    let mut handshake =
        ClientHandshake::new(offer, random(), &mut storage, HandshakeLimits::DEFAULT)
            .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    let mut request = vec![0; 512 + url.authority.len() + url.target.len()];
    let len = handshake
        .write_request(&mut request)
        .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    stream.write_all(&request[..len])?;

    // One deadline for the whole response: a server that sends a byte now and then is too slow.
    let deadline = Instant::now() + TIMEOUT;
    let mut buf = [0; 4096];
    loop {
        let time = deadline.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(time.max(Duration::from_millis(1))))?;
        let n = stream.read(&mut buf)?;
        if n == 0 || time.is_zero() {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let mut input = &mut buf[..n];
        if let Some(response) = handshake.receive(&mut input)? {
            let established = response.upgrade()?;
            #[cfg(feature = "deflate")]
            let ws = ws.deflate(deflate.confirm_response(&established)?);
            stream.set_read_timeout(None)?;
            return Ok((ws, input.to_vec()));
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
