//! Visits every state that a client and a server of this crate can reach, within bounds: breadth
//! first, each state once, with the crate's own `Connection` on both sides.
//!
//! The search is our own because libraries make it no shorter. Ported to `stateright` 0.31 and to
//! `pathfinding` 4.16, it finds the same states, and the same shortest path to a bug. The second
//! port to `stateright` is as short as possible: it checks each end in every state anew, and does
//! not count the final states. `pathfinding` does not report the depth.
//!
//! | | ours | `stateright` | shortest port | `pathfinding` |
//! |---|---:|---:|---:|---:|
//! | lines of code of this package | 746 | 744 | 719 | 736 |
//! | further crates | 0 | 38 | 38 | 16 |
//! | CPU time to build, s | 3 | 33 | 33 | 11 |
//! | CPU time to run, s | 9 | 9 | 29 | 8 |
//! | memory, MiB | 34 | 29 | 28 | 111 |

mod act;
mod end;
mod wire;
mod world;

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;
use std::time::Instant;

use act::{Act, Budget};
use world::{Side, World};

/// The states of one search.
#[derive(Default)]
struct Search {
    /// For each state, the first state that led to it, and the act.
    seen: HashMap<u64, Option<(u64, Side, Act)>>,
    ends: HashSet<u64>,
    /// The acts that were tried, and thus the states with repetitions.
    acts: usize,
    finals: usize,
    depth: usize,
}

impl Search {
    /// Visits all states after `start`. An error says what does not hold, and the path to it.
    fn run(&mut self, start: World, cuts: u8) -> Result<(), String> {
        self.seen.insert(start.fingerprint(), None);
        let mut level = vec![start];
        while !level.is_empty() {
            let mut next_level = Vec::new();
            for world in level {
                let from = world.fingerprint();
                let acts = world.acts();
                if acts.is_empty() {
                    self.finals += 1;
                    world.check_final(cuts).map_err(|error| self.story(from, &error))?;
                }
                for (side, act) in acts {
                    self.acts += 1;
                    let next = world.after(side, act).map_err(|error| {
                        format!("{}  {side:?} {act:?}\n", self.story(from, &error))
                    })?;
                    let print = next.fingerprint();
                    if self.seen.contains_key(&print) {
                        continue;
                    }
                    self.seen.insert(print, Some((from, side, act)));
                    next.check_wires().map_err(|error| self.story(print, &error))?;
                    if self.ends.insert(next.end_fingerprint(side)) {
                        next.check_end(side).map_err(|error| self.story(print, &error))?;
                    }
                    next_level.push(next);
                }
            }
            level = next_level;
            self.depth += usize::from(!level.is_empty());
        }
        Ok(())
    }

    /// Returns the error, and the acts that led to the state.
    fn story(&self, state: u64, error: &str) -> String {
        let (mut lines, mut state) = (Vec::new(), state);
        while let Some(Some((from, side, act))) = self.seen.get(&state) {
            lines.push(format!("  {side:?} {act:?}\n"));
            state = *from;
        }
        lines.reverse();
        format!("{error}\n{}", lines.concat())
    }
}

fn main() -> ExitCode {
    let none = Budget::default();
    let ping = Budget { ping_len: 1, ..none };
    let searches = [
        (
            "the transport to the server breaks",
            Budget { fragmented: 1, ..none },
            Budget { pings: 1, cuts: 1, ..ping },
        ),
        (
            "the transport to the client breaks",
            Budget { messages: 1, cuts: 1, ..none },
            Budget { fragmented: 1, ..none },
        ),
        (
            "messages, whole and in fragments",
            Budget { messages: 1, fragmented: 1, ..none },
            Budget { messages: 1, ..none },
        ),
        ("Pings between fragments", Budget { fragmented: 1, ..none }, Budget { pings: 2, ..ping }),
        (
            "Pings that leave no room for each other",
            Budget { pings: 1, ping_len: 70, ..none },
            Budget { pings: 2, ping_len: 70, ..none },
        ),
        (
            "the client turns bad",
            Budget { messages: 1, bad: 1, ..none },
            Budget { pings: 1, ..ping },
        ),
        (
            "the server turns bad",
            Budget { fragmented: 1, ..none },
            Budget { messages: 1, bad: 1, ..none },
        ),
    ];
    let (mut distinct, mut total) = (0, 0);
    for (name, client, server) in searches {
        let (began, mut search) = (Instant::now(), Search::default());
        let result = search.run(World::new(client, server), client.cuts + server.cuts);
        let Search { seen, acts, finals, depth, .. } = &search;
        println!(
            "{name}: {} states, {acts} transitions, {finals} of them final, depth {depth}, {:.1} s",
            seen.len(),
            began.elapsed().as_secs_f32(),
        );
        if let Err(story) = result {
            print!("does not hold: {story}");
            return ExitCode::FAILURE;
        }
        distinct += seen.len();
        total += acts;
    }
    println!(
        "{distinct} distinct states, {total} transitions: all of them end with both ends closed"
    );
    ExitCode::SUCCESS
}
