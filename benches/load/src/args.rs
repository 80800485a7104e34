//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

pub const USAGE: &str = "\
Usage: load [OPTIONS]

Runs echo servers of rfc6455 and of others, and compares them under load.

Options:
  --quick               few and short rounds, to check that everything runs
  --rounds N            rounds of each server in each workload (default: 9)
  --slice MILLISECONDS  how long a round lasts (default: 150)
  --only TEXT           only workloads whose name contains this, such as \"1 KiB, 64 conn.\"
  --server NAME=COMMAND also this server: it prints \"listening: ADDRESS\" when it is ready, and
                        compresses for a client that asks for it (may be repeated)
  --no-memory           leave out the memory of idle connections
  --markdown FILE       also write the tables to a file
  --svg FILE            also draw a chart
  --help                show this

UWEBSOCKETS_SRC is a clone of uWebSockets with its submodule uSockets, to compile and compare.
";

pub struct Args {
    /// The server to be, in a process that this program has started.
    pub serve: Option<String>,
    pub quick: bool,
    pub rounds: usize,
    pub slice: Duration,
    pub only: String,
    pub servers: Vec<(String, Vec<String>)>,
    pub memory: bool,
    pub markdown: Option<PathBuf>,
    pub svg: Option<PathBuf>,
}

impl Args {
    /// Parses the command line; returns `None` if the user asks for help.
    pub fn parse() -> Result<Option<Self>, lexopt::Error> {
        let mut args = Self {
            serve: None,
            quick: false,
            rounds: 9,
            slice: Duration::from_millis(150),
            only: String::new(),
            servers: Vec::new(),
            memory: true,
            markdown: None,
            svg: None,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("serve") => args.serve = Some(parser.value()?.string()?),
                Long("quick") => {
                    (args.quick, args.rounds, args.slice) = (true, 1, Duration::from_millis(10));
                }
                Long("rounds") => args.rounds = parser.value()?.parse()?,
                Long("slice") => args.slice = Duration::from_millis(parser.value()?.parse()?),
                Long("only") => args.only = parser.value()?.string()?,
                Long("server") => args.servers.push(parser.value()?.parse_with(server)?),
                Long("no-memory") => args.memory = false,
                Long("markdown") => args.markdown = Some(parser.value()?.into()),
                Long("svg") => args.svg = Some(parser.value()?.into()),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(Some(args))
    }
}

/// Parses a name and a command.
fn server(text: &str) -> Result<(String, Vec<String>), &'static str> {
    let (name, command) = text.split_once('=').ok_or("a server is NAME=COMMAND")?;
    let command: Vec<_> = command.split_whitespace().map(String::from).collect();
    if command.is_empty() { Err("the command is empty") } else { Ok((name.to_string(), command)) }
}
