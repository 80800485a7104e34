//! The client, run as a user would: started as a program, spoken to over TCP.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use server::Echo;
use wire::*;

mod compression;
mod options;
mod server;
mod terminal;
#[path = "../../../../tests/examples/wire.rs"]
mod wire;

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wsc"))
}

/// Runs the client with this input, to its end.
fn client(args: &[&str], input: &[u8]) -> Output {
    let mut child = command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may end before it has read all of it.
    thread::spawn(move || stdin.write_all(&input));
    child.wait_with_output().unwrap()
}

/// Runs the client against a server that is played by `play` once the handshake is done.
fn against(play: impl FnOnce(&mut TcpStream) + Send + 'static) -> Output {
    against_with(&[], Vec::new(), play)
}

/// As `against`, with these options, and with this input, which does not end while the client runs.
fn against_with(
    options: &[&str],
    input: Vec<u8>,
    play: impl FnOnce(&mut TcpStream) + Send + 'static,
) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut child = command()
        .args(options)
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = thread::spawn(move || {
        // It may end before it has read all of it.
        let _ = stdin.write_all(&input);
        stdin
    });
    let server = thread::spawn(move || {
        let (mut stream, _) = accept(&listener);
        play(&mut stream);
    });
    let output = child.wait_with_output().unwrap();
    server.join().unwrap();
    drop(input.join().unwrap());
    output
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn sends_lines_and_prints_echoes() {
    let server = Echo::start();
    let url = server.url();
    let output = client(&["--ping", &url], "one\nzwölf\n\nno line end".as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(output.stdout, "one\nzwölf\n\nno line end\n".as_bytes());
    assert!(errors(&output).contains("Pong after "), "{}", errors(&output));
    assert!(errors(&output).contains("closed: 1000 NORMAL"), "{}", errors(&output));
}

/// More than all buffers on the way can hold: neither side may wait for the other to read.
#[test]
fn does_not_wait_in_a_circle() {
    let server = Echo::start();
    let lines = "0123456789abcdef".repeat(64) + "\n";
    let input = lines.repeat(32 << 10).into_bytes();
    let output = client(&[&server.url()], &input);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(output.stdout == input);
}

#[test]
fn sends_a_file_as_one_message() {
    let server = Echo::start();
    let url = format!("ws://{}", server.address);
    let path = file("rfc6455-example-client", &vec![7; (1 << 20) + 1]);
    let output = client(&["--binary", path.to_str().unwrap(), &url], b"and text\n");
    fs::remove_file(path).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(output.stdout, b"[binary message of 1048577 bytes]\nand text\n");
}

fn file(name: &str, contents: &[u8]) -> PathBuf {
    let path = env::temp_dir().join(format!("{name}-{}", std::process::id()));
    fs::write(&path, contents).unwrap();
    path
}

#[test]
fn answers_pings_while_there_is_no_input() {
    let output = against(|stream| {
        for payload in [b"one", b"two"] {
            stream.write_all(&server_frame(PING, payload)).unwrap();
            assert_eq!(read_frame(stream), (PONG, payload.to_vec()));
        }
        stream.write_all(&server_frame(CLOSE, &1001_u16.to_be_bytes())).unwrap();
        assert_eq!(read_frame(stream), (CLOSE, 1001_u16.to_be_bytes().to_vec()));
    });
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(errors(&output).contains("closed: 1001 GOING_AWAY"), "{}", errors(&output));
}

/// Such as one that pings without end, and reads nothing meanwhile.
#[test]
fn goes_on_reading_while_it_cannot_write() {
    let output = against_with(&[], b"0123456789abcde\n".repeat(1 << 20), |stream| {
        let pings = server_frame(PING, &[7; 125]).repeat(100_000);
        stream.write_all(&pings).unwrap();
        stream.write_all(&server_frame(PING, b"last")).unwrap();
        while read_frame(stream) != (PONG, b"last".to_vec()) {}
        stream.write_all(&server_frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
        while read_frame(stream).0 != CLOSE {}
    });
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
}

#[test]
fn tells_by_its_status_what_went_wrong_before_there_is_a_connection() {
    let server = Echo::start();
    let here = server.url();
    for (args, status) in [
        (&["--binary", "/nonexistent/file", &here][..], 1),
        (&[], 2),
        (&["--what", &here], 2),
        (&[&here, &here], 2),
        (&["http://localhost/"], 3),
        // Nobody listens on TCP port 1.
        (&["ws://127.0.0.1:1/"], 4),
    ] {
        let output = client(args, b"");
        assert_eq!(output.status.code(), Some(status), "{args:?}: {}", errors(&output));
    }
}

#[test]
fn shows_the_status_of_a_refusal() {
    let output = answered("HTTP/1.1 503 busy");
    assert_eq!(output.status.code(), Some(5), "{}", errors(&output));
    assert!(errors(&output).contains("503"), "{}", errors(&output));
}

#[test]
fn reports_a_violation_to_the_server_and_to_the_user() {
    let output = against(|stream| {
        stream.write_all(&frame(TEXT, b"masked")).unwrap();
        assert_eq!(read_frame(stream), (CLOSE, 1002_u16.to_be_bytes().to_vec()));
    });
    assert_eq!(output.status.code(), Some(6), "{}", errors(&output));
    assert!(errors(&output).contains("a server's frame is masked"), "{}", errors(&output));
}

#[test]
fn tells_an_end_without_a_close() {
    let output = against(|stream| stream.write_all(&server_frame(TEXT, b"hello")).unwrap());
    assert_eq!(output.status.code(), Some(7), "{}", errors(&output));
    assert_eq!(output.stdout, b"hello\n");
}

#[test]
fn tells_the_code_and_the_reason_of_a_close() {
    let output = against(|stream| {
        stream.write_all(&server_frame(CLOSE, b"\x0F\xA1because")).unwrap();
        assert_eq!(read_frame(stream), (CLOSE, 4001_u16.to_be_bytes().to_vec()));
    });
    assert_eq!(output.status.code(), Some(8), "{}", errors(&output));
    assert!(errors(&output).contains("4001 \"because\""), "{}", errors(&output));
}

/// Neither one that answers no Close nor one that does not end TCP is waited for forever.
#[test]
fn ends_although_the_server_does_not() {
    let output = against(|stream| {
        stream.write_all(&server_frame(CLOSE, b"")).unwrap();
        assert_eq!(read_frame(stream), (CLOSE, vec![]));
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
}

/// What the server has sent before it sees the client's Close may take long to arrive.
#[test]
fn goes_on_reading_after_its_close_while_messages_arrive() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = accept(&listener);
        assert_eq!(read_frame(&mut stream).0, CLOSE);
        for _ in 0..5 {
            thread::sleep(Duration::from_secs(1));
            stream.write_all(&server_frame(TEXT, b"late")).unwrap();
        }
        stream.write_all(&server_frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
    });
    let output = client(&[&url], b"");
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(output.stdout, b"late\n".repeat(5));
    server.join().unwrap();
}

/// A text that would clear the screen, retitle the window and turn the line around, in two
/// fragments that part in the middle of U+202E.
fn send_controls(stream: &mut TcpStream) {
    let text = CONTROLS.as_bytes();
    let (one, two) = text.split_at(CONTROLS.find('\u{202E}').unwrap() + 2);
    stream.write_all(&server_frame(0x01, one)).unwrap();
    stream.write_all(&server_frame(0x80, two)).unwrap();
    stream.write_all(&server_frame(TEXT, "tab\t, two\nlines, zwölf, 👋".as_bytes())).unwrap();
    stream.write_all(&server_frame(CLOSE, b"\x03\xE8\x1B[2J\xC2\x9B1m\xE2\x80\xAE")).unwrap();
    while read_frame(stream).0 != CLOSE {}
}

const CONTROLS: &str = "\0\u{1B}[2J\u{1B}]0;title\u{7}\r\u{7F}\u{80}\u{9B}1m\u{9F}\u{A0}\u{202A}\u{202E}\u{202F}\u{2066}\u{2069}é";

#[test]
fn escapes_what_a_terminal_would_obey() {
    let output = against(send_controls);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\\u{0}\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{d}\\u{7f}\\u{80}\\u{9b}1m\\u{9f}\u{A0}\\u{202a}\\u{202e}\
         \u{202F}\\u{2066}\\u{2069}é\ntab\t, two\nlines, zwölf, 👋\n"
    );
}

#[test]
fn prints_text_unchanged_with_raw_but_never_a_reason() {
    let output = against_with(&["--raw"], Vec::new(), send_controls);
    assert_eq!(
        String::from_utf8(output.stdout.clone()).unwrap(),
        format!("{CONTROLS}\ntab\t, two\nlines, zwölf, 👋\n")
    );
    let errors = errors(&output);
    assert!(errors.contains(r#"closed: 1000 NORMAL "\u{1b}[2J\u{9b}1m\u{202e}""#), "{errors}");
}

/// Runs the client against a server that answers its request with this.
fn answered(status_line: &'static str) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        read_head(&mut stream);
        write!(stream, "{status_line}\r\nX: \u{9B}31m\r\n\r\n").unwrap();
    });
    let output = client(&[&url], b"");
    server.join().unwrap();
    output
}

/// What is no text, and what is the answer of no WebSocket.
#[test]
fn shows_no_control_characters_of_an_http_answer() {
    for status_line in ["HTTP/1.1 403 \u{9B}31m\u{202E}", "HTTP/1.1 \u{1B}[2J", "\u{1B}[2J"] {
        let output = answered(status_line);
        assert_eq!(output.status.code(), Some(5), "{}", errors(&output));
        let shown = errors(&output);
        assert!(shown.chars().all(|char| char == '\n' || matches!(char, ' '..='~')), "{shown:?}");
    }
}

/// Such as a file name in an old encoding.
#[test]
fn arguments_that_are_not_utf8_are_a_usage_error_of_the_client() {
    let wrong = OsStr::from_bytes(b"\xFF\x1B[31m");
    for before in [&[][..], &["--window"], &["--header"], &["--"]] {
        let output = command().args(before).arg(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        assert!(errors(&output).starts_with("wsc: "), "{}", errors(&output));
        assert!(!errors(&output).contains("panicked") && !errors(&output).contains('\x1B'));
    }
}
