//! One topic on this node: its members, and how far it was passed on.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rfc6455_axum::rfc6455::CloseCode;
use tokio::sync::OnceCell;

use crate::backplane::{Batch, Body, Entry, Head, Signal, Stored, Topic};
use crate::outbox::{Item, Outbox, Prepared};
use crate::protocol::{Event, Position};

/// A topic, as long as somebody on this node follows it.
pub(crate) struct Room {
    pub(crate) topic: Topic,
    /// Set once the backplane reports what happens in it.
    pub(crate) watched: OnceCell<()>,
    state: Mutex<State>,
}

struct State {
    /// Everything up to here was passed on to the members.
    head: Position,
    members: HashMap<u64, Slot>,
    /// How many present members each user has.
    users: HashMap<Arc<str>, usize>,
    /// It was given up, because nobody was left.
    is_closed: bool,
}

/// A connection that follows a topic.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) user: Arc<str>,
    pub(crate) connection: Arc<str>,
    pub(crate) outbox: Arc<Outbox>,
    /// Whether the others see the user in the room.
    pub(crate) is_present: bool,
}

struct Slot {
    member: Member,
    delivery: Delivery,
}

/// What becomes of items for a member.
enum Delivery {
    /// They have to wait for the answer to the join, and for what was missed.
    Held(Vec<Item>),
    Live,
    /// They are dropped, because the connection is about to join anew.
    Muted,
}

impl Slot {
    fn push(&mut self, item: impl Into<Item>) {
        match &mut self.delivery {
            Delivery::Held(held) => held.push(item.into()),
            Delivery::Live => self.member.outbox.push(item),
            Delivery::Muted => {}
        }
    }
}

/// A member that has left a topic.
pub(crate) struct Left {
    pub(crate) member: Member,
    /// It was the last connection on this node of a user who was present.
    pub(crate) is_offline: bool,
    /// Nobody is left.
    pub(crate) is_empty: bool,
}

/// What has to happen after a batch was passed on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: the members have everything.
    Wait,
    /// There is more to read.
    Read,
    /// The backplane has lost what was passed on already: ask it for a new epoch.
    Renew,
}

impl Room {
    pub(crate) fn new(topic: Topic) -> Self {
        let state = State {
            head: Position { epoch: "".into(), offset: 0 },
            members: HashMap::new(),
            users: HashMap::new(),
            is_closed: false,
        };
        Self { topic, watched: OnceCell::new(), state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how far it was passed on.
    pub(crate) fn head(&self) -> Position {
        self.lock().head.clone()
    }

    /// Begins to pass on behind this position.
    pub(crate) fn start(&self, epoch: Arc<str>, offset: u64) {
        self.lock().head = Position { epoch, offset };
    }

    /// Adds a member, and returns the position that it gets everything behind, once
    /// [`answered`](Self::answered); `None` if the room was given up.
    pub(crate) fn add(&self, id: u64, member: Member, entered: impl FnOnce()) -> Option<Position> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        if member.is_present {
            *state.users.entry(member.user.clone()).or_default() += 1;
            entered();
        }
        state.members.insert(id, Slot { member, delivery: Delivery::Held(Vec::new()) });
        Some(state.head.clone())
    }

    /// Queues the answer to the join of a member and what it missed, and then what was held.
    pub(crate) fn answered(&self, id: u64, items: impl IntoIterator<Item = Item>) {
        let mut state = self.lock();
        let Some(slot) = state.members.get_mut(&id) else { return };
        let held = match mem::replace(&mut slot.delivery, Delivery::Live) {
            Delivery::Held(held) => held,
            Delivery::Live | Delivery::Muted => Vec::new(),
        };
        for item in items.into_iter().chain(held) {
            slot.push(item);
        }
    }

    /// Drops what would be queued for a member from now on.
    pub(crate) fn mute(&self, id: u64) {
        if let Some(slot) = self.lock().members.get_mut(&id) {
            slot.delivery = Delivery::Muted;
        }
    }

    /// Removes a member.
    pub(crate) fn remove(&self, id: u64, left: impl FnOnce(&Left)) {
        let mut state = self.lock();
        let Some(Slot { member, .. }) = state.members.remove(&id) else { return };
        let mut is_offline = false;
        if member.is_present
            && let Some(count) = state.users.get_mut(&member.user)
        {
            *count -= 1;
            is_offline = *count == 0;
            if is_offline {
                state.users.remove(&member.user);
            }
        }
        state.is_closed = state.members.is_empty();
        left(&Left { member, is_offline, is_empty: state.is_closed });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().members.is_empty()
    }

    /// Returns the users who are present.
    pub(crate) fn users(&self) -> Vec<Arc<str>> {
        self.lock().users.keys().cloned().collect()
    }

    /// Passes on what follows the position `from`.
    pub(crate) fn deliver(&self, from: &Position, batch: Batch) -> Next {
        let mut state = self.lock();
        if state.head != *from {
            return Next::Read;
        }
        let Some(Head { epoch, base, top }) = batch.head else { return Next::Renew };
        if epoch != from.epoch {
            state.head = Position { epoch, offset: base };
            return Next::Read;
        }
        if top < from.offset {
            return Next::Renew;
        }
        for entry in &batch.entries {
            if entry.offset != state.head.offset + 1 {
                state.expel(&self.topic);
            }
            state.head.offset = entry.offset;
            state.pass_on(&self.topic, entry);
        }
        if batch.entries.is_empty() && top > state.head.offset {
            state.expel(&self.topic);
            state.head.offset = top;
        }
        if state.head.offset < top { Next::Read } else { Next::Wait }
    }

    /// Passes on what is not stored.
    pub(crate) fn signal(&self, signal: &Signal) {
        let Topic::Room(room_id) = &self.topic else { return };
        let (user_id, event) = match signal {
            Signal::Typing { user, on } => {
                (user, Event::Typing { room_id, user_id: user, on: *on })
            }
            Signal::Presence { user, status } => {
                (user, Event::Presence { room_id, user_id: user, status: *status })
            }
        };
        let Some(prepared) = Prepared::new(event.text()).map(Arc::new) else { return };
        for slot in self.lock().members.values_mut() {
            if slot.member.is_present && slot.member.user != *user_id {
                slot.push(Item::Shared(prepared.clone()));
            }
        }
    }
}

impl State {
    /// Passes an entry on: encoded once for all, except that its publisher gets an acknowledgement.
    fn pass_on(&mut self, topic: &Topic, entry: &Entry) {
        let Some(prepared) = Prepared::new(text(topic, &self.head.epoch, entry)).map(Arc::new)
        else {
            return self.expel(topic);
        };
        for slot in self.members.values_mut() {
            match topic {
                Topic::Room(_) if matches!(slot.delivery, Delivery::Muted) => {}
                Topic::Room(room) if slot.member.connection == entry.post.origin => {
                    let position = self.head.clone();
                    let stored = Stored { position, ts: entry.ts, duplicate: false };
                    slot.push(slot.member.outbox.own(room, &entry.post.key, &stored));
                }
                _ => slot.push(Item::Shared(prepared.clone())),
            }
        }
    }

    /// Ends the connections of all members: a message cannot be passed on, because the backplane has
    /// dropped it before this node has read it or has something else in its place. So they have to
    /// load the room again.
    fn expel(&self, topic: &Topic) {
        tracing::error!(?topic, offset = self.head.offset, "messages behind this one are missing");
        for slot in self.members.values() {
            let outbox = &slot.member.outbox;
            outbox.push(Item::Close(CloseCode::INTERNAL_ERROR, "messages are missing"));
        }
    }
}

/// Returns the text of an entry.
pub(crate) fn text(topic: &Topic, epoch: &str, entry: &Entry) -> String {
    event(topic, epoch, entry).text()
}

/// Returns an entry as an event.
pub(crate) fn event<'a>(topic: &'a Topic, epoch: &'a str, entry: &'a Entry) -> Event<'a> {
    let Entry { offset, ts, post } = entry;
    let (offset, ts, user_id) = (*offset, *ts, &*post.user);
    match (topic, &post.body) {
        (Topic::Room(room_id), Body::Text { content }) => {
            Event::Message { room_id, epoch, offset, user_id, content, ts }
        }
        (Topic::Room(room_id), Body::File { name, size, url }) => {
            Event::File { room_id, epoch, offset, user_id, name, size: *size, url, ts }
        }
        (Topic::User(_), Body::Text { content: text } | Body::File { url: text, .. }) => {
            Event::Private { from: user_id, epoch, offset, content: text, ts }
        }
    }
}
