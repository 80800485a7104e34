//! What only several nodes over a Redis can show: nodes that die, and a Redis that does.

mod common;

use std::time::{Duration, Instant};

use common::client::Client;
use common::process::Process;
use common::redis::RedisServer;
use common::{Nodes, SOON, Test, get, ready, settings};
use serde_json::{Value, json};

/// Two nodes in this process, and the Redis between them.
async fn nodes(test: &str) -> Test<Option<Nodes>> {
    match RedisServer::start(test).await? {
        Some(redis) => Ok(Some(Nodes::over_redis(settings(), redis).await?)),
        None => Ok(None),
    }
}

#[tokio::test]
async fn g5_recovery_works_on_another_node_after_kill_9() -> Test {
    let Some(redis) = RedisServer::start("g5_recovery_works_on_another_node").await? else {
        return Ok(());
    };
    let a = Process::over(&redis).await?;
    let b = Process::over(&redis).await?;
    let mut ann = Client::in_room(b.address, "ann", "r").await?;
    let mut bob = Client::in_room(a.address, "bob", "r").await?;
    ann.say("r", "before").await?;
    let last = bob.next("message").await?;
    bob.say("r", "by bob").await?;
    a.signal("KILL")?;
    ann.say("r", "while dead").await?;
    assert!(bob.receive().await.is_err());
    let mut bob = Client::connect(b.address, "bob").await?;
    let joined = bob.join("r", Some(&last)).await?;
    assert_eq!(joined["recovered"], true);
    assert_eq!(bob.contents(2).await?, ["by bob", "while dead"]);
    // Without an ack, he would have sent it again.
    assert_eq!(bob.publish("r", "by bob", "by bob").await?["duplicate"], true);
    Ok(())
}

#[tokio::test]
async fn g7_presence_expires_after_its_node_died() -> Test {
    let Some(redis) = RedisServer::start("g7_presence_expires").await? else { return Ok(()) };
    let mut settings = settings();
    settings.timing.presence = Duration::from_secs(2);
    settings.timing.refresh = Duration::from_millis(500);
    let nodes = Nodes::over_redis(settings, redis).await?;
    let redis = nodes.redis.as_ref().ok_or("no Redis")?;
    let mut ann = Client::in_room(nodes.a.address(), "ann", "r").await?;
    let dying = Process::over(redis).await?;
    let bob = Client::in_room(dying.address, "bob", "r").await?;
    assert_eq!(ann.next("presence").await?["status"], "online");
    dying.signal("KILL")?;
    drop(bob);
    // The node that died had the deadline of 50 seconds.
    let members: String = redis.command(&["HGET", "room:{r}:members", "bob"]).await?;
    let nodes_of_bob: std::collections::HashMap<String, u64> = serde_json::from_str(&members)?;
    let till = nodes_of_bob.into_values().next().ok_or("bob is nowhere")?;
    let short = json!({ "dead": till - 48_000 }).to_string();
    redis.command::<u64>(&["HSET", "room:{r}:members", "bob", &short]).await?;
    let offline = ann.next("presence").await?;
    assert_eq!((&offline["userId"], &offline["status"]), (&json!("bob"), &json!("offline")));
    // Ann's own node has confirmed her meanwhile.
    let mut cid = Client::connect(nodes.b.address(), "cid").await?;
    let mut members: Vec<String> =
        serde_json::from_value(cid.join("r", None).await?["members"].clone())?;
    members.sort();
    assert_eq!(members, ["ann", "cid"]);
    Ok(())
}

#[tokio::test]
async fn g9_without_redis_connections_stay_and_resume() -> Test {
    let Some(mut nodes) = nodes("g9_without_redis_connections_stay").await? else { return Ok(()) };
    let (a, b) = (nodes.a.address(), nodes.b.address());
    let redis = nodes.redis.as_mut().ok_or("no Redis")?;
    let mut ann = Client::in_room(a, "ann", "r").await?;
    let mut bob = Client::in_room(b, "bob", "r").await?;
    let last = ann.say("r", "before").await?;
    redis.kill()?;
    let start = Instant::now();
    let request = json!({ "type": "message", "roomId": "r", "key": "k", "content": "x" });
    assert_eq!(ann.refused(request.clone()).await?, "unavailable");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.next("degraded").await?["on"], true);
        assert_eq!(client.ask(json!({ "type": "ping", "t": 1 })).await?["type"], "pong");
    }
    ready(a, 503).await?;
    let join = json!({ "type": "join", "roomId": "s" });
    assert_eq!(bob.refused(join).await?, "unavailable");
    redis.restart().await?;
    let start = Instant::now();
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.next("degraded").await?["on"], false);
    }
    ready(a, 200).await?;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    // The same order goes on.
    let ack = ann.say("r", "after").await?;
    assert_eq!((&ack["epoch"], &ack["offset"]), (&last["epoch"], &json!(2)));
    assert_eq!(bob.contents(2).await?, ["before", "after"]);
    Ok(())
}

#[tokio::test]
async fn g9_a_redis_that_hangs_is_one_that_is_gone() -> Test {
    let Some(nodes) = nodes("g9_a_redis_that_hangs").await? else { return Ok(()) };
    let redis = nodes.redis.as_ref().ok_or("no Redis")?;
    let mut ann = Client::in_room(nodes.a.address(), "ann", "r").await?;
    redis.signal("STOP")?;
    let start = Instant::now();
    for number in 0..5 {
        let key = number.to_string();
        ann.send(json!({
            "type": "message", "id": key, "roomId": "r", "key": key, "content": "x",
        }))
        .await?;
    }
    for number in 0..5 {
        let is_answer = |message: &Value| message["re"].as_str() == Some(&*number.to_string());
        assert_eq!(ann.find("the answer", is_answer).await?["code"], "unavailable");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    redis.signal("CONT")?;
    let start = Instant::now();
    ready(nodes.a.address(), 200).await?;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    // Whether they were stored is not known; with their keys, they are stored once.
    for number in 0..5 {
        assert_eq!(ann.publish("r", &number.to_string(), "x").await?["type"], "ack");
    }
    let history = json!({ "type": "history", "roomId": "r", "limit": 100 });
    let page = ann.ask(history).await?;
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(5), "{page}");
    Ok(())
}

#[tokio::test]
async fn g3_a_flushed_redis_begins_a_new_epoch() -> Test {
    let Some(nodes) = nodes("g3_a_flushed_redis_begins_a_new_epoch").await? else { return Ok(()) };
    let redis = nodes.redis.as_ref().ok_or("no Redis")?;
    let mut ann = Client::in_room(nodes.a.address(), "ann", "r").await?;
    let mut bob = Client::in_room(nodes.b.address(), "bob", "r").await?;
    for number in 0..3 {
        ann.say("r", &number.to_string()).await?;
    }
    let old = bob.find("the last", |message| message["offset"] == 3).await?;
    redis.command::<String>(&["FLUSHALL"]).await?;
    let ack = ann.say("r", "new").await?;
    assert_eq!(ack["offset"], 1);
    assert_ne!(ack["epoch"], old["epoch"]);
    // A member that stays gets it, with its epoch; one that comes back learns that its position is void.
    let new = bob.find("the new epoch", |message| message["epoch"] == ack["epoch"]).await?;
    assert_eq!((&new["content"], &new["offset"]), (&json!("new"), &json!(1)));
    let mut cid = Client::connect(nodes.b.address(), "cid").await?;
    let joined = cid.join("r", Some(&old)).await?;
    assert_eq!((&joined["recovered"], &joined["epoch"]), (&json!(false), &ack["epoch"]));
    Ok(())
}

/// A failover to a replica that was behind, or a restart from an older copy.
#[tokio::test]
async fn g3_a_redis_that_went_back_begins_a_new_epoch() -> Test {
    let Some(nodes) = nodes("g3_a_redis_that_went_back").await? else { return Ok(()) };
    let redis = nodes.redis.as_ref().ok_or("no Redis")?;
    let mut ann = Client::in_room(nodes.a.address(), "ann", "r").await?;
    let mut bob = Client::in_room(nodes.b.address(), "bob", "r").await?;
    for number in 1..=5 {
        ann.say("r", &number.to_string()).await?;
    }
    let old = bob.find("the last", |message| message["offset"] == 5).await?;
    redis.command::<u64>(&["XDEL", "room:{r}", "4-0", "5-0"]).await?;
    redis.command::<u64>(&["HSET", "room:{r}:meta", "top", "3"]).await?;
    redis.command::<String>(&["XSETID", "room:{r}", "3-0"]).await?;
    let ack = ann.say("r", "other").await?;
    assert_ne!(ack["epoch"], old["epoch"]);
    assert_eq!(ack["offset"], 4);
    let new = bob.find("the new epoch", |message| message["epoch"] == ack["epoch"]).await?;
    assert_eq!(new["content"], "other");
    // No offset of the old epoch was given out twice: it is over.
    let joined = bob.join("r", Some(&old)).await?;
    assert_eq!(joined["recovered"], false);
    Ok(())
}

#[tokio::test]
async fn g6_a_lost_wake_up_only_delays() -> Test {
    let Some(nodes) = nodes("g6_a_lost_wake_up_only_delays").await? else { return Ok(()) };
    let redis = nodes.redis.as_ref().ok_or("no Redis")?;
    let mut bob = Client::connect(nodes.b.address(), "bob").await?;
    let joined = bob.join("r", None).await?;
    // Stored as a node does, but without the wake-up.
    let post = json!({ "user": "ann", "origin": "x", "key": "k", "content": "unannounced" });
    let (post, epoch) = (post.to_string(), joined["epoch"].as_str().ok_or("no epoch")?);
    redis.command::<String>(&["XADD", "room:{r}", "1-0", "post", &post, "ts", "1"]).await?;
    redis.command::<u64>(&["HSET", "room:{r}:meta", "top", "1", "epoch", epoch]).await?;
    assert_eq!(bob.contents(1).await?, ["unannounced"]);
    Ok(())
}

#[tokio::test]
async fn close_1011_for_a_message_that_is_missing() -> Test {
    let Some(nodes) = nodes("close_1011_for_a_message_that_is_missing").await? else {
        return Ok(());
    };
    let redis = nodes.redis.as_ref().ok_or("no Redis")?;
    let mut bob = Client::in_room(nodes.b.address(), "bob", "r").await?;
    let mut other = Client::in_room(nodes.b.address(), "cid", "s").await?;
    // Somebody else writes where the messages are.
    redis.command::<String>(&["XADD", "room:{r}", "1-0", "something", "else"]).await?;
    redis.command::<u64>(&["HSET", "room:{r}:meta", "top", "1"]).await?;
    let frame = bob.closed().await?;
    assert_eq!(frame.code.get(), 1011);
    assert_eq!(frame.reason.as_str(), "messages are missing");
    other.say("s", "the other rooms go on").await?;
    let mut bob = Client::in_room(nodes.b.address(), "bob", "r").await?;
    let history = bob.ask(json!({ "type": "history", "roomId": "r", "limit": 10 })).await?;
    assert_eq!(history["messages"], json!([]), "{history}");
    assert_eq!(bob.say("r", "and this one does too").await?["offset"], 2);
    Ok(())
}

#[tokio::test]
async fn a_join_that_is_given_up_leaves_no_subscription() -> Test {
    let Some(nodes) = nodes("a_join_that_is_given_up_leaves_no_subscription").await? else {
        return Ok(());
    };
    let redis = nodes.redis.as_ref().ok_or("no Redis")?;
    redis.signal("STOP")?;
    let path = format!("/events?room=r&token={}", common::token("ann", 60, None));
    // The room cannot be watched while Redis hangs, and the client does not wait for that.
    let feed = tokio::time::timeout(Duration::from_millis(300), get(nodes.a.address(), &path, ""));
    assert!(feed.await.is_err());
    redis.signal("CONT")?;
    // The subscription comes now, and goes with the next sweep, which may be too soon to be seen.
    subscribed(redis, true, Duration::from_secs(3)).await?;
    let is_gone = subscribed(redis, false, SOON).await?;
    assert!(is_gone, "the room is watched, and nobody is in it");
    Ok(())
}

/// Waits until a node is subscribed to a room, or none is; returns whether it came to that.
async fn subscribed(redis: &RedisServer, wanted: bool, patience: Duration) -> Test<bool> {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        let channels: Vec<String> = redis.command(&["PUBSUB", "CHANNELS"]).await?;
        if channels.iter().any(|name| name == "room:{r}:live") == wanted {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(false)
}

#[tokio::test]
async fn connections_during_an_outage_are_told_to_try_again() -> Test {
    let Some(mut nodes) = nodes("connections_during_an_outage").await? else { return Ok(()) };
    nodes.redis.as_mut().ok_or("no Redis")?.kill()?;
    ready(nodes.a.address(), 503).await?;
    let mut client = Client::open(nodes.a.address()).await?;
    client.send(json!({ "type": "auth", "token": common::token("ann", 60, None) })).await?;
    assert_eq!(client.closed().await?.code.get(), 1013);
    Ok(())
}
