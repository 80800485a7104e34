//! A server's process: started, pinned, and counted by the system.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::client::Reply;

/// How to run a server.
pub struct Server {
    pub name: String,
    pub note: String,
    pub reply: Reply,
    pub compresses: bool,
    pub command: Vec<String>,
}

/// A server that runs, until it is dropped.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts it on its core.
    pub fn start(&self, cores: &Cores) -> io::Result<Running> {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).stdin(Stdio::null()).stdout(Stdio::piped());
        cores.pin_server()?;
        let child = command.spawn();
        cores.pin_client()?;
        let mut child = child?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().rsplit(['/', ' ']).find_map(|word| word.parse().ok());
        let running = address.map(|address| Running { child, address });
        running.ok_or_else(|| io::Error::other(format!("{} did not start: {line}", self.name)))
    }
}

impl Running {
    /// Returns the CPU time of all of its threads, in nanoseconds.
    pub fn cpu_time(&self) -> io::Result<u64> {
        let mut time = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(task?.path().join("schedstat"))?;
            time += stat.split(' ').next().and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(time)
    }

    /// Returns its resident memory in bytes.
    pub fn memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.map(|kib| kib << 10).ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// Counts its system calls while `work` runs; `None` if `perf` cannot.
    pub fn count_calls<T>(
        &self,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<(T, Option<Calls>)> {
        let mut perf = Command::new("perf");
        perf.args(["stat", "-x", ",", "-e", &Calls::events(), "-p", &self.child.id().to_string()]);
        let perf = perf.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let Ok(perf) = perf else { return Ok((work()?, None)) };
        // It says nothing when it has attached itself.
        thread::sleep(Duration::from_millis(300));
        let done = work();
        let pid = rustix::process::Pid::from_child(&perf);
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        let output = perf.wait_with_output()?;
        Ok((done?, Calls::parse(&String::from_utf8_lossy(&output.stderr))))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// System calls by kind.
#[derive(Clone, Copy, Default)]
pub struct Calls {
    pub all: u64,
    pub reads: u64,
    pub writes: u64,
    pub waits: u64,
}

const READS: [&str; 5] = ["read", "readv", "recvfrom", "recvmsg", "recvmmsg"];
const WRITES: [&str; 5] = ["write", "writev", "sendto", "sendmsg", "sendmmsg"];
const WAITS: [&str; 4] = ["epoll_wait", "epoll_pwait", "epoll_pwait2", "io_uring_enter"];

impl Calls {
    fn events() -> String {
        let names = READS.iter().chain(&WRITES).chain(&WAITS);
        names.fold("raw_syscalls:sys_enter".into(), |events, name| {
            format!("{events},syscalls:sys_enter_{name}")
        })
    }

    fn parse(output: &str) -> Option<Self> {
        let count = |event: &str| {
            let line = output.lines().find(|line| line.split(',').any(|it| it == event))?;
            line.split(',').next()?.parse::<u64>().ok()
        };
        let sum = |names: &[&str]| {
            names.iter().filter_map(|name| count(&format!("syscalls:sys_enter_{name}"))).sum()
        };
        let all = count("raw_syscalls:sys_enter")?;
        Some(Self { all, reads: sum(&READS), writes: sum(&WRITES), waits: sum(&WAITS) })
    }
}

/// The cores of the server and of the client.
pub struct Cores {
    pins: Option<(CpuSet, CpuSet)>,
}

impl Cores {
    /// Takes the first two cores that this process may use; pins nothing if there is only one.
    pub fn new() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).map(|core| {
            let mut set = CpuSet::new();
            set.set(core);
            set
        });
        Ok(Self { pins: cores.next().zip(cores.next()) })
    }

    pub fn are_pinned(&self) -> bool {
        self.pins.is_some()
    }

    fn pin_server(&self) -> io::Result<()> {
        self.pins.as_ref().map_or(Ok(()), |(server, _)| Ok(sched_setaffinity(None, server)?))
    }

    pub fn pin_client(&self) -> io::Result<()> {
        self.pins.as_ref().map_or(Ok(()), |(_, client)| Ok(sched_setaffinity(None, client)?))
    }
}
