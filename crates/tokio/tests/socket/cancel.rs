//! Futures that are dropped at every point where they wait.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Waker};

use rfc6455_tokio::rfc6455::{CloseCode, deflate};
use rfc6455_tokio::{Config, Message, WebSocketStream};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::task::unconstrained;

use crate::pipe::{Bytewise, over};

/// Polls a new future each time, and drops it if it is not ready.
async fn interrupted<W, T>(ws: &mut W, mut call: impl AsyncFnMut(&mut W) -> T) -> T {
    poll_fn(|cx| pin!(call(ws)).poll(cx)).await
}

async fn ends(capacity: usize, config: &Config) -> [WebSocketStream<Bytewise<DuplexStream>>; 2] {
    let (near, far) = duplex(capacity);
    let (client, server) = over(Bytewise::new(near), Bytewise::new(far), config).await;
    [client, server]
}

fn messages() -> Vec<Message> {
    let lengths = [0, 1, 125, 126, 1_024, 3_000];
    let of = |len: usize| [Message::from("\u{E4}".repeat(len / 2)), Message::from(vec![7; len])];
    lengths.into_iter().flat_map(of).collect()
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut ws: WebSocketStream<S>) -> bool {
    while let Some(message) = interrupted(&mut ws, async |ws| ws.recv().await).await {
        let message = message.unwrap();
        if message.is_data() {
            interrupted(&mut ws, async |ws| ws.feed(message.clone()).await).await.unwrap();
        }
    }
    ws.was_clean()
}

#[tokio::test]
async fn receiving_feeding_flushing_and_closing_can_be_interrupted_anywhere() {
    for config in [Config::DEFAULT, Config::DEFAULT.deflate(deflate::Config::DEFAULT)] {
        let config = config.backpressure(100);
        let [mut client, server] = ends(16, &config).await;
        let server = tokio::spawn(echo(server));
        for message in messages() {
            interrupted(&mut client, async |ws| ws.feed(message.clone()).await).await.unwrap();
            interrupted(&mut client, async |ws| ws.flush().await).await.unwrap();
            let received = interrupted(&mut client, async |ws| ws.recv().await).await;
            assert_eq!(received.unwrap().unwrap(), message);
        }
        let close = async |ws: &mut WebSocketStream<_>| ws.close(CloseCode::NORMAL, "bye").await;
        interrupted(&mut client, close).await.unwrap();
        assert!(client.was_clean() && server.await.unwrap());
    }
}

#[tokio::test]
async fn a_send_that_is_dropped_sends_its_message_once_or_not_at_all() {
    let long = Message::from(vec![7; 100]);
    for polls in 0..1_000 {
        let [mut client, mut server] = ends(1 << 10, &Config::DEFAULT.backpressure(10)).await;
        client.feed(vec![1; 20]).await.unwrap();
        let is_done = {
            let mut send = pin!(unconstrained(client.send(long.clone())));
            let cx = &mut Context::from_waker(Waker::noop());
            (0..polls).any(|_| send.as_mut().poll(cx).is_ready())
        };
        let flushed = tokio::spawn(async move {
            client.send("end").await.unwrap();
            client
        });
        let mut received = Vec::new();
        while received.last() != Some(&Message::from("end")) {
            received.push(server.recv().await.unwrap().unwrap());
        }
        flushed.await.unwrap();
        assert_eq!(received[0], Message::from(vec![1; 20]));
        let sent = received[1..received.len() - 1].to_vec();
        assert!(sent.is_empty() && !is_done || sent == [long.clone()], "{polls}: {sent:?}");
        if is_done {
            assert!(polls > 100, "it waited at every byte");
            return;
        }
    }
    panic!("it is never done");
}
