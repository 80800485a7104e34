//! The thread that reads the input, and orders it to be sent.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use std::{fs, thread};

use rfc6455::CloseCode;

use crate::Shared;
use crate::terminal::Terminal;
use crate::writer::Order;

const PING_INTERVAL: Duration = Duration::from_secs(1);

/// Where the lines come from.
pub(crate) enum Lines {
    Pipe,
    Terminal(Box<Terminal>),
}

impl Lines {
    /// Orders the lines to be sent, until the input ends or no thread takes an order, because the
    /// connection is closing.
    pub(crate) fn send(mut self, orders: &SyncSender<Order>, shared: &Shared) {
        loop {
            let line = match &mut self {
                Self::Pipe => io::stdin().lines().next().transpose(),
                Self::Terminal(terminal) => terminal.line(),
            };
            let order = match (line, &self) {
                (Ok(None), _) => return,
                (Ok(Some(line)), Self::Pipe) => Order::Text(line),
                (Ok(Some(line)), Self::Terminal(_)) => match command(line) {
                    Ok(order) => order,
                    Err(problem) => {
                        eprintln!("wsc: {problem}");
                        continue;
                    }
                },
                (Err(error), _) => return shared.fail(error),
            };
            if orders.send(order).is_err() {
                return;
            }
        }
    }
}

/// Parses a line that was typed.
fn command(line: String) -> Result<Order, String> {
    let Some(command) = line.strip_prefix('/') else { return Ok(Order::Text(line)) };
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    match name {
        _ if command.starts_with('/') => Ok(Order::Text(command.to_string())),
        "ping" if rest.len() <= 125 => Ok(Order::Ping(Some(rest.to_string()))),
        "binary" => match open(Path::new(rest)) {
            Ok(file) => Ok(Order::File(file)),
            Err(error) => Err(error.to_string()),
        },
        "close" => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            let code = match code {
                "" => Some(CloseCode::NORMAL),
                code => code.parse().ok().and_then(CloseCode::new),
            };
            match code {
                Some(code) if reason.len() <= 123 => Ok(Order::Close(code, reason.to_string())),
                Some(_) => Err("a reason has at most 123 bytes".to_string()),
                None => Err("a code is 1000 to 1003, 1007 to 1014 or 3000 to 4999".to_string()),
            }
        }
        "ping" => Err("a Ping has at most 125 bytes".to_string()),
        _ => Err(format!("/{name} is no command: send //{name} for a text, or see --help")),
    }
}

/// Opens a file; an error names it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    fs::File::open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Orders Pings for as long as the sending thread runs.
pub(crate) fn ping(orders: SyncSender<Order>) {
    // Send the first order right here, so that it precedes all others.
    let mut wanted = orders.send(Order::Ping(None)).is_ok();
    thread::spawn(move || {
        while wanted {
            thread::sleep(PING_INTERVAL);
            wanted = orders.send(Order::Ping(None)).is_ok();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Result<String, String> {
        command(line.to_string()).map(|order| format!("{order:?}"))
    }

    #[test]
    fn a_slash_begins_a_command_and_two_begin_a_text() {
        for (line, order) in [
            ("text", r#"Text("text")"#),
            (" /ping", r#"Text(" /ping")"#),
            ("//ping", r#"Text("/ping")"#),
            ("", r#"Text("")"#),
            ("/ping", r#"Ping(Some(""))"#),
            ("/ping a b", r#"Ping(Some("a b"))"#),
            ("/close", r#"Close(1000 NORMAL, "")"#),
            ("/close 4001 good bye", r#"Close(4001, "good bye")"#),
        ] {
            assert_eq!(shown(line).as_deref(), Ok(order), "{line}");
        }
        let long = "x".repeat(126);
        for wrong in ["/", "/what", "/close 1005", "/close x", "/binary /nonexistent/file"] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
        assert!(shown(&format!("/ping {long}")).is_err());
        assert!(shown(&format!("/close 1000 {}", &long[2..])).is_err());
    }
}
