//! Both roles, over one connection of HTTP/2 in memory.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, client, server};
use http::{Request, StatusCode, Version};
use rfc6455_http2::{H2Stream, Result, accept, connect};
use rfc6455_tokio::rfc6455::handshake::{HandshakeError, Offer};
use rfc6455_tokio::rfc6455::{CloseCode, deflate};
use rfc6455_tokio::{Config, Message, WebSocketStream};
use tokio::io::duplex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

type Socket = WebSocketStream<H2Stream>;
/// What a server has accepted, or why it has not.
type Accepted = UnboundedReceiver<Result<Socket>>;

const OFFER: Offer<'_> = Offer::new("example.com", "/");

fn config() -> Config {
    Config::DEFAULT.deflate(deflate::Config::DEFAULT)
}

/// Joins a client and a server of HTTP/2; the client has received the server's settings.
async fn pair() -> Result<(SendRequest<Bytes>, Accepted)> {
    let (near, far) = duplex(16 << 10);
    let (sender, accepted) = unbounded_channel();
    tokio::spawn(async move {
        let mut builder = server::Builder::new();
        let mut connection = builder.enable_connect_protocol().handshake::<_, Bytes>(far).await?;
        while let Some(request) = connection.accept().await {
            let (request, respond) = request?;
            assert_eq!(request.version(), Version::HTTP_2);
            let _ = sender.send(accept(request, respond, &config()));
        }
        std::result::Result::<_, h2::Error>::Ok(())
    });
    let (requests, connection) = client::handshake(near).await?;
    tokio::spawn(connection);
    let settings = async {
        while !requests.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), settings).await?;
    Ok((requests, accepted))
}

async fn both(requests: &SendRequest<Bytes>, accepted: &mut Accepted) -> Result<(Socket, Socket)> {
    let client = connect(requests, OFFER, "https", &config()).await?;
    let server = accepted.recv().await.ok_or("the server is gone")??;
    Ok((client, server))
}

async fn expect(ws: &mut Socket, message: &Message) -> Result<()> {
    assert_eq!(ws.recv().await.transpose()?.as_ref(), Some(message));
    Ok(())
}

#[tokio::test]
async fn rfc8441_websockets_share_a_connection() -> Result<()> {
    let (requests, mut accepted) = pair().await?;
    let (mut one, mut other) = both(&requests, &mut accepted).await?;
    let (mut second, mut far_second) = both(&requests, &mut accepted).await?;
    second.send("beside it").await?;
    for message in [Message::from("short"), Message::from("long ".repeat(1_000_000))] {
        one.send(message.clone()).await?;
        expect(&mut other, &message).await?;
        other.send(message.clone()).await?;
        expect(&mut one, &message).await?;
    }
    expect(&mut far_second, &"beside it".into()).await?;
    for (mut one, mut other) in [(one, other), (far_second, second)] {
        // The second call writes the reply.
        let end = async { (other.recv().await, other.recv().await) };
        let (closed, (last, nothing)) = tokio::join!(one.close(CloseCode::NORMAL, ""), end);
        closed?;
        assert!(matches!(last.transpose()?, Some(Message::Close(Some(_)))));
        assert!(nothing.is_none());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn slow_reader_stops_the_sender_at_the_window() -> Result<()> {
    const WINDOW: usize = 65_535;
    let (requests, mut accepted) = pair().await?;
    let (mut client, mut server) = both(&requests, &mut accepted).await?;
    // Bytes that cannot be compressed, from a generator of Marsaglia's.
    let mut x = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x.to_le_bytes()[0]
    })
    .take(1 << 20)
    .collect();
    let message = Message::from(noise);
    // The clock stands still, and moves on when nothing else can.
    assert!(timeout(Duration::from_secs(1), client.send(message.clone())).await.is_err());
    assert!(client.queued() >= message.len() - WINDOW, "{}", client.queued());
    let (sent, received) = tokio::join!(client.flush(), server.recv());
    sent?;
    assert_eq!(received.transpose()?, Some(message));
    Ok(())
}

#[tokio::test]
async fn dropped_stream_ends_its_peer_and_no_other() -> Result<()> {
    let (requests, mut accepted) = pair().await?;
    let (client, mut server) = both(&requests, &mut accepted).await?;
    let (mut second, mut far_second) = both(&requests, &mut accepted).await?;
    drop(client);
    assert!(matches!(server.recv().await, None | Some(Err(_))));
    assert!(!server.was_clean());
    second.send("still here").await?;
    expect(&mut far_second, &"still here".into()).await
}

#[tokio::test]
async fn request_that_does_not_conform_is_refused() -> Result<()> {
    let (requests, mut accepted) = pair().await?;
    let page = Request::get("https://example.com/").body(())?;
    let no_version = Request::connect("https://example.com/")
        .extension(h2::ext::Protocol::from_static("websocket"))
        .body(())?;
    let other = Request::connect("https://example.com/")
        .extension(h2::ext::Protocol::from_static("connect-udp"))
        .body(())?;
    let cases = [
        (page, StatusCode::BAD_REQUEST, HandshakeError::NotAnUpgrade),
        (no_version, StatusCode::BAD_REQUEST, HandshakeError::UnsupportedVersion),
        (other, StatusCode::NOT_IMPLEMENTED, HandshakeError::UnsupportedProtocol),
    ];
    for (request, status, error) in cases {
        let (response, mut send) = requests.clone().ready().await?.send_request(request, false)?;
        assert_eq!(response.await?.status(), status);
        send.send_reset(Reason::CANCEL);
        let refused = accepted.recv().await.ok_or("the server is gone")?.err();
        let refused = refused.ok_or("it was accepted")?;
        assert_eq!(refused.downcast_ref(), Some(&error));
    }
    both(&requests, &mut accepted).await?;
    Ok(())
}
