//! The server's opening handshake.

use std::io::{Error as IoError, ErrorKind};
use std::pin::Pin;
use std::time::Duration;

use http::StatusCode;
use rfc6455::handshake::{
    Acceptance, HandshakeError, HandshakeSendError, HeadBuffer, HttpVersion, Rejection,
    ServerHandshake, Upgrade,
};
use rfc6455::{AnyRole, Timer, WebSocket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::config::Config;
use crate::connection::Codec;
use crate::error::{Error, Result};
use crate::stream::WebSocketStream;

/// What is read of a head at a time, in bytes.
pub(crate) const READ: usize = 2 << 10;
/// What a refused client may still send before its connection is dropped, in bytes, and how long
/// it may take.
const LINGER: (u64, Duration) = (64 << 10, Duration::from_secs(1));

/// What a server agrees to, beside compression; by default, nothing.
///
/// ```
/// use rfc6455_tokio::Accept;
/// let accept = Accept::new().subprotocol("chat").header("Set-Cookie", "id=1");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Accept {
    pub(crate) subprotocol: Option<String>,
    headers: Vec<(String, String)>,
}

impl Accept {
    /// Agrees to nothing but the upgrade.
    #[must_use]
    pub const fn new() -> Self {
        Self { subprotocol: None, headers: Vec::new() }
    }

    /// Agrees to one of the subprotocols that the client offered.
    #[must_use]
    pub fn subprotocol(mut self, subprotocol: impl Into<String>) -> Self {
        self.subprotocol = Some(subprotocol.into());
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// A response that refuses a request.
///
/// Made from a status, or from a [`HandshakeError`] such as that of
/// [`Upgrade::require_origin`].
#[derive(Clone, Debug)]
pub struct Reject {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reject {
    /// Refuses with this status.
    #[must_use]
    pub const fn new(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body of the response.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

impl From<StatusCode> for Reject {
    fn from(status: StatusCode) -> Self {
        Self::new(status)
    }
}

impl From<HandshakeError> for Reject {
    fn from(error: HandshakeError) -> Self {
        let rejection = error.rejection(HttpVersion::Http11);
        let status = StatusCode::from_u16(rejection.status).unwrap_or(StatusCode::BAD_REQUEST);
        let reject = Self::new(status).body(error.to_string());
        rejection.headers.iter().fold(reject, |reject, (name, value)| reject.header(*name, *value))
    }
}

/// Accepts a client on this transport, whatever it asks for.
///
/// # Errors
/// As for [`accept_with`].
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(transport: S) -> Result<WebSocketStream<S>> {
    accept_with(transport, &Config::DEFAULT, async |_| Ok(Accept::new())).await
}

/// Accepts a client on this transport, if the callback agrees to its request.
///
/// A server on the Internet has to decide at least which [origins] it accepts.
///
/// [origins]: Upgrade::require_origin
///
/// ```
/// use rfc6455_tokio::{Accept, Config, http::StatusCode};
/// # async fn chat(stream: tokio::net::TcpStream) -> rfc6455_tokio::Result<()> {
/// let ws = rfc6455_tokio::accept_with(stream, &Config::DEFAULT, async |upgrade| {
///     upgrade.require_origin(&["https://example.com"])?;
///     if upgrade.request().header("Authorization") != Some(b"Bearer 1234") {
///         return Err(StatusCode::UNAUTHORIZED.into());
///     }
///     let subprotocol = upgrade.choose_subprotocol(&["chat.v2", "chat"]);
///     Ok(subprotocol.map_or(Accept::new(), |name| Accept::new().subprotocol(name)))
/// })
/// .await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// - [`Error::Handshake`] for a request that does not conform, which is answered with its status;
/// - [`Error::Rejected`] if the callback has refused it;
/// - [`Error::HandshakeSend`] if what the callback returned cannot be sent, which is answered with
///   status 500;
/// - [`Error::TimedOut`], [`Error::Io`].
pub async fn accept_with<S, F>(
    transport: S,
    config: &Config,
    decide: F,
) -> Result<WebSocketStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: AsyncFnOnce(&Upgrade<'_>) -> std::result::Result<Accept, Reject>,
{
    within(config, Box::pin(handshake(transport, config, decide))).await
}

/// Bounds a handshake by its deadline.
///
/// It is on the heap as long as it takes: a task has the size of its largest future all its life.
pub(crate) async fn within<T>(
    config: &Config,
    handshake: Pin<Box<impl Future<Output = Result<T>>>>,
) -> Result<T> {
    match config.websocket.timeouts.handshake {
        None => handshake.await,
        Some(most) => {
            timeout(most, handshake).await.unwrap_or(Err(Error::TimedOut(Timer::Handshake)))
        }
    }
}

async fn handshake<S, F>(mut transport: S, config: &Config, decide: F) -> Result<WebSocketStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: AsyncFnOnce(&Upgrade<'_>) -> std::result::Result<Accept, Reject>,
{
    let mut buf = vec![0; READ];
    let mut handshake = ServerHandshake::new(HeadBuffer::new(config.max_head), config.handshake);
    loop {
        let len = read(&mut transport, &mut buf).await?;
        let mut input = &mut buf[..len];
        let upgrade = match handshake.receive(&mut input) {
            Ok(None) => continue,
            Ok(Some(request)) => request.upgrade(),
            Err(error) => Err(error),
        };
        let upgrade = match upgrade {
            Ok(upgrade) => upgrade,
            Err(error) => {
                refuse(transport, error.response()).await?;
                return Err(Error::Handshake(error));
            }
        };
        return match decide(&upgrade).await {
            Ok(accept) => open(transport, config, &upgrade, &accept, input).await,
            Err(reject) => {
                let status = reject.status;
                let response = with_headers(&reject.headers, |headers| {
                    let rejection = Rejection::new(status.as_u16()).headers(headers);
                    written(|out| rejection.body(&reject.body).write(out))
                });
                match response {
                    Ok(response) => refuse(transport, &response).await?,
                    Err(error) => return Err(fail(transport, error).await),
                }
                Err(Error::Rejected(status))
            }
        };
    }
}

/// Sends the response 101, and begins the connection with the bytes that came behind the head.
async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    mut transport: S,
    config: &Config,
    upgrade: &Upgrade<'_>,
    accept: &Accept,
    rest: &[u8],
) -> Result<WebSocketStream<S>> {
    let (response, codec) =
        agree(upgrade, accept, config, |acceptance| written(|out| upgrade.accept(acceptance, out)));
    let response = match response {
        Ok(response) => response,
        Err(error) => return Err(fail(transport, error).await),
    };
    transport.write_all(&response).await?;
    transport.flush().await?;
    let ws = WebSocketStream::from_codec(transport, fed(codec, rest)?, config);
    Ok(ws.with_subprotocol(accept.subprotocol.as_deref()))
}

/// Lends what a response says about the agreement, and returns the codec that follows it.
pub(crate) fn agree<T>(
    upgrade: &Upgrade<'_>,
    accept: &Accept,
    config: &Config,
    respond: impl FnOnce(&Acceptance<'_>) -> T,
) -> (T, Codec) {
    let codec = WebSocket::over_bytes(AnyRole::Server, config.websocket);
    let acceptance = Acceptance::DEFAULT.subprotocol(accept.subprotocol.as_deref());
    let negotiated = config.deflate.and_then(|deflate| deflate.accept_offer(upgrade));
    let extensions = negotiated.map(|negotiated| negotiated.response());
    let acceptance = acceptance.extensions(extensions.as_deref());
    let codec = codec.deflate(negotiated);
    (with_headers(&accept.headers, |headers| respond(&acceptance.headers(headers))), codec)
}

/// Reads a part of a head.
pub(crate) async fn read(
    transport: &mut (impl AsyncRead + Unpin),
    buf: &mut [u8],
) -> Result<usize> {
    match transport.read(buf).await? {
        0 => Err(IoError::from(ErrorKind::UnexpectedEof).into()),
        len => Ok(len),
    }
}

/// Gives a codec what was read together with the handshake.
pub(crate) fn fed(mut codec: Codec, mut rest: &[u8]) -> Result<Codec> {
    while !rest.is_empty() {
        match codec.feed(rest) {
            0 => return Err(IoError::from(ErrorKind::OutOfMemory).into()),
            len => rest = &rest[len..],
        }
    }
    Ok(codec)
}

/// Writes a head into as much memory as it needs.
pub(crate) fn written(
    write: impl Fn(&mut [u8]) -> std::result::Result<usize, HandshakeSendError>,
) -> std::result::Result<Vec<u8>, HandshakeSendError> {
    let mut head = vec![0; 512];
    loop {
        match write(&mut head) {
            Ok(len) => {
                head.truncate(len);
                return Ok(head);
            }
            Err(HandshakeSendError::BufferTooSmall { needed }) if needed > head.len() => {
                head.resize(needed, 0);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Lends headers as the codec takes them.
pub(crate) fn with_headers<T>(
    headers: &[(String, String)],
    then: impl FnOnce(&[(&str, &str)]) -> T,
) -> T {
    let borrowed = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    then(&borrowed.collect::<Vec<_>>())
}

/// Answers with status 500, because what the callback has returned cannot be sent.
async fn fail(transport: impl AsyncRead + AsyncWrite + Unpin, error: HandshakeSendError) -> Error {
    let refused = match written(|out| Rejection::new(500).write(out)) {
        Ok(response) => refuse(transport, &response).await,
        Err(error) => Err(error.into()),
    };
    refused.err().unwrap_or(Error::HandshakeSend(error))
}

/// Sends a response, and waits a moment until the client has read it: a transport that is dropped
/// with unread input may be reset, and take the response with it.
async fn refuse(mut transport: impl AsyncRead + AsyncWrite + Unpin, response: &[u8]) -> Result<()> {
    transport.write_all(response).await?;
    transport.shutdown().await?;
    let (bytes, time) = LINGER;
    let (mut rest, mut nowhere) = (transport.take(bytes), tokio::io::sink());
    // How the client ends the connection does not matter any more.
    let _ = timeout(time, tokio::io::copy(&mut rest, &mut nowhere)).await;
    Ok(())
}
