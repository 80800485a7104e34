//! A client, a server, and the transport between them.

use std::hash::{DefaultHasher, Hash, Hasher};

use rfc6455::{Client, Connection, Limits, Server};

use crate::act::{Act, Budget};
use crate::end::{Check, End, OneKey, ensure};
use crate::wire::Wire;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

#[derive(Clone, Debug, Hash)]
pub struct World {
    client: End<Client<OneKey>>,
    server: End<Server>,
    to_server: Wire,
    to_client: Wire,
}

fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl World {
    pub fn new(client: Budget, server: Budget) -> Self {
        Self {
            client: End::new(Connection::client(OneKey, Limits::DEFAULT), client),
            server: End::new(Connection::server(Limits::DEFAULT), server),
            to_server: Wire::default(),
            to_client: Wire::default(),
        }
    }

    /// Identifies this state. Among a million states, two collide in one of 10^7 runs.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(self)
    }

    /// Identifies what [`check_end`](Self::check_end) examines.
    pub fn end_fingerprint(&self, side: Side) -> u64 {
        match side {
            Side::Client => fingerprint(&(0, &self.client)),
            Side::Server => fingerprint(&(1, &self.server)),
        }
    }

    pub fn acts(&self) -> Vec<(Side, Act)> {
        let client = self.client.acts(&self.to_client).into_iter().map(|act| (Side::Client, act));
        let server = self.server.acts(&self.to_server).into_iter().map(|act| (Side::Server, act));
        client.chain(server).collect()
    }

    /// Returns the state after an act.
    pub fn after(&self, side: Side, act: Act) -> Check<Self> {
        let mut next = self.clone();
        let Self { client, server, to_server, to_client } = &mut next;
        match side {
            Side::Client => client.act(act, to_client, to_server)?,
            Side::Server => server.act(act, to_server, to_client)?,
        }
        // Therefore no path is endless or leads back.
        ensure!(next.progress() > self.progress(), "the act had no effect");
        Ok(next)
    }

    /// Returns a number that grows with every act.
    fn progress(&self) -> usize {
        let wire = |wire: &Wire| wire.moved + usize::from(wire.lost) + usize::from(wire.ended);
        wire(&self.to_server)
            + wire(&self.to_client)
            + self.client.milestones()
            + self.server.milestones()
    }

    pub fn check_end(&self, side: Side) -> Check {
        match side {
            Side::Client => self.client.check(),
            Side::Server => self.server.check(),
        }
    }

    /// Checks that everything that has arrived was reported.
    pub fn check_wires(&self) -> Check {
        let heard = |wire: &Wire, deaf| !wire.is_empty() || wire.items.is_empty() || deaf;
        let Self { client, server, to_server, to_client } = self;
        ensure!(heard(to_server, server.is_deaf()), "not reported: {:?}", to_server.items);
        ensure!(heard(to_client, client.is_deaf()), "not reported: {:?}", to_client.items);
        Ok(())
    }

    /// Checks a state without further acts: both ends are closed. If no end broke the protocol and
    /// the transport did not break, they closed cleanly and nothing was lost.
    pub fn check_final(&self, cuts: u8) -> Check {
        let Self { client, server, to_server, to_client } = self;
        ensure!(client.is_done() && server.is_done(), "stuck before both ends are closed");
        let broken = client.budget.cuts + server.budget.cuts < cuts;
        if !broken && !client.is_bad() && !server.is_bad() {
            ensure!(client.is_clean() && server.is_clean(), "not closed cleanly");
            let lost = to_server.items.len() + to_client.items.len();
            ensure!(lost == 0, "{lost} items were lost");
        }
        Ok(())
    }
}
