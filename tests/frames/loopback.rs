//! A server over TCP, written as the crate's page shows it, and clients that are right and wrong.

use crate::common;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::driver::Keys;
use common::wire::{self, Frame};
use rfc6455::*;

/// No test waits for a peer longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a connection ended for the server.
type Ended = (Option<Violation>, Option<CloseCode>);

/// Echoes what it gets on one connection, until that is closed.
fn echo(mut stream: TcpStream) -> io::Result<Ended> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut ws = Connection::server(Limits::DEFAULT);
    let (mut buf, mut out) = (vec![0; 4096], vec![0; 4096 + FrameHeader::MAX_LEN]);
    while !ws.is_closed() {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            ws.receive_eof();
        }
        let mut input = &mut buf[..n];
        while let Ok(Some(event)) = ws.receive(&mut input) {
            if let Event::Data(chunk) = event {
                let n = ws.send(&chunk, &mut out).expect("what was received can be sent");
                stream.write_all(&out[..n])?;
            }
            while let Some(frame) = ws.poll_transmit() {
                stream.write_all(&frame)?;
            }
        }
        while let Some(frame) = ws.poll_transmit() {
            stream.write_all(&frame)?;
        }
    }
    Ok((ws.error().map(ProtocolError::violation), ws.close_frame().map(|frame| frame.code)))
}

fn serve() -> (SocketAddr, JoinHandle<Ended>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || echo(listener.accept().unwrap().0).unwrap()))
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn s7_1_messages_come_back_and_the_connection_closes_cleanly() {
    let (address, server) = serve();
    let mut stream = connect(address);
    let mut ws = Connection::client(Keys(11), Limits::DEFAULT);
    let messages =
        ["", "hello", "naïve café €", &"x".repeat(125), &"é".repeat(63), &"long ".repeat(40_000)];
    let mut out = vec![0; 1 << 20];
    let (mut buf, mut echoed, mut part) = (vec![0; 1000], Vec::new(), Vec::new());
    for text in messages {
        let n = ws.send(text, &mut out).unwrap();
        // In two writes, so that the frame is cut somewhere.
        let (one, two) = out[..n].split_at(n / 2);
        stream.write_all(one).unwrap();
        stream.write_all(two).unwrap();
        while echoed.last().is_none_or(|last| last != text) {
            let n = stream.read(&mut buf).unwrap();
            assert!(n > 0, "the server has gone");
            let mut input = &mut buf[..n];
            while let Some(event) = ws.receive(&mut input).unwrap() {
                let Event::Data(chunk) = event else { panic!("{event:?}") };
                part.extend_from_slice(&chunk);
                if chunk.is_last() {
                    echoed.push(String::from_utf8(std::mem::take(&mut part)).unwrap());
                }
            }
        }
    }
    assert_eq!(echoed, messages);
    stream.write_all(&ws.close(CloseCode::GOING_AWAY, "done").unwrap()).unwrap();
    let mut closed = None;
    loop {
        let n = stream.read(&mut buf).unwrap();
        if n == 0 {
            break;
        }
        let mut input = &mut buf[..n];
        while let Some(event) = ws.receive(&mut input).unwrap() {
            let Event::Close(code) = event else { panic!("{event:?}") };
            closed = code;
        }
    }
    assert_eq!(ws.receive_eof(), Eof::Clean);
    assert!(ws.is_closed());
    assert_eq!(closed, Some(CloseCode::GOING_AWAY));
    assert_eq!(server.join().unwrap(), (None, Some(CloseCode::GOING_AWAY)));
}

/// Sends these bytes, and gives all that comes back until the server closes.
fn violate(bytes: &[u8]) -> (Vec<Frame>, Ended) {
    let (address, server) = serve();
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    (wire::frames(&answer), server.join().unwrap())
}

#[test]
fn s7_1_7_a_client_that_does_not_mask_reads_1002_and_the_end() {
    let (frames, ended) = violate(b"\x81\x05");
    assert_eq!(frames, [Frame::new(0x88, 1002_u16.to_be_bytes())]);
    assert_eq!(ended, (Some(Violation::UnmaskedFrame), None));
}

#[test]
fn s7_1_7_a_client_whose_text_is_wrong_reads_what_was_right_and_1007() {
    let bytes = Frame::new(0x81, b"fine \xFF").masked([5, 6, 7, 8]).bytes();
    let (frames, ended) = violate(&bytes);
    let (close, echo) = frames.split_last().unwrap();
    assert_eq!(*close, Frame::new(0x88, 1007_u16.to_be_bytes()));
    assert_eq!(echo.iter().flat_map(|frame| frame.payload.clone()).collect::<Vec<_>>(), b"fine ");
    assert_eq!(ended, (Some(Violation::InvalidUtf8), None));
}

#[test]
fn s10_4_a_client_that_declares_too_much_reads_1009() {
    let (frames, ended) = violate(&wire::header(0x82, true, 1 << 40));
    assert_eq!(frames, [Frame::new(0x88, 1009_u16.to_be_bytes())]);
    assert_eq!(ended, (Some(Violation::FrameTooBig), None));
}

#[test]
fn s7_1_5_a_client_that_goes_away_is_no_violation() {
    let (address, server) = serve();
    let mut stream = connect(address);
    stream.write_all(&Frame::new(0x01, "unfin").masked([1; 4]).bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let frames = wire::frames(&answer);
    assert!(frames.iter().all(|frame| frame.opcode() != 8), "nobody is told a code");
    assert_eq!(server.join().unwrap(), (None, None));
}
