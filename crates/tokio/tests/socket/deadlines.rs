//! Heartbeats and deadlines, by a clock that stands still until all tasks wait.

use std::time::Duration;

use futures_util::FutureExt;
use rfc6455_tokio::rfc6455::{CloseCode, Timeouts, Timer};
use rfc6455_tokio::{Accept, Config, Error, Message, Request, accept_with, client};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

use crate::pipe::{ends, frame, raw_server};

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_then_given_up() {
    let (mut near, mut ws) = raw_server(&Config::DEFAULT);
    let start = Instant::now();
    let server = tokio::spawn(async move {
        assert_eq!(ws.recv().await.unwrap().unwrap(), Message::Pong("".into()));
        ws.recv().await.unwrap().unwrap_err()
    });
    let mut ping = [0; 2];
    near.read_exact(&mut ping).await.unwrap();
    assert_eq!((ping, start.elapsed().as_secs()), (*b"\x89\x00", 30));
    near.write_all(&frame(0x8A, b"")).await.unwrap();
    near.read_exact(&mut ping).await.unwrap();
    assert_eq!((ping, start.elapsed().as_secs()), (*b"\x89\x00", 60));
    assert!(matches!(server.await.unwrap(), Error::TimedOut(Timer::Pong)));
    assert_eq!(start.elapsed().as_secs(), 80);
}

#[tokio::test(start_paused = true)]
async fn two_quiet_ends_stay_connected() {
    let (mut client, mut server) = ends(100, &Config::DEFAULT).await;
    let server = tokio::spawn(async move {
        while server.recv().await.is_some_and(|message| message.is_ok()) {}
        server.was_clean()
    });
    let listening = async {
        while let Some(message) = client.recv().await {
            assert!(matches!(message.unwrap(), Message::Ping(_) | Message::Pong(_)));
        }
    };
    tokio::select! {
        () = listening => panic!("it ended"),
        () = sleep(Duration::from_secs(3_600)) => {}
    }
    client.close(CloseCode::NORMAL, "").await.unwrap();
    assert!(server.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_never_complete_has_a_deadline() {
    let (mut near, mut ws) = raw_server(&Config::DEFAULT);
    let start = Instant::now();
    let client = tokio::spawn(async move {
        near.write_all(b"\x81\xFE\x10\x00\0\0\0\0").await.unwrap();
        let mut seen = [0; 4];
        loop {
            tokio::select! {
                read = near.read_exact(&mut seen) => { read.unwrap(); return seen; }
                () = sleep(Duration::from_secs(7)) => near.write_all(b"x").await.unwrap(),
            }
        }
    });
    let error = ws.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::TimedOut(Timer::Message)), "{error:?}");
    assert_eq!(client.await.unwrap(), *b"\x88\x02\x03\xF0");
    assert!((300..=306).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_close_is_given_up() {
    let (near, mut ws) = raw_server(&Config::DEFAULT);
    let start = Instant::now();
    let error = ws.close(CloseCode::NORMAL, "").await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(Timer::Close)), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
    drop(near);
}

#[tokio::test(start_paused = true)]
async fn s7_1_7_a_peer_that_does_not_notice_its_violation_is_given_up() {
    let (mut near, mut ws) = raw_server(&Config::DEFAULT);
    let start = Instant::now();
    near.write_all(&frame(0x83, b"")).await.unwrap();
    let error = ws.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn s7_1_7_a_peer_that_goes_on_sending_after_its_violation_is_given_up() {
    let (mut near, mut ws) = raw_server(&Config::DEFAULT);
    let start = Instant::now();
    let client = tokio::spawn(async move {
        near.write_all(&frame(0x83, b"")).await.unwrap();
        while near.write_all(b"more").await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    let error = ws.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
    drop(ws);
    client.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_a_deadline() {
    let start = Instant::now();
    let (mut near, far) = duplex(100);
    near.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let result = accept_with(far, &Config::DEFAULT, async |_| Ok(Accept::new())).await;
    assert!(matches!(result.unwrap_err(), Error::TimedOut(Timer::Handshake)));
    assert_eq!(start.elapsed().as_secs(), 10);

    let (near, _far) = duplex(1 << 10);
    let request = Request::new("ws://localhost/").unwrap();
    let result = client(near, request, &Config::DEFAULT).await;
    assert!(matches!(result.unwrap_err(), Error::TimedOut(Timer::Handshake)));
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_write_without_progress_fails_and_a_slow_one_does_not() {
    let (mut near, mut ws) = raw_server(&Config::DEFAULT);
    let start = Instant::now();
    let Err(Error::Io(error)) = ws.send(vec![0; 100_000]).await else { panic!("no error") };
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(start.elapsed().as_secs(), 30);
    assert!(ws.recv().now_or_never().is_some_and(|end| end.is_none()), "it was reported");

    let (slow, mut ws) = raw_server(&Config::DEFAULT);
    std::mem::replace(&mut near, slow).shutdown().await.unwrap();
    let reader = tokio::spawn(async move {
        let mut piece = [0; 1_000];
        for _ in 0..101 {
            sleep(Duration::from_secs(20)).await;
            let _ = near.read_exact(&mut piece).await;
        }
    });
    ws.send(vec![0; 100_000]).await.unwrap();
    assert!(start.elapsed().as_secs() > 600);
    drop(ws);
    reader.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn deadlines_beyond_all_time_are_none() {
    let timeouts = Timeouts::DEFAULT.idle(Some(Duration::MAX)).pong(Some(Duration::MAX));
    let config = Config::DEFAULT.timeouts(timeouts).write_timeout(Some(Duration::MAX));
    let (mut near, mut ws) = raw_server(&config);
    let server = tokio::spawn(async move { ws.recv().await });
    sleep(Duration::from_secs(1_000_000)).await;
    near.write_all(&frame(0x81, b"ok")).await.unwrap();
    assert_eq!(server.await.unwrap().unwrap().unwrap(), Message::from("ok"));
}
