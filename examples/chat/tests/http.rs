//! What is served over HTTP: the page, tokens, files, feeds, health and figures.

mod common;

use std::net::SocketAddr;
use std::num::NonZeroU32;

use common::client::Client;
use common::{SOON, Test, get, node, settings, token};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const KEY: &str = "000102030405060708090a0b0c0d0e0f";

async fn json_of(address: SocketAddr, path: &str) -> Test<Value> {
    let (status, _, body) = get(address, path, "").await?;
    assert_eq!(status, 200, "{path}");
    Ok(serde_json::from_slice(&body)?)
}

#[tokio::test]
async fn without_a_secret_tokens_are_given_to_everyone() -> Test {
    let mut open = settings();
    open.jwt_secret = None;
    let open = node(open).await?;
    let answer = json_of(open.address(), "/token?user=ann").await?;
    let mut client = Client::open(open.address()).await?;
    client.send(json!({ "type": "auth", "token": answer["token"] })).await?;
    assert_eq!(client.next("ready").await?["userId"], "ann");
    assert_eq!(get(open.address(), "/token?user=", "").await?.0, 400);

    let closed = node(settings()).await?;
    assert_eq!(get(closed.address(), "/token?user=ann", "").await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn the_page_and_its_modules_are_served_and_framed_by_nobody() -> Test {
    let node = node(settings()).await?;
    for (path, kind) in
        [("/", "text/html"), ("/compare", "text/html"), ("/rooms.js", "text/javascript")]
    {
        let (status, head, body) = get(node.address(), path, "").await?;
        assert_eq!(status, 200, "{path}");
        let head = head.to_lowercase();
        assert!(head.contains(&format!("content-type: {kind}")), "{head}");
        assert!(head.contains("nosniff") && head.contains("frame-ancestors 'none'"), "{head}");
        assert!(!body.is_empty());
    }
    assert_eq!(get(node.address(), "/nothing", "").await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn health_readiness_and_figures() -> Test {
    let node = node(settings()).await?;
    let address = node.address();
    let ann = Client::in_room(address, "ann", "r").await?;
    assert_eq!(get(address, "/healthz", "").await?.0, 200);
    assert_eq!(get(address, "/readyz", "").await?.0, 200);
    let text = String::from_utf8(get(address, "/metrics", "").await?.2)?;
    for line in ["chat_connections 1", "chat_websockets 1", "chat_backplane_up 1"] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let client = Client::connect(address, "bob").await?;
    let drain = tokio::spawn(node.drain());
    common::ready(address, 503).await?;
    assert_eq!(get(address, "/healthz", "").await?.0, 200);
    assert!(Client::open(address).await.is_err(), "a node that drains accepts nobody");
    drop((client, ann));
    drain.await?;
    Ok(())
}

/// Uploads a file in chunks; returns everything that was received until the answer.
async fn upload(client: &mut Client, room: &str, file: &[u8]) -> Test<(Vec<u64>, Value)> {
    let size = file.len();
    let name = "a file.bin";
    client
        .send(json!({
            "type": "file", "id": "f", "roomId": room, "key": KEY, "name": name, "size": size,
        }))
        .await?;
    let key: Vec<u8> = (0..16).collect();
    for chunk in file.chunks(32 << 10) {
        client.ws.send([&*key, chunk].concat()).await?;
    }
    let mut progress = Vec::new();
    loop {
        let message = timeout(SOON, client.receive()).await??;
        if message["type"] == "progress" {
            assert_eq!(message["key"], KEY);
            progress.push(message["received"].as_u64().ok_or("no number")?);
        } else if message["re"] == "f" {
            return Ok((progress, message));
        }
    }
}

#[tokio::test]
async fn a_file_is_streamed_and_told_of_and_served() -> Test {
    let folder = tempfile::tempdir()?;
    let mut settings = settings();
    settings.files = Some(folder.path().to_path_buf());
    let node = node(settings).await?;
    let mut ann = Client::in_room(node.address(), "ann", "r").await?;
    let mut bob = Client::in_room(node.address(), "bob", "r").await?;
    let file: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let (progress, ack) = upload(&mut ann, "r", &file).await?;
    assert_eq!(progress, [262_144, 524_288, 786_432]);
    assert_eq!(
        (&ack["type"], &ack["offset"], &ack["key"]),
        (&json!("ack"), &json!(1), &json!(KEY))
    );
    let told = bob.next("file").await?;
    assert_eq!(told["url"], ack["url"]);
    assert_eq!((&told["name"], &told["size"]), (&json!("a file.bin"), &json!(1_000_000)));
    let url = told["url"].as_str().ok_or("no URL")?;
    let (status, head, body) = get(node.address(), url, "").await?;
    assert_eq!(status, 200);
    assert!(body == file, "the file differs");
    // A browser must not run what somebody has uploaded.
    let head = head.to_lowercase();
    for line in ["content-disposition: attachment", "x-content-type-options: nosniff"] {
        assert!(head.contains(line), "{head}");
    }
    let page = ann.ask(json!({ "type": "history", "roomId": "r", "limit": 9 })).await?;
    assert_eq!(page["messages"][0]["url"], told["url"]);
    // Sent again without an ack, it is the same file.
    let (_, again) = upload(&mut ann, "r", &file).await?;
    assert_eq!((&again["duplicate"], &again["url"]), (&json!(true), &told["url"]));
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    Ok(())
}

#[tokio::test]
async fn short_chunks_count_as_messages() -> Test {
    let mut settings = settings();
    settings.rate = NonZeroU32::new(1).ok_or("zero")?;
    settings.burst = NonZeroU32::new(20).ok_or("zero")?;
    let node = node(settings).await?;
    let mut ann = Client::in_room(node.address(), "ann", "r").await?;
    let request =
        json!({ "type": "file", "id": "f", "roomId": "r", "key": KEY, "name": "n", "size": 100 });
    ann.send(request).await?;
    for _ in 0..30 {
        ann.ws.send((0..17).collect::<Vec<u8>>()).await?;
    }
    let refused = ann.find("the answer", |message| message["re"] == "f").await?;
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["retryAfter"].as_f64() > Some(0.0), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_broken_off_leaves_nothing() -> Test {
    let folder = tempfile::tempdir()?;
    let mut settings = settings();
    settings.files = Some(folder.path().to_path_buf());
    let node = node(settings).await?;
    let mut ann = Client::in_room(node.address(), "ann", "r").await?;
    let request =
        json!({ "type": "file", "roomId": "r", "key": KEY, "name": "n", "size": 100_000 });
    ann.send(request).await?;
    ann.ws.send((0..16).chain(vec![1; 50_000]).collect::<Vec<u8>>()).await?;
    ann.all().await?;
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    drop(ann);
    let wait = async {
        while std::fs::read_dir(folder.path())?.count() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        std::io::Result::Ok(())
    };
    timeout(SOON, wait).await??;
    Ok(())
}

#[tokio::test]
async fn no_other_path_leads_to_files() -> Test {
    let node = node(settings()).await?;
    let long = "f".repeat(32);
    for path in ["/files/", "/files/..%2f..%2fetc%2fpasswd", "/files/x", &format!("/files/{long}")]
    {
        assert_eq!(get(node.address(), path, "").await?.0, 404, "{path}");
    }
    Ok(())
}

/// Opens a stream of events.
async fn events(address: SocketAddr, path: &str, head: &str) -> Test<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{head}\r\n");
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Reads until a text has come.
async fn read_until(stream: &mut TcpStream, text: &str) -> Test<String> {
    let mut read = String::new();
    let mut buf = [0; 4096];
    while !read.contains(text) {
        let len = timeout(SOON, stream.read(&mut buf)).await??;
        if len == 0 {
            return Err(format!("{text} never came: {read}").into());
        }
        read.push_str(std::str::from_utf8(&buf[..len])?);
    }
    Ok(read)
}

#[tokio::test]
async fn server_sent_events_carry_the_room_and_resume() -> Test {
    let node = node(settings()).await?;
    let mut ann = Client::in_room(node.address(), "ann", "r").await?;
    let path = format!("/events?room=r&token={}", token("eve", 60, None));
    let mut stream = events(node.address(), &path, "").await?;
    let start = read_until(&mut stream, "\n\n").await?;
    assert!(start.contains("text/event-stream"), "{start}");
    let ack = ann.say("r", "one").await?;
    let epoch = ack["epoch"].as_str().ok_or("no epoch")?;
    let one = read_until(&mut stream, "\"one\"").await?;
    let one = if one.contains("id:") { one } else { one + &read_until(&mut stream, "id:").await? };
    assert!(one.contains(&format!("id: {epoch}:1")), "{one}");
    drop(stream);
    ann.say("r", "two").await?;
    let head = format!("Last-Event-ID: {epoch}:1\r\n");
    let mut stream = events(node.address(), &path, &head).await?;
    let rest = read_until(&mut stream, "\"two\"").await?;
    assert!(rest.contains("\"recovered\":true") && !rest.contains("\"one\""), "{rest}");
    assert!(ann.all().await?.is_empty(), "readers are not seen");
    Ok(())
}

#[tokio::test]
async fn long_polling_returns_what_follows_a_position() -> Test {
    let node = node(settings()).await?;
    let address = node.address();
    let mut ann = Client::in_room(address, "ann", "r").await?;
    let poll = |since: &Value| {
        let token = token("eve", 60, None);
        let since = match since {
            Value::Null => String::new(),
            last => format!("&since={}:{}", last["epoch"].as_str().unwrap_or(""), last["offset"]),
        };
        format!("/poll?room=r&token={token}{since}")
    };
    let first = json_of(address, &poll(&Value::Null)).await?;
    assert_eq!((&first["offset"], &first["messages"]), (&json!(0), &json!([])));
    let path = poll(&first);
    let waiting = tokio::spawn(async move { json_of(address, &path).await.unwrap() });
    ann.say("r", "one").await?;
    let second = waiting.await?;
    assert_eq!(second["messages"][0]["content"], "one");
    assert_eq!(second["offset"], 1);
    ann.say("r", "two").await?;
    ann.say("r", "three").await?;
    let third = json_of(address, &poll(&second)).await?;
    assert_eq!(third["recovered"], true);
    assert_eq!(third["messages"][1]["content"], "three");
    let lost = json_of(address, &poll(&json!({ "epoch": "x", "offset": 1 }))).await?;
    assert_eq!((&lost["recovered"], &lost["messages"]), (&json!(false), &json!([])));
    Ok(())
}

#[tokio::test]
async fn feeds_are_authorized_too() -> Test {
    let node = node(settings()).await?;
    let token = token("eve", 60, Some(&["r"]));
    for feed in ["events", "poll"] {
        for (query, status) in [
            ("room=r".to_owned(), 401),
            ("room=r&token=x".to_owned(), 401),
            (format!("room=s&token={token}"), 403),
            (format!("room=&token={token}"), 400),
            (format!("room=r&since=x&token={token}"), 400),
        ] {
            let path = format!("/{feed}?{query}");
            assert_eq!(get(node.address(), &path, "").await?.0, status, "{path}");
        }
    }
    Ok(())
}
