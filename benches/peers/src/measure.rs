//! Interleaved rounds: every contender does its work once a round, and its fastest round counts.

use std::time::{Duration, Instant};

/// One contender's work for one round; it returns how many messages and bytes it delivered.
pub struct Contender<'a> {
    pub name: &'static str,
    pub work: Box<dyn FnMut() -> (u64, u64) + 'a>,
}

/// Runs `rounds` rounds and gives each contender's fastest.
pub fn interleaved(
    contenders: &mut [Contender<'_>],
    rounds: u32,
    expected: (u64, u64),
) -> Vec<Duration> {
    let mut best = vec![Duration::MAX; contenders.len()];
    for _ in 0..rounds {
        for (contender, best) in contenders.iter_mut().zip(&mut best) {
            let start = Instant::now();
            let delivered = (contender.work)();
            let took = start.elapsed();
            assert_eq!(delivered, expected, "{} delivered something else", contender.name);
            *best = took.min(*best);
        }
    }
    best
}
