//! The guarantees of the protocol, each with two nodes over each backplane.

mod common;

use std::time::Duration;

use common::client::Client;
use common::redis::RedisServer;
use common::{Nodes, Test, get, noise, settings, token};
use rfc6455_tokio::rfc6455::CloseCode;
use serde_json::{Value, json};

/// Returns contents and offsets of messages.
fn order(messages: &[Value]) -> Vec<(u64, String)> {
    let place = |message: &Value| {
        let content = message["content"].as_str().unwrap_or_default().to_owned();
        (message["offset"].as_u64().unwrap_or_default(), content)
    };
    messages.iter().map(place).collect()
}

async fn messages(client: &mut Client, count: usize) -> Test<Vec<Value>> {
    let mut messages = Vec::new();
    for _ in 0..count {
        messages.push(client.next("message").await?);
    }
    Ok(messages)
}

async fn history(client: &mut Client, before: Option<u64>, limit: u32) -> Test<Value> {
    let mut request = json!({ "type": "history", "roomId": "r", "limit": limit });
    if let Some(before) = before {
        request["before"] = before.into();
    }
    let page = client.ask(request).await?;
    assert_eq!(page["type"], "page", "{page}");
    Ok(page)
}

on_both! {
    /// One total order per room, the same on every node and in history.
    async fn g1_one_order_on_every_node_and_in_history(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut readers = [Client::in_room(a, "r1", "r").await?, Client::in_room(b, "r2", "r").await?];
        let writers = [a, b, a, b].into_iter().enumerate().map(|(number, address)| async move {
            let mut writer = Client::in_room(address, &format!("w{number}"), "r").await.unwrap();
            for turn in 0..25 {
                writer.say("r", &format!("{number}/{turn}")).await.unwrap();
            }
        });
        futures_util::future::join_all(writers).await;
        let first = order(&messages(&mut readers[0], 100).await?);
        assert_eq!(first, order(&messages(&mut readers[1], 100).await?));
        assert!(first.iter().map(|(offset, _)| *offset).eq(1..=100));
        for number in 0..4 {
            let of_one = first.iter().filter(|(_, text)| text.starts_with(&format!("{number}/")));
            assert!(of_one.map(|(_, text)| text.clone()).eq((0..25).map(|t| format!("{number}/{t}"))));
        }
        let page = history(&mut readers[0], None, 100).await?;
        assert_eq!(first, order(page["messages"].as_array().ok_or("no messages")?));
        assert_eq!(page["more"], false);
        let page = history(&mut readers[1], Some(51), 20).await?;
        assert_eq!(first[30..50], order(page["messages"].as_array().ok_or("no messages")?));
        assert_eq!(page["more"], true);
        Ok(())
    }

    /// Every acked message is delivered once and in order, to who stays and to who recovers.
    async fn g2_acked_messages_are_delivered_once(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut writer = Client::in_room(a, "ann", "r").await?;
        let mut second = Client::in_room(b, "ann", "r").await?;
        let mut stays = Client::in_room(b, "bob", "r").await?;
        let mut leaves = Client::in_room(b, "cid", "r").await?;
        for number in 0..10 {
            let ack = writer.say("r", &number.to_string()).await?;
            assert_eq!(ack["offset"], number + 1);
            assert_eq!(ack["roomId"], "r");
        }
        let seen = messages(&mut leaves, 10).await?;
        drop(leaves);
        for number in 10..20 {
            writer.say("r", &number.to_string()).await?;
        }
        let mut back = Client::connect(a, "cid").await?;
        let joined = back.join("r", seen.last()).await?;
        assert_eq!(joined["recovered"], true);
        let all: Vec<_> = (0..20).map(|number| number.to_string()).collect();
        assert_eq!(back.contents(10).await?, all[10..]);
        assert_eq!(stays.contents(20).await?, all);
        // The sender's other connection gets them too, but not the one that has the acks.
        assert_eq!(second.contents(20).await?, all);
        writer.say("r", "last").await?;
        for client in [&mut writer, &mut second, &mut stays, &mut back] {
            let rest = client.all().await?;
            let rest = rest.iter().filter(|message| message["type"] == "message");
            assert!(rest.count() <= 1);
        }
        Ok(())
    }

    /// An ack keeps its place among the messages of the room.
    async fn g2_acks_are_in_order_with_messages(nodes: Nodes) -> Test {
        let mut ann = Client::in_room(nodes.a.address(), "ann", "r").await?;
        let mut bob = Client::in_room(nodes.b.address(), "bob", "r").await?;
        for number in 0..50 {
            for client in [&mut ann, &mut bob] {
                let key = format!("k{number}");
                client.send(json!({ "type": "message", "roomId": "r", "key": key, "content": "" })).await?;
            }
        }
        for client in [&mut ann, &mut bob] {
            for offset in 1..=100 {
                let next = client.find("the next", |message| message["offset"].is_u64()).await?;
                assert_eq!(next["offset"], offset, "{next}");
            }
        }
        Ok(())
    }

    /// A position is handed out at the join, so recovery works before any message came.
    async fn g3_recovery_works_before_the_first_message(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut cid = Client::connect(b, "cid").await?;
        let joined = cid.join("r", None).await?;
        assert_eq!((&joined["offset"], &joined["recovered"]), (&json!(0), &json!(false)));
        drop(cid);
        let mut writer = Client::in_room(a, "ann", "r").await?;
        writer.say("r", "missed").await?;
        let mut cid = Client::connect(b, "cid").await?;
        let joined = cid.join("r", Some(&joined)).await?;
        assert_eq!((&joined["offset"], &joined["recovered"]), (&json!(1), &json!(true)));
        assert_eq!(cid.contents(1).await?, ["missed"]);
        Ok(())
    }

    /// What is not complete is not recovered at all: too old, of another epoch, or from the future.
    async fn g3_recovery_is_complete_or_refused(nodes: Nodes) -> Test {
        let mut writer = Client::in_room(nodes.a.address(), "ann", "r").await?;
        let mut last = Value::Null;
        for number in 0..1001 {
            last = writer.say("r", &number.to_string()).await?;
        }
        let at = |offset: u64| json!({ "epoch": last["epoch"], "offset": offset });
        let mut cid = Client::connect(nodes.b.address(), "cid").await?;
        for (since, recovered, count) in [
            (at(0), false, 0),
            (at(1), true, 1000),
            (at(1001), true, 0),
            (at(1002), false, 0),
            (json!({ "epoch": "another", "offset": 1000 }), false, 0),
        ] {
            let joined = cid.join("r", Some(&since)).await?;
            assert_eq!(joined["recovered"], recovered, "{since}");
            assert_eq!(joined["offset"], 1001);
            let missed = cid.all().await?;
            assert_eq!(missed.len(), count, "{since}");
        }
        Ok(())
    }

    /// The same key publishes once, on any node and any connection of the user.
    async fn g4_publishing_is_idempotent_by_key(nodes: Nodes) -> Test {
        let mut ann = Client::in_room(nodes.a.address(), "ann", "r").await?;
        let mut again = Client::in_room(nodes.b.address(), "ann", "r").await?;
        let mut bob = Client::in_room(nodes.b.address(), "bob", "r").await?;
        let ack = ann.publish("r", "k", "once").await?;
        assert_eq!(ack["duplicate"], Value::Null);
        for client in [&mut ann, &mut again] {
            let other = client.publish("r", "k", "twice").await?;
            assert_eq!(other["duplicate"], true);
            for field in ["epoch", "offset", "ts", "key"] {
                assert_eq!(other[field], ack[field], "{field}");
            }
        }
        // The same key of another user, or in another room, is another message.
        assert_eq!(bob.publish("r", "k", "bob's").await?["offset"], 2);
        ann.join("s", None).await?;
        assert_eq!(ann.publish("s", "k", "in s").await?["offset"], 1);
        assert_eq!(bob.contents(1).await?, ["once"]);
        assert_eq!(ann.contents(1).await?, ["bob's"]);
        let private = json!({ "type": "private", "to": "bob", "key": "k", "content": "psst" });
        assert_eq!(ann.ask(private.clone()).await?["duplicate"], Value::Null);
        assert_eq!(again.ask(private).await?["duplicate"], true);
        bob.next("private").await?;
        assert!(bob.all().await?.iter().all(|message| message["type"] != "private"));
        Ok(())
    }

    /// No gap and no duplicate between the replay and what is live.
    async fn g6_nothing_is_lost_between_replay_and_live(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut probe = Client::connect(b, "probe").await?;
        let start = probe.join("r", None).await?;
        let writing = tokio::spawn(async move {
            let mut writer = Client::in_room(a, "ann", "r").await.unwrap();
            for number in 0..400 {
                writer.say("r", &number.to_string()).await.unwrap();
            }
        });
        let mut last = start;
        while last["offset"] != 400 {
            let mut cid = Client::connect(b, "cid").await?;
            let joined = cid.join("r", Some(&last)).await?;
            assert_eq!(joined["recovered"], true);
            // A few messages of the replay and a few live ones, and then it is gone again.
            for _ in 0..30 {
                if last["offset"] == 400 {
                    break;
                }
                let message = cid.next("message").await?;
                let expected = last["offset"].as_u64().ok_or("no offset")? + 1;
                assert_eq!(message["offset"], expected);
                assert_eq!(message["content"], (expected - 1).to_string());
                last = message;
            }
        }
        writing.await?;
        Ok(())
    }

    /// To join again on the same connection neither loses nor repeats anything.
    async fn g6_joining_again_continues(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut bob = Client::connect(b, "bob").await?;
        let mut watcher = Client::in_room(a, "watcher", "r").await?;
        let mut last = bob.join("r", None).await?;
        watcher.next("presence").await?;
        let writing = tokio::spawn(async move {
            let mut writer = Client::in_room(a, "ann", "r").await.unwrap();
            for number in 0..200 {
                writer.say("r", &number.to_string()).await.unwrap();
            }
            writer
        });
        while last["offset"] != 200 {
            let since = last.clone();
            bob.join("r", Some(&since)).await?;
            let expected = last["offset"].as_u64().ok_or("no offset")? + 1;
            last = bob.find("the next", |m| m["type"] == "message" && m["offset"] == expected).await?;
        }
        drop(writing.await?);
        // Nobody saw him leave.
        let seen = watcher.all().await?;
        let diffs = seen.iter().filter(|m| m["type"] == "presence" && m["userId"] == "bob");
        assert_eq!(diffs.count(), 0);
        Ok(())
    }

    /// Presence is of users and not of connections: a snapshot, and then its changes.
    async fn g7_presence_is_by_user(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut ann = Client::in_room(a, "ann", "r").await?;
        let first = Client::in_room(a, "bob", "r").await?;
        let online = ann.next("presence").await?;
        assert_eq!((&online["userId"], &online["status"]), (&json!("bob"), &json!("online")));
        let mut second = Client::connect(b, "bob").await?;
        let joined = second.join("r", None).await?;
        let mut members: Vec<String> = serde_json::from_value(joined["members"].clone())?;
        members.sort();
        assert_eq!(members, ["ann", "bob"]);
        drop(first);
        // Bob is still there by the second connection, and so the next change is another one's.
        let third = Client::in_room(b, "cid", "r").await?;
        assert_eq!(ann.next("presence").await?["userId"], "cid");
        assert_eq!(second.ask(json!({ "type": "leave", "roomId": "r" })).await?["type"], "ok");
        let offline = ann.next("presence").await?;
        assert_eq!((&offline["userId"], &offline["status"]), (&json!("bob"), &json!("offline")));
        drop(third);
        assert_eq!(ann.next("presence").await?["userId"], "cid");
        Ok(())
    }

    /// A drain is not seen as a crowd that leaves and comes back.
    async fn g7_a_drain_causes_no_storm(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut watcher = Client::in_room(b, "watcher", "r").await?;
        let mut clients = Vec::new();
        for number in 0..10 {
            clients.push(Client::in_room(a, &format!("u{number}"), "r").await?);
            watcher.next("presence").await?;
        }
        let drain = tokio::spawn(nodes.a.drain());
        let mut back = Vec::new();
        for (number, client) in clients.iter_mut().enumerate() {
            assert_eq!(client.closed().await?.code, CloseCode::SERVICE_RESTART);
            while client.ws.recv().await.is_some() {}
            back.push(Client::in_room(b, &format!("u{number}"), "r").await?);
        }
        drain.await?;
        let storm = watcher.all().await?;
        assert!(storm.iter().all(|message| message["type"] != "presence"), "{storm:?}");
        Ok(())
    }

    /// A slow client is dropped with a bound on its memory, and delays nobody.
    async fn g8_a_slow_client_delays_nobody(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let _slow = Client::in_room(a, "slow", "r").await?;
        let mut quick = Client::in_room(a, "quick", "r").await?;
        let mut writer = Client::in_room(b, "ann", "r").await?;
        let mut worst = 0;
        for number in 0..400 {
            writer.publish("r", &number.to_string(), &noise(number, 60_000)).await?;
            let message = quick.next("message").await?;
            assert_eq!(message["offset"], number + 1);
            let (_, _, text) = get(a, "/metrics", "").await?;
            let text = String::from_utf8(text)?;
            let queued = text.lines().find_map(|line| line.strip_prefix("chat_queued_bytes "));
            worst = worst.max(queued.ok_or("no metric")?.parse()?);
            if text.contains("chat_ends_total{reason=\"slow\"} 1") {
                // What is queued for the quick one adds to that of the slow one.
                assert!(worst < 2 << 20, "{worst} bytes were queued");
                return Ok(());
            }
        }
        Err("the slow client was never dropped".into())
    }

    /// A client that floods costs its own connection alone.
    async fn g8_a_flood_costs_its_sender_alone(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut flood = Client::in_room(a, "flood", "r").await?;
        let mut ann = Client::in_room(a, "ann", "r").await?;
        let mut bob = Client::in_room(b, "bob", "r").await?;
        let flooding = tokio::spawn(async move {
            let ping = json!({ "type": "ping", "t": 0 });
            for _ in 0..1_000_000 {
                if flood.send(ping.clone()).await.is_err() {
                    return flood.closed().await.map_err(|error| error.to_string());
                }
            }
            Err("it was never closed".to_owned())
        });
        for number in 0..50 {
            ann.say("r", &number.to_string()).await?;
            assert_eq!(bob.contents(1).await?, [number.to_string()]);
        }
        // The Close may be lost behind what the client still sends.
        let end = flooding.await?;
        assert!(end.is_ok_and(|frame| frame.code == CloseCode::POLICY_VIOLATION) || {
            let (_, _, text) = get(a, "/metrics", "").await?;
            let text = String::from_utf8(text)?;
            ["policy", "slow"].iter().any(|why| text.contains(&format!("reason=\"{why}\"")))
        });
        ann.say("r", "after").await?;
        Ok(())
    }

    /// Authorization is checked again at recovery.
    async fn g10_recovery_is_authorized_anew(nodes: Nodes) -> Test {
        let mut ann = Client::connect(nodes.a.address(), "ann").await?;
        let joined = ann.join("r", None).await?;
        drop(ann);
        let mut ann = Client::open(nodes.b.address()).await?;
        ann.send(json!({ "type": "auth", "token": token("ann", 60, Some(&["s"])) })).await?;
        ann.next("ready").await?;
        let since = json!({ "epoch": joined["epoch"], "offset": joined["offset"] });
        let join = json!({ "type": "join", "roomId": "r", "since": since });
        assert_eq!(ann.refused(join).await?, "forbidden");
        Ok(())
    }

    /// Private messages, and typing, reach the other node.
    async fn private_messages_and_typing_cross_nodes(nodes: Nodes) -> Test {
        let (a, b) = (nodes.a.address(), nodes.b.address());
        let mut ann = Client::in_room(a, "ann", "r").await?;
        let mut bobs = [Client::in_room(a, "bob", "r").await?, Client::connect(b, "bob").await?];
        let private = json!({ "type": "private", "to": "bob", "key": "k", "content": "psst" });
        let ack = ann.ask(private).await?;
        assert_eq!((&ack["type"], &ack["key"]), (&json!("ack"), &json!("k")));
        for bob in &mut bobs {
            let private = bob.next("private").await?;
            assert_eq!((&private["from"], &private["content"]), (&json!("ann"), &json!("psst")));
        }
        let mut cid = Client::in_room(b, "cid", "r").await?;
        ann.send(json!({ "type": "typing", "roomId": "r", "on": true })).await?;
        let typing = cid.next("typing").await?;
        assert_eq!((&typing["userId"], &typing["on"]), (&json!("ann"), &json!(true)));
        assert!(ann.all().await?.iter().all(|message| message["type"] != "typing"));
        Ok(())
    }
}

/// A token that expires is asked to be renewed, and ends the connection if it is not.
#[tokio::test]
async fn g10_an_expiring_token_is_renewed_or_ends_the_connection() -> Test {
    let mut settings = settings();
    settings.timing.renew = Duration::from_secs(2);
    let node = common::node(settings).await?;
    let mut client = Client::open(node.address()).await?;
    client.send(json!({ "type": "auth", "token": token("ann", 3, None) })).await?;
    client.next("ready").await?;
    let renew = client.next("renew").await?;
    let renewal = token("ann", 4, None);
    let ok = client.ask(json!({ "type": "renew", "token": renewal })).await?;
    assert!(ok["expires"].as_u64() > renew["expires"].as_u64(), "{ok} {renew}");
    client.next("renew").await?;
    let frame = client.closed().await?;
    assert_eq!(frame.code, CloseCode::POLICY_VIOLATION);
    assert_eq!(frame.reason.as_str(), "unauthorized: the token has expired");
    Ok(())
}
