//! A WebSocket over a stream of HTTP/2 (RFC 8441), by the crate [`h2`], in both roles.
//!
//! One connection carries many: [`connect`] opens one as a client, and [`accept`] as a server. The
//! codec's handshake checks and writes the heads, [`H2Stream`] makes a transport of an HTTP/2
//! stream, and the rest is `rfc6455-tokio`, as over TCP. For servers on hyper and axum, its feature
//! `hyper` and the crate `rfc6455-axum` do all of this.

mod stream;

use std::error::Error;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use h2::ext::Protocol;
use h2::server::SendResponse;
use http::{Request, Response};
use rfc6455_tokio::rfc6455::handshake::{self, Acceptance, ClientRequest, HttpVersion, Offer};
use rfc6455_tokio::rfc6455::{AnyRole, WebSocket};
use rfc6455_tokio::{Config, Keys, WebSocketStream};

pub use stream::H2Stream;

/// The result of a handshake.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Accepts a request that a server has received, or refuses it with the right status.
///
/// The server has to [enable] the protocol, and to continue to accept requests, because this drives
/// its connection.
///
/// [enable]: h2::server::Builder::enable_connect_protocol
///
/// # Errors
/// What is wrong with the request, and errors of the connection.
pub fn accept(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    config: &Config,
) -> Result<WebSocketStream<H2Stream>> {
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    let upgrade = match handshake::Request::from(&request).with_protocol(protocol).upgrade() {
        Ok(upgrade) => upgrade,
        Err(error) => {
            let rejection = error.rejection(HttpVersion::Http2);
            let response = Response::try_from(&rejection.head(HttpVersion::Http2)?)?;
            respond.send_response(response, true)?;
            return Err(error.into());
        }
    };
    let negotiated = config.deflate.and_then(|deflate| deflate.accept_offer(&upgrade));
    let extensions = negotiated.map(|negotiated| negotiated.response());
    let acceptance = Acceptance::DEFAULT.extensions(extensions.as_deref());
    let response = Response::try_from(&upgrade.accept_head(&acceptance)?)?;
    let send = respond.send_response(response, false)?;
    let codec = WebSocket::over_bytes(AnyRole::Server, config.websocket).deflate(negotiated);
    let stream = H2Stream::new(send, request.into_body());
    Ok(WebSocketStream::from_codec(stream, codec, config))
}

/// Opens a WebSocket as a client, over a connection whose server allows it.
///
/// Whether it does is known once its settings have arrived:
/// [`SendRequest::is_extended_connect_protocol_enabled`].
///
/// # Errors
/// What is wrong with the offer or the response, and errors of the connection.
pub async fn connect(
    requests: &SendRequest<Bytes>,
    offer: Offer<'_>,
    scheme: &str,
    config: &Config,
) -> Result<WebSocketStream<H2Stream>> {
    let extensions = config.deflate.map(|deflate| deflate.offer());
    let handshake = ClientRequest::http2(offer.extensions(extensions.as_deref()), scheme)?;
    let mut request = Request::try_from(&handshake)?;
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    let (response, send) = requests.clone().ready().await?.send_request(request, false)?;
    let response = response.await?;
    let established = handshake::Response::from_http(&response, &handshake).upgrade()?;
    let negotiated = match config.deflate {
        Some(deflate) => deflate.confirm_response(&established)?,
        None => None,
    };
    let codec = WebSocket::over_bytes(AnyRole::client(Keys), config.websocket).deflate(negotiated);
    let stream = H2Stream::new(send, response.into_body());
    Ok(WebSocketStream::from_codec(stream, codec, config))
}
