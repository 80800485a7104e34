//! A node's part in the service: the topics that somebody here follows, and its connections.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::backplane::{Backplane, Event, Result, Topic, Unavailable};
use crate::metrics::Metrics;
use crate::outbox::{Item, Outbox};
use crate::protocol::{Event as Message, Position};
use crate::room::{Member, Next, Room};
use crate::settings::{Sabotage, Settings};

/// How many entries of each topic one read returns.
const READ: usize = 256;
/// How many topics one read asks for.
const TOPICS: usize = 200;

/// The state of a node.
pub(crate) struct Hub {
    pub(crate) backplane: Arc<dyn Backplane>,
    pub(crate) metrics: Arc<Metrics>,
    rooms: Mutex<HashMap<Topic, Arc<Room>>>,
    connections: Mutex<HashMap<u64, Arc<Outbox>>>,
    presence: mpsc::UnboundedSender<Presence>,
    next_id: AtomicU64,
    is_draining: AtomicBool,
    skips: bool,
}

/// Changes to who is where, which happen in their order.
enum Presence {
    Enter(Topic, Arc<str>, oneshot::Sender<Result<Vec<String>>>),
    Leave(Topic, Arc<str>),
}

/// Membership in a topic, until it is dropped.
pub(crate) struct Membership {
    hub: Arc<Hub>,
    pub(crate) room: Arc<Room>,
    id: u64,
}

/// A connection in the hub's list, until it is dropped.
pub(crate) struct Listed {
    hub: Arc<Hub>,
    id: u64,
}

/// The outcome of joining a topic.
pub(crate) struct Joined {
    pub(crate) membership: Membership,
    /// The member gets everything behind this position.
    pub(crate) position: Position,
    /// The users who are there, if the member is present.
    pub(crate) members: Vec<String>,
}

impl Hub {
    /// Starts a node's part, in tasks that last as long as it.
    pub(crate) fn start(
        backplane: Arc<dyn Backplane>,
        events: mpsc::Receiver<Event>,
        metrics: Arc<Metrics>,
        settings: &Settings,
        tasks: &mut JoinSet<()>,
    ) -> Arc<Self> {
        let (presence, changes) = mpsc::unbounded_channel();
        metrics.backplane.set(backplane.is_up().into());
        let hub = Arc::new(Self {
            backplane,
            metrics,
            rooms: Mutex::default(),
            connections: Mutex::default(),
            presence,
            next_id: AtomicU64::new(1),
            is_draining: AtomicBool::new(false),
            skips: settings.makes(Sabotage::Newest),
        });
        tasks.spawn(hub.clone().pass_on(events, settings.timing.sweep));
        tasks.spawn(hub.clone().change_presence(changes));
        tasks.spawn(hub.clone().refresh_presence(settings.timing.refresh));
        hub
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<Topic, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<u64, Arc<Outbox>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_rooms(&self) -> Vec<Arc<Room>> {
        self.rooms().values().cloned().collect()
    }

    fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Lists a connection; returns its number too.
    pub(crate) fn list(self: &Arc<Self>, outbox: &Arc<Outbox>) -> Listed {
        let id = self.new_id();
        self.connections().insert(id, outbox.clone());
        self.metrics.connections.inc();
        Listed { hub: self.clone(), id }
    }

    /// Returns the queues of all connections.
    pub(crate) fn all_connections(&self) -> Vec<Arc<Outbox>> {
        self.connections().values().cloned().collect()
    }

    /// Begins to drain: a user who leaves now is expected to come back to another node, so that is not
    /// reported to the others before the presence expires.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Adds a member to a topic. Until it is [answered](Room::answered), what happens is held.
    pub(crate) async fn join(self: &Arc<Self>, topic: &Topic, member: Member) -> Result<Joined> {
        loop {
            let new = || Arc::new(Room::new(topic.clone()));
            let room = self.rooms().entry(topic.clone()).or_insert_with(new).clone();
            if !room.watched.initialized() {
                // In a task: if the caller is gone, the topic is watched in any case, and given up by
                // the next sweep.
                let (hub, room) = (self.clone(), room.clone());
                let watch =
                    async move { room.watched.get_or_try_init(|| hub.watch(&room)).await.copied() };
                tokio::spawn(watch).await.map_err(|_| Unavailable)??;
            }
            let id = self.new_id();
            let (done, members) = oneshot::channel();
            let enter = Presence::Enter(topic.clone(), member.user.clone(), done);
            let is_present = member.is_present;
            let entered = || _ = self.presence.send(enter);
            let Some(position) = room.add(id, member.clone(), entered) else { continue };
            let membership = Membership { hub: self.clone(), room, id };
            let members =
                if is_present { members.await.map_err(|_| Unavailable)?? } else { Vec::new() };
            return Ok(Joined { membership, position, members });
        }
    }

    async fn watch(&self, room: &Room) -> Result<()> {
        self.backplane.watch(&room.topic).await?;
        // Behind the subscription: whatever is stored from now on, this node hears of.
        match self.backplane.head(&room.topic, None).await {
            Ok(head) => room.start(head.epoch, head.top),
            Err(error) => {
                self.backplane.unwatch(&room.topic);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Passes on what the backplane reports.
    async fn pass_on(self: Arc<Self>, mut events: mpsc::Receiver<Event>, sweep: Duration) {
        let mut sweep = interval(sweep);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut topics = HashSet::new();
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.take(event, &mut topics),
                    None => return,
                },
                // Wake-ups may be lost; what is stored is not.
                _ = sweep.tick() => {
                    self.tidy();
                    topics.extend(self.rooms().keys().cloned());
                }
            }
            while let Ok(event) = events.try_recv() {
                self.take(event, &mut topics);
            }
            self.catch_up(topics).await;
        }
    }

    /// Gives up rooms that a join has left behind which failed or was cancelled.
    fn tidy(&self) {
        self.rooms().retain(|topic, room| {
            // Nobody else can get it while the list is locked.
            let is_used = Arc::strong_count(room) > 1 || !room.is_empty();
            if !is_used && room.watched.initialized() {
                self.backplane.unwatch(topic);
            }
            is_used
        });
    }

    fn take(&self, event: Event, topics: &mut HashSet<Topic>) {
        match event {
            Event::Stored(topic) => _ = topics.insert(topic),
            Event::Signal(topic, signal) => {
                let room = self.rooms().get(&topic).cloned();
                if let Some(room) = room {
                    room.signal(&signal);
                }
            }
            Event::Down => self.degraded(true),
            Event::Up => {
                self.degraded(false);
                topics.extend(self.rooms().keys().cloned());
            }
        }
    }

    fn degraded(&self, on: bool) {
        self.metrics.backplane.set((!on).into());
        let text = Message::Degraded { on }.text();
        for outbox in self.all_connections() {
            outbox.push(text.clone());
        }
    }

    /// Reads these topics to their ends, and passes that on.
    async fn catch_up(&self, topics: HashSet<Topic>) {
        let mut rooms: Vec<_> = {
            let rooms = self.rooms();
            let watched = |room: &&Arc<Room>| room.watched.initialized();
            topics.iter().filter_map(|topic| rooms.get(topic).filter(watched).cloned()).collect()
        };
        while !rooms.is_empty() {
            let now = rooms.split_off(rooms.len().saturating_sub(TOPICS));
            if self.skips {
                self.skip(&now).await;
            }
            let from: Vec<_> = now.iter().map(|room| (room.topic.clone(), room.head())).collect();
            // If it fails, the next sweep reads the same again.
            let Ok(batches) = self.backplane.read(&from, READ).await else { return };
            for ((room, (_, from)), batch) in now.into_iter().zip(&from).zip(batches) {
                match room.deliver(from, batch) {
                    Next::Wait => {}
                    Next::Read => rooms.push(room),
                    Next::Renew => {
                        let head = self.backplane.head(&room.topic, Some(from)).await;
                        let Ok(head) = head else { return };
                        if head.epoch != from.epoch {
                            room.start(head.epoch, head.base);
                            rooms.push(room);
                        }
                    }
                }
            }
        }
    }

    /// Makes a [mistake](Sabotage::Newest): begins at the last message that is there now.
    async fn skip(&self, rooms: &[Arc<Room>]) {
        for room in rooms {
            if let Ok(head) = self.backplane.head(&room.topic, None).await {
                let last = head.top.saturating_sub(1);
                room.start(head.epoch, last.max(room.head().offset));
            }
        }
    }

    async fn change_presence(self: Arc<Self>, mut changes: mpsc::UnboundedReceiver<Presence>) {
        while let Some(change) = changes.recv().await {
            match change {
                Presence::Enter(topic, user, done) => {
                    // If the caller is gone, it leaves next.
                    let _ = done.send(self.backplane.enter(&topic, &user).await);
                }
                // If it fails, the presence expires.
                Presence::Leave(topic, user) => _ = self.backplane.leave(&topic, &user).await,
            }
        }
    }

    async fn refresh_presence(self: Arc<Self>, every: Duration) {
        let mut every = interval(every);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            for room in self.all_rooms() {
                let users = room.users();
                if !users.is_empty() && self.backplane.refresh(&room.topic, &users).await.is_err() {
                    break;
                }
            }
        }
    }
}

impl Membership {
    /// Queues the answer to the join and what was missed; from now on, the member gets everything.
    pub(crate) fn answered(&self, items: impl IntoIterator<Item = Item>) {
        self.room.answered(self.id, items);
    }

    /// Drops what the member would get from now on, but lets it stay.
    pub(crate) fn mute(&self) {
        self.room.mute(self.id);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let Self { hub, room, id } = self;
        let mut rooms = hub.rooms();
        room.remove(*id, |left| {
            if left.is_offline && !hub.is_draining() {
                let leave = Presence::Leave(room.topic.clone(), left.member.user.clone());
                // It fails only while the node stops.
                let _ = hub.presence.send(leave);
            }
            if let Topic::Room(name) = &room.topic {
                left.member.outbox.left(name);
            }
            if left.is_empty {
                rooms.remove(&room.topic);
                hub.backplane.unwatch(&room.topic);
            }
        });
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.hub.connections().remove(&self.id);
        self.hub.metrics.connections.dec();
    }
}
