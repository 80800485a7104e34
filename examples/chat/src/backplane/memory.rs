//! The backplane of one node, or of several in one process: everything is in memory.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{
    Backplane, Batch, Body, Entry, Event, Head, Page, Post, Result, Signal, Stored, Topic,
    new_epoch,
};
use crate::protocol::{Position, Status};
use crate::settings::Settings;

/// The most memory that the posts of one topic take, in bytes; the oldest are dropped.
const MAX_BYTES: usize = 16 << 20;
/// The most topics that are kept while nobody watches them.
const MAX_IDLE: usize = 10_000;
/// How many events a node may be behind.
const EVENTS: usize = 64 << 10;

/// What the nodes of one process share.
#[derive(Clone)]
pub struct Memory(Arc<Shared>);

struct Shared {
    history: usize,
    dedup: std::time::Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    logs: HashMap<Topic, Log>,
    nodes: Vec<mpsc::Sender<Event>>,
    /// Topics that nobody watches, the longest idle one first.
    idle: BTreeMap<u64, Topic>,
    last_idle: u64,
}

struct Log {
    epoch: Arc<str>,
    top: u64,
    bytes: usize,
    entries: VecDeque<Entry>,
    keys: HashMap<(Arc<str>, String), (u64, u64)>,
    /// The same keys, the oldest first.
    ages: VecDeque<(Instant, Arc<str>, String)>,
    /// The nodes that each user is on.
    users: HashMap<String, HashSet<usize>>,
    watchers: usize,
    /// Its number among the idle ones, if nobody watches it.
    idle: Option<u64>,
}

/// The backplane of one of these nodes.
struct Node {
    shared: Arc<Shared>,
    number: usize,
}

impl Memory {
    /// Creates what nodes share.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self(Arc::new(Shared {
            history: settings.history,
            dedup: settings.timing.dedup,
            state: Mutex::default(),
        }))
    }

    /// Adds a node, and returns its backplane, and what that reports.
    #[must_use]
    pub fn node(&self) -> (Arc<dyn Backplane>, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(EVENTS);
        let mut state = self.0.lock();
        let number = state.nodes.len();
        state.nodes.push(events);
        (Arc::new(Node { shared: self.0.clone(), number }), receiver)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn log(&mut self, topic: &Topic) -> &mut Log {
        self.logs.entry(topic.clone()).or_insert_with(Log::new)
    }

    /// Returns the nodes to report to; those that have ended are not among them.
    fn nodes(&self) -> Vec<mpsc::Sender<Event>> {
        self.nodes.iter().filter(|node| !node.is_closed()).cloned().collect()
    }

    /// Notes that nobody watches a topic, and forgets the one that was idle for the longest time if
    /// there are too many.
    fn rest(&mut self, topic: &Topic) {
        let Some(log) = self.logs.get_mut(topic) else { return };
        self.last_idle += 1;
        if let Some(earlier) = log.idle.replace(self.last_idle) {
            self.idle.remove(&earlier);
        }
        self.idle.insert(self.last_idle, topic.clone());
        if self.idle.len() > MAX_IDLE
            && let Some((_, topic)) = self.idle.pop_first()
        {
            self.logs.remove(&topic);
        }
    }
}

impl Log {
    fn new() -> Self {
        Self {
            epoch: new_epoch(),
            top: 0,
            bytes: 0,
            entries: VecDeque::new(),
            keys: HashMap::new(),
            ages: VecDeque::new(),
            users: HashMap::new(),
            watchers: 0,
            idle: None,
        }
    }

    fn head(&self) -> Head {
        Head { epoch: self.epoch.clone(), base: 0, top: self.top }
    }

    fn position(&self, offset: u64) -> Position {
        Position { epoch: self.epoch.clone(), offset }
    }

    fn append(&mut self, post: Post, shared: &Shared) -> Stored {
        while let Some((at, ..)) = self.ages.front()
            && at.elapsed() >= shared.dedup
            && let Some((_, user, key)) = self.ages.pop_front()
        {
            self.keys.remove(&(user, key));
        }
        let name = (post.user.clone(), post.key.clone());
        if let Some(&(offset, ts)) = self.keys.get(&name) {
            return Stored { position: self.position(offset), ts, duplicate: true };
        }
        self.top += 1;
        let (offset, ts) = (self.top, now_ms());
        self.ages.push_back((Instant::now(), name.0.clone(), name.1.clone()));
        self.keys.insert(name, (offset, ts));
        self.bytes += size(&post);
        self.entries.push_back(Entry { offset, ts, post: Arc::new(post) });
        while self.entries.len() > shared.history || self.bytes > MAX_BYTES {
            let Some(entry) = self.entries.pop_front() else { break };
            self.bytes -= size(&entry.post);
        }
        Stored { position: self.position(offset), ts, duplicate: false }
    }

    /// Returns the entries after an offset.
    fn after(&self, offset: u64) -> impl Iterator<Item = &Entry> {
        let from = self.entries.partition_point(|entry| entry.offset <= offset);
        self.entries.range(from..)
    }
}

/// Sends an event to all nodes.
async fn report(nodes: Vec<mpsc::Sender<Event>>, event: Event) {
    for node in nodes {
        // A node that has ended hears nothing.
        let _ = node.send(event.clone()).await;
    }
}

#[async_trait]
impl Backplane for Node {
    fn is_up(&self) -> bool {
        true
    }

    async fn watch(&self, topic: &Topic) -> Result<()> {
        let mut state = self.shared.lock();
        let log = state.log(topic);
        log.watchers += 1;
        if let Some(idle) = log.idle.take() {
            state.idle.remove(&idle);
        }
        Ok(())
    }

    fn unwatch(&self, topic: &Topic) {
        let mut state = self.shared.lock();
        let log = state.log(topic);
        log.watchers = log.watchers.saturating_sub(1);
        if log.watchers == 0 {
            state.rest(topic);
        }
    }

    async fn head(&self, topic: &Topic, _: Option<&Position>) -> Result<Head> {
        Ok(self.shared.lock().log(topic).head())
    }

    async fn publish(&self, topic: &Topic, post: Post, _: Option<&Position>) -> Result<Stored> {
        let (stored, nodes) = {
            let mut state = self.shared.lock();
            let log = state.log(topic);
            let stored = log.append(post, &self.shared);
            if log.watchers == 0 {
                state.rest(topic);
            }
            (stored, state.nodes())
        };
        if !stored.duplicate {
            report(nodes, Event::Stored(topic.clone())).await;
        }
        Ok(stored)
    }

    async fn read(&self, from: &[(Topic, Position)], limit: usize) -> Result<Vec<Batch>> {
        let state = self.shared.lock();
        let read = |(topic, position): &(Topic, Position)| {
            let Some(log) = state.logs.get(topic) else {
                return Batch { head: None, entries: Vec::new() };
            };
            let entries = if log.epoch == position.epoch {
                log.after(position.offset).take(limit).cloned().collect()
            } else {
                Vec::new()
            };
            Batch { head: Some(log.head()), entries }
        };
        Ok(from.iter().map(read).collect())
    }

    async fn page(&self, topic: &Topic, before: Option<u64>, limit: usize) -> Result<Page> {
        let state = self.shared.lock();
        let Some(log) = state.logs.get(topic) else {
            return Ok(Page { epoch: new_epoch(), entries: Vec::new(), more: false });
        };
        let before = before.unwrap_or(u64::MAX);
        let end = log.entries.partition_point(|entry| entry.offset < before);
        let start = end.saturating_sub(limit);
        let entries = log.entries.range(start..end).cloned().collect();
        Ok(Page { epoch: log.epoch.clone(), entries, more: start > 0 })
    }

    async fn enter(&self, topic: &Topic, user: &str) -> Result<Vec<String>> {
        let (users, is_first, nodes) = {
            let mut state = self.shared.lock();
            let log = state.log(topic);
            let on = log.users.entry(user.to_owned()).or_default();
            let is_first = on.is_empty();
            on.insert(self.number);
            (log.users.keys().cloned().collect(), is_first, state.nodes())
        };
        if is_first {
            report(nodes, presence(topic, user, Status::Online)).await;
        }
        Ok(users)
    }

    async fn leave(&self, topic: &Topic, user: &str) -> Result<()> {
        let nodes = {
            let mut state = self.shared.lock();
            let Some(log) = state.logs.get_mut(topic) else { return Ok(()) };
            let Some(on) = log.users.get_mut(user) else { return Ok(()) };
            on.remove(&self.number);
            if !on.is_empty() {
                return Ok(());
            }
            log.users.remove(user);
            state.nodes()
        };
        report(nodes, presence(topic, user, Status::Offline)).await;
        Ok(())
    }

    async fn refresh(&self, _: &Topic, _: &[Arc<str>]) -> Result<()> {
        Ok(()) // a node of this process does not die alone
    }

    async fn tell(&self, topic: &Topic, signal: Signal) -> Result<()> {
        let nodes = self.shared.lock().nodes();
        report(nodes, Event::Signal(topic.clone(), signal)).await;
        Ok(())
    }
}

fn presence(topic: &Topic, user: &str, status: Status) -> Event {
    Event::Signal(topic.clone(), Signal::Presence { user: user.into(), status })
}

/// Returns about how much memory a post takes.
fn size(post: &Post) -> usize {
    let body = match &post.body {
        Body::Text { content } => content.len(),
        Body::File { name, url, .. } => name.len() + url.len(),
    };
    200 + post.key.len() + body
}

fn now_ms() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
