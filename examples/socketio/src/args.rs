//! The command line.

use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::*;
use rfc6455_axum::rfc6455::deflate;
use rfc6455_socketio::{engine, socket};

pub(crate) const USAGE: &str = "\
Usage: socketio [OPTIONS]

Serves Socket.IO at /socket.io/, over WebSocket and HTTP long-polling.

Options:
  --listen ADDR       listen here (default: 127.0.0.1:3000)
  --ping-interval MS  the time between two heartbeats (default: 25000)
  --ping-timeout MS   the time in which a heartbeat is answered (default: 20000)
  --max-payload BYTES the longest message, and body of a POST (default: 1000000)
  --recovery SECONDS  how long a client may be away and get what it has missed; 0 turns it off
                      (default: 120)
  --origin ORIGIN     let pages of this origin connect, such as https://example.com (may be
                      repeated; the server's own may always)
  --token TOKEN       add the namespace /admin, for clients whose `auth` has this token
  --deflate           compress the messages of WebSockets
  --conformance       the settings that the official test suites expect, and an echo of Engine.IO
                      at /engine.io/; options behind it still count
  --help              show this
";

pub(crate) struct Settings {
    pub(crate) listen: String,
    pub(crate) token: Option<String>,
    pub(crate) conformance: bool,
    pub(crate) engine: engine::Config,
    pub(crate) socket: socket::Config,
}

impl Settings {
    /// Parses the command line; returns `None` if the user asks for help.
    pub(crate) fn parse(mut parser: Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut settings = Self {
            listen: "127.0.0.1:3000".into(),
            token: None,
            conformance: false,
            engine: engine::Config::DEFAULT,
            socket: socket::Config::DEFAULT,
        };
        while let Some(arg) = parser.next()? {
            let (engine, socket) = (&mut settings.engine, &mut settings.socket);
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("listen") => settings.listen = parser.value()?.string()?,
                Long("ping-interval") => engine.ping_interval = millis(&mut parser)?,
                Long("ping-timeout") => engine.ping_timeout = millis(&mut parser)?,
                Long("max-payload") => engine.max_payload = parser.value()?.parse()?,
                Long("recovery") => {
                    let seconds: u32 = parser.value()?.parse()?;
                    let recovery = Duration::from_secs(seconds.into());
                    socket.recovery = Some(recovery).filter(|recovery| !recovery.is_zero());
                }
                Long("origin") => engine.origins.push(parser.value()?.string()?),
                Long("token") => settings.token = Some(parser.value()?.string()?),
                Long("deflate") => engine.deflate = Some(deflate::Config::DEFAULT),
                Long("conformance") => {
                    settings.conformance = true;
                    engine.ping_interval = Duration::from_millis(300);
                    engine.ping_timeout = Duration::from_millis(200);
                    engine.max_payload = 1_000_000;
                    socket.connect_timeout = Duration::from_secs(1);
                    socket.recovery = None;
                }
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(Some(settings))
    }
}

fn millis(parser: &mut Parser) -> Result<Duration, lexopt::Error> {
    Ok(Duration::from_millis(parser.value()?.parse::<u32>()?.into()))
}
