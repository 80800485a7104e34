//! The examples, run as a user would: started as programs, spoken to over TCP.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rfc6455::handshake::accept_key;

#[path = "../examples/common/url.rs"]
mod url;

use url::{Url, UrlError};

/// For anything that should happen at once.
const PATIENCE: Duration = Duration::from_secs(10);

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

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
    Command::new(program)
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

/// A head and nothing behind it.
fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// All there is to come; a reset is a failure.
fn read_to_end(stream: &mut impl Read) -> String {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    String::from_utf8(all).unwrap()
}

/// A client's frame, masked, with `first` as its first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = server_frame(first, payload);
    let header_len = frame.len() - payload.len();
    frame[1] |= 0x80;
    frame.truncate(header_len);
    frame.extend(key);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
    frame
}

/// A server's frame, not masked.
fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = payload.len();
    let mut frame = vec![first];
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ ..=125), _) => frame.push(len),
        (_, Ok(len)) => {
            frame.push(126);
            frame.extend(len.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// The first byte and the payload of a frame, masked or not.
fn read_frame(stream: &mut impl Read) -> (u8, Vec<u8>) {
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    let len = match header[1] & 0x7F {
        126 => {
            let mut len = [0; 2];
            stream.read_exact(&mut len).unwrap();
            u16::from_be_bytes(len).into()
        }
        127 => {
            let mut len = [0; 8];
            stream.read_exact(&mut len).unwrap();
            u64::from_be_bytes(len)
        }
        len => len.into(),
    };
    let mut key = [0; 4];
    if header[1] & 0x80 != 0 {
        stream.read_exact(&mut key).unwrap();
    }
    let mut payload = vec![0; usize::try_from(len).unwrap()];
    stream.read_exact(&mut payload).unwrap();
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[at % 4];
    }
    (header[0], payload)
}

/// A Close with this code, and then the end of TCP.
fn assert_closes(stream: &mut TcpStream, code: u16) {
    assert_eq!(read_frame(stream), (CLOSE, code.to_be_bytes().to_vec()));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

mod server {
    use super::*;

    #[test]
    fn serves_its_page_and_no_other() {
        let server = Running::server(&[]);
        let response = server.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.contains("Content-Type: text/html; charset=utf-8\r\n"), "{response}");
        assert!(response.ends_with(include_str!("../examples/server.html")), "{response}");
        for (request, status) in [
            ("GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
            ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi", "405"),
            ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "400"),
        ] {
            let response = server.ask(request);
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        }
    }

    #[test]
    fn echoes_a_message_as_one_message() {
        let server = Running::server(&[]);
        let mut stream = server.open(b"");
        let long = vec![0xA5; 1 << 20];
        for payload in [&b""[..], b"a", &long] {
            stream.write_all(&frame(BINARY, payload)).unwrap();
            assert_eq!(read_frame(&mut stream), (BINARY, payload.to_vec()));
        }
        for part in
            [frame(0x01, b"in "), frame(PING, b"?"), frame(0x00, b""), frame(0x80, b"parts")]
        {
            stream.write_all(&part).unwrap();
        }
        assert_eq!(read_frame(&mut stream), (PONG, b"?".to_vec()));
        assert_eq!(read_frame(&mut stream), (TEXT, b"in parts".to_vec()));
        stream.write_all(&frame(CLOSE, &[0x0F, 0xA0, b'!'])).unwrap();
        assert_closes(&mut stream, 4000);
    }

    #[test]
    fn takes_frames_that_come_with_the_head() {
        let server = Running::server(&[]);
        let mut early = [frame(TEXT, b"one"), frame(TEXT, b"two"), frame(TEXT, b"three")].concat();
        let rest = early.split_off(early.len() - 2);
        let mut stream = server.open(&early);
        assert_eq!(read_frame(&mut stream), (TEXT, b"one".to_vec()));
        assert_eq!(read_frame(&mut stream), (TEXT, b"two".to_vec()));
        stream.write_all(&rest).unwrap();
        assert_eq!(read_frame(&mut stream), (TEXT, b"three".to_vec()));
    }

    #[test]
    fn decides_on_the_origin() {
        let server = Running::server(&[]);
        for (host, origin, status) in [
            ("127.0.0.1:9001", "http://127.0.0.1:9001", "101"),
            ("localhost:9001", "http://LOCALHOST:9001", "101"),
            ("127.0.0.1:9001", "http://127.0.0.1:9002", "403"),
            ("127.0.0.1:9001", "http://127.0.0.1:9001.evil.example", "403"),
            ("127.0.0.1:9001", "https://evil.example", "403"),
            ("127.0.0.1:9001", "null", "403"),
            ("127.0.0.1:9001", "", "403"),
        ] {
            let request = REQUEST.replace("Host: 127.0.0.1", &format!("Host: {host}"));
            let mut stream = server.connect();
            write!(stream, "{request}Origin: {origin}\r\n\r\n").unwrap();
            let head = read_head(&mut stream);
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}: {head}");
        }
    }

    #[test]
    fn tells_a_client_how_it_broke_the_protocol() {
        let server = Running::server(&[]);
        // Much that will never be read follows, and must not cost the client the Close.
        let flood = vec![0; 4 << 20];
        for (wrong, code) in [
            (server_frame(TEXT, b"not masked"), 1002_u16),
            (frame(0x83, b"reserved"), 1002),
            (frame(TEXT, b"\xFF"), 1007),
        ] {
            let mut stream = server.open(b"");
            stream.write_all(&wrong).unwrap();
            stream.write_all(&flood).unwrap();
            assert_closes(&mut stream, code);
        }
        server.assert_alive();
    }

    #[test]
    fn keeps_to_the_longest_message() {
        let server = Running::server(&["--max-message", "1000"]);
        let mut stream = server.open(&frame(BINARY, &[1; 1000]));
        assert_eq!(read_frame(&mut stream), (BINARY, vec![1; 1000]));
        stream.write_all(&frame(0x02, &[1; 1000])).unwrap();
        stream.write_all(&frame(0x80, &[1; 1])).unwrap();
        assert_closes(&mut stream, 1009);
    }

    #[test]
    fn refuses_what_is_not_http() {
        let server = Running::server(&[]);
        for (garbage, status) in [
            ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_string(), "400"),
            ("GET / HTTP/1.1\nHost: a\n\n".to_string(), "400"),
            (format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(10_000)), "431"),
        ] {
            let response = server.ask(&garbage);
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        }
        server.assert_alive();
    }

    #[test]
    fn does_not_wait_forever_for_a_head() {
        let server = Running::server(&[]);
        let start = Instant::now();
        let mut stream = server.connect();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut response = Vec::new();
        // A byte now and then does not help.
        for byte in REQUEST.bytes().cycle() {
            let _ = stream.write(&[byte]);
            match stream.read_to_end(&mut response) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                _ => break,
            }
            assert!(start.elapsed() < 2 * PATIENCE);
        }
        assert!(response.starts_with(b"HTTP/1.1 408 "));
        server.assert_alive();
    }

    #[test]
    fn serves_many_at_once() {
        let server = Running::server(&[]);
        let mut streams: Vec<_> = (0..200).map(|_| server.open(b"")).collect();
        for round in 0..3_u8 {
            for (stream, at) in streams.iter_mut().zip(0_u8..) {
                stream.write_all(&frame(BINARY, &[round, at])).unwrap();
            }
            for (stream, at) in streams.iter_mut().zip(0_u8..) {
                assert_eq!(read_frame(stream), (BINARY, vec![round, at]));
            }
        }
    }

    #[test]
    fn is_not_held_up_by_one_that_does_not_read() {
        let server = Running::server(&[]);
        let mut stalled = server.open(b"");
        stalled.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let message = frame(BINARY, &vec![0; 1 << 20]);
        while stalled.write_all(&message).is_ok() {}
        server.assert_alive();
    }

    #[test]
    fn has_a_limit_on_clients() {
        let server = Running::server(&["--max-connections", "2"]);
        let clients = [server.open(b""), server.open(b"")];
        let response = server.ask(&format!("{REQUEST}\r\n"));
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
        drop(clients);
        let start = Instant::now();
        while !server.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 200 ") {
            assert!(start.elapsed() < PATIENCE, "the places are not free again");
            thread::sleep(Duration::from_millis(50));
        }
    }

    #[test]
    fn pings_and_then_drops_a_silent_client() {
        let server = Running::server(&["--idle", "1"]);
        let mut alive = server.open(b"");
        for _ in 0..2 {
            assert_eq!(read_frame(&mut alive), (PING, vec![]));
            alive.write_all(&frame(PONG, b"")).unwrap();
        }
        assert_eq!(read_frame(&mut alive), (PING, vec![]));
        assert_eq!(alive.read(&mut [0]).unwrap(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn says_goodbye_when_it_is_stopped() {
        for signal in ["-INT", "-TERM"] {
            let mut server = Running::server(&[]);
            let mut polite: Vec<_> = (0..20).map(|_| server.open(b"")).collect();
            // One that does not answer is not waited for in vain.
            let _silent = server.open(b"");
            let pid = server.child.id().to_string();
            let start = Instant::now();
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
            for stream in &mut polite {
                assert_eq!(read_frame(stream), (CLOSE, 1001_u16.to_be_bytes().to_vec()));
                stream.write_all(&frame(CLOSE, &1001_u16.to_be_bytes())).unwrap();
                assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            }
            assert_eq!(server.child.wait().unwrap().code(), Some(0));
            assert!(start.elapsed() < Duration::from_secs(4));
        }
    }

    #[test]
    fn explains_its_options() {
        let help = example("server").arg("--help").output().unwrap();
        assert!(help.status.success());
        assert!(help.stdout.starts_with(b"Usage: server"));
        for wrong in [&["--max-message", "many"][..], &["--listen"], &["--idle", "0"], &["what"]] {
            assert_eq!(example("server").args(wrong).output().unwrap().status.code(), Some(2));
        }
    }
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

mod client {
    use super::*;

    /// Runs the client with this input, to its end.
    fn client(args: &[&str], input: &[u8]) -> Output {
        let mut child = example("client")
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
        against_with(Vec::new(), play)
    }

    /// As `against`, with this input, which does not end while the client runs.
    fn against_with(input: Vec<u8>, play: impl FnOnce(&mut TcpStream) + Send + 'static) -> Output {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let mut child = example("client")
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
            let mut stream = listener.accept().unwrap().0;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
            let request = read_head(&mut stream);
            let (_, key) = request.split_once("Sec-WebSocket-Key: ").unwrap();
            let accept = accept_key(&key.as_bytes()[..24]);
            let accept = str::from_utf8(&accept).unwrap();
            write!(
                stream,
                "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            )
            .unwrap();
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
        let server = Running::server(&[]);
        let url = format!("ws://{}", server.address);
        let output = client(&["--ping", &url], "one\nzwölf\n\nno line end".as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        assert_eq!(output.stdout, "one\nzwölf\n\nno line end\n".as_bytes());
        assert!(errors(&output).contains("Pong after "), "{}", errors(&output));
        assert!(errors(&output).contains("closed: 1000 NORMAL"), "{}", errors(&output));
    }

    /// More than all buffers on the way can hold: neither side may wait for the other to read.
    #[test]
    fn does_not_wait_in_a_circle() {
        let server = Running::server(&[]);
        let lines = "0123456789abcdef".repeat(64) + "\n";
        let input = lines.repeat(32 << 10).into_bytes();
        let output = client(&[&format!("ws://{}", server.address)], &input);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        assert!(output.stdout == input);
    }

    #[test]
    fn sends_a_file_as_one_message() {
        let server = Running::server(&[]);
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
        let output = against_with(b"0123456789abcde\n".repeat(1 << 20), |stream| {
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
        let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = Running::server(&[]);
        let here = format!("ws://{}", server.address);
        for (args, status) in [
            (&["--binary", "/nonexistent/file", &here][..], 1),
            (&[], 2),
            (&["--what", &here], 2),
            (&[&here, &here], 2),
            (&["wss://localhost/"], 3),
            (&["http://localhost/"], 3),
            (&[&format!("ws://{unused}/")], 4),
        ] {
            let output = client(args, b"");
            assert_eq!(output.status.code(), Some(status), "{args:?}: {}", errors(&output));
        }
    }

    #[test]
    fn shows_the_status_of_a_refusal() {
        let server = Running::server(&["--max-connections", "0"]);
        let output = client(&[&format!("ws://{}", server.address)], b"");
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
        let mut stream = listener.accept()?.0;
        stream.set_read_timeout(Some(PATIENCE))?;
        let request = read_head(&mut stream);
        targets.push(request.split(' ').nth(1).unwrap().to_string());
        let (_, key) = request.split_once("Sec-WebSocket-Key: ").unwrap();
        let accept = accept_key(&key.as_bytes()[..24]);
        let mut response = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
            Sec-WebSocket-Accept: "
            .to_vec();
        response.extend([&accept[..], b"\r\n\r\n", &server_frame(TEXT, message)].concat());
        stream.write_all(&response)?;
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
        ("ws://[::1]:65535/%20", "[::1]:65535", "::1", 65535, "/%20"),
    ] {
        let parsed = Url::parse(url).unwrap();
        let expected = (authority, host, port, target);
        let Url { authority, host, port, target } = &parsed;
        assert_eq!((&**authority, &**host, *port, &**target), expected, "{url}");
    }
}

#[test]
fn urls_that_are_none_are_refused() {
    for (url, error) in [
        ("wss://example.com", UrlError::Secure),
        ("http://example.com", UrlError::Scheme),
        ("example.com", UrlError::Scheme),
        ("ws:/example.com", UrlError::Scheme),
        ("ws://example.com/#", UrlError::Fragment),
        ("ws://a b/", UrlError::Character),
        ("ws://a/\r\nX: y", UrlError::Character),
        ("ws://a/ü", UrlError::Character),
        ("ws://me:secret@example.com/", UrlError::UserInfo),
        ("ws://", UrlError::Host),
        ("ws://:80/", UrlError::Host),
        ("ws://[::1/", UrlError::Port),
        ("ws://[1.2.3.4]/", UrlError::Host),
        ("ws://[::1%25eth0]/", UrlError::Host),
        ("ws://a%41/", UrlError::Host),
        ("ws://a:/", UrlError::Port),
        ("ws://a:0/", UrlError::Port),
        ("ws://a:+80/", UrlError::Port),
        ("ws://a:65536/", UrlError::Port),
        ("ws://[::1]80/", UrlError::Port),
        ("ws://::1/", UrlError::Port),
    ] {
        assert_eq!(Url::parse(url), Err(error), "{url}");
        assert!(!error.to_string().is_empty());
    }
}
