//! What goes wrong, and when.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use tokio::time::{Instant, sleep};

use super::Result;
use super::cluster::Cluster;
use super::proxy::Way;

/// The injector of faults, one after the other.
pub(crate) struct Faults {
    random: StdRng,
    no_flush: bool,
    counts: BTreeMap<&'static str, usize>,
}

impl Faults {
    pub(crate) fn new(random: StdRng, no_flush: bool) -> Self {
        Self { random, no_flush, counts: BTreeMap::new() }
    }

    /// Returns how often the data was flushed.
    pub(crate) fn flushes(&self) -> usize {
        self.counts.get(FLUSH).copied().unwrap_or(0)
    }

    fn millis(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.random_range(range))
    }

    /// Injects faults for some time; each is over when this returns.
    pub(crate) async fn inject(&mut self, cluster: &mut Cluster, time: Duration) -> Result {
        let end = Instant::now() + time;
        while Instant::now() < end {
            sleep(self.millis(100..1500)).await;
            let node = self.random.random_range(0..2);
            let name = self.one(cluster, node).await?;
            *self.counts.entry(name).or_default() += 1;
        }
        Ok(())
    }

    async fn one(&mut self, cluster: &mut Cluster, node: usize) -> Result<&'static str> {
        let choice = self.random.random_range(0..100);
        Ok(match choice {
            0..14 => {
                cluster.signal(node, "KILL")?;
                cluster.ended(node).await?;
                sleep(self.millis(0..1000)).await;
                cluster.restart(node).await?;
                "node killed"
            }
            14..28 => {
                cluster.signal(node, "STOP")?;
                sleep(self.millis(200..4000)).await;
                cluster.signal(node, "CONT")?;
                "node paused"
            }
            28..38 => {
                cluster.signal(node, "TERM")?;
                cluster.ended(node).await?;
                cluster.restart(node).await?;
                "node drained"
            }
            38..50 => {
                cluster.redis.kill()?;
                sleep(self.millis(0..2000)).await;
                cluster.redis.restart().await?;
                "Redis killed"
            }
            50..60 => {
                cluster.redis.signal("STOP")?;
                sleep(self.millis(200..4000)).await;
                cluster.redis.signal("CONT")?;
                "Redis paused"
            }
            60..65 if !self.no_flush => {
                cluster.redis.command::<String>(&["FLUSHALL"]).await?;
                FLUSH
            }
            60..80 => {
                cluster.proxy(node).cut();
                "connections cut"
            }
            80..90 => {
                let delay = self.millis(20..300);
                cluster.proxy(node).set_way(Way::Slow(delay));
                sleep(self.millis(500..3000)).await;
                cluster.proxy(node).set_way(Way::Open);
                "connections delayed"
            }
            _ => {
                cluster.proxy(node).set_way(Way::Stopped);
                sleep(self.millis(500..3000)).await;
                cluster.proxy(node).set_way(Way::Open);
                "connections stopped"
            }
        })
    }
}

const FLUSH: &str = "Redis flushed";

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<_> = self.counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
        f.write_str(&list.join(", "))
    }
}
