//! The command line.

use std::num::NonZeroU32;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::*;
use rfc6455::Limits;
use rfc6455::handshake::{ClientHandshake, HandshakeLimits, Offer};

use crate::compression::{self, Config};

pub(crate) const USAGE: &str = "\
Usage: server [OPTIONS]

Sends every WebSocket message back, and serves a page to try it with.

Options:
  --listen ADDRESS       where to listen (default: 127.0.0.1:9001; port 0: any that is free)
  --origin ORIGIN        also allow pages from this origin, such as https://example.com, null or
                         file:// (may be repeated; default: only the server's own page)
  --max-message BYTES    longest message to accept (default: 16777216)
  --max-connections N    most clients at a time (default: 1000)
  --idle SECONDS         ping a client that is silent for so long, and drop it if it stays
                         silent for as long again (default: 30)
  --message-timeout SECONDS
                         close with 1008 if a message takes longer to arrive, with a second
                         more for each 16 KiB of it (default: 10)
  --stall SECONDS        drop a client that falls so far behind in reading its replies, at a
                         pace of 16 KiB a second (default: 10)
  --help                 show this

Ctrl-C, or SIGTERM, closes every connection with 1001 and ends the server.
";

/// The options, with defaults for missing ones.
pub(crate) struct Settings {
    pub(crate) listen: String,
    /// The allowed values of `Origin`.
    pub(crate) origins: Vec<String>,
    pub(crate) max_message: u64,
    pub(crate) max_connections: usize,
    pub(crate) idle: Duration,
    pub(crate) message_timeout: Duration,
    pub(crate) stall: Duration,
    pub(crate) compression: Config,
}

impl Settings {
    /// Parses the command line; returns `None` if the user asks for help.
    pub(crate) fn parse(mut parser: Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut settings = Self {
            listen: "127.0.0.1:9001".to_string(),
            origins: Vec::new(),
            max_message: Limits::DEFAULT.max_message,
            max_connections: 1000,
            idle: Duration::from_secs(30),
            message_timeout: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            compression: Config::DEFAULT,
        };
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("listen") => settings.listen = parser.value()?.string()?,
                Long("origin") => settings.origins.push(parser.value()?.parse_with(origin)?),
                Long("max-message") => settings.max_message = parser.value()?.parse()?,
                Long("max-connections") => settings.max_connections = parser.value()?.parse()?,
                Long("idle") => settings.idle = seconds(&mut parser)?,
                Long("message-timeout") => settings.message_timeout = seconds(&mut parser)?,
                Long("stall") => settings.stall = seconds(&mut parser)?,
                Long("window") => {
                    let bits = parser.value()?.parse_with(compression::window)?;
                    settings.compression = settings.compression.window(bits);
                }
                Long("no-takeover") => settings.compression = settings.compression.no_takeover(),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(Some(settings))
    }
}

/// Values of `Origin` that are not a scheme, a host and a port.
pub(crate) const NAMED_ORIGINS: [&str; 2] = ["null", "file://"];

/// Parses an origin. A value that no browser sends would silently allow no one.
fn origin(text: &str) -> Result<String, &'static str> {
    let offer = Offer::new("localhost", "/").origin(Some(text));
    // The client's handshake checks it. RFC 3986 allows `*` in a host, but a user who writes it
    // here expects a pattern, and patterns are not supported.
    let sent = ClientHandshake::new(offer, [0; 16], &mut [], HandshakeLimits::DEFAULT);
    if NAMED_ORIGINS.contains(&text) || (sent.is_ok() && !text.contains('*')) {
        Ok(text.to_string())
    } else {
        Err("an origin is a scheme, a host and perhaps a port: https://example.com")
    }
}

/// Parses a number of seconds, at least one.
fn seconds(parser: &mut Parser) -> Result<Duration, lexopt::Error> {
    let seconds: NonZeroU32 = parser.value()?.parse()?;
    Ok(Duration::from_secs(seconds.get().into()))
}
