//! A client for the Autobahn testsuite: echoes everything that its fuzzing server sends.
//!
//! `cargo run --release --example autobahn_client -- ws://127.0.0.1:9001 [AGENT]`
//!
//! It echoes each chunk as it arrives, while the example server echoes whole messages, so
//! the testsuite covers both. Most cases break the protocol or the connection on
//! purpose, so no outcome of a case is an error here; the testsuite decides the verdict.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::Parser;
use lexopt::prelude::*;
use rfc6455::handshake::Offer;
use rfc6455::websocket::{Config, Event};
use rfc6455::{Eof, Timeouts};

use common::deflate;
use common::linger::linger;
use common::url::Url;
use common::{ConnectError, Opened, Tx};

mod common;

const USAGE: &str = "\
Usage: autobahn_client [OPTIONS] URL [AGENT]

Options:
  --help          show this
";

/// Some cases are silent for long, and some messages of others take long.
const TIMEOUTS: Timeouts = Timeouts::DEFAULT.idle(None).message(None);
/// How long to wait for a case that does not end.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Every message is echoed in chunks.
const CONFIG: Config = Config::DEFAULT.timeouts(TIMEOUTS).stream_above(0);

fn main() -> ExitCode {
    let args = match Args::parse(Parser::from_env()) {
        Ok(Some(args)) => args,
        Ok(None) => {
            let _ = write!(io::stdout(), "{USAGE}{}", deflate::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprint!("autobahn_client: {problem}\n\n{USAGE}{}", deflate::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(args.url.trim_end_matches('/'), &args.agent, args.config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("autobahn_client: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Args {
    url: String,
    agent: String,
    config: deflate::Config,
}

impl Args {
    /// Parses the command line; returns `None` if the user asks for help.
    fn parse(mut parser: Parser) -> Result<Option<Self>, lexopt::Error> {
        let (mut url, mut agent, mut config) = (None, None, deflate::Config::DEFAULT);
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("window") => deflate::window(&mut config, &mut parser)?,
                Long("no-takeover") => deflate::no_takeover(&mut config),
                Value(value) if url.is_none() => url = Some(value.string()?),
                Value(value) if agent.is_none() => agent = Some(value.string()?),
                _ => return Err(arg.unexpected()),
            }
        }
        let url = url.ok_or("there is no URL")?;
        let agent = agent.unwrap_or_else(|| "rfc6455".to_string());
        Ok(Some(Self { url, agent, config }))
    }
}

/// Runs every case, and then requests the report.
fn run(base: &str, agent: &str, config: deflate::Config) -> Result<(), Box<dyn Error>> {
    let count = case_count(&format!("{base}/getCaseCount"), config)?;
    for case in 1..=count {
        let (stream, opened) = open(&format!("{base}/runCase?case={case}&agent={agent}"), config)?;
        match echo(&stream, opened) {
            Ok(()) => println!("case {case} of {count}"),
            Err(error) => println!("case {case} of {count}: {error}"),
        }
        // A Close frame that reports a violation should reach the testsuite.
        linger(&stream);
    }
    let (stream, opened) = open(&format!("{base}/updateReports?agent={agent}"), config)?;
    echo(&stream, opened)
}

fn open(url: &str, deflate: deflate::Config) -> Result<(TcpStream, Opened), Box<dyn Error>> {
    let url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
    if url.secure {
        return Err("the testsuite is reached without TLS: use ws://".into());
    }
    let stream = common::connect_tcp(&url).map_err(ConnectError::Unreachable)?;
    let offer = Offer::new(&url.authority, &url.target);
    let opened = common::shake_hands(&stream, &stream, offer, CONFIG, deflate)?;
    Ok((stream, opened))
}

/// Returns the number in the only message that the server sends at `url`.
fn case_count(url: &str, config: deflate::Config) -> Result<u32, Box<dyn Error>> {
    let mut digits = Vec::new();
    let (stream, opened) = open(url, config)?;
    converse(&stream, opened, |_, event| {
        if let Event::Chunk(chunk) = event {
            digits.extend_from_slice(&chunk);
        }
        Ok(())
    })?;
    let digits = String::from_utf8_lossy(&digits);
    digits.parse().map_err(|_| format!("{digits:?} is no number of cases").into())
}

/// Sends everything back until the connection ends.
///
/// It never fails with `Full`: the queue has room for what a read of 16 KiB inflates to.
fn echo(stream: &TcpStream, opened: Opened) -> Result<(), Box<dyn Error>> {
    converse(stream, opened, |tx, event| match event {
        Event::Chunk(chunk) => Ok(tx.send(&chunk)?),
        Event::Message(message) => Ok(tx.send(message)?), // an empty one
        _ => Ok(()),
    })
}

/// Receives until the connection ends, and forwards the data.
fn converse(
    stream: &TcpStream,
    opened: Opened,
    mut on_event: impl FnMut(&mut Tx, Event<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let Opened { mut ws, early, .. } = opened;
    let mut input = early.chain(stream);
    let start = Instant::now();
    // A client lets the server close TCP, so this is the end of the stream.
    while !ws.is_closed() {
        let left =
            ws.deadline().map_or(TIMEOUT, |deadline| deadline.saturating_sub(start.elapsed()));
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match input.read(ws.read_buf()) {
            Ok(0) => _ = ws.receive_eof(),
            Ok(n) => ws.received(n)?,
            // After both Close frames, it does not matter how TCP ends.
            Err(_) if ws.receive_eof() == Eof::Clean => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        while let Ok(Some((event, tx))) = ws.next() {
            on_event(tx, event)?;
        }
        ws.handle_timeout(start.elapsed());
        ws.write_to(&mut &*stream)?;
    }
    ws.error().map_or(Ok(()), |error| Err(error.into()))
}
