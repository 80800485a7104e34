//! Socket.IO v5: namespaces, events, acknowledgements, rooms, and the recovery of connections.

mod ack;
mod client;
mod decoder;
mod emitter;
mod handle;
mod io;
mod namespace;
pub mod packet;
mod recovery;
mod rooms;
mod value;

use std::time::Duration;

pub use ack::{Ack, NotAcknowledged};
pub use decoder::Decoder;
pub use emitter::Emitter;
pub use handle::{Disconnect, Handshake, Socket};
pub use io::Io;
pub use namespace::{Namespace, Refusal};
pub use value::Value;

/// What a server of Socket.IO accepts, waits for, and keeps.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The time in which a client connects to a namespace. Default: 45 seconds.
    pub connect_timeout: Duration,
    /// Binary attachments of one packet. Default: 64.
    pub max_attachments: usize,
    /// The bytes of all attachments of one packet. Default: 10,000,000.
    pub max_attached: usize,
    /// How long a client may be away and still get what it has missed. Default: 2 minutes; `None`
    /// turns recovery off.
    pub recovery: Option<Duration>,
    /// What each namespace keeps of its events for such clients, in bytes, and as much for the
    /// rooms that they were in. Default: 16 MiB.
    pub max_log: usize,
    /// Clients that are away, for each namespace. Default: 10,000.
    pub max_suspended: usize,
    /// The names of the rooms that a client is in, in bytes, of which each takes 64 more. Default:
    /// 64 KiB.
    pub max_rooms: usize,
}

impl Config {
    /// The default of every field.
    pub const DEFAULT: Self = Self {
        connect_timeout: Duration::from_secs(45),
        max_attachments: 64,
        max_attached: 10_000_000,
        recovery: Some(Duration::from_secs(120)),
        max_log: 16 << 20,
        max_suspended: 10_000,
        max_rooms: 64 << 10,
    };
}
