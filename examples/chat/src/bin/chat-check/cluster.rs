//! Two nodes in processes of their own, each behind a proxy, and a Redis.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Result;
use super::client::SECRET;
use super::proxy::{Proxy, Way};
use super::redis::{RedisServer, signal};

/// How long a process may take to start or to end.
const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Cluster {
    chat: PathBuf,
    options: Vec<String>,
    pub(crate) redis: RedisServer,
    nodes: [Node; 2],
}

struct Node {
    child: Child,
    address: SocketAddr,
    proxy: Proxy,
}

impl Cluster {
    pub(crate) async fn start(
        chat: PathBuf,
        options: Vec<String>,
        redis: RedisServer,
    ) -> Result<Self> {
        let nodes = [
            Node::start(&chat, &options, &redis).await?,
            Node::start(&chat, &options, &redis).await?,
        ];
        Ok(Self { chat, options, redis, nodes })
    }

    /// Returns where clients connect to.
    pub(crate) fn proxies(&self) -> [SocketAddr; 2] {
        self.nodes.each_ref().map(|node| node.proxy.address())
    }

    /// Returns the address of a node itself.
    pub(crate) fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].address
    }

    pub(crate) fn proxy(&self, node: usize) -> &Proxy {
        &self.nodes[node].proxy
    }

    /// Sends a signal to a node.
    pub(crate) fn signal(&self, node: usize, name: &str) -> Result {
        let id = self.nodes[node].child.id().ok_or("the node has ended")?;
        Ok(signal(id, name)?)
    }

    /// Waits for a node to end.
    pub(crate) async fn ended(&mut self, node: usize) -> Result {
        timeout(SOON, self.nodes[node].child.wait()).await??;
        Ok(())
    }

    /// Starts a node again, which has ended.
    pub(crate) async fn restart(&mut self, node: usize) -> Result {
        let (child, address) = spawn(&self.chat, &self.options, &self.redis).await?;
        self.nodes[node].child = child;
        self.nodes[node].address = address;
        self.nodes[node].proxy.set_target(address);
        Ok(())
    }

    /// Lets everything pass again.
    pub(crate) async fn heal(&mut self) -> Result {
        for node in 0..2 {
            self.proxy(node).set_way(Way::Open);
            self.proxy(node).cut();
        }
        self.redis.command::<String>(&["PING"]).await?;
        Ok(())
    }
}

impl Node {
    async fn start(chat: &PathBuf, options: &[String], redis: &RedisServer) -> Result<Self> {
        let (child, address) = spawn(chat, options, redis).await?;
        Ok(Self { child, address, proxy: Proxy::start(address).await? })
    }
}

async fn spawn(
    chat: &PathBuf,
    options: &[String],
    redis: &RedisServer,
) -> Result<(Child, SocketAddr)> {
    let mut command = Command::new(chat);
    command.args(["--listen", "127.0.0.1:0", "--redis", &redis.url(), "--jwt-secret", SECRET]);
    command.args(["--rate", "10000", "--burst", "10000", "--drain", "1"]).args(options);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let output = child.stdout.take().ok_or("the node has no output")?;
    let mut lines = BufReader::new(output).lines();
    let line = timeout(SOON, lines.next_line()).await??.ok_or("the node does not start")?;
    let address = line.strip_prefix("listening: http://").ok_or("the node says something else")?;
    Ok((child, address.trim_end_matches('/').parse()?))
}
