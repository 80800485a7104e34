//! The configuration for nginx in `deploy/`, with a real nginx.

mod common;

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::client::Client;
use common::redis::signal;
use common::{Nodes, SOON, Test, get, settings};
use rooms::Settings;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const CONFIG: &str = include_str!("../deploy/nginx.conf");

/// nginx in front of two nodes, without TLS.
struct Nginx {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

fn is_installed(test: &str) -> bool {
    let is_installed = Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok();
    if !is_installed {
        println!("left out: {test}: nginx is not installed");
    }
    is_installed
}

impl Nginx {
    async fn start(nodes: &Nodes, read_timeout: &str) -> Test<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let lines = CONFIG.lines().filter(|line| !line.contains("ssl_certificate"));
        let config = lines.collect::<Vec<_>>().join("\n");
        let mut changes = vec![
            ("listen 8443 ssl;".to_owned(), format!("listen {address};")),
            ("127.0.0.1:8081".to_owned(), nodes.a.address().to_string()),
            ("127.0.0.1:8082".to_owned(), nodes.b.address().to_string()),
            ("proxy_read_timeout 60s".to_owned(), format!("proxy_read_timeout {read_timeout}")),
            // The limits of a test's machine.
            ("worker_rlimit_nofile 200000;".to_owned(), String::new()),
            ("worker_connections 100000;".to_owned(), "worker_connections 100;".to_owned()),
        ];
        let config = changes.drain(..).fold(config, |config, (from, to)| {
            assert!(config.contains(&from), "{from}");
            config.replace(&from, &to)
        });
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("nginx.conf"), config)?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-g", "daemon off;"]);
        let child = command.stderr(Stdio::null()).spawn()?;
        let nginx = Self { child, address, _folder: folder };
        let wait = async {
            while !matches!(get(address, "/healthz", "").await, Ok((200, ..))) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, wait).await?;
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only if it is asked.
        let _ = signal(self.child.id(), "TERM");
        let _ = self.child.wait();
    }
}

fn with_heartbeat(heartbeat: Duration) -> Settings {
    let mut settings = settings();
    settings.timing.heartbeat = heartbeat;
    settings
}

#[tokio::test]
async fn heartbeats_keep_a_silent_connection_through_a_proxy() -> Test {
    if !is_installed("heartbeats_keep_a_silent_connection_through_a_proxy") {
        return Ok(());
    }
    let nodes = Nodes::in_memory(with_heartbeat(Duration::from_millis(500))).await?;
    let nginx = Nginx::start(&nodes, "2s").await?;
    let mut client = Client::in_room(nginx.address, "ann", "r").await?;
    let silence = timeout(Duration::from_secs(5), client.receive()).await;
    assert!(silence.is_err(), "{silence:?}");
    client.say("r", "still here").await?;

    // Without heartbeats, the proxy does cut it.
    let nodes = Nodes::in_memory(with_heartbeat(Duration::from_secs(60))).await?;
    let nginx = Nginx::start(&nodes, "2s").await?;
    let mut client = Client::in_room(nginx.address, "ann", "r").await?;
    assert!(timeout(Duration::from_secs(5), client.receive()).await?.is_err());
    Ok(())
}

#[tokio::test]
async fn a_client_recovers_on_the_node_that_is_left() -> Test {
    if !is_installed("a_client_recovers_on_the_node_that_is_left") {
        return Ok(());
    }
    let nodes = Nodes::in_memory(settings()).await?;
    let nginx = Nginx::start(&nodes, "60s").await?;
    let Nodes { a, b, .. } = nodes;
    let mut ann = Client::in_room(nginx.address, "ann", "r").await?;
    let last = ann.say("r", "before").await?;
    // All connections of one address go to one node: it is the one with connections.
    let (_, _, text) = get(a.address(), "/metrics", "").await?;
    let is_on_a = String::from_utf8(text)?.contains("chat_connections 1\n");
    let (busy, _left) = if is_on_a { (a, b) } else { (b, a) };
    busy.drain().await;
    assert_eq!(ann.closed().await?.code.get(), 1012);
    let mut ann = Client::connect(nginx.address, "ann").await?;
    assert_eq!(ann.join("r", Some(&last)).await?["recovered"], true);
    Ok(())
}

#[test]
fn the_configuration_with_tls_is_valid() -> Test {
    if !is_installed("the_configuration_with_tls_is_valid") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("nginx.conf"), CONFIG)?;
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=localhost"]);
    openssl.args(["-keyout", "chat.key", "-out", "chat.pem"]).current_dir(folder.path());
    let Ok(status) = openssl.stderr(Stdio::null()).status() else {
        println!("left out: the_configuration_with_tls_is_valid: openssl is not installed");
        return Ok(());
    };
    assert!(status.success());
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-t", "-q"]);
    assert!(nginx.status()?.success());
    Ok(())
}
