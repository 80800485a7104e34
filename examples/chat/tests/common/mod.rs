//! What the test programs share: nodes, clients, and a Redis of their own.
#![allow(dead_code)] // no program uses everything

pub(crate) mod client;
pub(crate) mod process;
#[path = "../../src/bin/chat-check/redis.rs"]
pub(crate) mod redis;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use jsonwebtoken::{EncodingKey, Header, encode};
use rooms::backplane::memory::Memory;
use rooms::{Claims, Server, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use redis::RedisServer;

pub(crate) type Test<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

pub(crate) const SECRET: &str = "a secret of the tests";
/// How long anything may take that happens soon.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Settings for a free port, with deadlines for tests.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::parse_from(["chat", "--listen", "127.0.0.1:0"]);
    settings.jwt_secret = Some(SECRET.into());
    settings.rate = NonZeroU32::new(10_000).unwrap();
    settings.burst = NonZeroU32::new(1_000).unwrap();
    settings.drain = Duration::from_secs(2);
    settings.timing.check = Duration::from_millis(100);
    settings
}

/// Signs a token that expires in some seconds, for all rooms or for a few.
pub(crate) fn token(user: &str, seconds: i64, rooms: Option<&[&str]>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = Claims {
        sub: user.into(),
        exp: now.saturating_add_signed(seconds),
        rooms: rooms.map(|rooms| rooms.iter().map(ToString::to_string).collect()),
    };
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// Returns text that hardly compresses.
pub(crate) fn noise(seed: u64, len: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = seed;
    let letter = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(LETTERS[usize::try_from(state >> 58).unwrap_or(0)])
    };
    (0..len).map(letter).collect()
}

/// Starts a node with its own memory.
pub(crate) async fn node(settings: Settings) -> Test<Server> {
    Ok(Server::start(settings).await?)
}

/// Two nodes that are one service.
pub(crate) struct Nodes {
    pub(crate) a: Server,
    pub(crate) b: Server,
    pub(crate) redis: Option<RedisServer>,
}

impl Nodes {
    pub(crate) async fn in_memory(settings: Settings) -> Test<Self> {
        let memory = Memory::new(&settings);
        let a = Server::start_beside(settings.clone(), &memory).await?;
        let b = Server::start_beside(settings, &memory).await?;
        Ok(Self { a, b, redis: None })
    }

    pub(crate) async fn over_redis(mut settings: Settings, redis: RedisServer) -> Test<Self> {
        settings.redis = Some(redis.url());
        let a = Server::start(settings.clone()).await?;
        let b = Server::start(settings).await?;
        for node in [&a, &b] {
            ready(node.address(), 200).await?;
        }
        Ok(Self { a, b, redis: Some(redis) })
    }
}

/// Defines a test that runs with two nodes over each backplane.
#[macro_export]
macro_rules! on_both {
    ($(#[doc = $doc:literal] async fn $name:ident($nodes:ident: Nodes) -> Test $body:block)+) => {$(
        mod $name {
            use super::*;

            #[doc = $doc]
            async fn test($nodes: Nodes) -> Test $body

            #[tokio::test]
            async fn in_memory() -> Test {
                test(Nodes::in_memory(settings()).await?).await
            }

            #[tokio::test]
            async fn over_redis() -> Test {
                let name = concat!(stringify!($name), "::over_redis");
                let Some(redis) = RedisServer::start(name).await? else { return Ok(()) };
                test(Nodes::over_redis(settings(), redis).await?).await
            }
        }
    )+};
}

/// Waits until `/readyz` has this status.
pub(crate) async fn ready(address: SocketAddr, status: u16) -> Test {
    let wait = async {
        while get(address, "/readyz", "").await?.0 != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    tokio::time::timeout(SOON, wait).await.map_err(|_| format!("/readyz never became {status}"))?
}

/// Gets a page, with lines to add to the head; returns its status, its head and its body.
pub(crate) async fn get(
    address: SocketAddr,
    path: &str,
    head: &str,
) -> Test<(u16, String, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{head}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut response)).await??;
    let end = response.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no head")?;
    let head = String::from_utf8(response[..end].to_vec())?;
    let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    Ok((status, head, response.split_off(end + 4)))
}
