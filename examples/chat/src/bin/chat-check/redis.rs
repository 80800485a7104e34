//! A Redis of its own, on a free port, with its data in a temporary folder.

use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::AsyncConnectionConfig;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// How long it may take to start.
const SOON: Duration = Duration::from_secs(20);

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one; `None` if it is not installed, which is said with the name of what needs it.
    pub(crate) async fn start(what: &str) -> Result<Option<Self>> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("left out: {what}: redis-server is not installed");
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        // Another process may take the port meanwhile: then the next one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut child = spawn(port, &folder)?;
            if answers(port, &mut child).await? {
                return Ok(Some(Self { child, port, folder }));
            }
        }
        Err("redis-server does not start".into())
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it as if the machine had lost power.
    pub(crate) fn kill(&mut self) -> Result {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Sends a signal: `STOP` makes it hang until `CONT`.
    pub(crate) fn signal(&self, name: &str) -> Result {
        Ok(signal(self.child.id(), name)?)
    }

    /// Starts it again, with what it has written to its disk.
    pub(crate) async fn restart(&mut self) -> Result {
        self.child = spawn(self.port, &self.folder)?;
        if !answers(self.port, &mut self.child).await? {
            return Err("redis-server does not start again".into());
        }
        Ok(())
    }

    /// Runs a command.
    pub(crate) async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> Result<T> {
        // A busy machine may need more than the half second of the default.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(SOON))
            .set_response_timeout(Some(SOON));
        let client = redis::Client::open(self.url())?;
        let mut redis = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut cmd = redis::Cmd::new();
        for word in words {
            cmd.arg(*word);
        }
        Ok(cmd.query_async(&mut redis).await?)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(id: u32, name: &str) -> io::Result<()> {
    Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status()?;
    Ok(())
}

fn spawn(port: u16, folder: &TempDir) -> Result<Child> {
    let port = port.to_string();
    // Every write is on the disk before it is acknowledged.
    let args =
        ["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    let mut command = Command::new("redis-server");
    command.args(args).args(["--port", &port]).arg("--dir").arg(folder.path());
    Ok(command.stdout(Stdio::null()).spawn()?)
}

/// Waits until it answers; `false` if it has ended.
async fn answers(port: u16, child: &mut Child) -> Result<bool> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/"))?;
    let wait = async {
        loop {
            if child.try_wait()?.is_some() {
                return Ok(false);
            }
            if let Ok(mut redis) = client.get_multiplexed_async_connection().await
                && redis::cmd("PING").query_async::<()>(&mut redis).await.is_ok()
            {
                return Ok(true);
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, wait).await.map_err(|_| "redis-server does not answer")?
}
