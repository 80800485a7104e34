//! The connection to Redis: made again whenever it is lost.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSub, PubSubSink};
use redis::{AsyncConnectionConfig, Client, Msg, RedisResult};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{interval, sleep, timeout};

use super::Keys;
use crate::backplane::{Event, Result, Topic, Unavailable};
use crate::settings::Timing;

/// The connection of one node.
pub(super) struct Link {
    client: Client,
    timing: Timing,
    is_up: AtomicBool,
    redis: Mutex<Option<MultiplexedConnection>>,
    /// An operation has failed, so the connection may be lost.
    suspect: Notify,
    /// How often each topic is watched.
    watched: Mutex<HashMap<Topic, usize>>,
    changes: mpsc::UnboundedSender<Change>,
    events: mpsc::Sender<Event>,
}

/// A change to what is subscribed to.
pub(super) enum Change {
    Watch(Topic, oneshot::Sender<()>),
    /// It may be watched again meanwhile.
    Unwatch(Topic),
}

impl Link {
    pub(super) fn new(
        client: Client,
        timing: Timing,
        events: mpsc::Sender<Event>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Change>) {
        let (sender, changes) = mpsc::unbounded_channel();
        let link = Self {
            client,
            timing,
            is_up: AtomicBool::new(false),
            redis: Mutex::default(),
            suspect: Notify::new(),
            watched: Mutex::default(),
            changes: sender,
            events,
        };
        (Arc::new(link), changes)
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    fn redis(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.redis.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Topic, usize>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks Redis something. While it is known to be gone, that fails at once.
    pub(super) async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T> {
        let redis = self.redis().clone().ok_or(Unavailable)?;
        match timeout(self.timing.operation, ask(redis)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => tracing::debug!(%error, "Redis refuses"),
            Err(_) => tracing::debug!("Redis does not answer"),
        }
        self.suspect.notify_one();
        Err(Unavailable)
    }

    /// Subscribes to a topic.
    pub(super) async fn watch(&self, topic: &Topic) -> Result<()> {
        if !self.is_up() {
            return Err(Unavailable);
        }
        let (done, subscribed) = oneshot::channel();
        *self.watched().entry(topic.clone()).or_default() += 1;
        let subscribe = async {
            self.changes.send(Change::Watch(topic.clone(), done)).map_err(|_| Unavailable)?;
            let subscribed = timeout(self.timing.operation, subscribed).await;
            subscribed.map_err(|_| Unavailable)?.map_err(|_| Unavailable)
        };
        let result = subscribe.await;
        if result.is_err() {
            self.unwatch(topic);
        }
        result
    }

    pub(super) fn unwatch(&self, topic: &Topic) {
        let mut watched = self.watched();
        let Some(count) = watched.get_mut(topic) else { return };
        *count -= 1;
        if *count == 0 {
            watched.remove(topic);
            // It fails only while the node stops.
            let _ = self.changes.send(Change::Unwatch(topic.clone()));
        }
    }

    /// Reports what this node has stored, earlier than Redis does.
    pub(super) async fn stored(&self, topic: &Topic) {
        self.report(Event::Stored(topic.clone())).await;
    }

    async fn report(&self, event: Event) {
        // It fails only while the node stops.
        let _ = self.events.send(event).await;
    }

    /// Keeps the connection.
    pub(super) async fn run(self: Arc<Self>, mut changes: mpsc::UnboundedReceiver<Change>) {
        let mut was_up = true;
        loop {
            match timeout(self.timing.operation, self.connect()).await {
                Ok(Ok((redis, pubsub))) => {
                    tracing::info!("connected to Redis");
                    was_up = true;
                    self.serve(redis, pubsub, &mut changes).await;
                    self.is_up.store(false, Ordering::Relaxed);
                    *self.redis() = None;
                    self.report(Event::Down).await;
                    tracing::warn!("the connection to Redis is lost");
                }
                Ok(Err(error)) if was_up => {
                    was_up = false;
                    tracing::warn!(%error, "cannot connect to Redis");
                }
                Ok(Err(_)) | Err(_) => {}
            }
            sleep(self.timing.check).await;
        }
    }

    async fn connect(&self) -> RedisResult<(MultiplexedConnection, PubSub)> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timing.operation))
            .set_response_timeout(Some(self.timing.operation));
        let mut redis = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        // While Redis loads its data, or is a replica, nothing can be stored.
        let () = redis::cmd("PING").query_async(&mut redis).await?;
        let pubsub = self.client.get_async_pubsub().await?;
        Ok((redis, pubsub))
    }

    /// Uses a connection until it is lost.
    async fn serve(
        &self,
        redis: MultiplexedConnection,
        pubsub: PubSub,
        changes: &mut mpsc::UnboundedReceiver<Change>,
    ) {
        let (mut sink, mut stream) = pubsub.split();
        let topics: Vec<Topic> = self.watched().keys().cloned().collect();
        let mut names = HashMap::new();
        for topic in topics {
            if !self.subscribe(&mut sink, &mut names, topic).await {
                return;
            }
        }
        *self.redis() = Some(redis.clone());
        self.is_up.store(true, Ordering::Relaxed);
        self.report(Event::Up).await;
        let mut check = interval(self.timing.check);
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Some(change) => if !self.change(&mut sink, &mut names, change).await { return },
                    None => return,
                },
                message = stream.next() => match message {
                    Some(message) => self.take(&names, &message).await,
                    None => return,
                },
                _ = check.tick() => if !self.answers(redis.clone()).await { return },
                () = self.suspect.notified() => if !self.answers(redis.clone()).await { return },
            }
        }
    }

    /// Returns whether Redis answers and can be written to.
    async fn answers(&self, mut redis: MultiplexedConnection) -> bool {
        let ping = async { redis::cmd("PING").query_async::<()>(&mut redis).await };
        matches!(timeout(self.timing.operation, ping).await, Ok(Ok(())))
    }

    async fn subscribe(
        &self,
        sink: &mut PubSubSink,
        names: &mut HashMap<String, Topic>,
        topic: Topic,
    ) -> bool {
        let name = Keys::new(&topic).live;
        let is_subscribed =
            matches!(timeout(self.timing.operation, sink.subscribe(&name)).await, Ok(Ok(())));
        names.insert(name, topic);
        is_subscribed
    }

    /// Changes what is subscribed to; returns whether Redis has answered.
    async fn change(
        &self,
        sink: &mut PubSubSink,
        names: &mut HashMap<String, Topic>,
        change: Change,
    ) -> bool {
        match change {
            Change::Watch(topic, done) => {
                let is_subscribed = self.subscribe(sink, names, topic).await;
                if is_subscribed {
                    // The caller may have given up.
                    let _ = done.send(());
                }
                is_subscribed
            }
            Change::Unwatch(topic) if self.watched().contains_key(&topic) => true,
            Change::Unwatch(topic) => {
                let name = Keys::new(&topic).live;
                names.remove(&name);
                matches!(timeout(self.timing.operation, sink.unsubscribe(name)).await, Ok(Ok(())))
            }
        }
    }

    /// Reports a message of a channel.
    async fn take(&self, names: &HashMap<String, Topic>, message: &Msg) {
        let Some(topic) = names.get(message.get_channel_name()).cloned() else { return };
        match message.get_payload_bytes() {
            b"stored" => self.report(Event::Stored(topic)).await,
            payload => match serde_json::from_slice(payload) {
                Ok(signal) => self.report(Event::Signal(topic, signal)).await,
                Err(error) => tracing::warn!(%error, "a channel carries something else"),
            },
        }
    }
}
