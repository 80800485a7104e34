//! Peers that are silent, slow, or late.

use std::io::Read;
use std::thread;
use std::time::Duration;

use rfc6455::websocket::{self, OwnedMessage};
use rfc6455::{CloseCode, Role, Timeouts, Timer};
use rfc6455_port::{Config, Error, Socket, accept};

use crate::exchange::closed;
use crate::faults::{read_to_end, write_all};
use crate::net::{Kind, Stream};

const SHORT: Duration = Duration::from_millis(60);
const NEVER: Timeouts =
    Timeouts::DEFAULT.handshake(None).idle(None).pong(None).message(None).close(None);

const KINDS: [Kind; 2] = [
    Kind { tls: false, wrapped: crate::Wrapped::No, compressed: false },
    Kind { tls: true, wrapped: crate::Wrapped::No, compressed: true },
];

fn config(kind: Kind, timeouts: Timeouts) -> Config<'static> {
    let websocket = websocket::Config::DEFAULT.timeouts(timeouts);
    Config { websocket, ..kind.config() }
}

fn expired<T>(result: Result<T, Error>) -> Timer {
    match result {
        Err(Error::TimedOut(timer)) => timer,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("no error"),
    }
}

#[test]
fn a_silent_client_is_pinged_and_dropped() {
    for kind in KINDS {
        let config = config(kind, NEVER.idle(Some(SHORT)).pong(Some(SHORT)));
        let (client, mut server) = kind.ends_with(&kind.config(), &config);
        let (mut client, ..) = client.into_parts();
        assert_eq!(expired(server.recv()), Timer::Pong);
        assert_eq!(expired(server.recv()), Timer::Pong);
        drop(server);
        assert_eq!(read_to_end(&mut client), b"\x89\x00");
    }
}

#[test]
fn a_quiet_client_that_answers_stays() {
    for kind in KINDS {
        let config = config(kind, NEVER.idle(Some(SHORT)).pong(Some(30 * SHORT)));
        let (client, mut server) = kind.ends_with(&kind.config(), &config);
        let (mut client, ..) = client.into_parts();
        let server = thread::spawn(move || {
            let message = server.recv().unwrap();
            (message, server.pong().cloned())
        });
        // Nothing else arrives for several times the patience of the server.
        for _ in 0..8 {
            let mut ping = [0; 2];
            client.read_exact(&mut ping).unwrap();
            assert_eq!(ping, *b"\x89\x00");
            write_all(&mut client, b"\x8A\x80\0\0\0\0");
        }
        write_all(&mut client, b"\x81\x82\0\0\0\0Hi");
        let (message, pong) = server.join().unwrap();
        assert_eq!(message, Some(OwnedMessage::from("Hi")));
        assert!(pong.is_some());
    }
}

#[test]
fn a_handshake_that_does_not_come_is_given_up() {
    for kind in KINDS {
        let (_client, server) = kind.streams();
        let config = config(kind, NEVER.handshake(Some(SHORT)));
        assert_eq!(expired(accept(server, &config)), Timer::Handshake);
    }
}

#[test]
fn a_close_that_is_not_answered_ends() {
    for kind in KINDS {
        let config = config(kind, NEVER.close(Some(SHORT)));
        let (_client, mut server) = kind.ends_with(&kind.config(), &config);
        server.close(CloseCode::GOING_AWAY, "").unwrap();
        assert_eq!(expired(server.recv()), Timer::Close);
    }
}

#[test]
fn a_client_does_not_wait_long_for_the_end_of_the_stream() {
    for kind in KINDS {
        let config = config(kind, NEVER.close(Some(SHORT)));
        let (mut client, mut server) = kind.ends_with(&config, &kind.config());
        server.close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(client.recv().unwrap(), None);
        assert_eq!(closed!(client), Some((1000, String::new())));
    }
}

#[test]
fn a_message_that_does_not_end_is_closed_with_1008() {
    for kind in KINDS {
        let config = config(kind, NEVER.message(Some(SHORT)).close(Some(SHORT)));
        let (client, mut server) = kind.ends_with(&kind.config(), &config);
        let (mut client, ..) = client.into_parts();
        write_all(&mut client, b"\x01\x81\0\0\0\0H");
        assert_eq!(expired(server.recv()), Timer::Message);
        drop(server);
        assert_eq!(read_to_end(&mut client), b"\x88\x02\x03\xF0");
    }
}

#[test]
fn a_peer_that_reads_nothing_is_dropped() {
    for kind in KINDS {
        let kind = Kind { compressed: false, ..kind };
        let config = config(kind, NEVER.idle(Some(SHORT)).pong(Some(SHORT)));
        let (_client, mut server) = kind.ends_with(&kind.config(), &config);
        let timer = loop {
            match server.send(vec![0; 1 << 20]) {
                Ok(()) => {}
                result => break expired(result),
            }
        };
        assert_eq!(timer, Timer::Pong);
        assert_eq!(expired(server.recv()), Timer::Pong);
    }
}

const MARK: usize = 1 << 20;

/// Sends 16 MiB to a peer that begins to read late; returns the most memory that each end held.
fn send_to_a_slow_reader<A: Role, B: Role>(
    mut from: Socket<Stream, A>,
    mut to: Socket<Stream, B>,
) -> (usize, usize)
where
    Socket<Stream, A>: Send + 'static,
{
    let message = OwnedMessage::from(vec![7; 256 << 10]);
    let (copy, (mut sent, mut received)) = (message.clone(), (0, 0));
    let sending = thread::spawn(move || {
        for _ in 0..64 {
            from.queue(copy.clone()).unwrap();
            sent = sent.max(from.memory());
        }
        from.flush().unwrap();
        (sent, from)
    });
    thread::sleep(SHORT);
    assert!(!sending.is_finished(), "the sender has to wait");
    for _ in 0..64 {
        assert!(to.recv().unwrap().as_ref() == Some(&message));
        received = received.max(to.memory());
    }
    (sending.join().unwrap().0, received)
}

#[test]
fn a_slow_reader_bounds_the_memory_of_both_ends() {
    for kind in KINDS {
        let kind = Kind { compressed: false, ..kind };
        let websocket = websocket::Config::DEFAULT.high_water(MARK);
        let config = Config { websocket, ..kind.config() };
        let (client, server) = kind.ends_with(&config, &config);
        let (sent, received) = send_to_a_slow_reader(server, client);
        assert!(sent <= MARK && received <= MARK, "{sent} {received}");
        let (client, server) = kind.ends_with(&config, &config);
        let (sent, received) = send_to_a_slow_reader(client, server);
        // A client masks copies; a `BytesMut` that grows has up to as much to spare.
        assert!(sent <= 2 * MARK && received <= MARK, "{sent} {received}");
    }
}
