//! The program over TCP, with a client that is not ours.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, WebSocket};
use tungstenite::{Error, Message};

/// The program, which ends with the test.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rfc6455-embassy"));
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it was built");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it prints its address");
        let address = line.trim_end().trim_start_matches("listening on ").to_string();
        Self { process, address }
    }

    fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        let limit = Some(Duration::from_secs(30));
        stream.set_read_timeout(limit).expect("a valid limit");
        stream.set_write_timeout(limit).expect("a valid limit");
        stream
    }

    fn connect(&self) -> WebSocket<TcpStream> {
        let url = format!("ws://{}/", self.address);
        tungstenite::client(url, self.open()).expect("it accepts").0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn messages_of_each_length_come_back() {
    let server = Server::start();
    let mut ws = server.connect();
    for len in [0, 1, 125, 126, 512, 513, 1024, 65_535, 65_536, 200_000] {
        for message in [Message::binary(vec![0xA5; len]), Message::text("ü".repeat(len / 2))] {
            ws.send(message.clone()).expect("it reads");
            assert_eq!(ws.read().expect("it answers"), message, "{len} bytes");
        }
    }
}

#[test]
fn pings_are_answered_and_the_close_is_returned() {
    let server = Server::start();
    let mut ws = server.connect();
    ws.send(Message::Ping("there?".into())).expect("it reads");
    assert_eq!(ws.read().expect("it answers"), Message::Pong("there?".into()));
    let frame = CloseFrame { code: CloseCode::Library(4000), reason: "done".into() };
    ws.close(Some(frame)).expect("it reads");
    let Message::Close(Some(answer)) = ws.read().expect("it answers") else { panic!("no Close") };
    assert_eq!(answer.code, CloseCode::Library(4000));
    assert!(matches!(ws.read(), Err(Error::ConnectionClosed)));
}

#[test]
fn more_clients_than_tasks_are_served_one_after_the_other() {
    let server = Server::start();
    for _ in 0..20 {
        let mut clients: Vec<_> = (0..4).map(|_| server.connect()).collect();
        for ws in &mut clients {
            ws.send(Message::text("Hi")).expect("it reads");
            assert_eq!(ws.read().expect("it answers"), Message::text("Hi"));
        }
    }
}

#[test]
fn a_client_that_reads_late_gets_all_of_it() {
    // More than all sockets on the way hold, so each end waits for the other.
    const COUNT: usize = 125_000;
    let server = Server::start();
    let mut stream = server.open();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = [0; 129];
    stream.read_exact(&mut response).expect("it answers");
    assert!(response.starts_with(b"HTTP/1.1 101 ") && response.ends_with(b"\r\n\r\n"));

    let mut writer = stream.try_clone().expect("a handle");
    writer.set_write_timeout(Some(Duration::from_secs(1))).expect("a valid limit");
    let (report, stalled) = mpsc::channel();
    let sender = thread::spawn(move || {
        let frames = [&b"\x82\xFE\x00\xFA\0\0\0\0"[..], &[7; 250]].concat().repeat(COUNT);
        let mut rest = &frames[..];
        while !rest.is_empty() {
            match writer.write(rest) {
                Ok(len) => rest = &rest[len..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    report.send(()).expect("the other thread waits, or reads");
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
    stalled.recv().expect("the server stops reading before it has taken everything");
    let mut reader = BufReader::new(stream);
    let mut echo = [0; 254];
    for _ in 0..COUNT {
        reader.read_exact(&mut echo).expect("it answers");
        assert!(echo.starts_with(b"\x82\x7E\x00\xFA\x07"));
    }
    sender.join().expect("all was written");
}
