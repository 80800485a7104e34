//! The CPU time that a byte on the wire can cost when an attacker chooses it, with a bound.

use std::process::ExitCode;
use std::time::Duration;

#[allow(dead_code, clippy::cast_possible_truncation, reason = "others share it")]
#[path = "../../../../tests/common/blocks.rs"]
mod blocks;
mod bound;
mod kinds;
mod report;
mod ways;
mod wire;

use bound::Cell;
use kinds::Kind;
use report::Row;
use ways::Way;
use wire::Stream;

/// The rounds of a cell, of which the fastest counts; fewer if they take long.
const ROUNDS: usize = 7;
const LONG: Duration = Duration::from_millis(200);
/// Further rounds for a cell below its bound, in case another program used the core.
const MORE_ROUNDS: usize = 15;

/// Measures all kinds in all ways, writes the report, and fails if one is below its bound.
pub fn run() -> ExitCode {
    let (ways, mut rows) = (ways::all(), Vec::new());
    for server in [true, false] {
        for kind in kinds::all() {
            rows.push(measure(kind, server, &ways));
            eprint!(".");
        }
    }
    eprintln!();
    let text = report::document(&ways, &rows);
    print!("{text}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/attacks.md");
    if let Err(error) = std::fs::write(path, text) {
        eprintln!("The report could not be written to attacks.md: {error}");
        return ExitCode::FAILURE;
    }
    if rows.iter().all(Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures one kind in all ways, which take turns.
fn measure(kind: Kind, server: bool, ways: &[Way]) -> Row {
    let stream = Stream::new(&kind, server);
    let mut best = vec![Duration::MAX; ways.len()];
    let mut spent = vec![Duration::ZERO; ways.len()];
    for _ in 0..ROUNDS {
        for (index, way) in ways.iter().enumerate() {
            if spent[index] < LONG {
                let time = way.time(&stream);
                best[index] = best[index].min(time);
                spent[index] += time;
            }
        }
    }
    let cells = ways.iter().enumerate().map(|(index, &way)| {
        for _ in 0..MORE_ROUNDS {
            if Cell::new(&kind, &stream, way, best[index]).holds() || spent[index] > 3 * LONG {
                break;
            }
            let time = way.time(&stream);
            best[index] = best[index].min(time);
            spent[index] += time;
        }
        Cell::new(&kind, &stream, way, best[index])
    });
    Row { cells: cells.collect(), kind, server }
}
