//! Interleaved rounds: every contender works once per round, and its fastest round counts.
//!
//! A disturbance of the machine then affects all contenders alike. The order rotates by one
//! contender in each round.

use std::time::{Duration, Instant};

use crate::peer::About;

#[derive(Clone, Copy)]
pub struct Settings {
    pub rounds: usize,
    /// The approximate minimum length of one contender's round.
    pub round: Duration,
}

/// One contender with one workload, already verified.
pub struct Contender {
    pub about: About,
    /// One pass over the workload; it checks its own counts.
    pub pass: Box<dyn FnMut()>,
}

/// Returns the seconds that one pass of each contender takes.
pub fn interleaved(contenders: &mut [Contender], settings: Settings) -> Vec<f64> {
    let repeats: Vec<u32> = contenders
        .iter_mut()
        .map(|contender| {
            // The first pass is a warm-up; the second determines the number of passes in a round.
            (contender.pass)();
            let once = time(contender, 1).max(1e-9);
            (settings.round.as_secs_f64() / once).ceil().clamp(1.0, 1e6) as u32
        })
        .collect();
    let mut best = vec![f64::INFINITY; contenders.len()];
    for round in 0..settings.rounds {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            best[index] = best[index].min(time(&mut contenders[index], repeats[index]));
        }
    }
    best
}

fn time(contender: &mut Contender, repeats: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        (contender.pass)();
    }
    start.elapsed().as_secs_f64() / f64::from(repeats)
}

/// Returns the name of this machine's CPU.
pub fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split(':').nth(1)).map(str::trim);
    name.unwrap_or("an unknown CPU").to_owned()
}
