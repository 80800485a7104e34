//! The client in a pseudo-terminal, as a person sees it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::process::Stdio;
use std::{env, fs, process};

use nix::pty::openpty;

use super::server::Echo;
use super::{command, wire};

/// Types each text once the screen shows what stands before it; returns all that was shown.
fn session(server: &str, history: &str, steps: &[(&str, &str)]) -> (Option<i32>, String) {
    let pty = openpty(None, None).unwrap();
    let slave = File::from(pty.slave);
    let mut child = command()
        .args(["--history", history, server])
        .env("TERM", "xterm")
        .stdin(slave.try_clone().unwrap())
        .stdout(slave.try_clone().unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The last copy of the client's end is the client's, so its exit ends the output.
    drop(slave);
    let mut master = File::from(pty.master);
    let mut watchdog = Some(child.id());
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let watcher = std::thread::spawn(move || {
        if wait.recv_timeout(2 * wire::PATIENCE).is_err()
            && let Some(id) = watchdog.take()
        {
            let _ = process::Command::new("kill").arg(id.to_string()).status();
        }
    });
    let (mut shown, mut buf, mut from) = (String::new(), [0; 4096], 0);
    let mut steps = steps.iter();
    let mut next = steps.next();
    loop {
        while let Some((before, text)) = next {
            let Some(at) = shown[from..].find(before) else { break };
            from += at + before.len();
            master.write_all(text.as_bytes()).unwrap();
            next = steps.next();
        }
        match master.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => shown += &String::from_utf8_lossy(&buf[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Linux reports the end of a terminal's other side so.
            Err(_) => break,
        }
    }
    let status = child.wait().unwrap().code();
    let _ = done.send(());
    watcher.join().unwrap();
    assert!(next.is_none(), "never shown: {next:?} in {shown:?}");
    (status, shown)
}

#[test]
fn json_may_span_lines_and_is_shown_indented() {
    let server = Echo::start();
    let history = env::temp_dir().join(format!("rfc6455-client-history-{}", process::id()));
    let path = history.to_str().unwrap();
    let (status, shown) = session(
        &server.url(),
        path,
        &[
            ("> ", "{\"a\":[1,\r"),
            ("\n", "2.50]}\r"),
            // What is typed before the next prompt may be lost.
            ("    2.50\r\n  ]\r\n}", ""),
            ("> ", " not kept\r"),
            (" not kept", "/ping hi\r"),
            ("Pong \"hi\"", "/close 4001 bye\r"),
            ("closed: 4001 \"\"", ""),
        ],
    );
    assert_eq!(status, Some(8), "{shown:?}");
    let kept = fs::read_to_string(&history).unwrap();
    assert!(kept.contains("2.50]}") && kept.contains("/ping hi"), "{kept}");
    assert!(!kept.contains("not kept"), "{kept}");

    // The second run begins with the lines of the first: the key Up, three times.
    let up = "\u{1B}[A\u{1B}[A\u{1B}[A\r";
    let steps = [("> ", up), ("    2.50\r\n  ]\r\n}", "\u{4}")];
    let (status, shown) = session(&server.url(), path, &steps);
    assert_eq!(status, Some(0), "{shown:?}");
    assert!(shown.ends_with("\u{1B}[?2004l"), "the terminal is not restored: {shown:?}");
    fs::remove_file(history).unwrap();
}
