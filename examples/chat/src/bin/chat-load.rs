//! `chat-load`: measures one node under many connections.
//!
//! It starts `chat`, opens the connections, spreads them over rooms, and reports the memory of each,
//! the time from a publish to its delivery, the same beside a slow reader and a client that floods,
//! and how long one message takes to reach all.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use futures_util::{StreamExt, TryStreamExt, stream};
use jsonwebtoken::{EncodingKey, Header, encode};
use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::{Config, MaybeTlsStream, Message, Receiver, Request, Sender, connect_with};
use rooms::Claims;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{interval, sleep, timeout};

const SECRET: &str = "the secret of a measurement";
/// How many connections are opened at the same time.
const AT_ONCE: usize = 200;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many messages are sent to everyone, one after the other.
const TO_ALL: usize = 20;

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Half = Sender<MaybeTlsStream>;

/// Measures one node under many connections.
#[derive(Parser)]
struct Args {
    /// How many connections to open.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// How many rooms they are spread over.
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// How many messages are published each second, in all rooms together.
    #[arg(long, default_value_t = 50)]
    rate: u64,
    /// How long each round lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many rounds there are without a slow reader and a flood, and with them.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Compress.
    #[arg(long)]
    deflate: bool,
    /// The program of a node. Default: `chat` beside this program.
    #[arg(long)]
    chat: Option<PathBuf>,
    /// The Redis of the node. Default: none.
    #[arg(long)]
    redis: Option<String>,
}

/// A node in a process of its own.
struct Node {
    _child: Child,
    id: u32,
    address: SocketAddr,
}

/// What arrives at all connections: how long after it was sent.
type Latencies = Arc<Mutex<Vec<Duration>>>;

#[tokio::main]
async fn main() -> Result {
    let args = Args::parse();
    let node = Node::start(&args).await?;
    let empty = node.memory()?;
    let start = Instant::now();
    let latencies = Latencies::default();
    let opened = stream::iter(0..args.connections)
        .map(|number| open(&node, &args, number, start, latencies.clone()))
        .buffered(AT_ONCE);
    let mut senders: Vec<Half> = opened.try_collect().await?;
    let time = start.elapsed();
    println!(
        "{} connections in {} rooms, opened in {time:.1?}; {} KiB each",
        args.connections,
        args.rooms,
        (node.memory()? - empty) / args.connections as u64,
    );

    let [mut quiet, mut beside] = [Vec::new(), Vec::new()];
    // In turns, because what else the machine does changes.
    for _ in 0..args.rounds {
        publish(&mut senders, &args, start).await?;
        quiet.append(&mut take(&latencies));
        tokio::select! {
            result = publish(&mut senders, &args, start) => result?,
            result = read_slowly(&node, &args) => result?,
            result = flood(&node, &args) => result?,
        }
        beside.append(&mut take(&latencies));
    }
    println!("publish to delivery: {}", Quantiles::new(quiet));
    println!("beside a slow reader and a flood: {}", Quantiles::new(beside));

    let mut times = Vec::new();
    for number in 0..TO_ALL {
        let sent = Instant::now();
        say(senders.first_mut().ok_or("no connections")?, "all", number as u64, start).await?;
        // Everyone but the sender.
        let wait = async {
            while latencies.lock().unwrap_or_else(PoisonError::into_inner).len()
                < args.connections - 1
            {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, wait).await?;
        times.push(sent.elapsed());
        take(&latencies);
    }
    println!("one message to all, until the last has it: {}", Quantiles::new(times));
    println!("the node has {} MiB", node.memory()? >> 10);
    Ok(())
}

impl Node {
    async fn start(args: &Args) -> Result<Self> {
        let chat = match &args.chat {
            Some(chat) => chat.clone(),
            None => std::env::current_exe()?.with_file_name("chat"),
        };
        let mut command = Command::new(chat);
        command.args(["--listen", "127.0.0.1:0", "--jwt-secret", SECRET]);
        command.args(args.redis.iter().flat_map(|url| ["--redis", url]));
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("the node has no output")?;
        let line = BufReader::new(output).lines().next_line().await?.ok_or("it does not start")?;
        let address = line.strip_prefix("listening: http://").ok_or("it says something else")?;
        let address = address.trim_end_matches('/').parse()?;
        Ok(Self { id: child.id().ok_or("the node has ended")?, address, _child: child })
    }

    /// Returns its resident memory in KiB.
    fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
        Ok(kib.parse()?)
    }
}

/// Opens a connection, and joins its room and the one of all.
async fn join(
    node: &Node,
    args: &Args,
    user: &str,
    rooms: &[&str],
) -> Result<(Half, Receiver<MaybeTlsStream>)> {
    let exp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + 3600;
    let claims = Claims { sub: user.into(), exp, rooms: None };
    let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))?;
    let request = Request::new(&format!("ws://{}/ws?token={token}", node.address))?;
    let config = Config::DEFAULT.deflate(args.deflate.then_some(deflate::Config::DEFAULT));
    let (ws, _) = connect_with(request, &config).await?;
    let (mut receiver, mut sender) = ws.into_split();
    for room in rooms {
        sender.send(json!({ "type": "join", "roomId": room }).to_string()).await?;
    }
    let mut left = rooms.len();
    while left > 0 {
        let message = timeout(PATIENCE, receiver.recv()).await?.ok_or("closed")??;
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(text.as_str())?;
        left -= usize::from(message["type"] == "joined");
    }
    Ok((sender, receiver))
}

/// Opens a connection, and notes when messages arrive.
async fn open(
    node: &Node,
    args: &Args,
    number: usize,
    start: Instant,
    latencies: Latencies,
) -> Result<Half> {
    let room = room(number, args);
    // Each user has a connection in every room, so the room of all has no more users than any other.
    let user = format!("user {}", number / args.rooms);
    let (sender, mut receiver) = join(node, args, &user, &[&room, "all"]).await?;
    tokio::spawn(async move {
        while let Some(Ok(message)) = receiver.recv().await {
            let now = start.elapsed();
            if let Some(sent) = message.as_str().and_then(sent_at) {
                let mut latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
                latencies.push(now.saturating_sub(sent));
            }
        }
    });
    Ok(sender)
}

fn room(number: usize, args: &Args) -> String {
    format!("room {}", number % args.rooms)
}

/// Returns when a message was sent, as its content says.
fn sent_at(text: &str) -> Option<Duration> {
    if !text.contains(r#""type":"message""#) {
        return None;
    }
    let message: Value = serde_json::from_str(text).ok()?;
    message["content"].as_str()?.parse().ok().map(Duration::from_nanos)
}

/// Publishes the time.
async fn say(sender: &mut Half, room: &str, key: u64, start: Instant) -> Result {
    let now = start.elapsed();
    let key = format!("{key}/{}", now.as_nanos());
    let message = json!({
        "type": "message", "roomId": room, "key": key, "content": now.as_nanos().to_string(),
    });
    Ok(sender.send(message.to_string()).await?)
}

/// Publishes for some seconds, each time from another connection.
async fn publish(senders: &mut [Half], args: &Args, start: Instant) -> Result {
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(args.rate)?);
    for tick in 0..args.rate * args.seconds {
        ticks.tick().await;
        // A step that has no factor in common with usual numbers of connections.
        let number = usize::try_from(tick * 7919)? % senders.len();
        let sender = senders.get_mut(number).ok_or("no connections")?;
        say(sender, &room(number, args), tick, start).await?;
    }
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

/// Reads nothing of a busy room, again and again, whenever that has ended the connection.
async fn read_slowly(node: &Node, args: &Args) -> Result {
    let (mut busy, mut answers) = join(node, args, "busy", &["disturbed"]).await?;
    let noise = "slow ".repeat(10_000);
    let mut key = 0;
    loop {
        let (mut slow, unread) = join(node, args, "slow", &["disturbed"]).await?;
        // What it sends fails once it is closed, which it does not read.
        while slow.send(json!({ "type": "ping" }).to_string()).await.is_ok() {
            key += 1;
            let key = format!("{key}/{}", node.id);
            let message =
                json!({ "type": "message", "roomId": "disturbed", "key": key, "content": noise });
            busy.send(message.to_string()).await?;
            answers.recv().await.ok_or("the writer was closed")??;
            sleep(Duration::from_millis(25)).await;
        }
        drop(unread);
    }
}

/// Floods, again and again, whenever that has ended the connection.
async fn flood(node: &Node, args: &Args) -> Result {
    let typing = json!({ "type": "typing", "roomId": "flood", "on": true }).to_string();
    loop {
        let (mut flood, mut answers) = join(node, args, "flood", &["flood"]).await?;
        let read = tokio::spawn(async move { while let Some(Ok(_)) = answers.recv().await {} });
        while !read.is_finished() && flood.send(typing.clone()).await.is_ok() {}
    }
}

fn take(latencies: &Latencies) -> Vec<Duration> {
    std::mem::take(&mut latencies.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Quantiles of times.
struct Quantiles(Vec<Duration>);

impl Quantiles {
    fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn at(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get((self.0.len() * percent / 100).min(last)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| self.at(percent));
        write!(f, "{} times, p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}", self.0.len())
    }
}
