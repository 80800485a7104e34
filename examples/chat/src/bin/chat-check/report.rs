//! What all clients have seen, and whether it can be true.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Args;
use super::client::{self, Place};
use super::cluster::Cluster;

/// How long everything may take to settle after the last fault.
const SETTLE: Duration = Duration::from_secs(30);
/// The most broken guarantees that are printed.
const SHOWN: usize = 10;

/// What all clients have seen.
#[derive(Default)]
pub(crate) struct Report(Mutex<State>);

#[derive(Default)]
struct State {
    /// What was seen at each place.
    order: HashMap<Place, String>,
    /// Where each message was seen, in each epoch.
    places: HashMap<(String, String, String), u64>,
    /// The messages that were acked, and where.
    acked: HashMap<String, Place>,
    /// How far each client has followed each room.
    followed: HashMap<(usize, String), Place>,
    /// How many messages each client has not seen acked.
    pending: HashMap<usize, usize>,
    broken: Vec<String>,
    counts: Counts,
}

/// What is counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) connections: u64,
    pub(crate) delivered: u64,
    pub(crate) acks: u64,
    pub(crate) duplicates: u64,
    pub(crate) recovered: u64,
    pub(crate) not_recovered: u64,
    pub(crate) epochs_changed: u64,
    pub(crate) unavailable: u64,
}

impl Report {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.lock().counts);
    }

    /// Notes that a guarantee was broken.
    pub(crate) fn broken(&self, how: String) {
        self.lock().broken.push(how);
    }

    pub(crate) fn holds(&self) -> bool {
        self.lock().broken.is_empty()
    }

    /// Notes that a message was seen at a place: guarantee 1, and the order of guarantee 2.
    pub(crate) fn seen(&self, place: &Place, message: &str) {
        let mut state = self.lock();
        let before = state.order.entry(place.clone()).or_insert_with(|| message.into()).clone();
        if before != message {
            state.broken.push(format!("{place} is {before}, and also {message}"));
        }
        let name = (place.room.clone(), place.epoch.clone(), message.to_owned());
        let offset = *state.places.entry(name).or_insert(place.offset);
        if offset != place.offset {
            state.broken.push(format!("{message} is at {place}, and also at {offset}"));
        }
    }

    /// Notes that a message was acked: guarantee 4, if it was acked before.
    pub(crate) fn acked(&self, place: &Place, message: &str) {
        self.seen(place, message);
        let mut state = self.lock();
        let first = state.acked.entry(message.into()).or_insert_with(|| place.clone()).clone();
        if first.epoch == place.epoch && first != *place {
            state.broken.push(format!("{message} was acked at {first}, and also at {place}"));
        }
        if first.epoch != place.epoch {
            // The data was lost in between, and so the key was.
            state.acked.insert(message.into(), place.clone());
        }
    }

    pub(crate) fn followed(&self, client: usize, place: &Place) {
        self.lock().followed.insert((client, place.room.clone()), place.clone());
    }

    pub(crate) fn pending(&self, client: usize, count: usize) {
        self.lock().pending.insert(client, count);
    }

    /// Waits until every client has everything, and compares that with the history.
    ///
    /// # Errors
    /// How a guarantee was broken.
    pub(crate) async fn verify(
        &self,
        cluster: &Cluster,
        args: &Args,
        flushes: usize,
    ) -> std::result::Result<(), String> {
        let deadline = Instant::now() + SETTLE;
        let mut history = HashMap::new();
        for number in 0..args.rooms {
            history.extend(self.settled(cluster, args, &client::room(number), deadline).await?);
        }
        for (place, message) in &history {
            self.seen(place, message);
        }
        let state = self.lock();
        let epochs: HashSet<_> = history.keys().map(|place| (&place.room, &place.epoch)).collect();
        for (message, place) in &state.acked {
            let is_current = epochs.contains(&(&place.room, &place.epoch));
            let is_there = history.get(place) == Some(message);
            if !is_there && (is_current || flushes == 0) {
                return Err(format!("{message} was acked at {place}, and is lost"));
            }
        }
        Ok(())
    }

    /// Waits until every client is at the end of a room; returns its history.
    async fn settled(
        &self,
        cluster: &Cluster,
        args: &Args,
        room: &str,
        deadline: Instant,
    ) -> std::result::Result<HashMap<Place, String>, String> {
        loop {
            // Reading takes a while too, so only what is read behind the deadline shows that it was missed.
            let is_late = Instant::now() > deadline;
            let unsettled = match client::history(cluster.address(0), room).await {
                Ok((end, entries)) => match self.unsettled(args.clients, &end) {
                    None => return Ok(entries),
                    Some(who) => who,
                },
                // The node may not have Redis back yet.
                Err(error) => format!("the history of {room} cannot be read: {error}"),
            };
            if is_late {
                return Err(unsettled);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Returns a client that has not come as far as this place, and what it waits for.
    fn unsettled(&self, clients: usize, top: &Place) -> Option<String> {
        let state = self.lock();
        (0..clients).find_map(|client| {
            let pending = state.pending.get(&client).copied().unwrap_or(0);
            if pending > 0 {
                return Some(format!("client {client} waits for {pending} acks"));
            }
            let followed = state.followed.get(&(client, top.room.clone()));
            (followed != Some(top)).then(|| match followed {
                Some(place) => format!("client {client} is at {place}, and node 0 at {top}"),
                None => format!("client {client} never joined {}", top.room),
            })
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let Counts { connections, delivered, acks, duplicates, .. } = state.counts;
        let Counts { recovered, not_recovered, epochs_changed, unavailable, .. } = state.counts;
        let messages = state.acked.len();
        write!(
            f,
            "{messages} messages acked ({acks} acks, {duplicates} of them duplicates), {delivered} \
             delivered, {connections} connections, {recovered} recovered and {not_recovered} not, \
             {epochs_changed} changes of epoch, {unavailable} unavailable",
        )?;
        for how in state.broken.iter().take(SHOWN) {
            write!(f, "\n  BROKEN: {how}")?;
        }
        match state.broken.len().checked_sub(SHOWN) {
            Some(more @ 1..) => write!(f, "\n  BROKEN: and {more} more"),
            _ => Ok(()),
        }
    }
}
