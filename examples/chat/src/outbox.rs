//! What is to be sent to one connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rfc6455_axum::rfc6455::websocket::{Broadcast, Utf8Bytes};
use rfc6455_axum::rfc6455::{CloseCode, deflate};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::backplane::{Body, Post, Stored};
use crate::metrics::Metrics;
use crate::protocol::{Event, Id};

/// The most bytes that wait for a connection; beyond that, it reads too slowly.
pub(crate) const LIMIT: usize = 1 << 20;
/// What each item counts in addition to its text.
const OVERHEAD: usize = 64;
/// Shorter texts are not worth compressing.
const COMPRESS_FROM: usize = 128;

/// The compression of all connections. Messages do not refer to earlier ones, so a connection that
/// is quiet takes no memory for it, and one compressed message serves all.
pub(crate) const DEFLATE: deflate::Config =
    deflate::Config::DEFAULT.send_takeover(false).receive_takeover(false).mem_level(5);

/// One thing to send.
pub(crate) enum Item {
    /// A text for this connection.
    Text(Utf8Bytes),
    /// A text for many connections.
    Shared(Arc<Prepared>),
    /// The end, behind everything before it.
    Close(CloseCode, &'static str),
}

/// A text that is encoded once, and compressed once, for many connections.
pub(crate) struct Prepared {
    pub(crate) text: Utf8Bytes,
    pub(crate) broadcast: Broadcast,
}

impl Prepared {
    /// Encodes a text; `None` if no memory could hold it.
    pub(crate) fn new(text: String) -> Option<Self> {
        let text = Utf8Bytes::from(text);
        let broadcast = Broadcast::new(text.clone()).ok()?;
        let broadcast =
            if broadcast.len() < COMPRESS_FROM { broadcast } else { broadcast.compress(&DEFLATE) };
        Some(Self { text, broadcast })
    }
}

impl Item {
    fn len(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Text(text) => text.len(),
                Self::Shared(prepared) => prepared.text.len(),
                Self::Close(..) => 0,
            }
    }
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// The sending end of a connection's queue.
pub(crate) struct Outbox {
    items: UnboundedSender<Item>,
    queued: AtomicUsize,
    /// Too much was queued. Nothing follows what was dropped, so there is no gap.
    is_over: AtomicBool,
    overflow: Notify,
    awaited: Mutex<HashMap<(Arc<str>, String), Awaited>>,
    metrics: Arc<Metrics>,
}

/// A request to publish whose acknowledgement was not sent yet.
struct Awaited {
    re: Option<Id>,
    /// Of a file.
    url: Option<String>,
    stored: Option<Stored>,
}

/// The receiving end of a connection's queue.
pub(crate) struct Queue {
    items: UnboundedReceiver<Item>,
    outbox: Arc<Outbox>,
}

/// Creates a queue.
pub(crate) fn queue(metrics: Arc<Metrics>) -> (Arc<Outbox>, Queue) {
    let (sender, items) = unbounded_channel();
    let outbox = Arc::new(Outbox {
        items: sender,
        queued: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        overflow: Notify::new(),
        awaited: Mutex::default(),
        metrics,
    });
    (outbox.clone(), Queue { items, outbox })
}

impl Outbox {
    /// Queues an item. If too much waits, the connection ends instead.
    pub(crate) fn push(&self, item: impl Into<Item>) {
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        let item = item.into();
        let len = item.len();
        if self.queued.fetch_add(len, Ordering::Relaxed) + len > LIMIT {
            self.queued.fetch_sub(len, Ordering::Relaxed);
            self.is_over.store(true, Ordering::Relaxed);
            self.overflow.notify_one();
            return;
        }
        self.metrics.queued.add(to_i64(len));
        if self.items.send(item).is_err() {
            self.taken(len); // the connection has ended
        }
    }

    fn taken(&self, len: usize) {
        self.queued.fetch_sub(len, Ordering::Relaxed);
        self.metrics.queued.sub(to_i64(len));
    }

    /// Waits until too much was queued.
    pub(crate) async fn overflowed(&self) {
        self.overflow.notified().await;
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<(Arc<str>, String), Awaited>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that this connection publishes to a room, and by which request.
    pub(crate) fn publishing(&self, room: &Arc<str>, post: &Post, re: Option<Id>) {
        let url = match &post.body {
            Body::File { url, .. } => Some(url.clone()),
            Body::Text { .. } => None,
        };
        let awaited = Awaited { re, url, stored: None };
        self.awaited().insert((room.clone(), post.key.clone()), awaited);
    }

    /// Notes where it was stored. The acknowledgement keeps its place among the messages of the
    /// room, so it is sent when [its turn](Self::own) comes.
    pub(crate) fn published(&self, room: &Arc<str>, key: &str, stored: Stored) {
        if let Some(awaited) = self.awaited().get_mut(&(room.clone(), key.into())) {
            awaited.stored = Some(stored);
        }
    }

    /// Notes that it is not known to be stored; returns the request.
    pub(crate) fn not_published(&self, room: &Arc<str>, key: &str) -> Option<Id> {
        self.awaited().remove(&(room.clone(), key.into()))?.re
    }

    /// Returns the acknowledgement of a message of this connection, whose turn has come.
    pub(crate) fn own(&self, room: &Arc<str>, key: &str, stored: &Stored) -> String {
        let awaited = self.awaited().remove(&(room.clone(), key.into()));
        ack(room, key, stored, awaited)
    }

    /// Queues the acknowledgements of a room whose turn does not come any more.
    pub(crate) fn left(&self, room: &Arc<str>) {
        let mut left: Vec<_> = self
            .awaited()
            .extract_if(|(in_room, _), awaited| in_room == room && awaited.stored.is_some())
            .filter_map(|((_, key), awaited)| Some((awaited.stored.clone()?, key, awaited)))
            .collect();
        left.sort_by_key(|(stored, ..)| stored.position.offset);
        for (stored, key, awaited) in left {
            self.push(ack(room, &key, &stored, Some(awaited)));
        }
    }
}

fn ack(room: &str, key: &str, stored: &Stored, awaited: Option<Awaited>) -> String {
    let (re, url) = awaited.map(|awaited| (awaited.re, awaited.url)).unwrap_or_default();
    Event::Ack {
        key,
        room_id: Some(room),
        position: Some(&stored.position),
        ts: stored.ts,
        duplicate: stored.duplicate,
        url: url.as_deref(),
    }
    .answer(re.as_ref())
}

impl Queue {
    /// Takes the next item, as soon as there is one.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        let item = self.items.recv().await?;
        self.outbox.taken(item.len());
        Some(item)
    }

    /// Takes the next item, if there is one.
    pub(crate) fn next_now(&mut self) -> Option<Item> {
        let item = self.items.try_recv().ok()?;
        self.outbox.taken(item.len());
        Some(item)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.items.close();
        while self.next_now().is_some() {}
    }
}

fn to_i64(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
