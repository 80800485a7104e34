//! The rates and their lower bounds.

use std::time::Duration;

use super::kinds::{Cost, Kind};
use super::ways::{Tier, Way};
use super::wire::Stream;

/// The minimum MB/s on the wire, for any input.
const EACH: f64 = 25.0;
/// The same for blocks of nothing but tables. The inflater alone reaches 9.6 with the most
/// expensive ones, so the bound cannot be higher.
const TABLES: f64 = 8.0;
/// The minimum MB/s on the wire and of output together, if the output is up to 1,032 times as long.
/// The inflater alone reaches 1,170 with the most expensive matches, which is 1.1 on the wire.
const OUTPUT: f64 = 400.0;

/// The MB/s of one kind in one way, with its bound.
#[derive(Clone, Copy)]
pub struct Cell {
    pub rate: f64,
    /// `None` if the rate is only shown.
    pub bound: Option<f64>,
}

impl Cell {
    /// Compares a time with its bound.
    pub fn new(kind: &Kind, stream: &Stream, way: Way, time: Duration) -> Self {
        // If the output is long, the wire alone says little.
        let inflated = if kind.cost == Cost::Output { stream.inflated } else { 0 };
        let rate = (stream.wire.len() + inflated) as f64 / time.as_secs_f64() / 1e6;
        let bound = match (kind.cost, way.tier) {
            (_, Tier::Alone) => None,
            (Cost::Wire, _) => Some(EACH),
            (Cost::Tables, _) => Some(TABLES),
            (Cost::Output, _) => Some(OUTPUT),
        };
        Self { rate, bound }
    }

    pub fn holds(self) -> bool {
        self.share() >= 1.0
    }

    /// Returns the ratio of the rate to the bound.
    pub fn share(self) -> f64 {
        self.bound.map_or(f64::INFINITY, |bound| self.rate / bound)
    }
}
