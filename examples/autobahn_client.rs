//! A client for the Autobahn testsuite: echoes everything that its fuzzing server sends.
//!
//! `cargo run --release --example autobahn_client -- ws://127.0.0.1:9001 [AGENT]`
//!
//! It echoes each chunk as it arrives, while the example server echoes whole messages, so
//! the testsuite covers both tiers of the crate. Most cases break the protocol or the connection on
//! purpose, so no outcome of a case is an error here; the testsuite decides the verdict.

use std::error::Error;
use std::io::{self, Read, Write};
use std::mem;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::*;
use rfc6455::{Chunk, Eof, Event, FrameHeader, Limits};

use common::Opened;
use common::compression::{self, Config};
use common::linger::linger;
use common::url::Url;

mod common;

const USAGE: &str = "\
Usage: autobahn_client [OPTIONS] URL [AGENT]

Options:
  --help          show this
";

/// The longest silence in any case.
const TIMEOUT: Duration = Duration::from_secs(60);
const BUFFER: usize = 64 << 10;

fn main() -> ExitCode {
    let args = match Args::parse(Parser::from_env()) {
        Ok(Some(args)) => args,
        Ok(None) => {
            let _ = write!(io::stdout(), "{USAGE}{}", compression::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprint!("autobahn_client: {problem}\n\n{USAGE}{}", compression::USAGE);
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
    config: Config,
}

impl Args {
    /// Parses the command line; returns `None` if the user asks for help.
    fn parse(mut parser: Parser) -> Result<Option<Self>, lexopt::Error> {
        let (mut url, mut agent, mut config) = (None, None, Config::DEFAULT);
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("window") => {
                    config = config.window(parser.value()?.parse_with(compression::window)?);
                }
                Long("no-takeover") => config = config.no_takeover(),
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
fn run(base: &str, agent: &str, config: Config) -> Result<(), Box<dyn Error>> {
    let count = case_count(&format!("{base}/getCaseCount"), config)?;
    for case in 1..=count {
        let mut opened = open(&format!("{base}/runCase?case={case}&agent={agent}"), config)?;
        match echo(&mut opened) {
            Ok(()) => println!("case {case} of {count}"),
            Err(error) => println!("case {case} of {count}: {error}"),
        }
        // A Close frame that reports a violation should reach the testsuite.
        linger(&opened.stream);
    }
    echo(&mut open(&format!("{base}/updateReports?agent={agent}"), config)?)
}

fn open(url: &str, config: Config) -> Result<Opened, Box<dyn Error>> {
    let url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
    let opened = common::connect(&url, Limits::DEFAULT, config)?;
    opened.stream.set_read_timeout(Some(TIMEOUT))?;
    Ok(opened)
}

/// Returns the number in the only message that the server sends at `url`.
fn case_count(url: &str, config: Config) -> Result<u32, Box<dyn Error>> {
    let mut digits = Vec::new();
    converse(&mut open(url, config)?, |_, chunk| {
        digits.extend_from_slice(&chunk);
        Ok(())
    })?;
    let digits = String::from_utf8_lossy(&digits);
    digits.parse().map_err(|_| format!("{digits:?} is no number of cases").into())
}

/// Sends everything back until the connection ends.
fn echo(opened: &mut Opened) -> Result<(), Box<dyn Error>> {
    let mut out = vec![0; BUFFER + FrameHeader::MAX_LEN];
    let mut compressed = Vec::new();
    let (receiver, mut sender) = mem::take(&mut opened.compression).into_split();
    opened.compression = receiver;
    converse(opened, |opened, chunk| {
        compressed.clear();
        if sender.send(&mut opened.ws, &chunk, &mut compressed)? {
            return Ok(opened.stream.write_all(&compressed)?);
        }
        let len = opened.ws.send(&chunk, &mut out)?;
        Ok(opened.stream.write_all(&out[..len])?)
    })
}

/// Receives until the connection ends, and forwards the data.
fn converse(
    opened: &mut Opened,
    mut on_data: impl FnMut(&mut Opened, Chunk<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut early = mem::take(&mut opened.early);
    let mut compression = mem::take(&mut opened.compression);
    let mut buf = vec![0; BUFFER];
    let mut input = &mut early[..];
    loop {
        while let Some(event) = compression.receive(&mut opened.ws, &mut input).transpose() {
            if let Some(frame) = opened.ws.poll_transmit() {
                opened.stream.write_all(&frame)?;
            }
            if let Event::Data(chunk) = event? {
                on_data(opened, chunk)?;
            }
        }
        // A client lets the server close TCP, so this is the end of the stream.
        if opened.ws.is_closed() {
            return Ok(());
        }
        let n = match opened.stream.read(&mut buf) {
            Ok(0) => {
                opened.ws.receive_eof();
                0
            }
            Ok(n) => n,
            // After both Close frames, it does not matter how TCP ends.
            Err(_) if opened.ws.receive_eof() == Eof::Clean => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        input = &mut buf[..n];
    }
}
