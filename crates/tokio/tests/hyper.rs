//! Upgrades of requests that hyper received.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::{Ready, ready};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::ext::Protocol;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version, client, server};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rfc6455_tokio::rfc6455::handshake::{
    ClientRequest, HandshakeError, HandshakeSendError, Offer, Response as Handshake, Upgrade,
};
use rfc6455_tokio::rfc6455::{AnyRole, CloseCode, WebSocket, deflate};
use rfc6455_tokio::{
    Accept, Config, Error, HyperIo, Keys, Message, Reject, WebSocketStream, upgrade,
};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Test<T = ()> = Result<T, Box<dyn StdError>>;
type Decision = fn(&Upgrade<'_>) -> Result<Accept, Reject>;
/// How each WebSocket of a server ended.
type Ends = UnboundedReceiver<rfc6455_tokio::Result<()>>;

fn config() -> Config {
    Config::DEFAULT.deflate(deflate::Config::DEFAULT)
}

async fn echo(
    socket: impl Future<Output = rfc6455_tokio::Result<WebSocketStream<HyperIo>>>,
) -> rfc6455_tokio::Result<()> {
    let mut ws = socket.await?;
    while let Some(message) = ws.recv().await {
        let message = message?;
        if message.is_data() {
            ws.feed(message).await?;
        }
    }
    Ok(())
}

fn answer(
    mut request: Request<Incoming>,
    decide: Decision,
    ends: UnboundedSender<rfc6455_tokio::Result<()>>,
) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    let (response, socket) = upgrade(&mut request, &config(), decide);
    tokio::spawn(async move { ends.send(echo(socket).await) });
    ready(Ok(response.map(Full::new)))
}

/// Serves HTTP/1.1 on one connection.
fn http1(decide: Decision) -> (DuplexStream, Ends) {
    let (near, far) = duplex(4 << 10);
    let (sender, ends) = unbounded_channel();
    let service = service_fn(move |request| answer(request, decide, sender.clone()));
    let connection = server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(far), service)
        .with_upgrades();
    tokio::spawn(connection);
    (near, ends)
}

/// Serves HTTP/2 on one connection, and opens it once the server allows the extended CONNECT.
async fn http2(decide: Decision) -> Test<(client::conn::http2::SendRequest<Empty<Bytes>>, Ends)> {
    let (near, far) = duplex(4 << 10);
    let (sender, ends) = unbounded_channel();
    let service = service_fn(move |request| answer(request, decide, sender.clone()));
    let mut builder = server::conn::http2::Builder::new(TokioExecutor::new());
    tokio::spawn(builder.enable_connect_protocol().serve_connection(TokioIo::new(far), service));
    let io = TokioIo::new(near);
    let (requests, connection) = client::conn::http2::handshake(TokioExecutor::new(), io).await?;
    // The task that hyper has spawned receives the setting.
    let setting = async {
        while !connection.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), setting).await?;
    tokio::spawn(connection);
    Ok((requests, ends))
}

fn chat(upgrade: &Upgrade<'_>) -> Result<Accept, Reject> {
    upgrade.require_origin(&["https://example.com"])?;
    Ok(Accept::new().subprotocol("chat").header("Server", "test"))
}

/// A CONNECT request for the protocol `websocket`.
fn connect(offer: Offer<'_>) -> Test<(Request<Empty<Bytes>>, ClientRequest<'_>)> {
    let handshake = ClientRequest::http2(offer, "https")?;
    let mut request = Request::try_from(&handshake)?.map(|()| Empty::new());
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    Ok((request, handshake))
}

async fn exchange<S>(mut ws: WebSocketStream<S>, mut ends: Ends) -> Test
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let long = Message::from("long ".repeat(100_000));
    for message in [Message::from("short"), long, Message::from(vec![7; 65_536])] {
        ws.send(message.clone()).await?;
        assert_eq!(ws.recv().await.transpose()?, Some(message));
    }
    ws.close(CloseCode::NORMAL, "done").await?;
    assert!(ws.was_clean());
    ends.recv().await.ok_or("the server is gone")??;
    Ok(())
}

#[tokio::test]
async fn http1_upgrade_exchanges_messages() -> Test {
    let (io, ends) = http1(chat);
    let request = rfc6455_tokio::Request::new("ws://example.com/")?
        .origin("https://example.com")
        .subprotocol("chat");
    let (ws, response) = rfc6455_tokio::client(io, request, &config()).await?;
    assert_eq!(ws.subprotocol(), Some("chat"));
    let response = response.response();
    assert_eq!(response.header("Server"), Some(&b"test"[..]));
    assert!(response.header("Sec-WebSocket-Extensions").is_some());
    exchange(ws, ends).await
}

#[tokio::test]
async fn rfc8441_s5_http2_extended_connect_exchanges_messages() -> Test {
    let (mut requests, ends) = http2(chat).await?;
    let config = config();
    let offer = Offer::new("example.com", "/").origin(Some("https://example.com"));
    let offer = offer.subprotocols(&["chat"]);
    let extensions = deflate::Config::DEFAULT.offer();
    let offer = offer.extensions(Some(&extensions));
    let (request, handshake) = connect(offer)?;
    let mut response = requests.send_request(request).await?;
    let established = Handshake::from_http(&response, &handshake).upgrade()?;
    assert_eq!(established.subprotocol(), Some("chat"));
    assert_eq!(response.headers()["server"], "test");

    let negotiated = deflate::Config::DEFAULT.confirm_response(&established)?;
    assert!(negotiated.is_some());
    let codec = WebSocket::over_bytes(AnyRole::client(Keys), config.websocket).deflate(negotiated);
    let upgraded = TokioIo::new(hyper::upgrade::on(&mut response).await?);
    exchange(WebSocketStream::from_codec(upgraded, codec, &config), ends).await
}

#[tokio::test]
async fn refused_http2_request_leaves_the_connection_open() -> Test {
    let (mut requests, mut ends) = http2(chat).await?;
    for _ in 0..2 {
        let (request, _) = connect(Offer::new("example.com", "/").origin(Some("https://x.com")))?;
        let response = requests.send_request(request).await?;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(&*body, b"the Origin is not allowed");
        assert!(matches!(ends.recv().await, Some(Err(Error::Rejected(StatusCode::FORBIDDEN)))));
    }
    Ok(())
}

#[tokio::test]
async fn http1_and_http2_refusals_have_their_status_and_their_error() -> Test {
    let accept = |_: &Upgrade<'_>| Ok(Accept::new().subprotocol("never offered"));
    let reserved = |_: &Upgrade<'_>| Err(Reject::new(StatusCode::FOUND).header("Upgrade", "x"));
    let page = |_: &Upgrade<'_>| Err(Reject::new(StatusCode::OK).body("page"));
    let old = |_: &Upgrade<'_>| Err(HandshakeError::UnsupportedVersion.into());
    let cases: [(Decision, u16, u16); 4] =
        [(accept, 500, 500), (reserved, 500, 500), (page, 200, 500), (old, 426, 400)];
    for (decide, http1_status, http2_status) in cases {
        let (io, mut ends) = http1(decide);
        let request = rfc6455_tokio::Request::new("ws://example.com/")?;
        let refused = rfc6455_tokio::client(io, request, &config()).await;
        let Err(Error::Refused(response)) = refused else { return Err("not refused".into()) };
        assert_eq!(response.response().status(), http1_status);
        let one = ends.recv().await.ok_or("the server is gone")?;

        let (mut requests, mut ends) = http2(decide).await?;
        let (request, _) = connect(Offer::new("example.com", "/"))?;
        assert_eq!(requests.send_request(request).await?.status(), http2_status);
        let two = ends.recv().await.ok_or("the server is gone")?;
        for end in [one, two] {
            match end {
                Err(Error::HandshakeSend(HandshakeSendError::SubprotocolNotOffered)) => {
                    assert_eq!(http1_status, 500);
                }
                Err(Error::Rejected(_)) => {}
                other => return Err(format!("{other:?}").into()),
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn request_that_is_no_handshake_is_refused() -> Test {
    let cases = [
        (Request::get("/"), HandshakeError::NotAnUpgrade, 426),
        (Request::post("/").header("Upgrade", "websocket"), HandshakeError::MethodNotGet, 405),
        (
            Request::get("/").header("Upgrade", "websocket").version(Version::HTTP_10),
            HandshakeError::UnsupportedHttpVersion,
            505,
        ),
        (
            Request::get("/").header("Upgrade", "websocket").header("Host", "example.com"),
            HandshakeError::MissingConnectionUpgrade,
            400,
        ),
        (
            Request::connect("https://example.com/").version(Version::HTTP_2),
            HandshakeError::NotAnUpgrade,
            400,
        ),
        (
            Request::connect("https://example.com/")
                .version(Version::HTTP_2)
                .extension(Protocol::from_static("connect-udp")),
            HandshakeError::UnsupportedProtocol,
            501,
        ),
    ];
    for (request, expected, status) in cases {
        let (response, socket) = upgrade(&mut request.body(())?, &config(), |_| Ok(Accept::new()));
        assert_eq!(response.status(), status, "{expected:?}");
        assert_eq!(response.body(), &expected.to_string());
        assert!(matches!(socket.await, Err(Error::Handshake(error)) if error == expected));
    }
    Ok(())
}

/// As when a layer between has made the request anew.
#[tokio::test]
async fn request_without_hypers_upgrade_is_an_internal_error() -> Test {
    let offer = Offer::new("example.com", "/");
    let mut request = Request::try_from(&ClientRequest::http1(offer, [0; 16])?)?;
    let (response, socket) = upgrade(&mut request, &config(), |_| Ok(Accept::new()));
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(matches!(socket.await, Err(Error::Io(_))));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn response_that_is_never_sent_times_out() -> Test {
    let (near, far) = duplex(4 << 10);
    let (sender, mut ends) = unbounded_channel();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (_, socket) = upgrade(&mut request, &config(), |_| Ok(Accept::new()));
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(socket.await.map(drop)) });
        std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>()
    });
    let connection = server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(far), service)
        .with_upgrades();
    tokio::spawn(connection);
    let request = rfc6455_tokio::Request::new("ws://example.com/")?;
    tokio::spawn(async move { rfc6455_tokio::client(near, request, &config()).await.map(drop) });
    assert!(matches!(ends.recv().await, Some(Err(Error::TimedOut(_)))));
    Ok(())
}
