//! The run: all servers in turns, workload by workload.

use std::env;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::args::Args;
use crate::client::{Load, Reply, Slice, shake_hands};
use crate::process::{Calls, Cores, Running, Server};
use crate::servers::{BUILTIN, External, FLOOR};
use crate::workload::{Messages, Workload};
use crate::{markdown, svg};

/// Idle connections whose memory is measured, and those before that fill the server's pools.
const IDLE: usize = 10_000;
const FIRST: usize = 200;

/// Everything that was measured.
pub struct Results {
    pub servers: Vec<Server>,
    pub rows: Vec<Row>,
    /// The memory of an idle connection in bytes, for each server.
    pub memory: Vec<Option<u64>>,
    pub idle: usize,
    /// Servers that are not there, and why.
    pub missing: Vec<String>,
    pub pinned: bool,
    pub rounds: usize,
}

/// A workload, with what it came to for each server.
pub struct Row {
    pub workload: Workload,
    pub cells: Vec<Option<Cell>>,
}

/// The best of all rounds, each figure for itself.
#[derive(Clone, Copy)]
pub struct Cell {
    pub per_second: f64,
    /// Nanoseconds of the server's CPU time for each message.
    pub cpu: f64,
    /// Nanoseconds from a message to its reply.
    pub p50: f64,
    pub p99: f64,
    /// System calls for each message.
    pub calls: Option<[f64; 4]>,
}

pub fn run(args: &Args) -> io::Result<()> {
    let cores = Cores::new()?;
    cores.pin_client()?;
    let files = raise_limit()?;
    let (mut servers, mut missing) = servers(args)?;
    let mut running = Vec::new();
    // Such as over io_uring, where the system has none.
    servers.retain(|server| match server.start(&cores) {
        Ok(started) => {
            running.push(started);
            true
        }
        Err(error) => {
            missing.push(format!("{}: {error}", server.name));
            false
        }
    });
    for reason in &missing {
        println!("left out: {reason}");
    }
    let rows = measure(&servers, &running, args)?;
    drop(running);
    let idle = if args.quick { 500 } else { IDLE.min(files.saturating_sub(2 * FIRST)) };
    let memory = servers.iter().map(|server| {
        let bytes = args.memory.then(|| memory(server, idle, &cores).ok()).flatten();
        if let Some(bytes) = bytes {
            println!("{}: {bytes} bytes an idle connection", server.name);
        }
        bytes
    });
    let memory = memory.collect();
    let (pinned, rounds) = (cores.are_pinned(), args.rounds);
    let results = Results { servers, rows, memory, idle, missing, pinned, rounds };
    let tables = markdown::tables(&results);
    match &args.markdown {
        Some(path) => fs::write(path, &tables)?,
        None => print!("\n{tables}"),
    }
    if let Some(path) = &args.svg {
        fs::write(path, svg::chart(&results))?;
    }
    Ok(())
}

/// Returns the servers that can be run, and why others cannot.
fn servers(args: &Args) -> io::Result<(Vec<Server>, Vec<String>)> {
    let this = env::current_exe()?.to_string_lossy().into_owned();
    let mut servers: Vec<_> = BUILTIN
        .iter()
        .map(|it| Server {
            name: it.name.into(),
            note: it.note.into(),
            reply: it.reply,
            compresses: it.compresses,
            command: vec![this.clone(), "--serve".into(), it.name.into()],
        })
        .collect();
    let mut missing = Vec::new();
    for external in External::all() {
        match external {
            Ok(External { name, note, command }) => servers.push(Server {
                name: name.into(),
                note: note.into(),
                reply: Reply::Messages,
                compresses: true,
                command,
            }),
            Err(reason) => missing.push(reason),
        }
    }
    servers.extend(args.servers.iter().map(|(name, command)| Server {
        name: name.clone(),
        note: format!("`{}`", command.join(" ")),
        reply: Reply::Messages,
        compresses: true,
        command: command.clone(),
    }));
    Ok((servers, missing))
}

fn measure(servers: &[Server], running: &[Running], args: &Args) -> io::Result<Vec<Row>> {
    let mut workloads = Workload::all(args.quick);
    workloads.retain(|workload| full_name(workload).contains(&args.only));
    workloads.into_iter().map(|workload| row(servers, running, workload, args)).collect()
}

/// Returns the workload's name, and whether it is compressed.
fn full_name(workload: &Workload) -> String {
    let kind = if workload.compressed { "compressed" } else { "plain" };
    format!("{kind}, {}", workload.name())
}

fn row(
    servers: &[Server],
    running: &[Running],
    workload: Workload,
    args: &Args,
) -> io::Result<Row> {
    println!("{}", full_name(&workload));
    let mut messages = Messages::new(&workload);
    let mut contenders = Vec::new();
    for (server, running) in servers.iter().zip(running) {
        let takes_part = !workload.compressed || server.compresses;
        if !takes_part {
            contenders.push(None);
            continue;
        }
        let load = Load::connect(running.address, server.reply, &workload);
        let mut load = load.map_err(|error| failure(server, &error))?;
        // The first replies are all compared in full, and warm up.
        let first = load.run(&mut messages, args.slice / 4);
        first.map_err(|error| failure(server, &error))?;
        contenders.push(Some((load, running, None)));
    }
    for round in 0..args.rounds {
        for turn in 0..contenders.len() {
            let at = (turn + round) % contenders.len();
            if let Some((load, running, best)) = &mut contenders[at] {
                let before = running.cpu_time()?;
                let slice = load.run(&mut messages, args.slice);
                let slice = slice.map_err(|error| failure(&servers[at], &error))?;
                let cell = Cell::new(slice, running.cpu_time()? - before);
                *best = Some(best.map_or(cell, |best: Cell| best.better(cell)));
            }
        }
    }
    let mut row = Vec::new();
    for (contender, server) in contenders.into_iter().zip(servers) {
        let Some((mut load, running, Some(mut cell))) = contender else {
            row.push(None);
            continue;
        };
        let (done, calls) = running.count_calls(|| load.run(&mut messages, args.slice))?;
        cell.calls = calls.map(|calls| per_message(calls, done.messages));
        let calls = cell.calls.map_or_else(String::new, |[all, reads, writes, waits]| {
            format!("{all:.2} calls: {reads:.2} reads, {writes:.2} writes, {waits:.2} waits; ")
        });
        println!(
            "  {:<28} {:>9.0} messages/s {:>9.0} ns; {calls}p50 {:.0} µs, p99 {:.0} µs",
            server.name,
            cell.per_second,
            cell.cpu,
            cell.p50 / 1e3,
            cell.p99 / 1e3,
        );
        row.push(Some(cell));
    }
    Ok(Row { workload, cells: row })
}

fn failure(server: &Server, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {error}", server.name))
}

fn per_message(calls: Calls, messages: u64) -> [f64; 4] {
    [calls.all, calls.reads, calls.writes, calls.waits].map(|calls| calls as f64 / messages as f64)
}

impl Cell {
    fn new(mut slice: Slice, cpu: u64) -> Self {
        slice.latencies.sort_unstable();
        let quantile = |part: usize| {
            let at = slice.latencies.len().saturating_sub(1) * part / 100;
            slice.latencies.get(at).copied().unwrap_or(0) as f64
        };
        Self {
            per_second: slice.messages as f64 / slice.time.as_secs_f64(),
            cpu: cpu as f64 / slice.messages as f64,
            p50: quantile(50),
            p99: quantile(99),
            calls: None,
        }
    }

    fn better(self, other: Self) -> Self {
        Self {
            per_second: self.per_second.max(other.per_second),
            cpu: self.cpu.min(other.cpu),
            p50: self.p50.min(other.p50),
            p99: self.p99.min(other.p99),
            calls: None,
        }
    }
}

/// Returns the memory that an idle connection takes of the server's process.
fn memory(server: &Server, idle: usize, cores: &Cores) -> io::Result<u64> {
    let running = server.start(cores)?;
    drop(connect(running.address, server.reply, FIRST)?);
    thread::sleep(Duration::from_millis(200));
    let before = running.memory()?;
    let connections = connect(running.address, server.reply, idle)?;
    let after = running.memory()?;
    drop(connections);
    Ok(after.saturating_sub(before) / idle as u64)
}

/// Opens connections, on each of which one message is echoed.
fn connect(address: SocketAddr, reply: Reply, count: usize) -> io::Result<Vec<TcpStream>> {
    let workload = Workload { connections: 1, in_flight: 1, size: 16, compressed: false };
    let messages = Messages::new(&workload);
    let (message, payload) = (messages.wire(0, 1), messages.payload(0));
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address)?;
        if reply == Reply::Messages {
            shake_hands(&mut stream, false)?;
        }
        io::Write::write_all(&mut stream, message)?;
        let mut echo =
            vec![0; if reply == Reply::Bytes { message.len() } else { payload.len() + 2 }];
        io::Read::read_exact(&mut stream, &mut echo)?;
        if !echo.ends_with(if reply == Reply::Bytes { message } else { payload }) {
            return Err(io::Error::other("another message came back"));
        }
        connections.push(stream);
    }
    Ok(connections)
}

/// Raises the limit on open files as far as possible, which servers inherit; returns it.
fn raise_limit() -> io::Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(limit.maximum.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX)))
}

impl Results {
    /// Returns which server is the floor.
    pub fn floor(&self) -> Option<usize> {
        self.servers.iter().position(|server| server.name == FLOOR)
    }
}
