//! Messages both ways.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use rfc6455_tokio::rfc6455::websocket::{self, Broadcast};
use rfc6455_tokio::rfc6455::{CloseCode, Limits, deflate};
use rfc6455_tokio::{Config, Error, Message, WebSocketStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::pipe::{Bytewise, Calls, Counted, ends, frame, over, raw_server};

fn compressing() -> Config {
    Config::DEFAULT.deflate(deflate::Config::DEFAULT)
}

/// Sends back what arrives, until the end.
pub(crate) async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut ws: WebSocketStream<S>) {
    while let Some(message) = ws.recv().await {
        let message = message.unwrap();
        if message.is_data() || matches!(message, Message::Chunk(_)) {
            ws.feed(message).await.unwrap();
        }
    }
    assert!(ws.was_clean());
}

fn messages(longest: usize) -> impl Iterator<Item = Message> {
    let lengths = [0, 1, 125, 126, 1_023, 1_024, 65_535, 65_536, 300_000];
    lengths.into_iter().filter(move |len| *len <= longest).flat_map(|len| {
        let text = "\u{E4}b".repeat(len / 3 + 1);
        [Message::from(text), Message::from(vec![len.to_le_bytes()[0]; len])]
    })
}

#[tokio::test]
async fn messages_of_every_length_come_back_as_they_were_sent() {
    for config in [Config::DEFAULT, compressing()] {
        for capacity in [7, 1_000, 1 << 20] {
            let (mut client, server) = ends(capacity, &config).await;
            let server = tokio::spawn(echo(server));
            for message in messages(capacity * 1_000) {
                client.send(message.clone()).await.unwrap();
                assert_eq!(client.recv().await.unwrap().unwrap(), message);
            }
            client.close(CloseCode::NORMAL, "").await.unwrap();
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn every_cut_of_the_stream_yields_the_same() {
    for config in [Config::DEFAULT, compressing()] {
        let (near, far) = duplex(64);
        let (mut client, server) = over(Bytewise::new(near), Bytewise::new(far), &config).await;
        let server = tokio::spawn(echo(server));
        for message in messages(1_024) {
            client.send(message.clone()).await.unwrap();
            assert_eq!(client.recv().await.unwrap().unwrap(), message);
        }
        client.close(CloseCode::NORMAL, "").await.unwrap();
        server.await.unwrap();
    }
}

#[tokio::test]
async fn it_is_a_stream_and_a_sink() {
    let (client, server) = ends(1 << 16, &Config::DEFAULT).await;
    let server = tokio::spawn(async move {
        let (sink, stream) = server.split();
        let data = stream
            .filter(|message| std::future::ready(message.as_ref().is_ok_and(Message::is_data)));
        data.forward(sink).await
    });
    let (mut sink, stream) = client.split();
    for number in 0..100 {
        SinkExt::send(&mut sink, Message::from(number.to_string())).await.unwrap();
    }
    let back: Vec<_> = stream.take(100).map(Result::unwrap).collect().await;
    let sent: Vec<_> = (0..100).map(|number| Message::from(number.to_string())).collect();
    assert_eq!(back, sent);
    drop((sink, server));
}

#[tokio::test]
async fn s5_4_a_long_message_passes_in_chunks() {
    let streaming = websocket::Config::DEFAULT.stream_above(1_000);
    let (mut client, server) = ends(4_096, &Config::DEFAULT).await;
    let server =
        WebSocketStream::server(server.into_inner(), &Config::DEFAULT.websocket(streaming));
    let server = tokio::spawn(echo(server));
    let text = "\u{20AC}".repeat(100_000);
    client.feed(text.clone()).await.unwrap();
    // It has to be read while it is written: the server keeps nothing.
    assert_eq!(client.recv().await.unwrap().unwrap(), Message::from(text));
    client.close(CloseCode::NORMAL, "").await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn all_answers_to_one_read_leave_with_one_write() {
    let (mut near, far) = duplex(1 << 16);
    let calls = Arc::new(Calls::default());
    let ws = WebSocketStream::server(Counted(far, calls.clone()), &Config::DEFAULT);
    let batch: Vec<u8> = (0..10).flat_map(|_| frame(0x81, b"hi")).collect();
    near.write_all(&batch).await.unwrap();
    let server = tokio::spawn(echo(ws));
    let mut back = vec![0; 40];
    near.read_exact(&mut back).await.unwrap();
    assert_eq!(back, b"\x81\x02hi".repeat(10));
    assert_eq!(calls.writes.load(Ordering::Relaxed), 1);
    assert_eq!(calls.reads.load(Ordering::Relaxed), 1);
    near.write_all(&frame(0x88, &[])).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_sender_waits_for_a_slow_reader_and_queues_no_more_than_it_may() {
    let (mut client, mut server) = ends(1 << 10, &Config::DEFAULT.backpressure(10_000)).await;
    let mut fed = 0;
    while server.feed(vec![7; 3_000]).now_or_never().is_some() {
        fed += 1;
        assert!(server.queued() <= 13_010, "{}", server.queued());
    }
    assert!(fed >= 4);
    // Nothing of what waited is in the queue: it is fed when there is room.
    let reader = tokio::spawn(async move {
        let mut received = 0;
        while client.recv().await.unwrap().unwrap() == Message::from(vec![7; 3_000]) {
            received += 1;
        }
        received
    });
    server.send("end").await.unwrap();
    assert_eq!(reader.await.unwrap(), fed);
}

#[tokio::test]
async fn what_cannot_be_sent_is_the_callers_error_and_changes_nothing() {
    let small = websocket::Config::DEFAULT.high_water(1_000);
    let (mut client, mut server) = ends(1 << 16, &Config::DEFAULT.websocket(small)).await;
    let error = server.send(vec![0; 1_001]).await.unwrap_err();
    assert!(matches!(error, Error::Send(_)), "{error:?}");
    let error = server.send(Message::Ping(vec![0; 126].into())).await.unwrap_err();
    assert!(matches!(error, Error::Send(_)), "{error:?}");
    server.send("still here").await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), Message::from("still here"));
}

#[tokio::test]
async fn a_message_over_the_limit_is_the_peers_error() {
    let limits = Limits::DEFAULT.max_message(100);
    let config = Config::DEFAULT.limits(limits);
    let (mut near, mut ws) = raw_server(&config);
    near.write_all(&frame(0x82, &[0; 101])).await.unwrap();
    let client = tokio::spawn(async move {
        let mut all = Vec::new();
        near.read_to_end(&mut all).await.unwrap();
        all
    });
    let error = ws.recv().await.unwrap().unwrap_err();
    let Error::Protocol(error) = error else { panic!("{error:?}") };
    assert_eq!((error.close_code(), error.offset()), (CloseCode::MESSAGE_TOO_BIG, 1));
    assert!(ws.recv().await.is_none());
    assert_eq!(client.await.unwrap(), b"\x88\x02\x03\xF1");
}

#[tokio::test]
async fn a_broadcast_reaches_all_clients_compressed_or_not() {
    let message = Broadcast::new("news ".repeat(1_000)).unwrap();
    let message = message.compress(&deflate::Config::DEFAULT);
    for config in [Config::DEFAULT, compressing()] {
        let (mut client, mut server) = ends(1 << 16, &config).await;
        for _ in 0..3 {
            server.feed_broadcast(&message).await.unwrap();
        }
        server.flush().await.unwrap();
        for _ in 0..3 {
            let received = client.recv().await.unwrap().unwrap();
            assert_eq!(received.as_str(), Some(&*"news ".repeat(1_000)));
        }
    }
}

#[tokio::test]
async fn many_long_messages_in_flight_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let server = tokio::spawn(echo(WebSocketStream::server(stream, &Config::DEFAULT)));
    let (mut from_server, mut to_server) = client.into_split();
    let (count, len) = (100, 1 << 16);
    let writing = tokio::spawn(async move {
        let mut message = b"\x82\xFF\0\0\0\0\0\x01\0\0\0\0\0\0".to_vec();
        message.resize(14 + len, 7);
        for _ in 0..count {
            to_server.write_all(&message).await.unwrap();
        }
        to_server
    });
    let mut echoed = vec![0; count * (10 + len)];
    let reading = from_server.read_exact(&mut echoed);
    timeout(Duration::from_secs(30), reading).await.expect("it goes on").unwrap();
    let mut to_server = writing.await.unwrap();
    to_server.write_all(&frame(0x88, &[])).await.unwrap();
    server.await.unwrap();
}
