//! Each error code and each close code: what causes it, and that it costs its sender alone.

mod common;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use common::client::Client;
use common::{Test, get, node, noise, settings, token};
use rfc6455_tokio::rfc6455::CloseCode;
use rfc6455_tokio::{Error, Message, Request};
use serde_json::json;

/// Asserts that nobody else notices anything.
async fn others_are_served(client: &mut Client) -> Test {
    let content = format!("still here {}", rand_key());
    client.say("others", &content).await?;
    Ok(())
}

fn rand_key() -> String {
    format!("{:?}", Instant::now())
}

#[tokio::test]
async fn bad_request_is_what_is_no_request() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::in_room(node.address(), "ann", "a").await?;
    let long = "x".repeat(65);
    for request in [
        json!({}),
        json!({ "type": "fly" }),
        json!({ "type": "join" }),
        json!({ "type": "join", "roomId": "" }),
        json!({ "type": "join", "roomId": long }),
        json!({ "type": "join", "roomId": "a{b}" }),
        json!({ "type": "join", "roomId": "a", "since": { "epoch": 1, "offset": -1 } }),
        json!({ "type": "message", "roomId": "a", "key": "", "content": "x" }),
        json!({ "type": "message", "roomId": "a", "key": long, "content": "x" }),
        json!({ "type": "message", "roomId": "a", "key": "k", "content": 1 }),
        json!({ "type": "private", "to": "a\nb", "key": "k", "content": "x" }),
        json!({ "type": "history", "roomId": "a", "limit": 0 }),
        json!({ "type": "history", "roomId": "a", "limit": "many" }),
        json!({ "type": "file", "roomId": "a", "key": "k", "name": "n", "size": 1 }),
        json!({ "type": "file", "roomId": "a", "key": "0".repeat(32), "name": "a/b", "size": 1 }),
        json!({ "type": "file", "roomId": "a", "key": "0".repeat(32), "name": "n", "size": 0 }),
    ] {
        assert_eq!(client.refused(request.clone()).await?, "bad_request", "{request}");
    }
    client.send(json!({ "type": "ping", "id": {} })).await?;
    assert_eq!(client.next("error").await?["code"], "bad_request");
    client.ws.send(vec![0; 15]).await?;
    assert_eq!(client.next("error").await?["code"], "bad_request");
    client.say("a", "it goes on").await?;
    Ok(())
}

#[tokio::test]
async fn no_json_is_refused_twice_and_closed_with_1008_the_third_time() -> Test {
    let node = node(settings()).await?;
    let mut other = Client::in_room(node.address(), "bob", "others").await?;
    let mut client = Client::connect(node.address(), "ann").await?;
    for _ in 0..3 {
        client.ws.send("{").await?;
        assert_eq!(client.next("error").await?["code"], "bad_request");
    }
    let frame = client.closed().await?;
    assert_eq!(frame.code, CloseCode::POLICY_VIOLATION);
    assert_eq!(frame.reason.as_str(), "bad_request: not JSON");
    others_are_served(&mut other).await
}

#[tokio::test]
async fn unauthorized_is_everything_before_the_token_and_1008_the_third_time() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::open(node.address()).await?;
    assert_eq!(client.refused(json!({ "type": "join", "roomId": "a" })).await?, "unauthorized");
    client.ws.send(vec![0; 20]).await?;
    assert_eq!(client.next("error").await?["code"], "unauthorized");
    client.ws.send("nonsense").await?;
    assert_eq!(client.next("error").await?["code"], "bad_request");
    let frame = client.closed().await?;
    assert_eq!(frame.code, CloseCode::POLICY_VIOLATION);
    assert!(frame.reason.as_str().starts_with("unauthorized"), "{frame:?}");
    Ok(())
}

#[tokio::test]
async fn unauthorized_is_a_renewal_with_an_invalid_token() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::connect(node.address(), "ann").await?;
    let expired = token("ann", -1, None);
    for token in ["x", &expired] {
        let renew = json!({ "type": "renew", "token": token });
        assert_eq!(client.refused(renew).await?, "unauthorized");
    }
    let renew = json!({ "type": "renew", "token": token("bob", 60, None) });
    assert_eq!(client.refused(renew).await?, "forbidden");
    assert_eq!(client.ask(json!({ "type": "ping", "t": 5 })).await?["t"], 5);
    Ok(())
}

#[tokio::test]
async fn forbidden_is_a_room_that_was_not_joined() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::in_room(node.address(), "ann", "a").await?;
    for request in [
        json!({ "type": "leave", "roomId": "b" }),
        json!({ "type": "message", "roomId": "b", "key": "k", "content": "x" }),
        json!({ "type": "typing", "roomId": "b", "on": true }),
        json!({ "type": "history", "roomId": "b", "limit": 1 }),
        json!({ "type": "file", "roomId": "b", "key": "0".repeat(32), "name": "n", "size": 1 }),
    ] {
        assert_eq!(client.refused(request.clone()).await?, "forbidden", "{request}");
    }
    assert_eq!(client.ask(json!({ "type": "leave", "roomId": "a" })).await?["type"], "ok");
    let again = json!({ "type": "message", "roomId": "a", "key": "k", "content": "x" });
    assert_eq!(client.refused(again).await?, "forbidden");
    Ok(())
}

#[tokio::test]
async fn forbidden_is_a_room_that_the_token_does_not_allow() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::open(node.address()).await?;
    client.send(json!({ "type": "auth", "token": token("ann", 60, Some(&["a", "b"])) })).await?;
    client.next("ready").await?;
    client.join("a", None).await?;
    client.join("b", None).await?;
    let join = json!({ "type": "join", "roomId": "c" });
    assert_eq!(client.refused(join).await?, "forbidden");
    // A token that allows less ends the membership.
    let renew = json!({ "type": "renew", "token": token("ann", 60, Some(&["b"])) });
    assert_eq!(client.ask(renew).await?["type"], "ok");
    assert_eq!(client.next("error").await?["code"], "forbidden");
    let message = json!({ "type": "message", "roomId": "a", "key": "k", "content": "x" });
    assert_eq!(client.refused(message).await?, "forbidden");
    client.say("b", "allowed").await?;
    Ok(())
}

#[tokio::test]
async fn forbidden_is_one_room_more_than_256() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::connect(node.address(), "ann").await?;
    for number in 0..256 {
        client.join(&number.to_string(), None).await?;
    }
    client.join("0", None).await?;
    let join = json!({ "type": "join", "roomId": "256" });
    assert_eq!(client.refused(join).await?, "forbidden");
    Ok(())
}

#[tokio::test]
async fn not_found_is_a_chunk_of_an_unknown_file() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::connect(node.address(), "ann").await?;
    client.ws.send(vec![7; 100]).await?;
    assert_eq!(client.next("error").await?["code"], "not_found");
    Ok(())
}

#[tokio::test]
async fn too_large_is_a_file_beyond_the_limit_or_beyond_its_size() -> Test {
    let mut settings = settings();
    settings.max_file = 1000;
    let node = node(settings).await?;
    let mut client = Client::in_room(node.address(), "ann", "a").await?;
    let file = |key: u8, size| {
        let key = format!("{key:02}").repeat(16);
        json!({ "type": "file", "roomId": "a", "key": key, "name": "n", "size": size })
    };
    assert_eq!(client.refused(file(7, 1001)).await?, "too_large");
    client.send(file(7, 50)).await?;
    client.ws.send(vec![7; 16 + 51]).await?;
    assert_eq!(client.next("error").await?["code"], "too_large");
    for key in 0..4 {
        client.send(file(key, 50)).await?;
    }
    assert_eq!(client.refused(file(4, 50)).await?, "too_large");
    Ok(())
}

#[tokio::test]
async fn rate_limited_says_when_to_try_again_and_1008_follows_if_that_is_ignored() -> Test {
    let mut settings = settings();
    settings.rate = NonZeroU32::new(5).ok_or("zero")?;
    settings.burst = NonZeroU32::new(10).ok_or("zero")?;
    let node = node(settings).await?;
    let mut client = Client::in_room(node.address(), "ann", "a").await?;
    let mut other = Client::in_room(node.address(), "bob", "others").await?;
    for number in 0..10 {
        client.send(json!({ "type": "ping", "id": 1000 + number, "t": 0 })).await?;
    }
    let error = client.next("error").await?;
    assert_eq!(error["code"], "rate_limited");
    assert!(error["re"].is_u64(), "{error}");
    let wait = error["retryAfter"].as_f64().ok_or("no number")?;
    assert!(wait > 0.0 && wait <= 0.2, "{wait}");
    tokio::time::sleep(Duration::from_secs_f64(wait)).await;
    client.say("a", "patience is rewarded").await?;
    for _ in 0..50 {
        if client.send(json!({ "type": "ping" })).await.is_err() {
            break;
        }
    }
    let frame = client.closed().await?;
    assert_eq!(frame.code, CloseCode::POLICY_VIOLATION);
    assert!(frame.reason.as_str().starts_with("rate_limited"), "{frame:?}");
    others_are_served(&mut other).await
}

#[tokio::test]
async fn a_flood_is_read_no_faster_than_its_rate() -> Test {
    let mut settings = settings();
    settings.rate = NonZeroU32::new(20).ok_or("zero")?;
    settings.burst = NonZeroU32::new(20).ok_or("zero")?;
    let node = node(settings).await?;
    let mut client = Client::connect(node.address(), "ann").await?;
    let start = Instant::now();
    for _ in 0..1000 {
        client.send(json!({ "type": "ping" })).await?;
    }
    assert_eq!(client.closed().await?.code, CloseCode::POLICY_VIOLATION);
    let (_, _, text) = get(node.address(), "/metrics", "").await?;
    let text = String::from_utf8(text)?;
    let read = text.lines().find_map(|line| line.strip_prefix("chat_messages_received_total "));
    let read: f64 = read.ok_or("no metric")?.parse()?;
    // Half of those over the burst are refused, and the first one and the last one wait for nothing.
    let allowed = 22.0 + 2.0 * 20.0 * start.elapsed().as_secs_f64();
    assert!((40.0..=allowed).contains(&read), "{read} were read, and {allowed} allowed");
    Ok(())
}

#[tokio::test]
async fn close_1008_without_a_token_in_time() -> Test {
    let mut settings = settings();
    settings.timing.auth = Duration::from_millis(200);
    let node = node(settings).await?;
    let frame = Client::open(node.address()).await?.closed().await?;
    assert_eq!(frame.code, CloseCode::POLICY_VIOLATION);
    assert_eq!(frame.reason.as_str(), "unauthorized: no token came in time");
    Ok(())
}

#[tokio::test]
async fn close_1008_with_a_token_that_is_invalid_or_expired() -> Test {
    let node = node(settings()).await?;
    for (token, reason) in [
        ("x.y.z".into(), "unauthorized: the token is invalid"),
        (token("ann", -1, None), "unauthorized: the token has expired"),
    ] {
        let mut client = Client::open(node.address()).await?;
        client.send(json!({ "type": "auth", "token": token })).await?;
        let frame = client.closed().await?;
        assert_eq!(frame.code, CloseCode::POLICY_VIOLATION);
        assert_eq!(frame.reason.as_str(), reason);
    }
    Ok(())
}

#[tokio::test]
async fn close_1009_for_a_message_over_the_limit() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::in_room(node.address(), "ann", "a").await?;
    let mut other = Client::in_room(node.address(), "bob", "others").await?;
    let fits = 64 * 1024 - 100;
    client.publish("a", "k", &"x".repeat(fits)).await?;
    client.ws.send("x".repeat(64 * 1024 + 1)).await?;
    let frame = client.closed().await?;
    assert_eq!(frame.code, CloseCode::MESSAGE_TOO_BIG);
    others_are_served(&mut other).await
}

#[tokio::test]
async fn close_1012_for_a_drain() -> Test {
    let node = node(settings()).await?;
    let address = node.address();
    let mut client = Client::in_room(address, "ann", "a").await?;
    client.say("a", "before").await?;
    let drain = tokio::spawn(node.drain());
    let frame = client.closed().await?;
    assert_eq!(frame.code, CloseCode::SERVICE_RESTART);
    assert_eq!(frame.reason.as_str(), "the server restarts");
    while client.ws.recv().await.is_some() {}
    drain.await?;
    assert!(Client::open(address).await.is_err());
    Ok(())
}

#[tokio::test]
async fn close_1013_for_a_reader_that_is_too_slow() -> Test {
    let node = node(settings()).await?;
    let mut slow = Client::in_room(node.address(), "slow", "a").await?;
    let mut client = Client::in_room(node.address(), "ann", "a").await?;
    // More than the buffers of both sockets and the queue hold.
    for number in 0..400 {
        client.publish("a", &number.to_string(), &noise(number, 60_000)).await?;
        let (_, _, text) = get(node.address(), "/metrics", "").await?;
        if String::from_utf8(text)?.contains("chat_ends_total{reason=\"slow\"} 1") {
            let frame = slow.closed().await?;
            assert_eq!(frame.code, CloseCode::TRY_AGAIN_LATER);
            return Ok(());
        }
    }
    Err("the slow reader was never closed".into())
}

#[tokio::test]
async fn a_violation_of_the_protocol_below_is_closed_with_its_code() -> Test {
    let node = node(settings()).await?;
    let mut client = Client::connect(node.address(), "ann").await?;
    // A text message with a byte that no UTF-8 has, masked by zeros, written past the codec.
    let frame = [0x81, 0x81, 0, 0, 0, 0, 0xFF];
    tokio::io::AsyncWriteExt::write_all(client.ws.get_mut(), &frame).await?;
    assert_eq!(client.closed().await?.code, CloseCode::INVALID_PAYLOAD);
    Ok(())
}

#[tokio::test]
async fn status_401_for_an_upgrade_with_an_invalid_token() -> Test {
    let node = node(settings()).await?;
    let address = node.address();
    let url = format!("ws://{address}/ws");
    let expired = token("ann", -1, None);
    for request in [
        Request::new(&format!("{url}?token={expired}"))?,
        Request::new(&url)?.header("Cookie", format!("a=b; token={expired}")),
        Request::new(&url)?.subprotocol(format!("bearer.{expired}")),
    ] {
        let Err(error) = Client::request(request).await else { return Err("accepted".into()) };
        let Some(Error::Refused(response)) = error.downcast_ref() else { return Err(error) };
        assert_eq!(response.response().status(), 401);
    }
    Ok(())
}

#[tokio::test]
async fn status_403_for_another_origin() -> Test {
    let mut with_origin = settings();
    with_origin.origin = vec!["https://chat.example".into()];
    for (settings, allowed) in [(settings(), None), (with_origin, Some("https://chat.example"))] {
        let node = node(settings).await?;
        let url = format!("ws://{}/ws", node.address());
        let own = format!("http://{}", node.address());
        let request = Request::new(&url)?.origin(allowed.unwrap_or(&own));
        Client::request(request).await?;
        for origin in ["https://evil.example", "null"] {
            let request = Request::new(&url)?.origin(origin);
            let Err(error) = Client::request(request).await else { return Err("accepted".into()) };
            let Some(Error::Refused(response)) = error.downcast_ref() else { return Err(error) };
            assert_eq!(response.response().status(), 403);
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_token_comes_by_cookie_query_subprotocol_or_first_frame() -> Test {
    let node = node(settings()).await?;
    let url = format!("ws://{}/ws", node.address());
    let token = token("ann", 60, None);
    let bearer = format!("bearer.{token}");
    for (request, protocol) in [
        (Request::new(&format!("{url}?token={token}"))?, None),
        (Request::new(&url)?.header("Cookie", format!("x=y; token={token}")), None),
        (Request::new(&url)?.subprotocol(&bearer), Some(&*bearer)),
        (Request::new(&url)?.subprotocol(&bearer).subprotocol("rooms"), Some("rooms")),
    ] {
        let mut client = Client::request(request).await?;
        assert_eq!(client.ws.subprotocol(), protocol);
        let ready = client.next("ready").await?;
        assert_eq!(ready["userId"], "ann");
        assert_eq!(ready["heartbeat"], 25);
        // A page that sends its token in any case is answered in the same way.
        assert_eq!(client.ask(json!({ "type": "auth", "token": token })).await?["type"], "ready");
    }
    Client::connect(node.address(), "ann").await?;
    Ok(())
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_then_dropped() -> Test {
    let mut settings = settings();
    settings.timing.heartbeat = Duration::from_millis(100);
    settings.timing.pong = Duration::from_millis(100);
    let node = node(settings).await?;
    let mut watcher = Client::in_room(node.address(), "bob", "a").await?;
    let mut client = Client::in_room(node.address(), "ann", "a").await?;
    watcher.next("presence").await?;
    let Some(Message::Ping(_)) = client.ws.recv().await.transpose()? else {
        return Err("no Ping".into());
    };
    // From here on, it neither reads nor writes, and so it answers nothing.
    let gone = watcher.next("presence").await?;
    assert_eq!(gone["userId"], "ann");
    assert_eq!(gone["status"], "offline");
    Ok(())
}
