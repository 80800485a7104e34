//! The backplane of many nodes: streams of Redis hold the messages, and its publish/subscribe only
//! wakes the nodes that follow them.

mod link;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Client, RedisError, Script, Value, from_redis_value_ref, pipe};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::link::Link;
use super::{
    Backplane, Batch, Entry, Event, Head, Page, Post, Result, Signal, Stored, Topic, Unavailable,
    new_epoch,
};
use crate::protocol::Position;
use crate::settings::{Sabotage, Settings, Timing};

/// How many events the node may be behind.
const EVENTS: usize = 64 << 10;

/// The backplane of one node.
pub struct Redis {
    link: Arc<Link>,
    node: Arc<str>,
    history: usize,
    timing: Timing,
    scripts: Scripts,
    makes_duplicates: bool,
}

/// Each is one atomic step.
struct Scripts {
    head: Script,
    publish: Script,
    enter: Script,
    leave: Script,
    refresh: Script,
}

macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(include_str!("redis/epoch.lua"), include_str!($file)))
    };
}

/// The keys of a topic. The braces keep them in one slot of a cluster.
pub(super) struct Keys {
    stream: String,
    meta: String,
    members: String,
    /// The channel of wake-ups and signals.
    pub(super) live: String,
}

impl Keys {
    pub(super) fn new(topic: &Topic) -> Self {
        let stream = match topic {
            Topic::Room(name) => format!("room:{{{name}}}"),
            Topic::User(name) => format!("user:{{{name}}}"),
        };
        let with = |part: &str| format!("{stream}:{part}");
        Self { meta: with("meta"), members: with("members"), live: with("live"), stream }
    }

    /// Returns the key that remembers a post.
    fn post(&self, post: &Post) -> String {
        format!("{}:key:{}:{}:{}", self.stream, post.user.len(), post.user, post.key)
    }
}

impl Redis {
    /// Starts the backplane of a node, and returns what it reports too. Tasks connect it, now and
    /// whenever the connection is lost.
    ///
    /// # Errors
    /// If the URL is not valid. That Redis cannot be reached is none.
    pub fn start(
        url: &str,
        node: &Arc<str>,
        settings: &Settings,
        tasks: &mut JoinSet<()>,
    ) -> std::result::Result<(Arc<dyn Backplane>, mpsc::Receiver<Event>), RedisError> {
        let client = Client::open(url)?;
        let (events, receiver) = mpsc::channel(EVENTS);
        let (link, changes) = Link::new(client, settings.timing, events);
        tasks.spawn(link.clone().run(changes));
        let scripts = Scripts {
            head: script!("redis/head.lua"),
            publish: script!("redis/publish.lua"),
            enter: script!("redis/enter.lua"),
            leave: script!("redis/leave.lua"),
            refresh: script!("redis/refresh.lua"),
        };
        let (history, timing) = (settings.history, settings.timing);
        let makes_duplicates = settings.makes(Sabotage::Dedup);
        let node = node.clone();
        let backplane = Self { link, node, history, timing, scripts, makes_duplicates };
        Ok((Arc::new(backplane), receiver))
    }
}

#[async_trait]
impl Backplane for Redis {
    fn is_up(&self) -> bool {
        self.link.is_up()
    }

    async fn watch(&self, topic: &Topic) -> Result<()> {
        self.link.watch(topic).await
    }

    fn unwatch(&self, topic: &Topic) {
        self.link.unwatch(topic);
    }

    async fn head(&self, topic: &Topic, known: Option<&Position>) -> Result<Head> {
        let keys = Keys::new(topic);
        let mut call = self.scripts.head.key(keys.stream);
        call.key(keys.meta);
        with_known(&mut call, known);
        call.arg(millis(self.timing.retention));
        let (epoch, base, top): (String, u64, u64) =
            self.link.ask(async |mut redis| call.invoke_async(&mut redis).await).await?;
        Ok(Head { epoch: epoch.into(), base, top })
    }

    async fn publish(&self, topic: &Topic, post: Post, known: Option<&Position>) -> Result<Stored> {
        let keys = Keys::new(topic);
        let mut call = self.scripts.publish.key(&keys.stream);
        call.key(&keys.meta).key(if self.makes_duplicates {
            format!("{}:{}", keys.post(&post), new_epoch())
        } else {
            keys.post(&post)
        });
        with_known(&mut call, known);
        call.arg(serde_json::to_string(&post).map_err(|_| Unavailable)?)
            .arg(keys.live)
            .arg(self.history)
            .arg(millis(self.timing.retention))
            .arg(millis(self.timing.dedup));
        let (epoch, offset, ts, duplicate): (String, u64, u64, u8) =
            self.link.ask(async |mut redis| call.invoke_async(&mut redis).await).await?;
        let position = Position { epoch: epoch.into(), offset };
        let duplicate = duplicate == 1;
        if !duplicate {
            self.link.stored(topic).await;
        }
        Ok(Stored { position, ts, duplicate })
    }

    async fn read(&self, from: &[(Topic, Position)], limit: usize) -> Result<Vec<Batch>> {
        if from.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = pipe();
        pipe.atomic();
        for (topic, position) in from {
            let keys = Keys::new(topic);
            pipe.cmd("HMGET").arg(keys.meta).arg(&["epoch", "base", "top"]);
            let after = format!("({}-0", position.offset);
            pipe.cmd("XRANGE").arg(keys.stream).arg(after).arg("+").arg("COUNT").arg(limit);
        }
        let values: Vec<Value> =
            self.link.ask(async |mut redis| pipe.query_async(&mut redis).await).await?;
        let batches = values.as_chunks::<2>().0.iter().zip(from);
        batches.map(|([head, entries], (_, from))| batch(head, entries, from)).collect()
    }

    async fn page(&self, topic: &Topic, before: Option<u64>, limit: usize) -> Result<Page> {
        let keys = Keys::new(topic);
        let before = before.map_or("+".to_owned(), |before| format!("({before}-0"));
        let mut pipe = pipe();
        pipe.atomic().cmd("HGET").arg(keys.meta).arg("epoch").cmd("XREVRANGE").arg(keys.stream);
        pipe.arg(before).arg("-").arg("COUNT").arg(limit + 1);
        let (epoch, mut entries): (Option<String>, Vec<Value>) =
            self.link.ask(async |mut redis| pipe.query_async(&mut redis).await).await?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        let entries = entries.iter().rev().filter_map(parse_entry).collect();
        Ok(Page { epoch: epoch.map_or_else(new_epoch, Into::into), entries, more })
    }

    async fn enter(&self, topic: &Topic, user: &str) -> Result<Vec<String>> {
        let keys = Keys::new(topic);
        let mut call = self.scripts.enter.key(keys.members);
        call.arg(user).arg(&*self.node).arg(millis(self.timing.presence)).arg(keys.live);
        self.link.ask(async |mut redis| call.invoke_async(&mut redis).await).await
    }

    async fn leave(&self, topic: &Topic, user: &str) -> Result<()> {
        let keys = Keys::new(topic);
        let mut call = self.scripts.leave.key(keys.members);
        call.arg(user).arg(&*self.node).arg(keys.live);
        self.link.ask(async |mut redis| call.invoke_async(&mut redis).await).await
    }

    async fn refresh(&self, topic: &Topic, users: &[Arc<str>]) -> Result<()> {
        let keys = Keys::new(topic);
        let mut call = self.scripts.refresh.key(keys.members);
        call.arg(&*self.node).arg(millis(self.timing.presence)).arg(keys.live);
        for user in users {
            call.arg(&**user);
        }
        self.link.ask(async |mut redis| call.invoke_async(&mut redis).await).await
    }

    async fn tell(&self, topic: &Topic, signal: Signal) -> Result<()> {
        let text = serde_json::to_string(&signal).map_err(|_| Unavailable)?;
        let mut cmd = redis::cmd("PUBLISH");
        cmd.arg(Keys::new(topic).live).arg(text);
        self.link.ask(async |mut redis| cmd.query_async(&mut redis).await).await
    }
}

/// Adds what may begin a new epoch: its name, and the position that the node knows of.
fn with_known(call: &mut redis::ScriptInvocation<'_>, known: Option<&Position>) {
    let (epoch, offset) = known.map_or(("", 0), |known| (&*known.epoch, known.offset));
    call.arg(&*new_epoch()).arg(epoch).arg(offset);
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn batch(head: &Value, entries: &Value, from: &Position) -> Result<Batch> {
    let (epoch, base, top): (Option<String>, Option<u64>, Option<u64>) =
        from_redis_value_ref(head).map_err(not_ours)?;
    let Some(epoch) = epoch else { return Ok(Batch { head: None, entries: Vec::new() }) };
    let entries = if *epoch == *from.epoch { parse_entries(entries)? } else { Vec::new() };
    let head = Head { epoch: epoch.into(), base: base.unwrap_or(0), top: top.unwrap_or(0) };
    Ok(Batch { head: Some(head), entries })
}

/// Parses entries of a stream: `[["7-0", ["post", "{...}", "ts", "1700000000000"]], ...]`. What
/// somebody else has added is left out, and so is missing for those who count.
fn parse_entries(value: &Value) -> Result<Vec<Entry>> {
    let entries: Vec<Value> = from_redis_value_ref(value).map_err(not_ours)?;
    Ok(entries.iter().filter_map(parse_entry).collect())
}

fn parse_entry(value: &Value) -> Option<Entry> {
    let (id, (_, post, _, ts)): (String, (String, String, String, u64)) =
        from_redis_value_ref(value).ok()?;
    let (offset, _) = id.split_once('-')?;
    let post = serde_json::from_str(&post).ok()?;
    Some(Entry { offset: offset.parse().ok()?, ts, post: Arc::new(post) })
}

/// Notes that somebody else writes to our keys.
fn not_ours(error: impl std::fmt::Display) -> Unavailable {
    tracing::error!(%error, "Redis has something else in the place of a message");
    Unavailable
}
