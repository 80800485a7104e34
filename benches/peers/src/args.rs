//! The command line.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::*;

use crate::measure::Settings;
use crate::workload;

#[derive(Default)]
pub struct Args {
    pub quick: bool,
    pub goals_only: bool,
    pub memory: bool,
    pub markdown: Option<PathBuf>,
    pub svg: Option<PathBuf>,
    rounds: Option<NonZero<usize>>,
    filters: Vec<String>,
}

const USAGE: &str = "\
Usage: cargo run --release -- [WORKLOAD...] [OPTION...]
       cargo run --release -- goals [OPTION...]
       cargo run --release -- memory [--quick]

  --quick           run few short rounds, to check that everything runs
  --rounds N        measure N rounds, of which the fastest counts (default: 15)
  --markdown FILE   also write the tables to FILE
  --svg FILE        also write a chart to FILE

Workloads, by any part of a name: ";

pub fn usage() -> String {
    let ids: Vec<_> = workload::ALL.iter().map(|workload| workload.id).collect();
    USAGE.to_owned() + &ids.join(", ")
}

impl Args {
    pub fn parse(mut parser: Parser) -> Result<Self, lexopt::Error> {
        let is_in_a_name = |word: &str| workload::ALL.iter().any(|known| known.id.contains(word));
        let mut parsed = Self::default();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("quick") => parsed.quick = true,
                Long("rounds") => parsed.rounds = Some(parser.value()?.parse()?),
                Long("markdown") => parsed.markdown = Some(parser.value()?.into()),
                Long("svg") => parsed.svg = Some(parser.value()?.into()),
                Value(word) if word == "goals" => parsed.goals_only = true,
                Value(word) if word == "memory" => parsed.memory = true,
                Value(word) if word.to_str().is_some_and(is_in_a_name) => {
                    parsed.filters.push(word.string()?);
                }
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(parsed)
    }

    /// Returns whether a workload was requested; without filters, all are.
    pub fn selects(&self, id: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| id.contains(filter.as_str()))
    }

    pub fn settings(&self) -> Settings {
        let (rounds, micros) = if self.quick { (3, 50) } else { (15, 400) };
        let rounds = self.rounds.map_or(rounds, NonZero::get);
        Settings { rounds, round: Duration::from_micros(micros) }
    }
}
