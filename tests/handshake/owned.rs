//! Handshakes, requests and responses that borrow nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};
use std::thread;

use rfc6455::handshake::{
    Acceptance, ClientHandshake, HandshakeError, HandshakeLimits, HeadBuffer, HeadStorage, Offer,
    ServerHandshake, Upgrade,
};

const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

/// The state of a connection, without a lifetime.
struct Peer {
    server: ServerHandshake<HeadBuffer>,
    client: ClientHandshake<'static, HeadBuffer>,
}

fn peer(limit: usize) -> Peer {
    let host = String::from("example.com");
    let subprotocols = [String::from("chat")];
    let subprotocols: Vec<&str> = subprotocols.iter().map(String::as_str).collect();
    let offer = Offer::new(&host, "/").subprotocols(&subprotocols).extensions(Some("x"));
    let (limits, buffer) = (HandshakeLimits::DEFAULT, HeadBuffer::new(limit));
    let client = ClientHandshake::new(offer, *b"the sample nonce", buffer.clone(), limits).unwrap();
    Peer { server: ServerHandshake::new(buffer, limits), client: client.into_owned() }
}

#[test]
fn the_memory_of_a_head_grows_with_what_has_arrived() {
    for limit in [0, 1, 63, 64, 65, 100, REQUEST.len(), 1 << 30, usize::MAX] {
        let mut server = peer(limit).server;
        assert_eq!(server.storage().capacity(), 0, "allocated before the first byte");
        let mut before = 0;
        for (at, byte) in REQUEST.iter().enumerate() {
            let received = server.receive(&mut &mut [*byte][..]).map(|request| request.is_some());
            let capacity = server.storage().capacity();
            assert!(
                capacity <= limit.min((2 * (at + 1)).max(64)),
                "{capacity} for {at} of {limit}"
            );
            assert!(received.is_err() || capacity > at, "{capacity} for {at}");
            assert!(capacity == before || before == at, "{before}, then {capacity}, for {at}");
            before = capacity;
            match at + 1 {
                last if last == REQUEST.len() && last <= limit => assert_eq!(received, Ok(true)),
                full if full >= limit => {
                    assert_eq!(received, Err(HandshakeError::HeadTooLarge).or(received));
                    assert!(received.is_err());
                    break;
                }
                _ => assert_eq!(received, Ok(false)),
            }
        }
    }
}

#[test]
fn a_head_fits_into_owned_storage_of_its_length_and_not_into_less() {
    fn path(storage: impl HeadStorage) -> Result<String, HandshakeError> {
        let mut handshake = ServerHandshake::new(storage, HandshakeLimits::DEFAULT);
        let mut input = REQUEST.to_vec();
        let request = handshake.receive(&mut &mut input[..])?;
        Ok(request.unwrap().path().to_owned())
    }
    const LEN: usize = REQUEST.len();
    assert_eq!(path([0; LEN]), Ok("/chat".to_owned()));
    assert_eq!(path([0; LEN - 1]), Err(HandshakeError::HeadTooLarge));
    assert_eq!(path(vec![0; LEN]), Ok("/chat".to_owned()));
    assert_eq!(path(vec![0; LEN - 1]), Err(HandshakeError::HeadTooLarge));
}

#[test]
fn a_long_input_takes_only_the_memory_of_its_head() {
    let mut input = [REQUEST, &vec![b'x'; 1 << 16]].concat();
    let mut server = peer(1 << 20).server;
    let mut rest = &mut input[..];
    assert!(server.receive(&mut rest).unwrap().is_some());
    assert_eq!(rest.len(), 1 << 16);
    assert!(server.storage().capacity() <= REQUEST.len());
    // A used buffer serves again.
    let mut again = ServerHandshake::new(server.into_storage(), HandshakeLimits::DEFAULT);
    let mut input = REQUEST.to_vec();
    assert_eq!(again.receive(&mut &mut input[..]).unwrap().unwrap().path(), "/chat");
}

#[test]
fn interim_responses_count_towards_the_limit_of_a_buffer() {
    let mut client = peer(100).client;
    assert_eq!(client.storage().capacity(), 0);
    let mut input = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10);
    let refused = client.receive(&mut &mut input[..]).map(|response| response.is_some());
    assert_eq!(refused, Err(HandshakeError::HeadTooLarge));
    assert!(client.into_storage().capacity() <= 100);
}

#[test]
fn an_owned_client_checks_what_it_has_offered() {
    for (more, verdict) in [
        ("", None),
        ("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x\r\n", None),
        ("Sec-WebSocket-Protocol: soap\r\n", Some(HandshakeError::UnofferedSubprotocol)),
        ("Sec-WebSocket-Extensions: y\r\n", Some(HandshakeError::UnofferedExtension)),
    ] {
        let mut input = format!(
            "HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{more}\r\n"
        )
        .into_bytes();
        let mut client = peer(1024).client;
        let response = client.receive(&mut &mut input[..]).unwrap().unwrap();
        assert_eq!(response.upgrade().err(), verdict);
        let kept = response.into_owned();
        let debug = format!("{response:?}");
        drop(client);
        assert_eq!(kept.response().upgrade().err(), verdict);
        assert_eq!(kept.response().reason(), b"Ok");
        assert_eq!(format!("{:?}", kept.response().headers()), {
            let begin = debug.find("headers: ").unwrap() + 9;
            &debug[begin..begin + format!("{:?}", kept.response().headers()).len()]
        });
    }
}

/// What an async runtime demands of a task.
fn spawn<F>(future: F) -> thread::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    thread::spawn(move || {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) =
                future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                return output;
            }
        }
    })
}

/// Pending once, so that what is borrowed is held across a suspension.
async fn suspend() {
    let mut suspended = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut suspended, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A server in the way that frameworks are written: the handler sees the upgrade, and may wait.
async fn serve<H>(mut bytes: Vec<u8>, handler: H) -> Vec<u8>
where
    H: AsyncFnOnce(&Upgrade<'_>) -> Option<&'static str>,
{
    let mut handshake = ServerHandshake::new(HeadBuffer::new(8192), HandshakeLimits::DEFAULT);
    let mut input = &mut bytes[..];
    let request = handshake.receive(&mut input).unwrap().unwrap();
    let upgrade = request.upgrade().unwrap();
    let subprotocol = handler(&upgrade).await;
    let mut out = [0; 512];
    let acceptance = Acceptance::DEFAULT.subprotocol(subprotocol);
    let len = upgrade.accept(&acceptance, &mut out).unwrap();
    out[..len].to_vec()
}

async fn named(upgrade: &Upgrade<'_>) -> Option<&'static str> {
    suspend().await;
    upgrade.choose_subprotocol(&["chat"]).map(|_| "chat")
}

#[test]
fn a_handler_of_upgrades_runs_in_a_spawned_task() {
    let (paths, found): (Sender<String>, _) = channel();
    let answer = spawn(serve(REQUEST.to_vec(), async move |upgrade: &Upgrade<'_>| {
        let offered: Vec<&str> = upgrade.subprotocols().collect();
        for extension in upgrade.extensions() {
            suspend().await;
            assert!(!extension.name().is_empty());
        }
        for (name, _) in upgrade.request().headers() {
            suspend().await;
            assert!(!name.is_empty());
        }
        suspend().await;
        assert_eq!(offered, ["chat"]);
        paths.send(upgrade.request().path().to_owned()).unwrap();
        Some("chat")
    }));
    let answer = String::from_utf8(answer.join().unwrap()).unwrap();
    assert!(answer.ends_with("\r\nSec-WebSocket-Protocol: chat\r\n\r\n"), "{answer}");
    assert_eq!(found.recv().unwrap(), "/chat");
    assert_eq!(spawn(serve(REQUEST.to_vec(), named)).join().unwrap(), answer.into_bytes());
}

#[cfg(feature = "http")]
#[test]
fn the_same_handler_takes_the_request_of_another_stack() {
    let received = http::Request::get("/chat")
        .header("Host", "a")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "chat")
        .body(())
        .unwrap();
    let chosen = spawn(async move {
        let upgrade = rfc6455::handshake::Request::from(&received).upgrade().unwrap();
        named(&upgrade).await
    });
    assert_eq!(chosen.join().unwrap(), Some("chat"));
}
