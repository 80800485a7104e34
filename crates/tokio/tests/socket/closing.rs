//! How connections end (RFC 6455 §5.5.1, §7).

use std::io;

use rfc6455_tokio::rfc6455::{CloseCode, Violation};
use rfc6455_tokio::{CloseFrame, Config, Error, Message, WebSocketStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_test::io::Builder;

use crate::pipe::{ends, frame, raw_server};

#[tokio::test]
async fn s7_1_either_end_closes_and_both_know_the_code() {
    for of_client in [false, true] {
        let (one, other) = ends(1 << 10, &Config::DEFAULT).await;
        let (mut closing, mut other) = if of_client { (one, other) } else { (other, one) };
        let other = tokio::spawn(async move {
            let message = other.recv().await.unwrap().unwrap();
            assert!(other.recv().await.is_none() && other.was_clean());
            message
        });
        closing.close(CloseCode::GOING_AWAY, "bye").await.unwrap();
        assert!(closing.was_clean() && closing.recv().await.is_none());
        let frame = CloseFrame { code: CloseCode::GOING_AWAY, reason: "bye".into() };
        assert_eq!(other.await.unwrap(), Message::Close(Some(frame)));
        closing.close(CloseCode::NORMAL, "again").await.unwrap();
        assert!(matches!(closing.send("late").await, Err(Error::Send(_))));
    }
}

#[tokio::test]
async fn s5_5_1_a_close_is_answered_although_the_receiver_stops_there() {
    let (mut client, mut server) = ends(1 << 10, &Config::DEFAULT).await;
    let server = tokio::spawn(async move {
        assert!(matches!(server.recv().await.unwrap().unwrap(), Message::Close(Some(_))));
    });
    client.close(CloseCode::NORMAL, "").await.unwrap();
    assert!(client.was_clean());
    server.await.unwrap();
}

#[tokio::test]
async fn s7_1_both_ends_close_at_once() {
    let (mut client, mut server) = ends(1 << 10, &Config::DEFAULT).await;
    let (one, other) =
        tokio::join!(client.close(CloseCode::NORMAL, ""), server.close(CloseCode::GOING_AWAY, ""));
    one.unwrap();
    other.unwrap();
    assert!(client.was_clean() && server.was_clean());
}

#[tokio::test]
async fn s7_1_7_a_violation_is_reported_after_its_close_was_sent() {
    let (mut near, mut ws) = raw_server(&Config::DEFAULT);
    near.write_all(&[frame(0x81, b"ok"), frame(0x83, b"")].concat()).await.unwrap();
    assert_eq!(ws.recv().await.unwrap().unwrap(), Message::from("ok"));
    let client = tokio::spawn(async move {
        let mut all = Vec::new();
        near.read_to_end(&mut all).await.unwrap();
        all
    });
    let Some(Err(Error::Protocol(error))) = ws.recv().await else { panic!("no error") };
    assert_eq!((error.violation(), error.offset()), (Violation::ReservedOpcode, 8));
    assert_eq!(client.await.unwrap(), b"\x88\x02\x03\xEA");
    assert!(ws.recv().await.is_none() && !ws.was_clean());
    assert!(matches!(ws.send("late").await, Err(Error::Send(_))));
}

/// A socket that is dropped with unread input is reset, and the peer may lose what it was sent.
#[tokio::test]
async fn s7_1_7_the_close_arrives_although_the_peer_goes_on_sending() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let server = tokio::spawn(async move {
        let mut ws = WebSocketStream::server(stream, &Config::DEFAULT);
        ws.recv().await.unwrap().unwrap_err()
    });
    client.write_all(&frame(0x83, b"")).await.unwrap();
    // A program often writes the whole of a long message before it reads again.
    for _ in 0..8 {
        client.write_all(&vec![0; 1 << 20]).await.unwrap();
    }
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"\x88\x02\x03\xEA");
    drop(client);
    assert!(matches!(server.await.unwrap(), Error::Protocol(_)));
}

#[tokio::test]
async fn s7_1_5_an_end_without_a_close_is_no_error() {
    let (mut near, mut ws) = raw_server(&Config::DEFAULT);
    near.write_all(&frame(0x81, b"ok")).await.unwrap();
    near.write_all(b"\x81").await.unwrap();
    drop(near);
    assert_eq!(ws.recv().await.unwrap().unwrap(), Message::from("ok"));
    assert!(ws.recv().await.is_none() && !ws.was_clean());
    assert!(ws.recv().await.is_none());
}

#[tokio::test]
async fn an_error_of_the_transport_keeps_its_kind_and_comes_once() {
    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    let transport = Builder::new().read(&frame(0x81, b"ok")).read_error(reset()).build();
    let mut ws = WebSocketStream::server(transport, &Config::DEFAULT);
    assert_eq!(ws.recv().await.unwrap().unwrap(), Message::from("ok"));
    let Some(Err(Error::Io(error))) = ws.recv().await else { panic!("no error") };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(ws.recv().await.is_none());

    let transport = Builder::new().write_error(reset()).build();
    let mut ws = WebSocketStream::server(transport, &Config::DEFAULT);
    let Err(Error::Io(error)) = ws.send("x").await else { panic!("no error") };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn what_arrived_before_writing_failed_is_received() {
    let broken = io::Error::from(io::ErrorKind::BrokenPipe);
    let mut bytes = frame(0x81, b"last words");
    bytes.extend(frame(0x88, b"\x03\xE8"));
    let transport = Builder::new().write_error(broken).read(&bytes).build();
    let mut ws = WebSocketStream::server(transport, &Config::DEFAULT);
    ws.feed("cannot be written").await.unwrap();
    assert_eq!(ws.recv().await.unwrap().unwrap(), Message::from("last words"));
    assert!(matches!(ws.recv().await.unwrap().unwrap(), Message::Close(Some(_))));
    assert!(ws.recv().await.is_none() && ws.was_clean());
}
