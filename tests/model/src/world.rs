//! A client, a server, and all that is between them.

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

    /// Stands for this state: two of a million have the same by chance once in 10^7 runs.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(self)
    }

    /// Stands for what [`check_end`](Self::check_end) looks at.
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

    /// The state that this leads to.
    pub fn after(&self, side: Side, act: Act) -> Check<Self> {
        let mut next = self.clone();
        let Self { client, server, to_server, to_client } = &mut next;
        match side {
            Side::Client => client.act(act, to_client, to_server)?,
            Side::Server => server.act(act, to_server, to_client)?,
        }
        // So no path is endless, and none leads back.
        ensure!(next.progress() > self.progress(), "nothing has come of it");
        Ok(next)
    }

    /// Grows with every act.
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

    /// All that has arrived was reported.
    pub fn check_wires(&self) -> Check {
        let heard = |wire: &Wire, deaf| !wire.is_empty() || wire.items.is_empty() || deaf;
        let Self { client, server, to_server, to_client } = self;
        ensure!(heard(to_server, server.is_deaf()), "not reported: {:?}", to_server.items);
        ensure!(heard(to_client, client.is_deaf()), "not reported: {:?}", to_client.items);
        Ok(())
    }

    /// Where nothing more can happen, both ends are closed; and cleanly, with nothing lost, if no
    /// peer was bad and the transport did not break.
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
