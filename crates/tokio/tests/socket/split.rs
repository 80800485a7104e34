//! Two halves in two tasks.

use std::sync::Arc;
use std::time::Duration;

use rfc6455_tokio::rfc6455::{CloseCode, deflate};
use rfc6455_tokio::{Config, Message, Receiver, Sender, WebSocketStream};
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::sync::Barrier;
use tokio::time::timeout;

use crate::exchange::echo;
use crate::pipe::{Bytewise, ends, over};

/// Sends and receives so many messages at once, until both ends have; returns the halves.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    ws: WebSocketStream<S>,
    count: usize,
    len: usize,
    both: Arc<Barrier>,
) -> (Receiver<S>, Sender<S>) {
    let (mut receiver, mut sender) = ws.into_split();
    let mut sending = tokio::spawn(async move {
        for number in 0..count {
            sender.feed(vec![number.to_le_bytes()[0]; len]).await.unwrap();
            if number % 3 == 0 {
                sender.send(Message::Ping("still there?".into())).await.unwrap();
            }
        }
        sender.flush().await.unwrap();
        both.wait().await;
        sender
    });
    let mut arrived = 0_usize;
    let sender = loop {
        tokio::select! {
            sender = &mut sending => break sender.unwrap(),
            message = receiver.recv() => {
                let message = message.unwrap().unwrap();
                if message.is_data() {
                    assert_eq!(message, Message::from(vec![arrived.to_le_bytes()[0]; len]));
                    arrived += 1;
                }
            }
        }
    };
    while arrived < count {
        arrived += usize::from(receiver.recv().await.unwrap().unwrap().is_data());
    }
    (receiver, sender)
}

fn both() -> [Arc<Barrier>; 2] {
    let barrier = Arc::new(Barrier::new(2));
    [barrier.clone(), barrier]
}

#[tokio::test]
async fn both_directions_go_on_while_the_other_waits() {
    for config in [Config::DEFAULT, Config::DEFAULT.deflate(deflate::Config::DEFAULT)] {
        let config = config.backpressure(1_000);
        // Each end has to read while its own messages wait for the other.
        let (one, other) = ends(100, &config).await;
        let [first, second] = both();
        let (one, other) =
            tokio::join!(exchange(one, 50, 5_000, first), exchange(other, 50, 5_000, second));
        let mut one = one.0.reunite(one.1).unwrap();
        let (mut receiver, mut sender) = other;
        let closing = tokio::spawn(async move { one.close(CloseCode::NORMAL, "").await });
        while receiver.recv().await.is_some() {}
        closing.await.unwrap().unwrap();
        assert!(receiver.was_clean() && sender.send("late").await.is_err());
    }
}

#[tokio::test]
async fn no_wakeup_is_lost_byte_by_byte() {
    let (near, far) = duplex(8);
    let (one, other) = over(Bytewise::new(near), Bytewise::new(far), &Config::DEFAULT).await;
    let [first, second] = both();
    let exchanged =
        async { tokio::join!(exchange(one, 20, 300, first), exchange(other, 20, 300, second)) };
    timeout(Duration::from_secs(60), exchanged).await.expect("it goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_halves_work_on_different_threads() {
    let config = Config::DEFAULT.backpressure(500);
    for _ in 0..20 {
        let (one, other) = ends(64, &config).await;
        let [first, second] = both();
        let one = tokio::spawn(exchange(one, 30, 400, first));
        let other = tokio::spawn(exchange(other, 30, 400, second));
        timeout(Duration::from_secs(60), async { (one.await.unwrap(), other.await.unwrap()) })
            .await
            .expect("it goes on");
    }
}

#[tokio::test]
async fn halves_of_different_streams_are_not_reunited() {
    let (one, other) = ends(1_000, &Config::DEFAULT).await;
    let (one, other) = (one.into_split(), other.into_split());
    let (one_receiver, other_sender) = one.0.reunite(other.1).unwrap_err();
    let mut client = one_receiver.reunite(one.1).unwrap();
    let server = other.0.reunite(other_sender).unwrap();
    let server = tokio::spawn(echo(server));
    client.send("whole again").await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), Message::from("whole again"));
    client.close(CloseCode::NORMAL, "").await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn the_sender_closes_and_the_receiver_sees_the_end() {
    let (client, server) = ends(1_000, &Config::DEFAULT).await;
    let server = tokio::spawn(echo(server));
    let (mut receiver, mut sender) = client.into_split();
    sender.send("last").await.unwrap();
    sender.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(receiver.recv().await.unwrap().unwrap(), Message::from("last"));
    assert!(matches!(receiver.recv().await.unwrap().unwrap(), Message::Close(Some(_))));
    assert!(receiver.recv().await.is_none() && receiver.was_clean());
    server.await.unwrap();
}
