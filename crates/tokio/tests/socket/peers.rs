//! Against tokio-tungstenite, in both roles, over TCP.

use futures_util::{SinkExt, StreamExt};
use rfc6455_tokio::rfc6455::CloseCode;
use rfc6455_tokio::{Message, accept, connect};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite;

use crate::exchange::echo;

const LENGTHS: [usize; 8] = [0, 1, 125, 126, 65_535, 65_536, 100_000, 1 << 20];

#[tokio::test]
async fn a_client_that_is_not_ours_gets_its_messages_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo(accept(stream).await.unwrap()).await;
    });
    let (mut ws, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    for len in LENGTHS {
        let text = tungstenite::Message::text("x".repeat(len));
        let binary = tungstenite::Message::binary(vec![1; len]);
        for message in [text, binary] {
            ws.send(message.clone()).await.unwrap();
            assert_eq!(ws.next().await.unwrap().unwrap(), message);
        }
    }
    ws.send(tungstenite::Message::Ping("p".into())).await.unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap(), tungstenite::Message::Pong("p".into()));
    ws.close(None).await.unwrap();
    while ws.next().await.is_some() {}
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_ours_returns_our_messages() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let ws = tokio_tungstenite::accept_async(stream).await.unwrap();
        let (write, read) = ws.split();
        let data = read.filter(|message| {
            let is_data = |message: &tungstenite::Message| message.is_text() || message.is_binary();
            std::future::ready(message.as_ref().is_ok_and(is_data))
        });
        let _ = data.forward(write).await;
    });
    let mut ws = connect(url).await.unwrap();
    for len in LENGTHS {
        for message in [Message::from("x".repeat(len)), Message::from(vec![1; len])] {
            ws.send(message.clone()).await.unwrap();
            assert_eq!(ws.recv().await.unwrap().unwrap(), message);
        }
    }
    ws.close(CloseCode::NORMAL, "").await.unwrap();
    assert!(ws.was_clean());
    server.await.unwrap();
}
