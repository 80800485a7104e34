#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod app;
pub mod backplane;
mod connection;
mod feeds;
mod files;
mod http;
mod hub;
mod metrics;
mod outbox;
mod protocol;
mod recovery;
mod room;
mod server;
mod session;
mod settings;
mod token;

pub use protocol::{Position, Status};
pub use server::{Error, Server};
pub use settings::{LogFormat, Sabotage, Settings, Timing};
pub use token::{Claims, TokenError, Tokens};
