//! What a namespace remembers for clients that lost their connection: events, and who was there.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::{Duration, Instant};

use super::Config;
use super::packet::Encoded;
use super::rooms::{Membership, Target};

/// What a logged event takes beside its contents, in bytes.
const OVERHEAD: usize = 128;

pub(super) struct Recovery {
    ttl: Duration,
    max_log: usize,
    max_suspended: usize,
    /// The position of the first event in the log.
    first: u64,
    log: VecDeque<Logged>,
    logged: usize,
    suspended: HashMap<String, Suspended>,
    /// When each of them, from first to last, expires.
    expiries: VecDeque<(Instant, String)>,
}

struct Logged {
    until: Instant,
    target: Target,
    event: Arc<Encoded>,
}

struct Suspended {
    id: Arc<str>,
    membership: Membership,
}

/// A client that is back, and the events that it has missed.
pub(super) struct Resumed {
    pub(super) id: Arc<str>,
    pub(super) membership: Membership,
    pub(super) missed: Vec<Arc<Encoded>>,
}

impl Recovery {
    pub(super) fn new(config: &Config) -> Option<Self> {
        Some(Self {
            ttl: config.recovery?,
            max_log: config.max_log,
            max_suspended: config.max_suspended,
            first: 0,
            log: VecDeque::new(),
            logged: 0,
            suspended: HashMap::new(),
            expiries: VecDeque::new(),
        })
    }

    /// Returns the position of the next event.
    pub(super) fn next(&self) -> u64 {
        self.first + self.log.len() as u64
    }

    /// Remembers an event, and forgets those that are too old or too many.
    pub(super) fn log(&mut self, target: Target, event: Arc<Encoded>, now: Instant) {
        self.logged += event.len() + OVERHEAD;
        self.log.push_back(Logged { until: now + self.ttl, target, event });
        while let Some(oldest) = self.log.front()
            && (oldest.until <= now || self.logged > self.max_log)
        {
            self.logged -= oldest.event.len() + OVERHEAD;
            self.log.pop_front();
            self.first += 1;
        }
    }

    /// Remembers a client that is away, under its secret identifier.
    pub(super) fn suspend(
        &mut self,
        pid: String,
        id: Arc<str>,
        membership: Membership,
        now: Instant,
    ) {
        self.expire(now);
        if self.suspended.len() < self.max_suspended {
            self.expiries.push_back((now + self.ttl, pid.clone()));
            self.suspended.insert(pid, Suspended { id, membership });
        }
    }

    /// Returns a client that is back, if nothing that it has missed is forgotten.
    ///
    /// `offset` is the position of the last event that it received.
    pub(super) fn resume(&mut self, pid: &str, offset: &str, now: Instant) -> Option<Resumed> {
        self.expire(now);
        let Suspended { id, membership } = self.suspended.remove(pid)?;
        let next = offset.parse::<u64>().ok()?.checked_add(1)?;
        let skip = usize::try_from(next.checked_sub(self.first)?).ok()?;
        if skip > self.log.len() {
            return None;
        }
        let missed = (next..).zip(self.log.iter().skip(skip));
        let missed = missed
            .filter(|(position, logged)| logged.target.reaches(&id, &membership, *position))
            .map(|(_, logged)| logged.event.clone())
            .collect();
        Some(Resumed { id, membership, missed })
    }

    fn expire(&mut self, now: Instant) {
        while let Some((until, pid)) = self.expiries.front()
            && *until <= now
        {
            self.suspended.remove(pid);
            self.expiries.pop_front();
        }
    }
}
