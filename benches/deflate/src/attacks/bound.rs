//! What a rate counts, and how low it may be.

use std::time::Duration;

use super::kinds::{Cost, Kind};
use super::ways::{Tier, Way};
use super::wire::Stream;

/// MB/s on the wire, whatever comes.
const EACH: f64 = 25.0;
/// The same for blocks that are nothing but tables. The inflater alone comes to 9.6 with those
/// that cost the most, so no more can be asked for.
const TABLES: f64 = 8.0;
/// MB/s on the wire and of output, where the output is up to 1,032 times as long. The inflater alone
/// comes to 1,170 with the matches that cost the most, which is 1.1 on the wire.
const OUTPUT: f64 = 400.0;
/// The same in chunks of one byte: 10 million calls a second, each at a constant price.
const CALLS: f64 = 10.0;

/// MB/s of one kind in one way, beside its bound.
#[derive(Clone, Copy)]
pub struct Cell {
    pub rate: f64,
    /// What is only shown has none.
    pub bound: Option<f64>,
}

impl Cell {
    /// Compares a time with its bound.
    pub fn new(kind: &Kind, stream: &Stream, way: Way, time: Duration) -> Self {
        // Each byte of output is a call, or there are many of them: then the wire alone says little.
        let counts_output = kind.cost == Cost::Output || way.tier == Tier::Chunks(1);
        let inflated = if counts_output { stream.inflated } else { 0 };
        let rate = (stream.wire.len() + inflated) as f64 / time.as_secs_f64() / 1e6;
        let bound = match (kind.cost, way.tier) {
            (_, Tier::Alone) => None,
            (Cost::Wire, _) => Some(EACH),
            (Cost::Tables, _) => Some(TABLES),
            (Cost::Output, Tier::Chunks(1)) => Some(CALLS),
            (Cost::Output, _) => Some(OUTPUT),
        };
        Self { rate, bound }
    }

    pub fn holds(self) -> bool {
        self.share() >= 1.0
    }

    /// How many times the bound the rate is.
    pub fn share(self) -> f64 {
        self.bound.map_or(f64::INFINITY, |bound| self.rate / bound)
    }
}
