//! The example of a chat room.

mod common;
#[path = "../examples/chat.rs"]
#[allow(dead_code)] // its `main`
mod example;

use std::net::SocketAddr;

use common::{Test, serve};
use rfc6455_axum::rfc6455::{CloseCode, deflate};
use rfc6455_axum::{Config, Message};
use rfc6455_tokio::{MaybeTlsStream, Request, WebSocketStream, connect_with};

async fn visit(address: SocketAddr) -> Test<WebSocketStream<MaybeTlsStream>> {
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    let request = Request::new(&format!("ws://{address}/chat"))?;
    Ok(connect_with(request, &config).await?.0)
}

async fn expect(ws: &mut WebSocketStream<MaybeTlsStream>, line: &str) -> Test {
    let message = ws.recv().await.transpose()?;
    assert_eq!(message.as_ref().and_then(Message::as_str), Some(line));
    Ok(())
}

#[tokio::test]
async fn visitors_read_what_the_others_say() -> Test {
    let address = serve(example::app()).await?;
    let mut ann = visit(address).await?;
    ann.send("Ann").await?;
    expect(&mut ann, "Ann joined").await?;

    let mut other = visit(address).await?;
    other.send("Ann").await?;
    let Some(Message::Close(Some(frame))) = other.recv().await.transpose()? else {
        return Err("a name was given twice".into());
    };
    assert_eq!(frame.code, CloseCode::POLICY_VIOLATION);

    let mut bob = visit(address).await?;
    bob.send("Bob").await?;
    expect(&mut ann, "Bob joined").await?;
    expect(&mut bob, "Bob joined").await?;
    bob.send("hello").await?;
    expect(&mut ann, "Bob: hello").await?;
    expect(&mut bob, "Bob: hello").await?;
    bob.close(CloseCode::GOING_AWAY, "").await?;
    expect(&mut ann, "Bob left").await?;

    let mut bob = visit(address).await?;
    bob.send("Bob").await?;
    expect(&mut ann, "Bob joined").await
}
