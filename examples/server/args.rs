//! The command line.

use std::num::NonZeroU32;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::*;
use rfc6455::handshake::{ClientHandshake, HandshakeLimits, Offer};
use rfc6455::websocket::Config;
use rfc6455::{Limits, Timeouts};

use crate::deflate;

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
                         close with 1008 if a message takes longer to arrive, not counting the
                         time in which it arrives at 16 KiB a second (default: 10)
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
    #[cfg_attr(not(feature = "deflate"), allow(dead_code))]
    pub(crate) deflate: deflate::Config,
}

/// How long a client may take to answer the server's Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How many bytes of short replies may be queued, besides one of the longest.
const BATCH: usize = 64 << 10;
/// How much memory a client's buffers each keep between messages, until it is silent.
const RETAIN: usize = 256 << 10;

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
            deflate: deflate::Config::DEFAULT,
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
                Long("window") => deflate::window(&mut settings.deflate, &mut parser)?,
                Long("no-takeover") => deflate::no_takeover(&mut settings.deflate),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(Some(settings))
    }

    /// Returns the configuration of each client's WebSocket.
    pub(crate) fn config(&self) -> Config {
        let (max, idle) = (self.max_message, Some(self.idle));
        let longest = usize::try_from(max).unwrap_or(usize::MAX);
        let timeouts = Timeouts::DEFAULT.idle(idle).pong(idle).close(Some(CLOSE_TIMEOUT));
        Config::DEFAULT
            .limits(Limits::DEFAULT.max_message(max).max_frame(max))
            .timeouts(timeouts.message(Some(self.message_timeout)))
            .high_water(longest.saturating_add(BATCH))
            .retain(RETAIN)
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
