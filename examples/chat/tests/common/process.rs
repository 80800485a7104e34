//! A node in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::redis::{RedisServer, signal};
use super::{SECRET, SOON, Test, ready};

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a node over a Redis.
    pub(crate) async fn over(redis: &RedisServer) -> Test<Self> {
        Self::start(&[("CHAT_REDIS", &redis.url())]).await
    }

    /// Starts a node with these settings in its environment.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Test<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
        command.env("CHAT_LISTEN", "127.0.0.1:0").env("CHAT_JWT_SECRET", SECRET);
        command.envs(settings.iter().copied()).env_remove("RUST_LOG");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening: http://").ok_or("no address")?;
        let address = address.trim_end_matches('/').parse()?;
        let process = Self { child, address };
        ready(address, 200).await?;
        Ok(process)
    }

    pub(crate) fn signal(&self, name: &str) -> Test {
        Ok(signal(self.child.id(), name)?)
    }

    /// Waits for its end; returns what it has logged too.
    pub(crate) async fn ended(&mut self) -> Test<(ExitStatus, String)> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                let mut log = String::new();
                self.child.stderr.take().ok_or("no log")?.read_to_string(&mut log)?;
                return Ok((status, log));
            }
            if start.elapsed() > SOON {
                return Err("it does not end".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
