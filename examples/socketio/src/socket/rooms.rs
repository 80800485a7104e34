//! The sockets of a namespace, and the rooms that they are in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::Config;
use super::handle::Socket;
use super::packet::{Body, Encoded, Packet};
use super::recovery::{Recovery, Resumed};
use super::value::Value;

/// What the name of a room takes beside its text, in bytes.
const OVERHEAD: usize = 64;

/// The clients that receive an event.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    /// Those in one of these rooms; if there is none, everybody.
    pub(super) rooms: Vec<String>,
    /// Only this socket.
    pub(super) only: Option<Arc<str>>,
    /// But not this one.
    pub(super) except: Option<Arc<str>>,
}

/// Since which event of the log a socket has been in the namespace, and in each room.
///
/// A client that resumes gets no event from before, whatever offset it claims.
#[derive(Clone, Debug, Default)]
pub(super) struct Membership {
    since: u64,
    rooms: HashMap<String, u64>,
    /// What the names of the rooms take, in bytes.
    len: usize,
}

impl Membership {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a room, as of a position of the log; `false` if they are too long together.
    pub(super) fn join(&mut self, room: &str, position: u64, max: usize) -> bool {
        if self.rooms.contains_key(room) {
            return true;
        }
        let len = self.len + room.len() + OVERHEAD;
        if len > max {
            return false;
        }
        self.len = len;
        self.rooms.insert(room.into(), position);
        true
    }

    fn leave(&mut self, room: &str) -> bool {
        let was_in = self.rooms.remove(room).is_some();
        if was_in {
            self.len -= room.len() + OVERHEAD;
        }
        was_in
    }
}

impl Target {
    /// Returns what the names of the rooms take, in bytes.
    pub(super) fn len(&self) -> usize {
        self.rooms.iter().map(|room| room.len() + OVERHEAD).sum()
    }

    /// Returns whether an event at this position of the log is for this socket.
    pub(super) fn reaches(&self, id: &Arc<str>, membership: &Membership, position: u64) -> bool {
        let is_in = |room: &String| membership.rooms.get(room).is_some_and(|at| *at <= position);
        membership.since <= position
            && self.only.as_ref().is_none_or(|only| only == id)
            && self.except.as_ref() != Some(id)
            && (self.rooms.is_empty() || self.rooms.iter().any(is_in))
    }
}

/// All of it, behind one lock, so that a log and what was sent agree on the order of events.
pub(super) struct Rooms {
    sockets: HashMap<Arc<str>, (Socket, Membership)>,
    members: HashMap<String, HashSet<Arc<str>>>,
    max_joined: usize,
    recovery: Option<Recovery>,
}

impl Rooms {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            sockets: HashMap::new(),
            members: HashMap::new(),
            max_joined: config.max_rooms,
            recovery: Recovery::new(config),
        }
    }

    pub(super) const fn recovers(&self) -> bool {
        self.recovery.is_some()
    }

    pub(super) fn resume(&mut self, pid: &str, offset: &str) -> Option<Resumed> {
        self.recovery.as_mut()?.resume(pid, offset, Instant::now())
    }

    fn position(&self) -> u64 {
        self.recovery.as_ref().map_or(0, Recovery::next)
    }

    /// Adds a socket, with the rooms that it had if it is back.
    pub(super) fn add(&mut self, socket: &Socket, membership: Option<Membership>) {
        let since = self.position();
        let membership = membership.unwrap_or(Membership { since, ..Membership::default() });
        for room in membership.rooms.keys() {
            self.members.entry(room.clone()).or_default().insert(socket.shared_id());
        }
        self.sockets.insert(socket.shared_id(), (socket.clone(), membership));
    }

    /// Removes a socket, and remembers it under `pid` if it may come back.
    pub(super) fn remove(&mut self, id: &Arc<str>, pid: Option<String>) {
        let Some((_, membership)) = self.sockets.remove(id) else { return };
        for room in membership.rooms.keys() {
            self.leave_room(id, room);
        }
        if let (Some(recovery), Some(pid)) = (&mut self.recovery, pid) {
            recovery.suspend(pid, id.clone(), membership, Instant::now());
        }
    }

    pub(super) fn join(&mut self, id: &Arc<str>, room: &str) -> bool {
        let position = self.position();
        let Some((_, membership)) = self.sockets.get_mut(id) else { return false };
        let is_in = membership.join(room, position, self.max_joined);
        if is_in {
            self.members.entry(room.into()).or_default().insert(id.clone());
        }
        is_in
    }

    pub(super) fn leave(&mut self, id: &Arc<str>, room: &str) {
        if let Some((_, membership)) = self.sockets.get_mut(id)
            && membership.leave(room)
        {
            self.leave_room(id, room);
        }
    }

    fn leave_room(&mut self, id: &Arc<str>, room: &str) {
        if let Some(members) = self.members.get_mut(room) {
            members.remove(id);
            if members.is_empty() {
                self.members.remove(room);
            }
        }
    }

    /// Sends an event, encoded once; with recovery, its last argument is its position in the log.
    pub(super) fn emit(&mut self, namespace: &str, target: Target, mut event: Vec<Value>) {
        let position = self.position();
        if self.recovery.is_some() {
            event.push(position.to_string().into());
        }
        let event = Arc::new(Packet::new(namespace, Body::Event(event)).encode());
        self.deliver(&target, &event, position);
        if let Some(recovery) = &mut self.recovery {
            recovery.log(target, event, Instant::now());
        }
    }

    fn deliver(&self, target: &Target, event: &Encoded, position: u64) {
        let send = |id: &Arc<str>| {
            if let Some((socket, membership)) = self.sockets.get(id)
                && target.reaches(id, membership, position)
            {
                socket.push(event);
            }
        };
        match (&target.only, &target.rooms[..]) {
            (Some(only), _) => send(only),
            (None, []) => self.sockets.keys().for_each(send),
            (None, [room]) => self.members.get(room).into_iter().flatten().for_each(send),
            (None, rooms) => {
                let members = rooms.iter().filter_map(|room| self.members.get(room)).flatten();
                members.collect::<HashSet<_>>().into_iter().for_each(send);
            }
        }
    }
}
