//! The program, spoken to over TCP.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// For anything that should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Runs each test over mio, and over `io_uring`.
macro_rules! over_both {
    ($($test:ident)*) => {
        mod mio {
            $(#[test]
            fn $test() {
                super::$test(&[]);
            })*
        }

        mod io_uring {
            $(#[test]
            fn $test() {
                super::$test(&["--io-uring"]);
            })*
        }
    };
}

over_both! {
    messages_of_every_length_come_back
    fragments_come_back_as_one_message_with_pongs_between
    frames_that_come_with_the_head_are_taken
    a_violation_gets_its_close_even_if_more_was_sent
    handshake_errors_are_answered
    a_client_that_wants_compression_gets_it
    a_client_that_does_not_read_is_not_read_from_and_then_dropped
    a_slow_reader_gets_everything
    thousands_of_clients_take_300_bytes_each
}

/// A server, which is stopped in the end.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts it over mio, or over `io_uring` if the system has that.
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rfc6455-reactor"))
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, address) = line.trim_end().split_once("://").unwrap();
        let address = address.trim_end_matches('/').parse().unwrap();
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// A connection after its handshake; `more` is the request's last headers, and what follows it.
    fn open(&self, more: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(&[REQUEST.as_bytes(), more].concat()).unwrap();
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
        stream
    }

    fn assert_alive(&self) {
        let mut stream = self.open(b"\r\n");
        stream.write_all(&frame(TEXT, b"still there?")).unwrap();
        assert_eq!(read_message(&mut stream), (TEXT, b"still there?".to_vec()));
    }

    /// The memory in use, in bytes; `None`, said aloud, where the system does not tell.
    fn memory(&self) -> Option<usize> {
        let path = format!("/proc/{}/status", self.child.id());
        let Ok(status) = fs::read_to_string(&path) else {
            eprintln!("left out: {path}, which is not available here");
            return None;
        };
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Some(line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// A client's frame, with `first` as its first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ ..=125), _) => frame.push(0x80 | len),
        (_, Ok(len)) => {
            frame.push(0xFE);
            frame.extend(len.to_be_bytes());
        }
        _ => {
            frame.push(0xFF);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(key);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
    frame
}

/// The first byte and the payload of a server's frame.
fn read_frame(stream: &mut impl Read) -> (u8, Vec<u8>) {
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    let extended = match header[1] {
        126 => 2,
        127 => 8,
        len => {
            assert!(len < 126, "masked");
            0
        }
    };
    let mut len = [0; 8];
    stream.read_exact(&mut len[8 - extended..]).unwrap();
    let len = if extended == 0 { header[1].into() } else { u64::from_be_bytes(len) };
    let mut payload = vec![0; usize::try_from(len).unwrap()];
    stream.read_exact(&mut payload).unwrap();
    (header[0], payload)
}

/// The next message or control frame, with the first byte that it would have in one frame.
fn read_message(stream: &mut impl Read) -> (u8, Vec<u8>) {
    let (first, mut message) = read_frame(stream);
    let mut last = first;
    while last & 0x80 == 0 {
        let (next, payload) = read_frame(stream);
        assert_eq!(next & 0x7F, 0, "no continuation");
        message.extend(payload);
        last = next;
    }
    (first | 0x80, message)
}

fn assert_closes(stream: &mut TcpStream, payload: &[u8]) {
    assert_eq!(read_frame(stream), (CLOSE, payload.to_vec()));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

fn messages_of_every_length_come_back(options: &[&str]) {
    let server = Server::start(options);
    let mut stream = server.open(b"\r\n");
    for len in [0, 1, 125, 126, 4095, 4096, 65_535, 65_536, 131_072, 16 << 20] {
        let payload: Vec<u8> = (0..len).map(|at: usize| at.to_le_bytes()[at % 3]).collect();
        let (message, mut writer) = (frame(BINARY, &payload), stream.try_clone().unwrap());
        let writing = thread::spawn(move || writer.write_all(&message));
        let (first, echoed) = read_message(&mut stream);
        writing.join().unwrap().unwrap();
        assert_eq!(first, BINARY);
        assert!(echoed == payload, "{len} bytes");
    }
    stream.write_all(&frame(CLOSE, &[0x0F, 0xA0, b'!'])).unwrap();
    assert_closes(&mut stream, &[0x0F, 0xA0]);
}

fn fragments_come_back_as_one_message_with_pongs_between(options: &[&str]) {
    let server = Server::start(options);
    let mut stream = server.open(b"\r\n");
    for part in [frame(0x01, "über".as_bytes()), frame(PING, b"?"), frame(0x80, b" alles")] {
        for byte in part {
            stream.write_all(&[byte]).unwrap();
        }
    }
    let (mut text, mut pongs) = (Vec::new(), 0);
    loop {
        match read_frame(&mut stream) {
            (PONG, payload) => {
                assert_eq!(payload, b"?");
                pongs += 1;
            }
            (first, payload) => {
                assert_eq!(first & 0x7F, u8::from(text.is_empty()));
                text.extend(payload);
                if first & 0x80 != 0 {
                    break;
                }
            }
        }
    }
    assert_eq!((str::from_utf8(&text).unwrap(), pongs), ("über alles", 1));
}

fn frames_that_come_with_the_head_are_taken(options: &[&str]) {
    let server = Server::start(options);
    let early = [b"\r\n".to_vec(), frame(TEXT, b"one"), frame(TEXT, b"two")].concat();
    let mut stream = server.open(&early);
    assert_eq!(read_message(&mut stream), (TEXT, b"one".to_vec()));
    assert_eq!(read_message(&mut stream), (TEXT, b"two".to_vec()));
}

fn a_violation_gets_its_close_even_if_more_was_sent(options: &[&str]) {
    let server = Server::start(options);
    for (bytes, code) in [
        (b"\x81\x02hi".to_vec(), 1002_u16),
        (frame(TEXT, b"\xFF"), 1007),
        (frame(0x80, b"of nothing"), 1002),
        (frame(CLOSE, b"\x03"), 1002),
    ] {
        let mut stream = server.open(b"\r\n");
        stream.write_all(&[bytes, frame(BINARY, &vec![0; 300_000])].concat()).unwrap();
        assert_closes(&mut stream, &code.to_be_bytes());
    }
    server.assert_alive();
}

fn handshake_errors_are_answered(options: &[&str]) {
    let server = Server::start(options);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_string(), "426"),
        ("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n".to_string(), "405"),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_string(), "400"),
        (format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(10_000)), "431"),
        (format!("{}\r\n", REQUEST.replace("13", "12")), "426"),
    ] {
        let mut stream = server.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    }
    server.assert_alive();
}

fn a_client_that_wants_compression_gets_it(options: &[&str]) {
    let server = Server::start(options);
    let mut stream = server.open(b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    for text in ["hello, ".repeat(1000), "short".to_string()] {
        let mut compressed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
        // A final block may end the payload: the empty one that follows a flush is not needed.
        compressed.push(0);
        stream.write_all(&frame(0xC1, &compressed)).unwrap();
        let (first, mut payload) = read_message(&mut stream);
        if first == 0xC1 {
            payload.extend([0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF]);
            payload = miniz_oxide::inflate::decompress_to_vec(&payload).unwrap();
        }
        assert_eq!(String::from_utf8(payload).unwrap(), text);
    }
}

fn a_client_that_does_not_read_is_not_read_from_and_then_dropped(options: &[&str]) {
    let server = Server::start(options);
    server.assert_alive();
    let Some(before) = server.memory() else { return };
    let mut streams: Vec<_> = (0..20).map(|_| server.open(b"\r\n")).collect();
    let message = frame(BINARY, &vec![0; 1 << 20]);
    for stream in &mut streams {
        stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
        // The rest of what the system holds for both ends.
        while stream.write_all(&message).is_ok() {}
    }
    server.assert_alive();
    let more = server.memory().unwrap().saturating_sub(before);
    // The buffers that all clients share are used for the first time, too.
    assert!(more < streams.len() * (160 << 10) + (6 << 20), "{more} bytes for slow readers");
    let start = Instant::now();
    for stream in &mut streams {
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        while stream.write_all(&message).is_ok() {
            assert!(start.elapsed() < PATIENCE, "it is still read from");
        }
    }
}

fn a_slow_reader_gets_everything(options: &[&str]) {
    let server = Server::start(options);
    let mut stream = server.open(b"\r\n");
    let payload: Vec<u8> = (0..1 << 20).map(|at: u32| at.to_le_bytes()[1]).collect();
    let mut writer = stream.try_clone().unwrap();
    let messages = frame(BINARY, &payload).repeat(12);
    let writing = thread::spawn(move || writer.write_all(&messages));
    // Time for the buffers of both ends to fill.
    thread::sleep(Duration::from_millis(500));
    for _ in 0..12 {
        let (first, echoed) = read_message(&mut stream);
        assert_eq!(first, BINARY);
        assert!(echoed == payload);
    }
    writing.join().unwrap().unwrap();
}

/// Idle clients, which have sent a message each: as many as the system lets one process have.
const CLIENTS: u64 = 10_000;

fn thousands_of_clients_take_300_bytes_each(options: &[&str]) {
    // The server inherits the limit.
    let files = rlimit::increase_nofile_limit(CLIENTS + 200).unwrap();
    let clients = usize::try_from(CLIENTS.min(files - 200)).unwrap();
    let server = Server::start(options);
    let open = || {
        let mut stream = server.open(b"\r\n");
        stream.write_all(&frame(TEXT, b"hello")).unwrap();
        assert_eq!(read_message(&mut stream), (TEXT, b"hello".to_vec()));
        stream
    };
    let _first: Vec<_> = (0..100).map(|_| open()).collect();
    let before = server.memory();
    let mut streams: Vec<_> = (0..clients).map(|_| open()).collect();
    let after = server.memory();
    for (at, stream) in streams.iter_mut().enumerate() {
        stream.write_all(&frame(BINARY, &at.to_le_bytes())).unwrap();
    }
    for (at, stream) in streams.iter_mut().enumerate() {
        assert_eq!(read_message(stream), (BINARY, at.to_le_bytes().to_vec()));
    }
    if let (Some(before), Some(after)) = (before, after) {
        let each = after.saturating_sub(before) / clients;
        eprintln!("{each} bytes for each of {clients} clients");
        assert!(each <= 300, "{each} bytes each");
    }
}
