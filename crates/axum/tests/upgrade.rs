//! Connections over HTTP/1.1, through a server of axum.

mod common;

use std::future::pending;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::any;
use common::{Test, serve};
use futures_util::{SinkExt, StreamExt};
use rfc6455_axum::rfc6455::{CloseCode, Timeouts, Timer, deflate, websocket};
use rfc6455_axum::{CloseFrame, Config, Error, Message, WebSocket, WebSocketUpgrade};
use rfc6455_tokio::{Request, client, connect, connect_with};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{self, client::ClientRequestBuilder};
use tokio_util::io::InspectReader;

async fn echo(mut ws: WebSocket) {
    while let Some(Ok(message)) = ws.recv().await {
        if message.is_data() && ws.feed(message).await.is_err() {
            break;
        }
    }
}

fn app(upgrade: fn(WebSocketUpgrade) -> Response) -> Router {
    Router::new().route("/", any(async move |ws| upgrade(ws)))
}

fn request(address: SocketAddr) -> rfc6455_tokio::Result<Request> {
    Request::new(&format!("ws://{address}/"))
}

#[tokio::test]
async fn echoes_to_a_client_that_is_not_ours() -> Test {
    let address = serve(app(|ws| {
        let ws = ws.protocols(["echo2", "echo"]);
        assert_eq!(ws.selected_protocol(), Some("echo"));
        ws.on_upgrade(async |ws| {
            assert_eq!(ws.subprotocol(), Some("echo"));
            echo(ws).await;
        })
    }))
    .await?;
    let request = ClientRequestBuilder::new(format!("ws://{address}/").parse()?)
        .with_sub_protocol("echo3")
        .with_sub_protocol("echo");
    let (mut ws, response) = tokio_tungstenite::connect_async(request).await?;
    assert_eq!(response.headers()["sec-websocket-protocol"], "echo");
    for message in
        [tungstenite::Message::text("hello"), tungstenite::Message::binary(vec![0; 100_000])]
    {
        ws.send(message.clone()).await?;
        assert_eq!(ws.next().await.transpose()?, Some(message));
    }
    ws.send(tungstenite::Message::Ping("are you there".into())).await?;
    let pong = tungstenite::Message::Pong("are you there".into());
    assert_eq!(ws.next().await.transpose()?, Some(pong));
    ws.close(None).await?;
    assert!(matches!(ws.next().await.transpose()?, Some(tungstenite::Message::Close(None))));
    Ok(())
}

#[tokio::test]
async fn server_prefers_its_first_protocol_that_the_client_requests() -> Test {
    let address = serve(app(|ws| {
        let requested = ws.requested_protocols().collect::<Vec<_>>().join(" ");
        ws.protocols(["v3", "v2", "v1"]).on_upgrade(async move |mut ws| {
            let _ = ws.send(requested).await;
        })
    }))
    .await?;
    let cases: [(&[&str], _); 4] =
        [(&["v1", "v2"], Some("v2")), (&["v0", "v3"], Some("v3")), (&["v0"], None), (&[], None)];
    for (requested, selected) in cases {
        let request = requested.iter().fold(request(address)?, |r, name| r.subprotocol(*name));
        let mut ws = connect(request).await?;
        assert_eq!(ws.subprotocol(), selected, "{requested:?}");
        let said = ws.recv().await.transpose()?;
        assert_eq!(said.as_ref().and_then(Message::as_str), Some(&*requested.join(" ")));
    }
    Ok(())
}

#[tokio::test]
async fn selected_protocol_can_be_set() -> Test {
    let address = serve(app(|mut ws| {
        let last = ws.requested_protocols().last().map(str::to_owned);
        ws.set_selected_protocol(last.unwrap_or_default());
        ws.on_upgrade(echo)
    }))
    .await?;
    let ws = connect(request(address)?.subprotocol("a").subprotocol("b")).await?;
    assert_eq!(ws.subprotocol(), Some("b"));
    Ok(())
}

#[tokio::test]
async fn compression_is_negotiated_and_used() -> Test {
    let address = serve(app(|ws| ws.deflate(deflate::Config::DEFAULT).on_upgrade(echo))).await?;
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    let received = Arc::new(AtomicUsize::new(0));
    let counter = received.clone();
    let stream = InspectReader::new(TcpStream::connect(address).await?, move |bytes: &[u8]| {
        counter.fetch_add(bytes.len(), Ordering::Relaxed);
    });
    let (mut ws, response) = client(stream, request(address)?, &config).await?;
    let agreed = response.response().header("Sec-WebSocket-Extensions");
    assert!(agreed.is_some_and(|agreed| agreed.starts_with(b"permessage-deflate")));
    let message = Message::from("the same again, ".repeat(10_000));
    for _ in 0..3 {
        ws.send(message.clone()).await?;
        assert_eq!(ws.recv().await.transpose()?.as_ref(), Some(&message));
    }
    assert!(received.load(Ordering::Relaxed) < 3 * message.len() / 20, "{received:?}");
    Ok(())
}

#[tokio::test]
async fn compression_is_off_unless_the_handler_turns_it_on() -> Test {
    let address = serve(app(|ws| ws.on_upgrade(echo))).await?;
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    let (mut ws, response) = connect_with(request(address)?, &config).await?;
    assert_eq!(response.response().header("Sec-WebSocket-Extensions"), None);
    ws.send("plain").await?;
    assert_eq!(ws.recv().await.transpose()?, Some("plain".into()));
    Ok(())
}

#[tokio::test]
async fn long_messages_pass_and_longer_ones_close_with_1009() -> Test {
    const MOST: usize = 4 << 20;
    let address = serve(app(|ws| ws.max_message_size(MOST).on_upgrade(echo))).await?;
    let mut ws = connect(request(address)?).await?;
    let long = Message::from(vec![0xa5; MOST]);
    ws.send(long.clone()).await?;
    assert_eq!(ws.recv().await.transpose()?, Some(long));
    ws.send(vec![0; MOST + 1]).await?;
    assert_eq!(close_code(ws.recv().await), Some(CloseCode::MESSAGE_TOO_BIG));
    Ok(())
}

#[tokio::test]
async fn frame_beyond_the_limit_closes_with_1009() -> Test {
    let address = serve(app(|ws| ws.max_frame_size(1000).on_upgrade(echo))).await?;
    let mut ws = connect(request(address)?).await?;
    ws.send(vec![0; 1000]).await?;
    assert_eq!(ws.recv().await.transpose()?, Some(vec![0; 1000].into()));
    ws.send(vec![0; 1001]).await?;
    assert_eq!(close_code(ws.recv().await), Some(CloseCode::MESSAGE_TOO_BIG));
    Ok(())
}

fn close_code(message: Option<rfc6455_tokio::Result<Message>>) -> Option<CloseCode> {
    match message {
        Some(Ok(Message::Close(Some(frame)))) => Some(frame.code),
        _ => None,
    }
}

#[tokio::test]
async fn close_frame_of_each_side_reaches_the_other() -> Test {
    let address = serve(app(|ws| {
        ws.on_upgrade(async |mut ws| {
            let code = close_code(ws.recv().await).map_or(0, CloseCode::get);
            assert_eq!(code, 3000);
            assert!(ws.recv().await.is_none());
        })
    }))
    .await?;
    let mut ws = connect(request(address)?).await?;
    ws.close(CloseCode::new(3000).ok_or("reserved")?, "that is all").await?;
    assert!(ws.was_clean());

    let address = serve(app(|ws| {
        ws.on_upgrade(async |mut ws| {
            let _ = ws.close(CloseCode::GOING_AWAY, "restart").await;
        })
    }))
    .await?;
    let mut ws = connect(request(address)?).await?;
    let frame = CloseFrame { code: CloseCode::GOING_AWAY, reason: "restart".into() };
    assert_eq!(ws.recv().await.transpose()?, Some(Message::Close(Some(frame))));
    assert!(ws.recv().await.is_none());
    Ok(())
}

#[tokio::test]
async fn failed_upgrade_calls_back() -> Test {
    let (errors, mut failed) = mpsc::unbounded_channel();
    let unsendable = {
        let errors = errors.clone();
        async move |mut ws: WebSocketUpgrade| {
            ws.set_selected_protocol("never requested");
            ws.on_failed_upgrade(move |error| _ = errors.send(error)).on_upgrade(echo)
        }
    };
    let unsent = async move |ws: WebSocketUpgrade| {
        let timeouts = Timeouts::DEFAULT.handshake(Some(Duration::from_millis(1)));
        let config = websocket::Config::DEFAULT.timeouts(timeouts);
        let ws = ws.config(Config::DEFAULT.websocket(config));
        drop(ws.on_failed_upgrade(move |error| _ = errors.send(error)).on_upgrade(echo));
        pending::<Response>().await
    };
    let app = Router::new().route("/unsendable", any(unsendable)).route("/unsent", any(unsent));
    let address = serve(app).await?;

    let refused = connect(format!("ws://{address}/unsendable")).await;
    assert!(
        matches!(refused, Err(Error::Refused(response)) if response.response().status() == 500)
    );
    assert!(matches!(failed.recv().await, Some(Error::HandshakeSend(_))));
    let unanswered = tokio::spawn(connect(format!("ws://{address}/unsent")));
    assert!(matches!(failed.recv().await, Some(Error::TimedOut(Timer::Handshake))));
    unanswered.abort();
    Ok(())
}

#[tokio::test]
async fn upgrade_whose_response_is_replaced_calls_back() -> Test {
    let (errors, mut failed) = mpsc::unbounded_channel();
    let handler = async move |ws: WebSocketUpgrade| {
        let upgraded = errors.clone();
        ws.on_failed_upgrade(move |error| _ = errors.send(Some(error)))
            .on_upgrade(async move |_| _ = upgraded.send(None))
    };
    let refuse = |mut response: Response| async {
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
    };
    let app = Router::new().route("/", any(handler)).layer(map_response(refuse));
    let address = serve(app).await?;
    let refused = connect(request(address)?).await;
    assert!(
        matches!(refused, Err(Error::Refused(response)) if response.response().status() == 403)
    );
    let error = failed.recv().await.flatten();
    assert!(matches!(error, Some(Error::Io(error)) if error.kind() == ErrorKind::UnexpectedEof));
    Ok(())
}

#[tokio::test]
async fn socket_is_a_stream_and_a_sink() -> Test {
    let address = serve(app(|ws| {
        ws.on_upgrade(async |ws| {
            let (sink, stream) = ws.split();
            let _ = stream.forward(sink).await;
        })
    }))
    .await?;
    let mut ws = connect(request(address)?).await?;
    ws.send("there and back").await?;
    assert_eq!(ws.recv().await.transpose()?, Some("there and back".into()));
    Ok(())
}
