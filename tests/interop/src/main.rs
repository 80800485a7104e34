//! Puts another implementation through scenarios, one for each connection.
//!
//! The other end does only what README.md says: it echoes, and obeys a few messages. `run` starts
//! both ends, and compares what each one saw.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use rfc6455::deflate;

use open::Target;
use scenario::{Outcome, Scenario};

mod inspect;
mod messages;
mod open;
mod scenario;
mod talk;

const USAGE: &str = "\
Usage: rfc6455-interop [OPTIONS] [ws[s]://HOST:PORT]

With a URL, connects to it; without, listens on a free port of 127.0.0.1, which it prints. Each
connection is one scenario. For each one it prints a line: the name, `ok`, `none` or `failed`, the
close code that the other end must have seen (`-`: any, `?`: there was no connection), and
details, separated by tabs.

Options:
  --count N        random messages for each window, with takeover and without (default: 72)
  --always         compress every message, even one that does not get shorter
  --no-fallback    as a client, make one offer of compression and not two
  --only-offered   as a server, ask for nothing that was not offered
  --ca FILE        for wss:, the certificate in this file is trusted
  --wait SECONDS   how long the other end may take to connect, and to answer (default: 60)
  --idle SECONDS   also a scenario that is silent for so long, but for our Pings every second
  --inspect        listen, and tell each client what it sent; no scenarios
  --list           print the names of the scenarios, and end
  --only NAMES     only these scenarios, separated by commas
";

/// The options.
struct Settings {
    target: Option<Target>,
    count: usize,
    deflate: deflate::Config,
    patience: Duration,
    idle: Option<Duration>,
    only: Option<Vec<String>>,
    list: bool,
    inspect: bool,
}

fn main() -> ExitCode {
    match parse() {
        Ok(Some(settings)) => match run(&settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("rfc6455-interop: {error}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprint!("rfc6455-interop: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse() -> Result<Option<Settings>, lexopt::Error> {
    let (mut url, mut authority) = (None, None);
    let mut settings = Settings {
        target: None,
        count: 72,
        deflate: deflate::Config::DEFAULT,
        patience: Duration::from_mins(1),
        idle: None,
        only: None,
        list: false,
        inspect: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(None),
            Long("count") => settings.count = parser.value()?.parse()?,
            Long("always") => settings.deflate = settings.deflate.always(true),
            Long("no-fallback") => settings.deflate = settings.deflate.fallback(false),
            Long("only-offered") => settings.deflate = settings.deflate.only_offered(true),
            Long("ca") => authority = Some(parser.value()?.into()),
            Long("wait") => {
                settings.patience = Duration::from_secs(parser.value()?.parse()?);
            }
            Long("idle") => settings.idle = Some(Duration::from_secs(parser.value()?.parse()?)),
            Long("inspect") => settings.inspect = true,
            Long("list") => settings.list = true,
            Long("only") => {
                let names = parser.value()?.string()?;
                settings.only = Some(names.split(',').map(str::to_string).collect());
            }
            Value(value) if url.is_none() => url = Some(value.string()?),
            _ => return Err(arg.unexpected()),
        }
    }
    if let Some(url) = url {
        settings.target = Some(Target::parse(&url, authority)?);
    }
    Ok(Some(settings))
}

fn run(settings: &Settings) -> io::Result<()> {
    let mut scenarios =
        Scenario::all(settings.count, settings.deflate, settings.idle, settings.patience);
    if let Some(only) = &settings.only {
        scenarios.retain(|scenario| only.contains(&scenario.name));
    }
    if settings.inspect {
        return inspect::serve();
    }
    if settings.list {
        for scenario in &scenarios {
            println!("{}", scenario.name);
        }
        return Ok(());
    }
    let mut accept: Box<dyn FnMut(&Scenario) -> Outcome> = if let Some(target) = &settings.target {
        Box::new(move |scenario| match open::connect(target, scenario) {
            Ok(mut talk) => scenario.run(&mut talk),
            Err(error) => Outcome::unopened(error),
        })
    } else {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("listening {}", listener.local_addr()?.port());
        Box::new(move |scenario| {
            let opened = next(&listener, settings.patience).map_err(|error| error.to_string());
            match opened.and_then(|stream| open::accept(stream, scenario)) {
                Ok(mut talk) => scenario.run(&mut talk),
                Err(error) => Outcome::unopened(error),
            }
        })
    };
    for scenario in &scenarios {
        let Outcome { verdict, seen, details } = accept(scenario);
        println!("{}\t{verdict}\t{seen}\t{details}", scenario.name);
        io::stdout().flush()?;
    }
    Ok(())
}

/// Waits for the next connection, but not forever.
fn next(listener: &TcpListener, patience: Duration) -> io::Result<TcpStream> {
    let start = std::time::Instant::now();
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(error) if start.elapsed() > patience => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}
