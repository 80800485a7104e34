//! The client's opening handshake.

use http::Uri;
use http::uri::InvalidUri;
use rfc6455::handshake::{
    ClientHandshake, Established, HandshakeError, HeadBuffer, Offer, OwnedResponse,
};
use rfc6455::{AnyRole, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::accept::{READ, fed, read, with_headers, within, written};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::{Keys, nonce};
use crate::stream::WebSocketStream;
use crate::transport::MaybeTlsStream;

/// A request to open a WebSocket: a URL, and what else the server should know.
///
/// ```
/// use rfc6455_tokio::Request;
/// let request = Request::new("wss://example.com/chat")?
///     .header("Authorization", "Bearer 1234")
///     .subprotocol("chat");
/// # Ok::<(), rfc6455_tokio::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    is_tls: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// The value of `Host`.
    authority: String,
    /// The path and the query.
    target: String,
    subprotocols: Vec<String>,
    origin: Option<String>,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Creates a request for a URL: `ws://host[:port][/path][?query]`, or `wss://` for TLS.
    ///
    /// # Errors
    /// [`Error::Url`] for anything else, such as a user's name in the URL.
    pub fn new(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().map_err(|_: InvalidUri| Error::Url)?;
        Self::try_from(uri)
    }

    /// Adds a subprotocol to those offered, in order of preference.
    #[must_use]
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocols.push(name.into());
        self
    }

    /// Sets the origin on whose behalf the client acts, as a browser does.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl TryFrom<Uri> for Request {
    type Error = Error;

    fn try_from(uri: Uri) -> Result<Self> {
        let (is_tls, default_port) = match uri.scheme_str() {
            Some("ws") => (false, 80),
            Some("wss") => (true, 443),
            _ => return Err(Error::Url),
        };
        let authority = uri.authority().ok_or(Error::Url)?;
        let host = authority.host();
        if host.is_empty() || authority.as_str().contains('@') {
            return Err(Error::Url);
        }
        let port = match authority.as_str().strip_prefix(host) {
            Some("" | ":") => default_port,
            Some(_) => authority.port_u16().ok_or(Error::Url)?,
            None => return Err(Error::Url),
        };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        Ok(Self {
            is_tls,
            host: bare.unwrap_or(host).to_owned(),
            port,
            authority: if port == default_port { host.into() } else { format!("{host}:{port}") },
            target: format!("{}{query}", uri.path()),
            subprotocols: Vec::new(),
            origin: None,
            headers: Vec::new(),
        })
    }
}

impl TryFrom<&str> for Request {
    type Error = Error;

    fn try_from(url: &str) -> Result<Self> {
        Self::new(url)
    }
}

impl TryFrom<String> for Request {
    type Error = Error;

    fn try_from(url: String) -> Result<Self> {
        Self::new(&url)
    }
}

/// Opens a connection to a URL.
///
/// ```
/// # async fn hello() -> rfc6455_tokio::Result<()> {
/// let mut ws = rfc6455_tokio::connect("ws://127.0.0.1:9001/").await?;
/// ws.send("hello").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`connect_with`].
pub async fn connect<R>(request: R) -> Result<WebSocketStream<MaybeTlsStream>>
where
    R: TryInto<Request>,
    Error: From<R::Error>,
{
    Ok(connect_with(request.try_into()?, &Config::DEFAULT).await?.0)
}

/// Opens a connection over TCP, and over TLS for `wss`, and returns the server's response too.
///
/// # Errors
/// - [`Error::Url`], [`Error::TlsUnavailable`] if the feature `rustls` is missing,
///   [`Error::HandshakeSend`] if the request cannot be sent;
/// - [`Error::Refused`] with the response if its status is not 101; no redirects are followed;
/// - [`Error::Handshake`] if the response does not conform;
/// - [`Error::TimedOut`], [`Error::Io`].
pub async fn connect_with(
    request: Request,
    config: &Config,
) -> Result<(WebSocketStream<MaybeTlsStream>, OwnedResponse)> {
    let handshake = async {
        let transport = open(&request, config).await?;
        handshake(transport, request, config).await
    };
    within(config, Box::pin(handshake)).await
}

/// Opens a connection over a transport of your own, and returns the server's response too.
///
/// The scheme of the URL does not matter.
///
/// # Errors
/// As for [`connect_with`].
pub async fn client<S: AsyncRead + AsyncWrite + Unpin>(
    transport: S,
    request: Request,
    config: &Config,
) -> Result<(WebSocketStream<S>, OwnedResponse)> {
    within(config, Box::pin(handshake(transport, request, config))).await
}

async fn open(request: &Request, config: &Config) -> Result<MaybeTlsStream> {
    if request.is_tls && cfg!(not(feature = "rustls")) {
        return Err(Error::TlsUnavailable);
    }
    let stream = TcpStream::connect((request.host.as_str(), request.port)).await?;
    // Messages are written in batches already.
    stream.set_nodelay(true)?;
    #[cfg(feature = "rustls")]
    if request.is_tls {
        return Ok(MaybeTlsStream::tls(stream, &request.host, config.tls.clone()).await?);
    }
    _ = config;
    Ok(MaybeTlsStream::plain(stream))
}

async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    mut transport: S,
    request: Request,
    config: &Config,
) -> Result<(WebSocketStream<S>, OwnedResponse)> {
    let extensions = config.deflate.map(|deflate| deflate.offer());
    let subprotocols: Vec<_> = request.subprotocols.iter().map(String::as_str).collect();
    let mut handshake = with_headers(&request.headers, |headers| {
        let mut offer = Offer::new(&request.authority, &request.target)
            .subprotocols(&subprotocols)
            .extensions(extensions.as_deref())
            .headers(headers);
        offer.origin = request.origin.as_deref();
        let storage = HeadBuffer::new(config.max_head);
        ClientHandshake::new(offer, nonce(), storage, config.handshake)
            .map(ClientHandshake::into_owned)
    })?;
    transport.write_all(&written(|out| handshake.write_request(out))?).await?;
    transport.flush().await?;
    let mut buf = vec![0; READ];
    loop {
        let len = read(&mut transport, &mut buf).await?;
        let mut input = &mut buf[..len];
        let Some(response) = handshake.receive(&mut input)? else { continue };
        if response.status() != 101 {
            return Err(Error::Refused(Box::new(response.into_owned())));
        }
        let established = response.upgrade()?;
        let codec = WebSocket::over_bytes(AnyRole::client(Keys), config.websocket);
        let codec = codec.deflate(confirm(config, &established)?);
        let ws = WebSocketStream::from_codec(transport, fed(codec, input)?, config);
        return Ok((ws.with_subprotocol(established.subprotocol()), response.into_owned()));
    }
}

/// Returns the compression that both ends agreed on.
fn confirm(
    config: &Config,
    established: &Established<'_>,
) -> std::result::Result<Option<rfc6455::deflate::Negotiated>, HandshakeError> {
    match config.deflate {
        Some(deflate) => deflate.confirm_response(established),
        None => Ok(None),
    }
}
