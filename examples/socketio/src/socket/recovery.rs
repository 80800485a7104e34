//! What a namespace remembers for clients that lost their connection: events, and who was there.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::{Duration, Instant};

use super::Config;
use super::packet::Encoded;
use super::rooms::{Membership, Target};

/// What a logged event, and a client that is away, take beside their contents, in bytes.
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
    /// What they take, in bytes.
    held: usize,
    /// When each of them expires.
    expiries: BTreeSet<(Instant, String)>,
}

struct Logged {
    until: Instant,
    target: Target,
    event: Arc<Encoded>,
}

impl Logged {
    fn len(&self) -> usize {
        self.event.len() + self.target.len() + OVERHEAD
    }
}

struct Suspended {
    until: Instant,
    id: Arc<str>,
    membership: Membership,
}

impl Suspended {
    fn len(&self) -> usize {
        self.membership.len() + OVERHEAD
    }
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
            held: 0,
            expiries: BTreeSet::new(),
        })
    }

    /// Returns the position of the next event.
    pub(super) fn next(&self) -> u64 {
        self.first + self.log.len() as u64
    }

    /// Remembers an event, and forgets those that are too old or too many.
    pub(super) fn log(&mut self, target: Target, event: Arc<Encoded>, now: Instant) {
        let logged = Logged { until: now + self.ttl, target, event };
        self.logged += logged.len();
        self.log.push_back(logged);
        self.expire(now);
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
        let suspended = Suspended { until: now + self.ttl, id, membership };
        let held = self.held + suspended.len();
        if self.suspended.len() < self.max_suspended && held <= self.max_log {
            self.held = held;
            self.expiries.insert((suspended.until, pid.clone()));
            self.suspended.insert(pid, suspended);
        }
    }

    /// Returns a client that is back, if nothing that it has missed is forgotten.
    ///
    /// `offset` is the position of the last event that it received.
    pub(super) fn resume(&mut self, pid: &str, offset: &str, now: Instant) -> Option<Resumed> {
        self.expire(now);
        let Suspended { id, membership, .. } = self.forget(pid)?;
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

    /// Forgets the events and the clients whose time is over, and events that are too many.
    fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.log.front()
            && (oldest.until <= now || self.logged > self.max_log)
        {
            self.logged -= oldest.len();
            self.log.pop_front();
            self.first += 1;
        }
        while let Some((until, pid)) = self.expiries.first()
            && *until <= now
        {
            let pid = pid.clone();
            self.forget(&pid);
        }
    }

    fn forget(&mut self, pid: &str) -> Option<Suspended> {
        let (pid, suspended) = self.suspended.remove_entry(pid)?;
        self.held -= suspended.len();
        self.expiries.remove(&(suspended.until, pid));
        Some(suspended)
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{Body, Packet};
    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    fn recovery(max_log: usize, max_suspended: usize) -> Recovery {
        let config = Config { recovery: Some(TTL), max_log, max_suspended, ..Config::DEFAULT };
        Recovery::new(&config).unwrap()
    }

    fn event(text: &str) -> Arc<Encoded> {
        Arc::new(Packet::new("/", Body::Event(vec!["event".into(), text.into()])).encode())
    }

    /// The lengths of everything in the log that a client may have chosen.
    fn chosen(recovery: &Recovery) -> usize {
        let rooms =
            |target: &Target| target.rooms.iter().map(|room| room.len() + 24).sum::<usize>();
        recovery.log.iter().map(|logged| logged.event.len() + rooms(&logged.target)).sum()
    }

    /// A client's membership of rooms with these names.
    fn membership(names: impl IntoIterator<Item = String>) -> Membership {
        let mut membership = Membership::default();
        for name in names {
            assert!(membership.join(&name, 0, usize::MAX));
        }
        membership
    }

    impl Recovery {
        fn lose(&mut self, pid: &str, now: Instant) {
            self.suspend(pid.into(), "id".into(), Membership::default(), now);
        }
    }

    #[test]
    fn a_log_is_bounded_in_bytes_whatever_its_events_consist_of() {
        let now = Instant::now();
        for (text, rooms, room) in
            [(0, 0, 0), (500, 0, 0), (0, 1, 900), (10, 40, 2), (20_000, 0, 0)]
        {
            let mut recovery = recovery(10_000, 1);
            for position in 0..1000 {
                assert_eq!(recovery.next(), position);
                let target = Target { rooms: vec!["r".repeat(room); rooms], ..Target::default() };
                recovery.log(target, event(&"x".repeat(text)), now);
                assert!(chosen(&recovery) <= 10_000, "{text} {rooms} {room}");
            }
            assert_eq!(recovery.log.is_empty(), text == 20_000, "longer than the whole log");
        }
    }

    #[test]
    fn events_are_forgotten_after_their_time() {
        let now = Instant::now();
        let mut recovery = recovery(100_000, 1);
        for _ in 0..100 {
            recovery.log(Target::default(), event("old"), now);
        }
        recovery.log(Target::default(), event("new"), now + TTL);
        assert_eq!((recovery.log.len(), recovery.first), (1, 100));
        recovery.lose("pid", now + 2 * TTL);
        assert_eq!((recovery.log.len(), recovery.logged, recovery.first), (0, 0, 101));
    }

    #[test]
    fn a_client_may_be_away_for_the_whole_time_and_no_longer() {
        let (now, almost) = (Instant::now(), Duration::new(59, 999_999_999));
        for (away, is_back) in [(almost, true), (TTL, false)] {
            let mut recovery = recovery(1000, 1);
            recovery.log(Target::default(), event(""), now);
            recovery.lose("pid", now);
            assert_eq!(recovery.resume("pid", "0", now + away).is_some(), is_back, "{away:?}");
        }
    }

    #[test]
    fn a_client_that_is_lost_twice_has_the_whole_time_twice() {
        let (now, step) = (Instant::now(), TTL / 4 * 3);
        let mut recovery = recovery(1000, 1);
        recovery.log(Target::default(), event(""), now);
        recovery.lose("pid", now);
        recovery.resume("pid", "0", now + step).unwrap();
        recovery.lose("pid", now + step);
        recovery.log(Target::default(), event(""), now + step);
        assert!(recovery.resume("pid", "0", now + 2 * step).is_some());
    }

    #[test]
    fn a_client_that_comes_and_goes_leaves_nothing_behind() {
        let now = Instant::now();
        let mut recovery = recovery(1000, 10);
        recovery.log(Target::default(), event(""), now);
        for _ in 0..1000 {
            recovery.lose("pid", now);
            recovery.resume("pid", "0", now).unwrap();
        }
        assert_eq!((recovery.suspended.len(), recovery.expiries.len(), recovery.held), (0, 0, 0));
    }

    #[test]
    fn clients_that_are_away_are_bounded_in_number_until_their_time_is_over() {
        let now = Instant::now();
        let mut recovery = recovery(1000, 3);
        for pid in 0..100 {
            recovery.lose(&pid.to_string(), now);
        }
        assert_eq!((recovery.suspended.len(), recovery.expiries.len()), (3, 3));
        recovery.lose("later", now + TTL);
        assert_eq!((recovery.suspended.len(), recovery.expiries.len()), (1, 1));
        assert!(recovery.suspended.contains_key("later"));
    }

    #[test]
    fn clients_that_are_away_are_bounded_in_bytes_whatever_rooms_they_were_in() {
        let now = Instant::now();
        for (rooms, len) in [(1, 900), (50, 1), (1, 20_000)] {
            let mut recovery = recovery(10_000, 1000);
            for pid in 0..100 {
                let names = (0..rooms).map(|number| format!("{number:0len$}"));
                recovery.suspend(pid.to_string(), "id".into(), membership(names), now);
            }
            let kept = recovery.suspended.len();
            assert!(kept * rooms * (len + 8) <= 10_000, "{kept} clients, {rooms} rooms of {len}");
            assert_eq!(kept == 0, len == 20_000);
        }
    }

    #[test]
    fn an_offset_that_is_none_or_forgotten_brings_nobody_back() {
        let now = Instant::now();
        for offset in ["", "x", "-1", "1e1", "2", "18446744073709551615", "0"] {
            let mut recovery = recovery(200, 1);
            for _ in 0..2 {
                recovery.log(Target::default(), event(""), now);
            }
            assert_eq!(recovery.first, 1, "the first event is forgotten");
            recovery.lose("pid", now);
            let resumed = recovery.resume("pid", offset, now);
            // Nothing is missing behind the forgotten event.
            assert_eq!(resumed.map(|it| it.missed.len()), (offset == "0").then_some(1), "{offset}");
        }
    }
}
