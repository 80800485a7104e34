//! Runs the reactor as a program.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use lexopt::prelude::*;
#[cfg(target_os = "linux")]
use rfc6455_reactor::Ring;
use rfc6455_reactor::{Echo, Reactor};

const USAGE: &str = "\
Usage: rfc6455-reactor [OPTIONS]

Sends every WebSocket message back, with one thread for all clients.

Options:
  --listen ADDRESS  where to listen (default: 127.0.0.1:9001; port 0: any that is free)
  --io-uring        use io_uring, and mio only if the system has no io_uring
  --help            show this
";

struct Args {
    listen: String,
    io_uring: bool,
}

fn main() -> ExitCode {
    let args = match parse() {
        Ok(Some(args)) => args,
        Ok(None) => {
            let _ = write!(io::stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprint!("reactor: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reactor: {}: {error}", args.listen);
            ExitCode::FAILURE
        }
    }
}

/// Parses the command line; returns `None` if the user asks for help.
fn parse() -> Result<Option<Args>, lexopt::Error> {
    let mut args = Args { listen: "127.0.0.1:9001".to_string(), io_uring: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(None),
            Long("listen") => args.listen = parser.value()?.string()?,
            Long("io-uring") => args.io_uring = true,
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(args))
}

fn serve(args: &Args) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if args.io_uring {
        match Ring::<Echo>::bind(&args.listen) {
            Ok(mut ring) => {
                announce(ring.local_addr()?, "io_uring")?;
                return ring.run();
            }
            Err(error) => eprintln!("reactor: no io_uring, so mio: {error}"),
        }
    }
    let mut reactor = Reactor::<Echo>::bind(&args.listen)?;
    announce(reactor.local_addr()?, "mio")?;
    reactor.run()
}

/// The program that started this one may be waiting for this line.
fn announce(address: SocketAddr, backend: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "listening over {backend}: ws://{address}/")?;
    stdout.flush()
}
