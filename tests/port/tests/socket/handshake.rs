//! The opening handshake.

use std::io::{ErrorKind, Read, Write};
use std::thread;

use rfc6455::handshake::{HandshakeError, accept_key};
use rfc6455::websocket::OwnedMessage;
use rfc6455::{AnyRole, CloseCode};
use rfc6455_port::{Config, Error, Keys, accept, accept_as, connect, connect_as, random};

use crate::faults::write_all;
use crate::net::{Kind, Stream, tcp};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Reads one head.
fn read_head(stream: &mut Stream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(len) => head.extend_from_slice(&byte[..len]),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted));
            }
        }
    }
    String::from_utf8(head).unwrap()
}

/// 800 masked messages of "Hi" and a Ping, in one write with the head.
pub fn frames_behind_the_heads_arrive(kind: Kind) {
    let (mut client, server) = kind.streams();
    let server = thread::spawn(move || {
        let mut server = accept(server, &kind.config()).unwrap();
        for _ in 0..800 {
            assert_eq!(server.recv().unwrap(), Some(OwnedMessage::from("Hi")));
        }
        server.close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(server.recv().unwrap(), None);
    });
    let frames = b"\x81\x82\0\0\0\0Hi".repeat(800);
    let close = b"\x88\x80\0\0\0\0";
    write_all(&mut client, &[REQUEST.as_bytes(), &frames, close].concat());
    assert!(read_head(&mut client).starts_with("HTTP/1.1 101 "));
    server.join().unwrap();

    let (client, mut server) = kind.streams();
    let client = thread::spawn(move || {
        let mut client = connect(client, "h", "/", &kind.config()).unwrap();
        for _ in 0..800 {
            assert_eq!(client.recv().unwrap(), Some(OwnedMessage::from("Hi")));
        }
        assert!(matches!(client.recv(), Err(Error::Abnormal)));
    });
    let head = read_head(&mut server);
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = accept_key(key.as_bytes());
    let response = [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: ",
        &accept[..],
        b"\r\n\r\n",
        &b"\x81\x02Hi".repeat(800),
    ];
    write_all(&mut server, &response.concat());
    drop(server);
    client.join().unwrap();
}

pub fn a_subprotocol_is_agreed_on(kind: Kind) {
    let of_client = Config { subprotocols: &["a", "b", "c"], ..kind.config() };
    let of_server = Config { subprotocols: &["c", "b"], ..kind.config() };
    let (client, server) = kind.ends_with(&of_client, &of_server);
    assert_eq!((client.subprotocol(), server.subprotocol()), (Some("b"), Some("b")));
    let (client, server) = kind.ends_with(&of_client, &kind.config());
    assert_eq!((client.subprotocol(), server.subprotocol()), (None, None));
}

#[test]
fn a_request_that_is_wrong_is_answered_and_reported() {
    let (mut client, server) = tcp();
    client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let Err(Error::Handshake(error)) = accept(server, &Config::default()) else { panic!() };
    assert_eq!(error, HandshakeError::NotAnUpgrade);
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 426 "), "{response}");
}

#[test]
fn a_refusal_is_reported() {
    let (client, mut server) = tcp();
    server.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").unwrap();
    let Err(Error::Handshake(error)) = connect(client, "h", "/", &Config::default()) else {
        panic!()
    };
    assert_eq!(error, HandshakeError::Status(404));
}

#[test]
fn compression_needs_both_ends() {
    for of_client in [false, true] {
        let kind = |compressed| Kind { compressed, ..Kind::default() }.config();
        let (mut client, mut server) =
            Kind::default().ends_with(&kind(of_client), &kind(!of_client));
        client.send("a".repeat(100)).unwrap();
        assert_eq!(server.recv().unwrap(), Some(OwnedMessage::from("a".repeat(100))));
    }
}

#[test]
fn a_role_is_chosen_at_run_time() {
    let (one, other) = tcp();
    let ends = [(one, false), (other, true)].map(|(stream, is_server)| {
        thread::spawn(move || {
            let config = Kind { compressed: true, ..Kind::default() }.config();
            let mut socket = if is_server {
                accept_as(stream, &config, AnyRole::Server).unwrap()
            } else {
                let role = AnyRole::client(random as Keys);
                connect_as(stream, "h", "/", &config, role).unwrap()
            };
            socket.send("the same to you").unwrap();
            let received = socket.recv().unwrap();
            if !is_server {
                socket.close(CloseCode::NORMAL, "").unwrap();
            }
            assert_eq!(socket.recv().unwrap(), None);
            received
        })
    });
    for end in ends {
        assert_eq!(end.join().unwrap(), Some(OwnedMessage::from("the same to you")));
    }
}
