//! Peers that break the rules, or are gone.

use std::io::{ErrorKind, Read, Write};

use rfc6455::Violation::{
    InvalidDeflate, InvalidUtf8, MaskedFrame, MessageTooBig, ReservedBits, ReservedOpcode,
    UnexpectedContinuation, UnmaskedFrame,
};
use rfc6455::websocket::{self, OwnedMessage};
use rfc6455::{CloseCode, Limits, SendError, Violation};
use rfc6455_port::{Config, Error, accept, connect};

use crate::exchange::closed;
use crate::net::{Kind, Stream, tcp};

/// Reads everything up to the end of the stream.
pub fn read_to_end(stream: &mut Stream) -> Vec<u8> {
    let (mut read, mut buf) = (Vec::new(), [0; 1024]);
    loop {
        match stream.read(&mut buf) {
            Ok(0) => return read,
            Ok(len) => read.extend_from_slice(&buf[..len]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => return read,
                kind => panic!("{kind}"),
            },
        }
    }
}

/// Writes everything, however often that is interrupted.
pub fn write_all(stream: &mut Stream, mut bytes: &[u8]) {
    loop {
        let written =
            if bytes.is_empty() { stream.flush().map(|()| 0) } else { stream.write(bytes) };
        match written {
            Ok(0) => return,
            Ok(len) => bytes = &bytes[len..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
    }
}

/// Returns the status code of a Close frame without a reason, masked or not.
fn close_code(frame: &[u8]) -> u16 {
    match *frame {
        [0x88, 0x02, a, b] => u16::from_be_bytes([a, b]),
        [0x88, 0x82, m, n, _, _, a, b] => u16::from_be_bytes([a ^ m, b ^ n]),
        _ => panic!("not a Close frame: {frame:02X?}"),
    }
}

pub fn violations_are_answered_and_reported(kind: Kind) {
    let websocket = websocket::Config::DEFAULT.limits(Limits::DEFAULT.max_message(1000));
    let config = Config { websocket, ..kind.config() };
    let to_server: [(&[u8], Violation); 6] = [
        (b"\x81\x02Hi", UnmaskedFrame),
        (b"\xA1\x80\0\0\0\0", ReservedBits),
        (b"\x83\x80\0\0\0\0", ReservedOpcode),
        (b"\x80\x80\0\0\0\0", UnexpectedContinuation),
        (b"\x81\x81\0\0\0\0\xFF", InvalidUtf8),
        (b"\x82\xFE\x03\xE9\0\0\0\0", MessageTooBig),
    ];
    let not_deflate = if kind.compressed { InvalidDeflate } else { ReservedBits };
    let deflated = (&b"\xC2\x81\0\0\0\0\xFF"[..], not_deflate);
    for (bytes, violation) in to_server.into_iter().chain([deflated]) {
        let (client, mut server) = kind.ends_with(&config, &config);
        let (mut client, ..) = client.into_parts();
        write_all(&mut client, &[b"\x81\x82\0\0\0\0Hi", bytes].concat());
        assert_eq!(server.recv().unwrap(), Some(OwnedMessage::from("Hi")));
        for _ in 0..2 {
            let Err(Error::Peer(error)) = server.recv() else { panic!("{violation}") };
            assert_eq!(error.violation(), violation);
        }
        assert!(matches!(server.send("more"), Err(Error::Caller(SendError::Closed))));
        drop(server);
        assert_eq!(close_code(&read_to_end(&mut client)), violation.close_code().get());
    }

    let (mut client, server) = kind.ends_with(&config, &config);
    let (mut server, ..) = server.into_parts();
    write_all(&mut server, b"\x81\x80\0\0\0\0");
    let Err(Error::Peer(error)) = client.recv() else { panic!("a server must not mask") };
    assert_eq!(error.violation(), MaskedFrame);
    drop(client);
    assert_eq!(close_code(&read_to_end(&mut server)), 1002);

    // The one that broke the rule learns it.
    let (mut client, mut server) = kind.ends_with(&kind.config(), &config);
    client.send(vec![0; 1001]).unwrap();
    let Err(Error::Peer(error)) = server.recv() else { panic!("too long") };
    assert_eq!(error.close_code(), CloseCode::MESSAGE_TOO_BIG);
    drop(server);
    assert_eq!(client.recv().unwrap(), None);
    assert_eq!(closed!(client), Some((1009, String::new())));
}

pub fn an_abrupt_end_is_abnormal(kind: Kind) {
    for partial in [&b""[..], b"\x81", b"\x81\x85\0\0\0\0Hel"] {
        let (client, mut server) = kind.ends();
        let (mut client, ..) = client.into_parts();
        write_all(&mut client, partial);
        drop(client);
        for _ in 0..2 {
            assert!(matches!(server.recv(), Err(Error::Abnormal)));
        }
    }
    let (mut client, mut server) = kind.ends();
    server.send("last words").unwrap();
    drop(server);
    assert_eq!(client.recv().unwrap(), Some(OwnedMessage::from("last words")));
    assert!(matches!(client.recv(), Err(Error::Abnormal)));
    let (client, server) = kind.streams();
    drop(client);
    assert!(matches!(accept(server, &kind.config()), Err(Error::Abnormal)));
    let (client, server) = kind.streams();
    drop(server);
    assert!(matches!(connect(client, "h", "/", &kind.config()), Err(Error::Abnormal)));
}

#[test]
fn what_the_caller_may_not_do_is_refused() {
    let (mut client, _server) = Kind::default().ends();
    assert!(matches!(client.ping(&[0; 126]), Err(Error::Caller(SendError::TooLong))));
    let reason = "x".repeat(124);
    let close = client.close(CloseCode::NORMAL, &reason);
    assert!(matches!(close, Err(Error::Caller(SendError::TooLong))));
    let last = rfc6455::Fragment::from("").last();
    assert!(matches!(client.send_fragment(last), Err(Error::Caller(SendError::NoMessageOpen))));
    let (one, _other) = tcp();
    let offer = connect(one, "no host", "/", &Config::default());
    assert!(matches!(offer, Err(Error::Config(_))));
}
