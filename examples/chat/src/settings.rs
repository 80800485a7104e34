//! Settings: flags, and the same in the environment.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Rooms: a chat service.
///
/// Each option can be set in the environment too: `CHAT_LISTEN` for `--listen`.
#[derive(Clone, Parser)]
#[command(name = "chat", version)]
pub struct Settings {
    /// The address to accept connections on.
    #[arg(long, env = "CHAT_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The Redis that makes all nodes one service; without it, this node is alone.
    #[arg(long, env = "CHAT_REDIS", value_name = "URL", hide_env_values = true)]
    pub redis: Option<String>,
    /// The name of this node, different from that of every other one. Default: a random one.
    #[arg(long, env = "CHAT_NODE", value_name = "NAME")]
    pub node: Option<String>,
    /// The secret of HS256 tokens, or the PEM of an Ed25519 public key for `EdDSA` tokens. Without
    /// it, `GET /token?user=NAME` gives tokens to everyone.
    #[arg(long, env = "CHAT_JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub jwt_secret: Option<String>,
    /// An origin whose pages may connect; repeat it for more. Default: the one of this server.
    #[arg(long, env = "CHAT_ORIGIN", value_name = "URL", value_delimiter = ',')]
    pub origin: Vec<String>,
    /// The longest message that a client may send, in bytes.
    #[arg(long, env = "CHAT_MAX_MESSAGE", value_name = "BYTES", default_value_t = 64 << 10)]
    pub max_message: usize,
    /// The messages a second that one connection may send.
    #[arg(long, env = "CHAT_RATE", value_name = "PER_SECOND", default_value = "50")]
    pub rate: NonZeroU32,
    /// The messages that one connection may send at once.
    #[arg(long, env = "CHAT_BURST", value_name = "N", default_value = "300")]
    pub burst: NonZeroU32,
    /// The messages that each room keeps.
    #[arg(long, env = "CHAT_HISTORY", value_name = "N", default_value_t = 10_000)]
    pub history: usize,
    /// How long connections may take to close after SIGTERM.
    #[arg(long, env = "CHAT_DRAIN", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub drain: Duration,
    /// The format of the log, which goes to standard error; `RUST_LOG` filters it.
    #[arg(long, env = "CHAT_LOG", value_name = "FORMAT", default_value = "text")]
    pub log: LogFormat,
    /// The folder that uploaded files are kept in. Default: a new one for temporary files.
    #[arg(long, env = "CHAT_FILES", value_name = "FOLDER")]
    pub files: Option<PathBuf>,
    /// The longest file that a client may upload, in bytes.
    #[arg(long, env = "CHAT_MAX_FILE", value_name = "BYTES", default_value_t = 100 << 20)]
    pub max_file: u64,
    /// The promise to break.
    #[cfg(feature = "sabotage")]
    #[arg(long, hide = true)]
    pub sabotage: Option<Sabotage>,
    /// Deadlines and intervals, which are part of the protocol; tests shorten them.
    #[arg(skip)]
    pub timing: Timing,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// An object of JSON on each line.
    Json,
}

/// Mistakes that services of this kind make, for the checker to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sabotage {
    /// Read what is newest, as if from `$`, and not from the last position.
    Newest,
    /// Store the same key again.
    Dedup,
    /// Replay up to the end, and not up to where the live messages begin.
    Merge,
}

impl Settings {
    /// Returns whether this mistake is to be made.
    #[cfg(feature = "sabotage")]
    pub(crate) fn makes(&self, mistake: Sabotage) -> bool {
        self.sabotage == Some(mistake)
    }

    /// Returns whether this mistake is to be made: never.
    #[cfg(not(feature = "sabotage"))]
    #[expect(clippy::unused_self, reason = "so that nobody else needs the condition")]
    pub(crate) const fn makes(&self, _: Sabotage) -> bool {
        false
    }
}

/// Deadlines and intervals.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a connection may take to send its token.
    pub auth: Duration,
    /// How long a connection may be silent before it is sent a Ping.
    pub heartbeat: Duration,
    /// How long the answer to that Ping may take.
    pub pong: Duration,
    /// How long before a token expires a new one is asked for.
    pub renew: Duration,
    /// How long a user stays in a room after the node has died; with the next, at most 60 seconds.
    pub presence: Duration,
    /// How often a node reports who is in its rooms.
    pub refresh: Duration,
    /// How often a node looks for messages that no wake-up has told it of.
    pub sweep: Duration,
    /// How long the backplane may take for one operation.
    pub operation: Duration,
    /// How often the backplane is checked, and connected to if it is gone.
    pub check: Duration,
    /// How long a key is remembered.
    pub dedup: Duration,
    /// How long a message is kept.
    pub retention: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            auth: Duration::from_secs(5),
            heartbeat: Duration::from_secs(25),
            pong: Duration::from_secs(20),
            renew: Duration::from_secs(30),
            presence: Duration::from_secs(50),
            refresh: Duration::from_secs(10),
            sweep: Duration::from_secs(2),
            operation: Duration::from_secs(2),
            check: Duration::from_millis(500),
            dedup: Duration::from_secs(600),
            retention: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
