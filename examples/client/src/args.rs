//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::*;

use crate::common::deflate;

pub(crate) const USAGE: &str = "\
Usage: wsc [OPTIONS] ws[s]://HOST[:PORT][/PATH]

Sends each line of standard input as a text message, and prints what arrives to standard output.
At the end of the input it closes the connection with code 1000.

In a terminal, lines can be edited and have a history. JSON may span several lines: the message is
sent when its last bracket is closed. JSON that arrives is indented. These lines are commands:
  /ping [TEXT]           send a Ping
  /binary FILE           send this file as one binary message
  /close [CODE [REASON]] close the connection (default: 1000)
  //TEXT                 send /TEXT

Options:
  --protocol NAME        offer this subprotocol (may be repeated; the preferred one comes first)
  --header 'NAME: VALUE' add this header to the request, such as Authorization or Cookie (may be
                         repeated)
  --origin ORIGIN        send this Origin, as a browser does for a page from there
  --ca FILE              for wss:, trust the authorities in this PEM file and not the system's
  --raw           print text as it is, control characters too (default: escape those that a
                  terminal would obey, as in \\u{1b}; a Close's reason is always escaped)
  --binary FILE   first send this file as one binary message, without loading it
  --ping          send a Ping at once and then every second, and show how long the Pong takes
  --wait SECONDS  after the end of the input, stay for so long before closing (default: 0)
  --history FILE  where the history of lines is kept; lines that begin with a space are not
                  (default: ~/.wsc_history)
  --help          show this

Exit status:
  0  closed in order: with code 1000 or 1001, or without one
  1  something went wrong here: a file, the input, the output
  2  bad usage
  3  bad URL
  4  cannot connect, or the server's certificate is not trusted
  5  the server refuses a WebSocket
  6  the server broke the protocol
  7  the connection ended without a closing handshake
  8  the server closed with another code
";

/// The options, with defaults for missing ones.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) protocols: Vec<String>,
    /// Names and values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) origin: Option<String>,
    pub(crate) authorities: Option<PathBuf>,
    pub(crate) binary: Option<PathBuf>,
    pub(crate) ping: bool,
    pub(crate) raw: bool,
    pub(crate) wait: Duration,
    pub(crate) history: Option<PathBuf>,
    pub(crate) deflate: deflate::Config,
}

impl Settings {
    /// Parses the command line; returns `None` if the user asks for help.
    pub(crate) fn parse(mut parser: Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut settings = Self {
            url: String::new(),
            protocols: Vec::new(),
            headers: Vec::new(),
            origin: None,
            authorities: None,
            binary: None,
            ping: false,
            raw: false,
            wait: Duration::ZERO,
            history: std::env::home_dir().map(|home| home.join(".wsc_history")),
            deflate: deflate::Config::DEFAULT,
        };
        let mut url = None;
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("protocol") => settings.protocols.push(parser.value()?.string()?),
                Long("header") => settings.headers.push(parser.value()?.parse_with(header)?),
                Long("origin") => settings.origin = Some(parser.value()?.string()?),
                Long("ca") => settings.authorities = Some(parser.value()?.into()),
                Long("binary") => settings.binary = Some(parser.value()?.into()),
                Long("ping") => settings.ping = true,
                Long("raw") => settings.raw = true,
                Long("wait") => {
                    settings.wait = Duration::from_secs(parser.value()?.parse::<u32>()?.into());
                }
                Long("history") => settings.history = Some(parser.value()?.into()),
                Long("window") => deflate::window(&mut settings.deflate, &mut parser)?,
                Long("no-takeover") => deflate::no_takeover(&mut settings.deflate),
                Value(value) if url.is_none() => url = Some(value.string()?),
                _ => return Err(arg.unexpected()),
            }
        }
        settings.url = url.ok_or("there is no URL")?;
        Ok(Some(settings))
    }
}

/// Parses a header; the handshake checks the characters of both parts.
fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("a header has the form 'NAME: VALUE'")?;
    Ok((name.to_string(), value.trim_matches([' ', '\t']).to_string()))
}
