//! The examples, run as a user would: started as programs, spoken to over TCP.
//!
//! `cargo test` builds them first. `cargo test --test examples` does not, and runs what was built
//! last.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

mod compression;
mod proxy;
mod resources;
mod server;
#[path = "../../examples/common/url.rs"]
mod url;
mod wire;

use url::{Url, UrlError};
use wire::*;

/// An example, which cargo has built next to this test.
fn example(name: &str) -> Command {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = profile.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is not there: build it with cargo build --examples",
        program.display()
    );
    // For another CPU's programs, as cargo's runners are for its tests.
    match env::var_os("EXAMPLE_RUNNER") {
        Some(runner) => {
            let mut command = Command::new(runner);
            command.arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// An example that listens, and is stopped in the end.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn server(options: &[&str]) -> Self {
        Self::start(example("server").args(["--listen", "127.0.0.1:0"]).args(options))
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, address) = line.split_once("://").unwrap();
        let address = address.split('/').next().unwrap().parse().unwrap();
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// A WebSocket; `first` is sent together with the request.
    fn open(&self, first: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(&[REQUEST.as_bytes(), b"\r\n", first].concat()).unwrap();
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
        stream
    }

    /// The whole response to a request.
    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        read_to_end(&mut stream)
    }

    /// Shows that others are served.
    fn assert_alive(&self) {
        let mut stream = self.open(&frame(TEXT, b"still there?"));
        assert_eq!(read_frame(&mut stream), (TEXT, b"still there?".to_vec()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lacks only the empty line.
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// All there is to come; a reset is a failure.
fn read_to_end(stream: &mut impl Read) -> String {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    String::from_utf8(all).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A Close with this code, and then the end of TCP.
fn assert_closes(stream: &mut TcpStream, code: u16) {
    assert_eq!(read_frame(stream), (CLOSE, code.to_be_bytes().to_vec()));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn echo_echoes_one_client_after_the_other() {
    let echo = Running::start(example("echo").arg("127.0.0.1:0"));
    for _ in 0..2 {
        let mut stream = echo.open(&[frame(TEXT, b"hello"), frame(PING, b"!")].concat());
        assert_eq!(read_frame(&mut stream), (TEXT, b"hello".to_vec()));
        assert_eq!(read_frame(&mut stream), (PONG, b"!".to_vec()));
        stream.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
        assert_closes(&mut stream, 1000);
    }
    echo.assert_alive();
}

#[test]
fn autobahn_client_echoes_each_case() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut child = example("autobahn_client")
        .args([&format!("ws://{}", listener.local_addr()?), "me"])
        .stdout(Stdio::null())
        .spawn()?;
    let mut targets = Vec::new();
    for message in [&b"2"[..], b"a message", b"\xFFnot a text", b""] {
        let (mut stream, request) = accept(&listener);
        targets.push(request.split(' ').nth(1).unwrap().to_string());
        stream.write_all(&server_frame(TEXT, message))?;
        match message {
            b"2" => {}
            b"\xFFnot a text" => {
                assert_eq!(read_frame(&mut stream), (CLOSE, 1007_u16.to_be_bytes().to_vec()));
                continue;
            }
            _ => assert_eq!(read_frame(&mut stream), (TEXT, message.to_vec())),
        }
        stream.write_all(&server_frame(CLOSE, b""))?;
        assert_eq!(read_frame(&mut stream), (CLOSE, vec![]));
    }
    assert!(child.wait()?.success());
    assert_eq!(
        targets,
        [
            "/getCaseCount",
            "/runCase?case=1&agent=me",
            "/runCase?case=2&agent=me",
            "/updateReports?agent=me"
        ]
    );
    Ok(())
}

#[test]
fn urls_are_taken_apart() {
    for (url, authority, host, port, target) in [
        ("ws://example.com", "example.com", "example.com", 80, "/"),
        ("WS://example.com:80/a/b?c=d?e", "example.com", "example.com", 80, "/a/b?c=d?e"),
        ("ws://127.0.0.1:9001?x=/", "127.0.0.1:9001", "127.0.0.1", 9001, "/?x=/"),
        ("ws://[::1]", "[::1]", "::1", 80, "/"),
        ("wss://example.com", "example.com", "example.com", 443, "/"),
        ("wss://example.com:443/", "example.com", "example.com", 443, "/"),
        ("wss://example.com:80/", "example.com:80", "example.com", 80, "/"),
        ("ws://example.com:443/", "example.com:443", "example.com", 443, "/"),
        ("ws://[::1]:65535/%20", "[::1]:65535", "::1", 65535, "/%20"),
    ] {
        let parsed = Url::parse(url).unwrap();
        let expected = (url.starts_with("wss"), authority, host, port, target);
        let Url { secure, authority, host, port, target } = &parsed;
        assert_eq!((*secure, &**authority, &**host, *port, &**target), expected, "{url}");
    }
}

#[test]
fn urls_that_are_none_are_refused() {
    for (url, error) in [
        ("http://example.com", UrlError::Scheme),
        ("example.com", UrlError::Syntax),
        ("ws:/example.com", UrlError::Host),
        ("ws://example.com/#", UrlError::Fragment),
        ("ws://a b/", UrlError::Syntax),
        ("ws://a/\r\nX: y", UrlError::Syntax),
        ("ws://a/ü", UrlError::Syntax),
        ("ws://a/%zz", UrlError::Syntax),
        ("ws://me:secret@example.com/", UrlError::UserInfo),
        ("ws://", UrlError::Host),
        ("ws://:80/", UrlError::Host),
        ("ws://[::1/", UrlError::Syntax),
        ("ws://[1.2.3.4]/", UrlError::Syntax),
        ("ws://[::1%25eth0]/", UrlError::Syntax),
        ("ws://a%41/", UrlError::Host),
        ("ws://a:/", UrlError::Port),
        ("ws://a:0/", UrlError::Port),
        ("ws://a:+80/", UrlError::Syntax),
        ("ws://a:65536/", UrlError::Port),
        ("ws://[::1]80/", UrlError::Syntax),
        ("ws://::1/", UrlError::Syntax),
    ] {
        assert_eq!(Url::parse(url), Err(error), "{url}");
        assert!(!error.to_string().is_empty());
    }
}

/// Such as a file name in an old encoding.
#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf8_are_a_usage_error() {
    use std::os::unix::ffi::OsStrExt;
    let wrong = std::ffi::OsStr::from_bytes(b"\xFF\x1B[31m");
    for name in ["server", "autobahn_client"] {
        for before in [&[][..], &["--window"], &["--"]] {
            let output = example(name).args(before).arg(wrong).output().unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{name}: {errors}");
            assert!(errors.starts_with(&format!("{name}: ")), "{errors}");
            assert!(!errors.contains("panicked") && !errors.contains('\x1B'), "{errors}");
        }
    }
    let output = example("echo").arg(wrong).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
}
