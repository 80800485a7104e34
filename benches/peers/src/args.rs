//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::measure::Settings;
use crate::workload;

pub struct Args {
    pub quick: bool,
    pub goals_only: bool,
    pub memory: bool,
    pub markdown: Option<PathBuf>,
    pub svg: Option<PathBuf>,
    rounds: Option<usize>,
    filters: Vec<String>,
}

const USAGE: &str = "\
usage: cargo run --release -- [WORKLOAD...] [OPTION...]
       cargo run --release -- goals [OPTION...]
       cargo run --release -- memory [--quick]

  --quick           few short rounds: does it run?
  --rounds N        the fastest of N rounds counts (15)
  --markdown FILE   write the tables there as well
  --svg FILE        write a chart there

workloads, any part of a name will do: ";

impl Args {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let ids: Vec<_> = workload::ALL.iter().map(|workload| workload.id).collect();
        let usage = || USAGE.to_owned() + &ids.join(", ");
        let mut parsed = Self {
            quick: false,
            goals_only: false,
            memory: false,
            markdown: None,
            svg: None,
            rounds: None,
            filters: Vec::new(),
        };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => parsed.quick = true,
                "--rounds" => {
                    let rounds = args.next().and_then(|rounds| rounds.parse().ok());
                    parsed.rounds = Some(rounds.filter(|rounds| *rounds > 0).ok_or_else(usage)?);
                }
                "--markdown" => parsed.markdown = Some(args.next().ok_or_else(usage)?.into()),
                "--svg" => parsed.svg = Some(args.next().ok_or_else(usage)?.into()),
                "goals" => parsed.goals_only = true,
                "memory" => parsed.memory = true,
                filter if ids.iter().any(|id| id.contains(filter)) => parsed.filters.push(arg),
                _ => return Err(usage()),
            }
        }
        Ok(parsed)
    }

    /// Whether a workload was asked for; without filters, all are.
    pub fn selects(&self, id: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| id.contains(filter.as_str()))
    }

    pub fn settings(&self) -> Settings {
        let (rounds, micros) = if self.quick { (3, 50) } else { (15, 400) };
        Settings { rounds: self.rounds.unwrap_or(rounds), round: Duration::from_micros(micros) }
    }
}
