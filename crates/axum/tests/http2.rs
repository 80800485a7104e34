//! Connections over HTTP/2 (RFC 8441), through a server of axum.

mod common;

use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::any;
use common::{Test, serve};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2::SendRequest;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rfc6455_axum::rfc6455::handshake::{ClientRequest, Offer, Response as Handshake};
use rfc6455_axum::rfc6455::{AnyRole, CloseCode, WebSocket as Codec, deflate};
use rfc6455_axum::{
    Config, Error, Message, WebSocket, WebSocketUpgrade, WebSocketUpgradeRejection,
};
use rfc6455_tokio::{Keys, WebSocketStream};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

async fn echo(mut ws: WebSocket) {
    while let Some(Ok(message)) = ws.recv().await {
        if message.is_data() && ws.feed(message).await.is_err() {
            break;
        }
    }
}

async fn handler(ws: WebSocketUpgrade) -> Result<Response, WebSocketUpgradeRejection> {
    let ws = ws.require_origin(&["https://example.com"])?;
    Ok(ws.protocols(["echo"]).deflate(deflate::Config::DEFAULT).on_upgrade(echo))
}

fn app() -> Router {
    Router::new().route("/echo", any(handler))
}

/// Opens a connection of HTTP/2 to a server that allows the extended CONNECT.
async fn open(app: Router) -> Test<SendRequest<Empty<Bytes>>> {
    let address = serve(app).await?;
    let io = TokioIo::new(TcpStream::connect(address).await?);
    let (requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
    // The task that hyper has spawned receives the setting.
    let setting = async {
        while !connection.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), setting).await?;
    tokio::spawn(connection);
    Ok(requests)
}

fn offer() -> Offer<'static> {
    Offer::new("example.com", "/echo").origin(Some("https://example.com"))
}

fn connect(offer: Offer<'_>) -> Test<(Request<Empty<Bytes>>, ClientRequest<'_>)> {
    let handshake = ClientRequest::http2(offer, "https")?;
    let mut request = Request::try_from(&handshake)?.map(|()| Empty::new());
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    Ok((request, handshake))
}

#[tokio::test]
async fn rfc8441_s5_websockets_share_a_connection() -> Test {
    let mut requests = open(app()).await?;
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    let extensions = deflate::Config::DEFAULT.offer();
    let mut sockets = Vec::new();
    for is_compressed in [false, true, true] {
        let offer = offer().subprotocols(&["echo3", "echo"]);
        let offer = if is_compressed { offer.extensions(Some(&extensions)) } else { offer };
        let (request, handshake) = connect(offer)?;
        let mut response = requests.send_request(request).await?;
        let established = Handshake::from_http(&response, &handshake).upgrade()?;
        assert_eq!(established.subprotocol(), Some("echo"));
        let negotiated = deflate::Config::DEFAULT.confirm_response(&established)?;
        assert_eq!(negotiated.is_some(), is_compressed);
        let codec = Codec::over_bytes(AnyRole::client(Keys), config.websocket).deflate(negotiated);
        let upgraded = TokioIo::new(hyper::upgrade::on(&mut response).await?);
        sockets.push(WebSocketStream::from_codec(upgraded, codec, &config));
    }
    // The first is longer than the window of flow control.
    for message in [Message::from(vec![0xa5; 1 << 20]), Message::from("more ".repeat(1000))] {
        for ws in &mut sockets {
            ws.send(message.clone()).await?;
        }
        for ws in &mut sockets {
            assert_eq!(ws.recv().await.transpose()?.as_ref(), Some(&message));
        }
    }
    for mut ws in sockets {
        ws.close(CloseCode::NORMAL, "done").await?;
        assert!(ws.was_clean());
    }
    Ok(())
}

#[tokio::test]
async fn upgrade_whose_response_is_replaced_calls_back() -> Test {
    let (errors, mut failed) = mpsc::unbounded_channel();
    let handler = async move |ws: WebSocketUpgrade| {
        ws.on_failed_upgrade(move |error| _ = errors.send(error)).on_upgrade(echo)
    };
    let refuse = |mut response: Response| async {
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
    };
    let app = Router::new().route("/echo", any(handler)).layer(map_response(refuse));
    let mut requests = open(app).await?;
    let (request, _) = connect(offer())?;
    assert_eq!(requests.send_request(request).await?.status(), StatusCode::FORBIDDEN);
    assert!(matches!(failed.recv().await, Some(Error::Io(_))));
    Ok(())
}

#[tokio::test]
async fn refusal_leaves_the_connection_open() -> Test {
    let mut requests = open(app()).await?;
    for _ in 0..2 {
        let (request, _) = connect(offer().origin(Some("https://example.net")))?;
        let response = requests.send_request(request).await?;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(body, "the Origin is not allowed");

        let (mut request, _) = connect(offer())?;
        request.headers_mut().remove("sec-websocket-version");
        let response = requests.send_request(request).await?;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()["sec-websocket-version"], "13");

        let page = Request::get("https://example.com/echo").body(Empty::new())?;
        assert_eq!(requests.send_request(page).await?.status(), StatusCode::BAD_REQUEST);
    }
    let (request, _) = connect(offer())?;
    assert_eq!(requests.send_request(request).await?.status(), StatusCode::OK);
    Ok(())
}
