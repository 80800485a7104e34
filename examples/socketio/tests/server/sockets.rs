//! Clients of Socket.IO: events, binary data, acknowledgements, rooms, and recovery.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rfc6455_socketio::engine;
use rfc6455_socketio::socket::{Config, Disconnect, Namespace, Refusal, Value};

use crate::client::{Client, PATIENCE, serve, text};

const TRANSPORTS: [&str; 2] = ["polling", "websocket"];

fn namespace() -> Namespace {
    Namespace::new("/")
        .on("message", |socket, args, _| socket.emit("message-back", args))
        .on("with-ack", |_, args, ack| ack.send(args))
        .on("join", |socket, args, ack| {
            if socket.join(args[0].as_str().unwrap()) {
                ack.send([]);
            }
        })
        .on("leave", |socket, args, ack| {
            socket.leave(args[0].as_str().unwrap());
            ack.send([]);
        })
        .on("say", |socket, args, ack| {
            socket
                .others()
                .to(args[0].as_str().unwrap())
                .to("also")
                .emit("said", [args[1].clone()]);
            ack.send([]);
        })
        .on("bye", |socket, _, _| socket.disconnect())
}

async fn without_recovery() -> SocketAddr {
    let mut config = Config::DEFAULT;
    config.recovery = None;
    serve(engine::Config::DEFAULT, config, [namespace()]).await
}

fn member(reply: &str, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&reply[2..]).unwrap();
    json[name].as_str().unwrap().into()
}

#[tokio::test]
async fn events_binary_data_and_acknowledgements_work_over_both_transports() {
    let address = without_recovery().await;
    for transport in TRANSPORTS {
        let (mut client, reply) = Client::enter(address, transport, "").await;
        assert!(reply.starts_with("40{\"sid\":\""), "{reply}");
        client.send("42[\"message\",{\"b\":1,\"a\":[1.5,\"\\u001e\"]}]").await;
        assert_eq!(client.recv().await, "42[\"message-back\",{\"b\":1,\"a\":[1.5,\"\\u001e\"]}]");
        client.send("427[\"with-ack\",true]").await;
        assert_eq!(client.recv().await, "437[true]");
        client.send("451-8[\"with-ack\",{\"_placeholder\":true,\"num\":0}]").await;
        client.send("bAQID").await;
        assert_eq!(client.recv().await, "461-8[{\"_placeholder\":true,\"num\":0}]");
        assert_eq!(client.recv().await, "bAQID");
    }
}

#[tokio::test]
async fn a_room_is_told_once_and_not_its_speaker() {
    let address = without_recovery().await;
    let (mut speaker, _) = Client::enter(address, "websocket", "").await;
    let (mut member, _) = Client::enter(address, "polling", "").await;
    let (mut stranger, _) = Client::enter(address, "websocket", "").await;
    for client in [&mut speaker, &mut member] {
        for room in ["tea", "also"] {
            client.send(&format!("421[\"join\",\"{room}\"]")).await;
            assert_eq!(client.recv().await, "431[]");
        }
    }
    speaker.send("422[\"say\",\"tea\",\"milk\"]").await;
    assert_eq!(speaker.recv().await, "432[]");
    assert_eq!(member.recv().await, "42[\"said\",\"milk\"]");
    for room in ["tea", "also"] {
        member.send(&format!("423[\"leave\",\"{room}\"]")).await;
        assert_eq!(member.recv().await, "433[]");
    }
    speaker.send("424[\"say\",\"tea\",\"sugar\"]").await;
    assert_eq!(speaker.recv().await, "434[]");
    for client in [&mut member, &mut stranger] {
        client.send("425[\"with-ack\"]").await;
        assert_eq!(client.recv().await, "435[]", "nothing was said to it");
    }
}

#[tokio::test]
async fn a_client_is_in_no_more_rooms_than_allowed() {
    let mut config = Config::DEFAULT;
    config.max_rooms = 200;
    let address = serve(engine::Config::DEFAULT, config, [namespace()]).await;
    let (mut client, _) = Client::enter(address, "websocket", "").await;
    let long = "x".repeat(137);
    for (event, room, is_done) in [
        ("join", "one", true),
        ("join", &long, false),
        ("join", "one", true),
        ("join", "two", true),
        ("join", "three", false),
        ("leave", "two", true),
        ("leave", "two", true),
        ("join", "three", true),
        ("leave", "one", true),
        ("leave", "three", true),
        ("join", &long[1..], true),
    ] {
        client.send(&format!("421[\"{event}\",\"{room}\"]")).await;
        client.send("422[\"with-ack\"]").await;
        if is_done {
            assert_eq!(client.recv().await, "431[]", "{event} {room}");
        }
        assert_eq!(client.recv().await, "432[]", "{event} {room}");
    }
}

#[tokio::test]
async fn middleware_decides_who_connects() {
    let checked = Namespace::new("/").middleware(async |handshake| {
        tokio::task::yield_now().await;
        let refusal = Refusal { data: Some("try again".into()), ..Refusal::new("Not authorized") };
        let token = handshake.auth().get("token").and_then(Value::as_str);
        if token == Some("1") { Ok(()) } else { Err(refusal) }
    });
    let address = serve(engine::Config::DEFAULT, Config::DEFAULT, [checked]).await;
    let (mut client, reply) = Client::enter(address, "websocket", "{\"token\":\"2\"}").await;
    assert_eq!(reply, "44{\"message\":\"Not authorized\",\"data\":\"try again\"}");
    client.send("40{\"token\":\"1\"}").await;
    assert!(client.recv().await.starts_with("40{\"sid\""));
    client.send("40/unknown,").await;
    assert_eq!(client.recv().await, "44/unknown,{\"message\":\"Invalid namespace\"}");
}

#[tokio::test]
async fn a_session_without_a_namespace_is_closed() {
    let mut config = Config::DEFAULT;
    config.connect_timeout = Duration::from_millis(20);
    let address = serve(engine::Config::DEFAULT, config, [namespace()]).await;
    let client = Client::open(address, "polling").await;
    assert_eq!(client.poll().await, (200, "1".into()));
    let mut ws = client.connect_new().await;
    while text(&mut ws).await.is_some() {}
}

#[tokio::test]
async fn the_server_asks_and_disconnects() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (answers, ends) = (seen.clone(), seen.clone());
    let asking = namespace()
        .on("ask-me", move |socket, _, ack| {
            let answers = answers.clone();
            tokio::spawn(async move {
                let never = socket.ask("first", [], Duration::from_millis(20)).await;
                let answer = socket.ask("second", [], PATIENCE).await;
                answers.lock().unwrap().push(format!("{never:?} {answer:?}"));
                ack.send([]);
            });
        })
        .on_disconnect(move |_, reason| {
            assert_eq!(reason, Disconnect::Server);
            ends.lock().unwrap().push("gone".into());
        });
    let address = serve(engine::Config::DEFAULT, Config::DEFAULT, [asking]).await;
    let (mut client, _) = Client::enter(address, "websocket", "").await;
    client.send("427[\"ask-me\"]").await;
    assert_eq!(client.recv().await, "420[\"first\"]");
    assert_eq!(client.recv().await, "421[\"second\"]");
    client.send("431[\"because\"]").await;
    assert_eq!(client.recv().await, "437[]");
    client.send("42[\"bye\"]").await;
    assert_eq!(client.recv().await, "41");
    client.send("42[\"bye\"]").await; // It crosses the server's packet.
    client.send("40").await;
    assert!(client.recv().await.starts_with("40{\"sid\""));
    let expected = ["Err(NotAcknowledged) Ok([String(\"because\")])", "gone"];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_client_that_was_away_gets_what_it_missed_and_no_more() {
    let address = serve(engine::Config::DEFAULT, Config::DEFAULT, [namespace()]).await;
    let (mut speaker, _) = Client::enter(address, "websocket", "").await;
    for transport in TRANSPORTS {
        let (mut lost, reply) = Client::enter(address, transport, "").await;
        let (sid, pid) = (member(&reply, "sid"), member(&reply, "pid"));
        say(&mut speaker, "before it joined").await;
        lost.send("421[\"join\",\"news\"]").await;
        assert_eq!(lost.recv().await, "431[]");
        lost.send("42[\"message\",1]").await;
        let offset = last(&lost.recv().await);
        lost.send("41").await; // Not recoverable: it left.
        drop(lost);

        let auth = format!("{{\"pid\":\"{pid}\",\"offset\":\"{offset}\"}}");
        let (mut left, reply) = Client::enter(address, transport, &auth).await;
        assert_ne!(member(&reply, "sid"), sid, "a client that left is a new one");
        let (sid, pid) = (member(&reply, "sid"), member(&reply, "pid"));
        left.send("421[\"join\",\"news\"]").await;
        assert_eq!(left.recv().await, "431[]");
        left.send("42[\"message\",1]").await;
        let offset = last(&left.recv().await);
        left.send("1").await;
        drop(left);
        say(&mut speaker, "one").await;
        say(&mut speaker, "two").await;

        // Whatever offset it claims, it gets nothing from before it joined.
        let claimed = if transport == "polling" { offset } else { "0".into() };
        let auth = format!("{{\"pid\":\"{pid}\",\"offset\":\"{claimed}\"}}");
        let (mut back, reply) = Client::enter(address, transport, &auth).await;
        assert_eq!((member(&reply, "sid"), member(&reply, "pid")), (sid, pid.clone()));
        if claimed == "0" {
            assert!(back.recv().await.starts_with("42[\"message-back\",1,"));
        }
        assert!(back.recv().await.starts_with("42[\"said\",\"one\","));
        assert!(back.recv().await.starts_with("42[\"said\",\"two\","));
        say(&mut speaker, "three").await;
        assert!(back.recv().await.starts_with("42[\"said\",\"three\","), "it is in its rooms");

        let (_, reply) = Client::enter(address, transport, &auth).await;
        assert_ne!(member(&reply, "pid"), pid, "it is back only once");
    }
}

async fn say(speaker: &mut Client, what: &str) {
    speaker.send(&format!("429[\"say\",\"news\",\"{what}\"]")).await;
    assert_eq!(speaker.recv().await, "439[]");
}

/// The last argument of an event: its offset.
fn last(event: &str) -> String {
    let args: Vec<serde_json::Value> = serde_json::from_str(&event[2..]).unwrap();
    args.last().unwrap().as_str().unwrap().into()
}

#[tokio::test]
async fn what_is_forgotten_is_not_recovered() {
    let mut config = Config::DEFAULT;
    config.max_log = 1000;
    let address = serve(engine::Config::DEFAULT, config, [namespace()]).await;
    let (mut speaker, _) = Client::enter(address, "websocket", "").await;
    let (mut lost, reply) = Client::enter(address, "websocket", "").await;
    lost.send("42[\"message\",1]").await;
    let (pid, offset) = (member(&reply, "pid"), last(&lost.recv().await));
    lost.send("1").await;
    drop(lost);
    for _ in 0..20 {
        say(&mut speaker, "something").await;
    }
    let auth = format!("{{\"pid\":\"{pid}\",\"offset\":\"{offset}\"}}");
    let (_, reply) = Client::enter(address, "websocket", &auth).await;
    assert_ne!(member(&reply, "sid"), member(&reply, "pid"));
    assert_ne!(member(&reply, "pid"), pid);
}
