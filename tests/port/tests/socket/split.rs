//! One connection on two threads.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bytes::BytesMut;
use rfc6455::websocket::{self, Event, OwnedEvent, OwnedMessage, Receiver, Sender};
use rfc6455::{CloseCode, Reply, Role, SendError, Server, Timeouts, Timer, WebSocket};
use rfc6455_port::{Config, Socket, accept, connect};

use crate::exchange::closed;
use crate::net::{Kind, tcp};

enum Job {
    Reply(Reply),
    Message(OwnedMessage),
}

type Halves = (Receiver<Server, BytesMut>, Sender<Server, BytesMut>);

/// Receives until a message says that it is the last, and asks the other half for what is due.
fn receive(
    mut stream: TcpStream,
    mut half: Receiver<Server, BytesMut>,
    jobs: &mpsc::Sender<Job>,
) -> Receiver<Server, BytesMut> {
    loop {
        while let Some(event) = half.next_owned().unwrap() {
            if let Some(reply) = half.poll_reply() {
                jobs.send(Job::Reply(reply)).unwrap();
            }
            if let OwnedEvent::Message(message) = event {
                let is_last = message.as_bytes() == b"last";
                jobs.send(Job::Message(message)).unwrap();
                if is_last {
                    return half;
                }
            }
        }
        let len = stream.read(half.read_buf()).unwrap();
        half.received(len).unwrap();
    }
}

/// Sends what it is asked to, as long as anybody asks.
fn send(
    mut stream: TcpStream,
    mut half: Sender<Server, BytesMut>,
    jobs: mpsc::Receiver<Job>,
) -> Sender<Server, BytesMut> {
    for job in jobs {
        let queued = match &job {
            Job::Reply(reply) => half.reply(reply),
            Job::Message(message) => half.send_owned(message.clone()),
        };
        queued.unwrap();
        write(&mut half, &mut stream);
    }
    half
}

fn write<R: Role>(half: &mut Sender<R, BytesMut>, stream: &mut TcpStream) {
    loop {
        let len = stream.write(half.transmit()).unwrap();
        if len == 0 {
            return;
        }
        half.transmitted(len).unwrap();
    }
}

fn on_two_threads(stream: &TcpStream, (receiver, sender): Halves) -> Halves {
    thread::scope(|scope| {
        let (jobs, queue) = mpsc::channel();
        let of_receiver = stream.try_clone().unwrap();
        let receiving = scope.spawn(move || receive(of_receiver, receiver, &jobs));
        let sending = scope.spawn(move || send(stream.try_clone().unwrap(), sender, queue));
        (receiving.join().unwrap(), sending.join().unwrap())
    })
}

#[test]
fn two_threads_share_a_connection_and_reunite_it() {
    for compressed in [false, true] {
        let (client, server) = tcp();
        let config = Kind { compressed, ..Kind::default() }.config();
        let server = thread::spawn(move || {
            let config = Kind { compressed, ..Kind::default() }.config();
            let (stream, ws, started) = accept(server, &config).unwrap().into_parts();
            let (receiver, sender) = on_two_threads(&stream, ws.into_split());
            let ws = WebSocket::reunite(receiver, sender).expect("both are of this connection");
            let mut server = Socket::from_parts(stream, ws, started);
            server.send("reunited").unwrap();
            assert_eq!(server.recv().unwrap(), None);
            closed!(server)
        });
        let mut client = connect(client, "h", "/", &config).unwrap();
        let long = "0123456789".repeat(10_000);
        for text in ["first", &long, "last"] {
            client.ping(&text.as_bytes()[..4]).unwrap();
            client.send(text.to_owned()).unwrap();
            assert_eq!(client.recv().unwrap(), Some(OwnedMessage::from(text.to_owned())));
            assert_eq!(client.pong().unwrap(), &text[..4]);
        }
        assert_eq!(client.recv().unwrap(), Some(OwnedMessage::from("reunited")));
        client.close(CloseCode::NORMAL, "enough").unwrap();
        assert_eq!(client.recv().unwrap(), None);
        assert_eq!(server.join().unwrap(), Some((1000, "enough".into())));
    }
}

#[test]
fn halves_of_two_connections_are_given_back() {
    let ((one, other), (third, fourth)) = (tcp(), tcp());
    let connecting = [one, third].map(|stream| {
        thread::spawn(move || connect(stream, "h", "/", &Config::default()).unwrap())
    });
    let halves = [other, fourth]
        .map(|stream| accept(stream, &Config::default()).unwrap().into_parts().1.into_split());
    let [(receiver, mut sender), (_, other)] = halves;
    assert!(WebSocket::reunite(receiver, other).is_err());
    assert_eq!(sender.send("x").err(), None::<SendError>);
    for client in connecting {
        drop(client.join().unwrap());
    }
}

/// A server that has sent a Ping, in two halves.
fn pinged() -> Halves {
    let second = Duration::from_secs(1);
    let timeouts = Timeouts::DEFAULT.idle(Some(second)).pong(Some(second));
    let config = websocket::Config::DEFAULT.timeouts(timeouts);
    let mut ws = WebSocket::over_bytes(Server, config);
    assert_eq!(ws.handle_timeout(Duration::ZERO), None);
    assert_eq!(ws.handle_timeout(second), Some(Timer::Ping));
    ws.into_split()
}

fn receive_bytes(receiver: &mut Receiver<Server, BytesMut>, bytes: &[u8]) {
    receiver.read_buf()[..bytes.len()].copy_from_slice(bytes);
    receiver.received(bytes.len()).unwrap();
}

#[test]
fn what_a_half_has_received_keeps_the_connection_alive() {
    let (mut receiver, sender) = pinged();
    receive_bytes(&mut receiver, b"\x8A\x80\0\0\0\0");
    assert!(matches!(receiver.next(), Ok(Some(Event::Pong(b"")))));
    let mut ws = WebSocket::reunite(receiver, sender).unwrap();
    assert_eq!(ws.handle_timeout(Duration::from_secs(3)), None, "the Ping was answered");
    assert!(!ws.is_closed());
    assert_eq!(ws.deadline(), Some(Duration::from_secs(4)));

    let (receiver, sender) = pinged();
    let mut ws = WebSocket::reunite(receiver, sender).unwrap();
    assert_eq!(ws.handle_timeout(Duration::from_secs(3)), Some(Timer::Pong));
}

#[test]
fn a_connection_that_failed_in_halves_sends_no_more_when_reunited() {
    let (mut receiver, sender) = pinged();
    receive_bytes(&mut receiver, b"\x81\x00");
    assert!(receiver.next().is_err());
    let mut ws = WebSocket::reunite(receiver, sender).unwrap();
    assert!(ws.error().is_some());
    assert_eq!(ws.send("x"), Err(SendError::Closed));
    ws.transmitted(ws.queued()).unwrap();
    assert_eq!(ws.transmit(), b"\x88\x02\x03\xEA");
}
