//! What all nodes share: the order of messages, and who is where.

pub mod memory;
pub mod redis;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::protocol::{Position, Status};

/// What messages are published to, in one order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A room.
    Room(Arc<str>),
    /// The private messages to a user.
    User(Arc<str>),
}

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The user who published it.
    pub user: Arc<str>,
    /// The connection that it came by, which gets an acknowledgement instead of the message.
    pub origin: Arc<str>,
    /// The user's name for it: the same key publishes once.
    pub key: String,
    /// What it says.
    #[serde(flatten)]
    pub body: Body,
}

/// What a [`Post`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Body {
    /// A message.
    Text {
        /// Its text.
        content: String,
    },
    /// A file that was uploaded.
    File {
        /// Its name, as the user gave it.
        name: String,
        /// Its length in bytes.
        size: u64,
        /// Where it can be read.
        url: String,
    },
}

/// A post that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the epoch.
    pub offset: u64,
    /// When it was stored, in milliseconds since 1970.
    pub ts: u64,
    /// What was stored.
    pub post: Arc<Post>,
}

/// Where a post was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place.
    pub position: Position,
    /// When it was stored, in milliseconds since 1970.
    pub ts: u64,
    /// Whether it was stored before, by the same key.
    pub duplicate: bool,
}

/// The state of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The epoch.
    pub epoch: Arc<str>,
    /// The last offset before this epoch.
    pub base: u64,
    /// The last offset.
    pub top: u64,
}

/// What follows a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The state of the topic; `None` if it has none, as after its data was lost.
    pub head: Option<Head>,
    /// The entries after the position, in order; none if the epoch is not that of the position.
    pub entries: Vec<Entry>,
}

/// A part of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The epoch now.
    pub epoch: Arc<str>,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Whether there are earlier ones.
    pub more: bool,
}

/// What is passed on and not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// A user begins or ends to write.
    Typing {
        /// The user.
        user: Arc<str>,
        /// Whether it begins.
        on: bool,
    },
    /// A user has entered or left.
    Presence {
        /// The user.
        user: Arc<str>,
        /// Which of both.
        status: Status,
    },
}

/// What the backplane reports to its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something may have been stored in a topic.
    Stored(Topic),
    /// Something was passed on.
    Signal(Topic, Signal),
    /// The backplane is gone.
    Down,
    /// It is back: anything may have happened meanwhile.
    Up,
}

/// The backplane cannot be reached, or does not answer in time. Nothing is known about what was
/// asked of it: it may have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the backplane is not available")
    }
}

impl std::error::Error for Unavailable {}

/// The result of asking the backplane.
pub type Result<T> = std::result::Result<T, Unavailable>;

/// What all nodes share, as one node sees it.
#[async_trait]
pub trait Backplane: Send + Sync {
    /// Returns whether it can be reached, as far as is known.
    fn is_up(&self) -> bool;

    /// Begins to report events of a topic.
    async fn watch(&self, topic: &Topic) -> Result<()>;

    /// Ends what one call of [`watch`](Self::watch) began.
    fn unwatch(&self, topic: &Topic);

    /// Returns the state of a topic, which exists even if nothing was published yet.
    ///
    /// A node that has read up to `known` says so: if the backplane has lost some of that, a new
    /// epoch begins, so that no offset is ever given to two posts of one epoch.
    async fn head(&self, topic: &Topic, known: Option<&Position>) -> Result<Head>;

    /// Stores a post behind all others, unless the user's key was stored before; `known` is that of
    /// [`head`](Self::head).
    async fn publish(&self, topic: &Topic, post: Post, known: Option<&Position>) -> Result<Stored>;

    /// Returns what follows each of these positions, up to a number of entries for each.
    async fn read(&self, from: &[(Topic, Position)], limit: usize) -> Result<Vec<Batch>>;

    /// Returns the last entries before an offset, or before the end.
    async fn page(&self, topic: &Topic, before: Option<u64>, limit: usize) -> Result<Page>;

    /// Notes that a user is there on this node, and returns everyone who is there on any.
    async fn enter(&self, topic: &Topic, user: &str) -> Result<Vec<String>>;

    /// Notes that a user is not there on this node any more.
    async fn leave(&self, topic: &Topic, user: &str) -> Result<()>;

    /// Confirms who is there on this node, and forgets everyone whose node has not done so.
    async fn refresh(&self, topic: &Topic, users: &[Arc<str>]) -> Result<()>;

    /// Passes a signal on to all nodes that watch the topic.
    async fn tell(&self, topic: &Topic, signal: Signal) -> Result<()>;
}

/// Returns a name that no other epoch has.
fn new_epoch() -> Arc<str> {
    use rand::RngExt;
    format!("{:016x}", rand::rng().random::<u64>()).into()
}
