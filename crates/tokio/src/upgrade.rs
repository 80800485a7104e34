//! Upgrades of requests that hyper received: of HTTP/1.1, and by an extended CONNECT of HTTP/2.

use std::future::poll_fn;
use std::io::{Error as IoError, ErrorKind};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use hyper::ext::Protocol;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use rfc6455::handshake::{
    self, HandshakeError, HandshakeSendError, HttpVersion, Rejection, Upgrade,
};

use crate::accept::{Accept, Reject, agree, fed, read, with_headers, within};
use crate::config::Config;
use crate::connection::Codec;
use crate::error::{Error, Result};
use crate::stream::WebSocketStream;

/// The transport that hyper hands over with an upgrade.
pub type HyperIo = TokioIo<Upgraded>;

/// Checks that a request is an opening handshake: of RFC 6455, or in HTTP/2 of RFC 8441.
///
/// # Errors
/// [`HandshakeError::NotAnUpgrade`] if the request does not ask for a WebSocket, but perhaps for a
/// page; any other error if the handshake does not conform.
pub fn check_upgrade<B>(request: &Request<B>) -> std::result::Result<Upgrade<'_>, HandshakeError> {
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    handshake::Request::from(request).with_protocol(protocol).upgrade()
}

/// Accepts a request that hyper received, if the callback agrees to it.
///
/// Returns the response, which also refuses, and a future of the WebSocket. Send the response, and
/// await the future in a task of its own: it is ready once hyper has sent the response.
///
/// In hyper, a server of HTTP/1.1 has to be served `with_upgrades`, and one of HTTP/2 has to
/// `enable_connect_protocol`.
///
/// ```
/// # use http_body_util::Full;
/// # use hyper::{Request, Response, body::{Bytes, Incoming}};
/// use rfc6455_tokio::{Accept, Config, upgrade};
/// async fn serve(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
///     let (response, socket) = upgrade(&mut request, &Config::DEFAULT, |upgrade| {
///         upgrade.require_origin(&["https://example.com"])?;
///         Ok(Accept::new())
///     });
///     tokio::spawn(async move {
///         let mut ws = socket.await?;
///         ws.send("hello").await
///     });
///     response.map(Full::new)
/// }
/// ```
///
/// # Errors
/// Those of the future:
/// - [`Error::Handshake`] for a request that does not conform, [`Error::Rejected`] if the callback
///   has refused it: the response says so;
/// - [`Error::HandshakeSend`] if what the callback returned cannot be sent, and [`Error::Io`] if
///   hyper does not offer to upgrade: the response has status 500;
/// - [`Error::TimedOut`] and [`Error::Io`] if the response was not sent, or was replaced by one that
///   does not accept: after that, hyper hands over an HTTP/1.1 connection once it has ended, which
///   is an [`Error::Io`] of the kind [`UnexpectedEof`](ErrorKind::UnexpectedEof).
pub fn upgrade<B, F>(
    request: &mut Request<B>,
    config: &Config,
    decide: F,
) -> (
    Response<Bytes>,
    impl Future<Output = Result<WebSocketStream<HyperIo>>> + Send + 'static + use<B, F>,
)
where
    F: FnOnce(&Upgrade<'_>) -> std::result::Result<Accept, Reject>,
{
    let (response, opening) = match answer(request, config, decide) {
        Ok((response, codec, accept)) => {
            let upgraded = hyper::upgrade::on(request);
            (response, Ok((upgraded, codec, accept.subprotocol)))
        }
        Err((reject, error)) => (reject.into_response(request.version()), Err(error)),
    };
    let config = config.clone();
    // On the heap as long as it takes, like every handshake.
    let socket = Box::pin(async move {
        let (upgraded, codec, subprotocol) = opening?;
        let upgraded = Box::pin(async { Ok(upgraded.await.map_err(IoError::other)?) });
        let mut transport = TokioIo::new(within(&config, upgraded).await?);
        let mut first = [0; 256];
        // Without waiting: a connection that has ended is no WebSocket.
        let arrived = poll_fn(|cx| Poll::Ready(pin!(read(&mut transport, &mut first)).poll(cx)));
        let len = match arrived.await {
            Poll::Ready(len) => len?,
            Poll::Pending => 0,
        };
        let ws = WebSocketStream::from_codec(transport, fed(codec, &first[..len])?, &config);
        Ok(ws.with_subprotocol(subprotocol.as_deref()))
    });
    (response, socket)
}

/// Decides, without a change to the request.
fn answer<B>(
    request: &Request<B>,
    config: &Config,
    decide: impl FnOnce(&Upgrade<'_>) -> std::result::Result<Accept, Reject>,
) -> std::result::Result<(Response<Bytes>, Codec, Accept), (Reject, Error)> {
    let failed = |error| (Reject::new(StatusCode::INTERNAL_SERVER_ERROR), error);
    let upgrade = check_upgrade(request).map_err(|error| (error.into(), error.into()))?;
    if request.extensions().get::<OnUpgrade>().is_none() {
        let error = IoError::new(ErrorKind::Unsupported, "hyper does not offer to upgrade");
        return Err(failed(error.into()));
    }
    let accept = decide(&upgrade).map_err(|reject| {
        let status = reject.status;
        (reject, Error::Rejected(status))
    })?;
    let (response, codec) = agree(&upgrade, &accept, config, |acceptance| {
        let head = upgrade.accept_head(acceptance)?;
        // The rules of the crate `http` are no stricter.
        Response::try_from(&head).map_err(|_| HandshakeSendError::InvalidHeaderValue)
    });
    let response = response.map_err(|error| failed(error.into()))?;
    Ok((response.map(|()| Bytes::new()), codec, accept))
}

impl Reject {
    /// Returns the response for an HTTP stack to send, with status 500 if it cannot be sent.
    ///
    /// In HTTP/2 and HTTP/3, status 426 becomes 400, because 426 demands an `Upgrade`; and a status
    /// of 2xx cannot be sent, because it would accept the request.
    #[must_use]
    pub fn into_response(self, version: Version) -> Response<Bytes> {
        let version = HttpVersion::from(version);
        let status = match self.status.as_u16() {
            426 if version >= HttpVersion::Http2 => 400,
            status => status,
        };
        let head = with_headers(&self.headers, |headers| {
            let rejection = Rejection::new(status).headers(headers).body(&self.body);
            Response::try_from(&rejection.head(version).ok()?).ok()
        });
        let Some(head) = head else {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            return response;
        };
        head.map(|()| self.body.into())
    }
}
