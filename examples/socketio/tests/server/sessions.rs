//! Sessions of Engine.IO: what opens and ends them, and the change of their transport.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use rfc6455_socketio::engine::Config;
use rfc6455_socketio::socket::{self, Namespace};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE, Pieces, request, serve, text};

async fn echo(config: Config) -> SocketAddr {
    let namespace = Namespace::new("/")
        .on("message", |socket, args, _| socket.emit("message-back", args))
        .on("flood", |socket, _, _| {
            for _ in 0..100 {
                socket.emit("drop", ["x".repeat(100).into()]);
            }
        });
    let mut socket = socket::Config::DEFAULT;
    socket.recovery = None;
    serve(config, socket, [namespace]).await
}

/// A time that heartbeats need not wait for.
fn quick() -> Config {
    let mut config = Config::DEFAULT;
    (config.ping_interval, config.ping_timeout) =
        (Duration::from_millis(50), Duration::from_millis(100));
    config
}

#[tokio::test]
async fn requests_are_refused_with_the_code_for_each_fault() {
    let address = echo(Config::DEFAULT).await;
    let http = Http::builder(TokioExecutor::new()).build_http();
    for (method, query, origin, status, code) in [
        (Method::GET, "EIO=4&transport=polling&sid=x", "", 400, 1),
        (Method::POST, "EIO=4&transport=polling&sid=x", "", 400, 1),
        (Method::GET, "EIO=4&transport=websocket&sid=x", "", 400, 1),
        (Method::GET, "EIO=4", "", 400, 0),
        (Method::GET, "EIO=4&transport=carrier-pigeon", "", 400, 0),
        (Method::POST, "EIO=4&transport=polling", "", 400, 2),
        (Method::PUT, "EIO=4&transport=polling", "", 400, 2),
        (Method::GET, "EIO=3&transport=polling", "", 400, 5),
        (Method::GET, "transport=polling", "", 400, 5),
        (Method::GET, "EIO=4&transport=polling", "http://evil.example", 403, 4),
    ] {
        let answer = request(&http, address, method, query, origin, Body::empty()).await;
        let json: serde_json::Value = serde_json::from_str(&answer.1).unwrap();
        assert_eq!((answer.0, json["code"].as_u64()), (status, Some(code)), "{query} {origin}");
    }
    let own = format!("http://{address}");
    let query = "EIO=4&transport=polling";
    assert_eq!(request(&http, address, Method::GET, query, &own, Body::empty()).await.0, 200);
}

#[tokio::test]
async fn a_second_poll_ends_the_session() {
    let client = Client::open(echo(Config::DEFAULT).await, "polling").await;
    let second = async {
        // The first one is on its way, and the session is idle.
        while client.post("6").await.0 == 200 && client.poll().await.0 == 200 {}
    };
    let (first, ()) = tokio::join!(client.poll(), second);
    assert_eq!(first, (200, "1".into()));
    assert_eq!(client.poll().await.0, 400);
}

#[tokio::test]
async fn a_second_post_ends_the_session() {
    let client = Client::open(echo(Config::DEFAULT).await, "polling").await;
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let first = tokio::spawn({
        let body = Body::from_stream(Pieces(receiver));
        let twin = client.twin();
        async move { twin.post(body).await }
    });
    sender.send(Ok(Bytes::from_static(b"4"))).await.unwrap();
    // The second piece is taken once the first has been sent.
    sender.send(Ok(Bytes::from_static(b"0"))).await.unwrap();
    while client.post("6").await.0 == 200 {}
    assert_eq!(client.poll().await.0, 400);
    drop(sender);
    let _ = first.await.unwrap();
}

#[tokio::test]
async fn an_abandoned_poll_ends_the_session() {
    let client = Client::open(echo(Config::DEFAULT).await, "polling").await;
    assert!(timeout(Duration::from_millis(50), client.poll()).await.is_err());
    let gone = async { while client.post("6").await.0 == 200 {} };
    timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn heartbeats_keep_a_session_that_answers_them() {
    let mut config = quick();
    config.ping_timeout = Duration::from_secs(1);
    let address = echo(config).await;
    for transport in ["polling", "websocket"] {
        let (mut client, _) = Client::enter(address, transport, "").await;
        let busy = tokio::time::Instant::now();
        let mut sent = 0;
        while busy.elapsed() < Duration::from_millis(1500) {
            client.send(&format!("42[\"message\",{sent}]")).await;
            assert_eq!(client.recv().await, format!("42[\"message-back\",{sent}]"), "{transport}");
            sent += 1;
        }
    }
}

#[tokio::test]
async fn a_session_without_answers_expires() {
    let client = Client::open(echo(quick()).await, "polling").await;
    assert_eq!(client.poll().await, (200, "2".into()));
    assert_eq!(client.poll().await.0, 400);
    let mut ws = client.connect_new().await;
    while text(&mut ws).await.is_some() {}
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_session() {
    let mut config = Config::DEFAULT;
    config.max_queued = 10_000;
    let (mut client, _) = Client::enter(echo(config).await, "polling", "").await;
    client.send("42[\"flood\"]").await;
    let gone = async { while client.poll().await.0 == 200 {} };
    timeout(PATIENCE, gone).await.unwrap();
    assert_eq!(client.post("6").await.0, 400);
}

#[tokio::test]
async fn there_are_no_more_sessions_than_allowed() {
    let mut config = quick();
    config.max_sessions = 1;
    let client = Client::open(echo(config).await, "polling").await;
    let another = || async {
        let http = Http::builder(TokioExecutor::new()).build_http();
        let query = "EIO=4&transport=polling";
        request(&http, client.address, Method::GET, query, "", Body::empty()).await.0
    };
    assert_eq!(another().await, 503);
    let freed = async { while another().await == 503 {} };
    timeout(PATIENCE, freed).await.expect("the first session expires");
}

#[tokio::test]
async fn a_session_changes_its_transport_without_a_loss() {
    let (mut client, _) = Client::enter(echo(Config::DEFAULT).await, "polling", "").await;
    for number in 0..50 {
        client.send(&format!("42[\"message\",{number}]")).await;
    }
    client.upgrade().await;
    for number in 50..100 {
        client.send(&format!("42[\"message\",{number}]")).await;
    }
    for number in 0..100 {
        assert_eq!(client.recv().await, format!("42[\"message-back\",{number}]"));
    }
    assert_eq!(client.poll().await.0, 400, "the session no longer polls");
    let mut second = client.connect().await;
    assert_eq!(text(&mut second).await, None, "nor takes another WebSocket");
    client.send("42[\"message\",100]").await;
    assert_eq!(client.recv().await, "42[\"message-back\",100]");
}

#[tokio::test]
async fn a_probe_that_fails_leaves_the_session_polling() {
    let (mut client, _) = Client::enter(echo(Config::DEFAULT).await, "polling", "").await;
    let mut ws = client.connect().await;
    ws.send("2probe").await.unwrap();
    assert_eq!(text(&mut ws).await.as_deref(), Some("3probe"));
    assert_eq!(client.poll().await, (200, "6".into()), "an idle poll ends meanwhile");
    ws.send("4 is not expected here").await.unwrap();
    assert_eq!(text(&mut ws).await, None);
    client.send("42[\"message\",1]").await;
    assert_eq!(client.recv().await, "42[\"message-back\",1]");
    client.upgrade().await;
}
