//! The program: its settings in the environment, its log, and its end.

mod common;

use common::client::Client;
use common::process::Process;
use common::{SECRET, Test, get, token};
use serde_json::{Value, json};

#[tokio::test]
async fn a_node_drains_on_sigterm_and_exits_with_0() -> Test {
    let mut node = Process::start(&[("CHAT_DRAIN", "1"), ("CHAT_NODE", "n1")]).await?;
    let mut ann = Client::open(node.address).await?;
    ann.send(json!({ "type": "auth", "token": token("ann", 60, None) })).await?;
    assert_eq!(ann.next("ready").await?["node"], "n1");
    node.signal("TERM")?;
    assert_eq!(ann.closed().await?.code.get(), 1012);
    while ann.ws.recv().await.is_some() {}
    let (status, _) = node.ended().await?;
    assert!(status.success(), "{status}");
    Ok(())
}

#[tokio::test]
async fn a_client_that_does_not_close_delays_the_drain_no_longer_than_its_setting() -> Test {
    let mut node = Process::start(&[("CHAT_DRAIN", "0.5")]).await?;
    let _deaf = Client::connect(node.address, "deaf").await?;
    let start = std::time::Instant::now();
    node.signal("TERM")?;
    assert!(node.ended().await?.0.success());
    assert!(start.elapsed().as_secs() < 4, "{:?}", start.elapsed());
    Ok(())
}

/// What clients do wrong is logged, but not without end, and without their secrets.
#[tokio::test]
async fn the_log_has_no_secrets_and_a_limit() -> Test {
    let mut node = Process::start(&[("CHAT_LOG", "json"), ("CHAT_DRAIN", "1")]).await?;
    let secrets = [token("ann", -1, None), token("ann", 60, None), SECRET.to_owned()];
    for _ in 0..300 {
        let path = format!("/poll?room=r&token={}", secrets[0]);
        assert_eq!(get(node.address, &path, "").await?.0, 401);
    }
    let mut client = Client::open(node.address).await?;
    client.send(json!({ "type": "auth", "token": secrets[0] })).await?;
    client.closed().await?;
    let mut client = Client::open(node.address).await?;
    client.send(json!({ "type": "auth", "token": secrets[1] })).await?;
    for _ in 0..3 {
        client.ws.send(format!("not JSON: {}", secrets[1])).await?;
    }
    client.closed().await?;
    node.signal("TERM")?;
    let (_, log) = node.ended().await?;
    let lines = log.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let refused = |line: &&Value| line["fields"]["message"] == "a request was refused";
    let refused = lines.iter().filter(refused).count();
    assert!((1..200).contains(&refused), "{refused} lines for 300 requests");
    for secret in &secrets {
        assert!(!log.contains(secret), "{log}");
    }
    Ok(())
}
