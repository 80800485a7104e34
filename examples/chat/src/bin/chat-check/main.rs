//! `chat-check`: looks for broken promises.
//!
//! Clients publish and follow rooms over two nodes and a Redis, while faults are injected: nodes and
//! Redis are killed and paused, connections are cut and delayed, nodes drain, and data is flushed.
//! Every client checks every message, and at the end all of their logs are compared. The exit status
//! is 1 if a guarantee was broken, and 77 if redis-server is not installed.
//!
//! A seed decides what the clients and the faults do; the operating system decides when exactly.

mod client;
mod cluster;
mod faults;
mod proxy;
mod redis;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::task::JoinSet;

use client::{Client, Phase};
use cluster::Cluster;
use faults::Faults;
use redis::RedisServer;
use report::Report;

/// The exit status if something is not installed.
const MISSING: u8 = 77;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Checks the guarantees while faults are injected.
#[derive(Clone, Parser)]
pub(crate) struct Args {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds to run, one after the other.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// How long the faults last, for each seed.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many clients there are.
    #[arg(long, default_value_t = 12)]
    clients: usize,
    /// How many rooms there are.
    #[arg(long, default_value_t = 3)]
    rooms: usize,
    /// Never flush Redis: then no acked message may be missing at the end.
    #[arg(long)]
    no_flush: bool,
    /// The program of a node. Default: `chat` beside this program.
    #[arg(long)]
    chat: Option<PathBuf>,
    /// An option for the nodes, such as `--sabotage=dedup` where that was compiled in.
    #[arg(long, allow_hyphen_values = true)]
    node_arg: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let mut broken = 0;
    for seed in args.seed..args.seed + args.seeds {
        match check(&args, seed).await {
            Ok(Some(true)) => {}
            Ok(Some(false)) => broken += 1,
            Ok(None) => return ExitCode::from(MISSING),
            Err(error) => {
                println!("seed {seed}: cannot be checked: {error}");
                return ExitCode::from(2);
            }
        }
    }
    println!("{} seeds, {broken} with broken guarantees", args.seeds);
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks with one seed; returns whether all guarantees hold, and `None` if nothing can be checked
/// because `redis-server` is not installed.
async fn check(args: &Args, seed: u64) -> Result<Option<bool>> {
    let Some(redis) = RedisServer::start("chat-check").await? else { return Ok(None) };
    let chat = match &args.chat {
        Some(chat) => chat.clone(),
        None => std::env::current_exe()?.with_file_name("chat"),
    };
    let mut cluster = Cluster::start(chat, args.node_arg.clone(), redis).await?;
    let report = Arc::new(Report::default());
    let (phase, phases) = watch::channel(Phase::Publish);
    let mut clients = JoinSet::new();
    for number in 0..args.clients {
        let random = StdRng::seed_from_u64(seed ^ ((number as u64 + 1) << 32));
        let proxies = cluster.proxies();
        let client = Client::new(number, args.rooms, proxies, random, report.clone());
        clients.spawn(client.run(phases.clone()));
    }
    let mut faults = Faults::new(StdRng::seed_from_u64(seed), args.no_flush);
    faults.inject(&mut cluster, Duration::from_secs(args.seconds)).await?;
    cluster.heal().await?;
    phase.send_replace(Phase::Settle);
    if let Err(how) = report.verify(&cluster, args, faults.flushes()).await {
        report.broken(how);
    }
    phase.send_replace(Phase::End);
    while clients.join_next().await.is_some() {}
    println!("seed {seed}: {report}; faults: {faults}");
    Ok(Some(report.holds()))
}
