//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::*;

use crate::common::deflate;

pub(crate) const USAGE: &str = "\
Usage: client [OPTIONS] ws://HOST[:PORT][/PATH]

Sends each line of standard input as a text message, and prints what arrives to standard output.
At the end of the input it closes the connection with code 1000.

Options:
  --raw           print text as it is, control characters too (default: escape those that a
                  terminal would obey, as in \\u{1b}; a Close's reason is always escaped)
  --binary FILE   first send this file as one binary message, without loading it
  --ping          send a Ping at once and then every second, and show how long the Pong takes
  --wait SECONDS  after the end of the input, stay for so long before closing (default: 0)
  --help          show this

Exit status:
  0  closed in order: with code 1000 or 1001, or without one
  1  something went wrong here: a file, the input, the output
  2  bad usage
  3  bad URL
  4  cannot connect
  5  the server refuses a WebSocket
  6  the server broke the protocol
  7  the connection ended without a closing handshake
  8  the server closed with another code
";

/// The options, with defaults for missing ones.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) binary: Option<PathBuf>,
    pub(crate) ping: bool,
    pub(crate) raw: bool,
    pub(crate) wait: Duration,
    pub(crate) deflate: deflate::Config,
}

impl Settings {
    /// Parses the command line; returns `None` if the user asks for help.
    pub(crate) fn parse(mut parser: Parser) -> Result<Option<Self>, lexopt::Error> {
        let (mut url, mut binary, mut wait) = (None, None, Duration::ZERO);
        let (mut ping, mut raw) = (false, false);
        let mut config = deflate::Config::DEFAULT;
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("binary") => binary = Some(parser.value()?.into()),
                Long("ping") => ping = true,
                Long("raw") => raw = true,
                Long("wait") => wait = Duration::from_secs(parser.value()?.parse::<u32>()?.into()),
                Long("window") => deflate::window(&mut config, &mut parser)?,
                Long("no-takeover") => deflate::no_takeover(&mut config),
                Value(value) if url.is_none() => url = Some(value.string()?),
                _ => return Err(arg.unexpected()),
            }
        }
        let url = url.ok_or("there is no URL")?;
        Ok(Some(Self { url, binary, ping, raw, wait, deflate: config }))
    }
}
