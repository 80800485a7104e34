//! Two ends that keep the rules.

use std::thread;

use rfc6455::websocket::{self, OwnedMessage};
use rfc6455::{CloseCode, Fragment, SendError};
use rfc6455_port::{Config, Error};

use crate::net::{Kind, ServerSocket};

const LENGTHS: [usize; 7] = [0, 1, 125, 126, 65_535, 65_536, 1 << 20];

/// Returns the code and the reason of a Close frame.
macro_rules! closed {
    ($socket:expr) => {
        $socket.close_frame().map(|frame| (frame.code.get(), frame.reason.as_str().to_owned()))
    };
}
pub(crate) use closed;

/// Text that compresses a little.
fn text(len: usize) -> String {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 28) as u8)
    };
    (0..len).map(|_| next()).collect()
}

/// Sends back every message until the client closes; returns its code and reason.
fn echo(mut server: ServerSocket) -> Option<(u16, String)> {
    while let Some(message) = server.recv().unwrap() {
        server.send(message).unwrap();
    }
    closed!(server)
}

pub fn messages_of_all_lengths_are_echoed(kind: Kind) {
    let (mut client, server) = kind.ends();
    let server = thread::spawn(|| echo(server));
    for len in LENGTHS {
        let text = text(len);
        let bytes: Vec<u8> = text.bytes().map(|byte| byte ^ 0x85).collect();
        for message in [OwnedMessage::from(text), OwnedMessage::from(bytes)] {
            client.send(message.clone()).unwrap();
            assert!(client.recv().unwrap() == Some(message), "{len} bytes");
        }
    }
    client.close(CloseCode::NORMAL, "all of them").unwrap();
    assert_eq!(client.recv().unwrap(), None);
    assert_eq!(closed!(client), Some((1000, String::new())));
    assert_eq!(server.join().unwrap(), Some((1000, "all of them".into())));
}

pub fn fragments_are_joined_around_pings(kind: Kind) {
    let (mut client, mut server) = kind.ends();
    let word = "gr\u{FC}n".repeat(100);
    let fragments = Fragment::from(&word[..]);
    for fragment in [fragments.first(), fragments.middle(), fragments.last()] {
        client.send_fragment(fragment).unwrap();
        server.send_fragment(fragment).unwrap();
        client.ping(b"between").unwrap();
        server.ping(b"between").unwrap();
    }
    client.send("next").unwrap();
    server.send("next").unwrap();
    for expected in [word.repeat(3), "next".into()] {
        let expected = Some(OwnedMessage::from(expected));
        assert_eq!(client.recv().unwrap(), expected);
        assert_eq!(server.recv().unwrap(), expected);
    }
}

pub fn pings_are_answered_both_ways(kind: Kind) {
    let (mut client, mut server) = kind.ends();
    client.ping(b"of the client").unwrap();
    server.ping(b"of the server").unwrap();
    client.send("1").unwrap();
    server.send("1").unwrap();
    for round in ["1", "2"] {
        assert_eq!(client.recv().unwrap(), Some(OwnedMessage::from(round)));
        client.send("2").unwrap();
        assert_eq!(server.recv().unwrap(), Some(OwnedMessage::from(round)));
        server.send("2").unwrap();
    }
    assert_eq!(client.pong().unwrap(), "of the client");
    assert_eq!(server.pong().unwrap(), "of the server");
}

pub fn either_end_closes(kind: Kind) {
    let code = CloseCode::new(4321).unwrap();

    let (mut client, mut server) = kind.ends();
    client.close(code, "of the client").unwrap();
    assert!(matches!(client.send("more"), Err(Error::Caller(SendError::Closed))));
    assert_eq!(server.recv().unwrap(), None);
    assert_eq!(closed!(server), Some((4321, "of the client".into())));
    drop(server);
    assert_eq!(client.recv().unwrap(), None);
    assert_eq!(closed!(client), Some((4321, String::new())));

    let (mut client, mut server) = kind.ends();
    server.send("before").unwrap();
    server.close(code, "of the server").unwrap();
    let client = thread::spawn(move || {
        assert_eq!(client.recv().unwrap(), Some(OwnedMessage::from("before")));
        assert_eq!(client.recv().unwrap(), None, "after the server has dropped the stream");
        closed!(client)
    });
    assert_eq!(server.recv().unwrap(), None);
    assert_eq!(closed!(server), Some((4321, String::new())));
    drop(server);
    assert_eq!(client.join().unwrap(), Some((4321, "of the server".into())));
}

pub fn a_full_queue_is_written(kind: Kind) {
    let websocket = websocket::Config::DEFAULT.high_water(10_000);
    let config = Config { websocket, ..kind.config() };
    let (mut client, mut server) = kind.ends_with(&config, &config);
    let messages: Vec<_> = (0..200).map(|number| text(1000 + number)).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            for message in &messages {
                client.queue(message.clone()).unwrap();
                let memory = client.memory();
                assert!(memory <= 2 * 10_000 + (16 << 10), "{memory} bytes");
            }
            client.flush().unwrap();
        });
        for message in &messages {
            assert!(server.recv().unwrap() == Some(message.clone().into()));
        }
    });
    let too_long = server.queue(vec![0; 10_001]);
    assert!(matches!(too_long, Err(Error::Caller(SendError::TooLong))));
}
