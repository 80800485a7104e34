//! The opening handshake of both ends (RFC 6455 §4).

use rfc6455_tokio::http::StatusCode;
use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::rfc6455::handshake::HandshakeError;
use rfc6455_tokio::{
    Accept, Config, Error, Message, Reject, Request, accept, accept_with, client, connect,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Gives a server this request; returns its response and its result.
async fn answer(
    request: &str,
    decide: impl AsyncFnOnce() -> Result<Accept, Reject>,
) -> (String, rfc6455_tokio::Result<()>) {
    let (mut near, far) = duplex(1 << 16);
    near.write_all(request.as_bytes()).await.unwrap();
    near.shutdown().await.unwrap();
    let result = accept_with(far, &Config::DEFAULT, async |_| decide().await).await;
    let mut response = String::new();
    let result = result.map(drop);
    near.read_to_string(&mut response).await.unwrap();
    (response, result)
}

async fn agree() -> Result<Accept, Reject> {
    Ok(Accept::new())
}

#[tokio::test]
async fn s4_2_2_the_callback_sees_the_request_and_its_answer_is_sent() {
    let (near, far) = duplex(1 << 16);
    let config = Config::DEFAULT;
    // In a task of its own, as servers do.
    let server = tokio::spawn(async move {
        accept_with(far, &Config::DEFAULT, async |upgrade| {
            tokio::task::yield_now().await;
            assert_eq!(upgrade.request().target(), "/chat?room=1");
            assert_eq!(upgrade.request().header("Authorization"), Some(&b"Bearer 1"[..]));
            assert_eq!(upgrade.request().host(), Some("example.com:8080"));
            upgrade.require_origin(&["https://example.com"])?;
            let subprotocol = upgrade.choose_subprotocol(&["b", "c"]).unwrap();
            Ok(Accept::new().subprotocol(subprotocol).header("Set-Cookie", "id=1"))
        })
        .await
    });
    let request = Request::new("ws://example.com:8080/chat?room=1#part").unwrap();
    let request = request.subprotocol("a").subprotocol("b");
    let request = request.origin("https://example.com").header("Authorization", "Bearer 1");
    let (client, response) = client(near, request, &config).await.unwrap();
    assert_eq!(client.subprotocol(), Some("b"));
    assert_eq!(response.response().header("set-cookie"), Some(&b"id=1"[..]));
    assert_eq!(server.await.unwrap().unwrap().subprotocol(), Some("b"));
}

#[tokio::test]
async fn a_request_may_be_refused_with_any_status() {
    let request = format!("{REQUEST}\r\n");
    let (response, result) = answer(&request, async || Err(StatusCode::UNAUTHORIZED.into())).await;
    assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n"));
    assert!(matches!(result, Err(Error::Rejected(StatusCode::UNAUTHORIZED))));
    let reject = || Reject::new(StatusCode::FOUND).header("Location", "/login").body("over there");
    let (response, _) = answer(&request, async || Err(reject())).await;
    assert!(response.contains("\r\nLocation: /login\r\n") && response.ends_with("over there"));
    let (response, _) =
        answer(&request, async || Err(HandshakeError::OriginNotAllowed.into())).await;
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
}

#[tokio::test]
async fn what_the_callback_returns_wrongly_is_answered_with_500() {
    let request = format!("{REQUEST}\r\n");
    let wrong = [
        Ok(Accept::new().subprotocol("never offered")),
        Ok(Accept::new().header("Sec-WebSocket-Accept", "mine")),
        Err(Reject::new(StatusCode::SWITCHING_PROTOCOLS)),
        Err(Reject::new(StatusCode::OK).header("X", "a\r\nb")),
    ];
    for wrong in wrong {
        let (response, result) = answer(&request, async || wrong).await;
        assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
        assert!(matches!(result, Err(Error::HandshakeSend(_))), "{result:?}");
    }
}

#[tokio::test]
async fn s4_2_1_a_request_that_does_not_conform_gets_its_status() {
    let cases = [
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), "426"),
        (format!("{}\r\n", REQUEST.replace("GET", "POST")), "405"),
        (format!("{}\r\n", REQUEST.replace("13", "8")), "426"),
        (format!("{REQUEST}Host: again\r\n\r\n"), "400"),
        (format!("{REQUEST}X: {}", "x".repeat(20_000)), "431"),
    ];
    for (request, status) in cases {
        let (response, result) = answer(&request, agree).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}\n{response}");
        assert!(matches!(result, Err(Error::Handshake(_))), "{result:?}");
    }
    let (response, result) = answer("GET / HT", agree).await;
    assert!(response.is_empty() && matches!(result, Err(Error::Io(_))), "{result:?}");
}

#[tokio::test]
async fn frames_that_come_with_the_request_are_not_lost() {
    for len in [1, 5_000, 100_000] {
        let (mut near, far) = duplex(1 << 20);
        let mut all = format!("{REQUEST}\r\n").into_bytes();
        all.extend_from_slice(b"\x82\xFF\0\0\0\0");
        all.extend_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
        all.extend(vec![0; 4 + len]);
        near.write_all(&all).await.unwrap();
        near.shutdown().await.unwrap();
        let mut ws = accept(far).await.unwrap();
        if len > 65_535 {
            assert_eq!(ws.recv().await.unwrap().unwrap(), Message::from(vec![0; len]));
        } else {
            // The length does not have the shortest form.
            assert!(matches!(ws.recv().await, Some(Err(Error::Protocol(_)))));
        }
    }
}

#[tokio::test]
async fn compression_is_used_if_both_ends_want_it() {
    let deflating = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    for (of_client, of_server) in [(true, true), (true, false), (false, true)] {
        let choose = |wanted| if wanted { deflating.clone() } else { Config::DEFAULT };
        let (near, far) = duplex(1 << 20);
        let request = Request::new("ws://localhost/").unwrap();
        let (client_config, server_config) = (choose(of_client), choose(of_server));
        let (client, server) = tokio::join!(
            client(near, request, &client_config),
            accept_with(far, &server_config, async |_| agree().await),
        );
        let (mut client, response) = client.unwrap();
        let agreed = of_client && of_server;
        let extensions = response.response().header("Sec-WebSocket-Extensions");
        assert_eq!(extensions, agreed.then_some(&b"permessage-deflate"[..]));
        client.feed("a".repeat(10_000)).await.unwrap();
        assert_eq!(client.queued() < 1_000, agreed, "{}", client.queued());
        let mut server = server.unwrap();
        client.flush().await.unwrap();
        assert_eq!(server.recv().await.unwrap().unwrap().as_str(), Some(&*"a".repeat(10_000)));
    }
}

#[tokio::test]
async fn s4_1_a_response_other_than_101_is_returned() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let moved = Reject::new(StatusCode::TEMPORARY_REDIRECT).header("Location", "ws://other/");
        accept_with(stream, &Config::DEFAULT, async |_| Err(moved)).await.map(drop)
    });
    let Err(Error::Refused(response)) = connect(url).await else { panic!("it is refused") };
    assert_eq!(response.response().status(), 307);
    assert_eq!(response.response().header("location"), Some(&b"ws://other/"[..]));
    assert!(matches!(server.await.unwrap(), Err(Error::Rejected(_))));
}

#[tokio::test]
async fn s3_a_url_has_the_scheme_and_a_host_and_nothing_secret() {
    for url in [
        "",
        "/",
        "localhost",
        "http://h/",
        "ws:///x",
        "ws://u@h/",
        "ws://h:x/",
        "ws://h:99999/",
        "ws://h h/",
    ] {
        assert!(matches!(Request::new(url), Err(Error::Url)), "{url}");
        assert!(matches!(connect(url).await, Err(Error::Url)), "{url}");
    }
    for url in ["ws://h", "ws://h:80/", "wss://h:443/x?y", "ws://[::1]:9001/", "ws://h:1?q"] {
        Request::new(url).unwrap();
    }
    #[cfg(not(feature = "rustls"))]
    assert!(matches!(connect("wss://localhost/").await, Err(Error::TlsUnavailable)));
}

#[tokio::test]
async fn the_host_header_has_the_port_unless_it_is_the_default() {
    let cases = [
        ("ws://h:80/", "h", "/"),
        ("wss://h:443/a?b", "h", "/a?b"),
        ("ws://h:443", "h:443", "/"),
        ("ws://[::1]:9/", "[::1]:9", "/"),
        ("ws://h?q", "h", "/?q"),
    ];
    for (url, host, target) in cases {
        let (near, far) = duplex(1 << 16);
        let request = Request::new(url).unwrap();
        let server = accept_with(far, &Config::DEFAULT, async |upgrade| {
            assert_eq!(upgrade.request().host(), Some(host), "{url}");
            assert_eq!(upgrade.request().target(), target, "{url}");
            agree().await
        });
        let (client, server) = tokio::join!(client(near, request, &Config::DEFAULT), server);
        client.unwrap();
        server.unwrap();
    }
}
