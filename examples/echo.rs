//! The smallest complete echo server: one client at a time, every message sent back.
//!
//! It compresses for clients that offer it, pings silent clients, drops those that do not answer
//! or do not read, and closes in order. `server.rs` serves many clients, and decides which.

use std::env;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::websocket::{Config, Event};
use rfc6455::{SendError, WebSocket};

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args_os().nth(1).unwrap_or("127.0.0.1:9001".into());
    let address = address.to_str().ok_or("the address is not UTF-8")?;
    let listener = TcpListener::bind(address)?;
    println!("listening: ws://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        if let Err(error) = echo(stream?) {
            eprintln!("echo: {error}");
        }
    }
    Ok(())
}

fn echo(mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    // How long to wait for a request or a write, and how often to look at the other deadlines.
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;

    let (mut head, mut buf, mut out) = ([0; 4096], [0; 4096], [0; 512]);
    let mut handshake = ServerHandshake::new(&mut head, HandshakeLimits::DEFAULT);
    let (upgrade, early) = loop {
        let n = stream.read(&mut buf)?;
        let mut input = &mut buf[..n];
        let request = handshake.receive(&mut input);
        match request.and_then(|request| request.map(|it| it.upgrade()).transpose()) {
            Ok(Some(upgrade)) => break (upgrade, &*input),
            Ok(None) if n > 0 => {}
            Ok(None) => return Ok(()),
            Err(error) => return Ok(stream.write_all(error.response())?),
        }
    };
    let (acceptance, ws) = (Acceptance::DEFAULT, WebSocket::server(Config::DEFAULT));
    #[cfg(feature = "deflate")]
    let negotiated = rfc6455::deflate::Config::DEFAULT.accept_offer(&upgrade);
    #[cfg(feature = "deflate")]
    let response = negotiated.map(|negotiated| negotiated.response());
    #[cfg(feature = "deflate")]
    let (acceptance, ws) = (acceptance.extensions(response.as_deref()), ws.deflate(negotiated));
    let n = upgrade.accept(&acceptance, &mut out)?;
    stream.write_all(&out[..n])?;

    let (mut ws, start) = (ws, Instant::now());
    let mut input = early.chain(&stream); // what came with the request is read first
    while !ws.is_closed() {
        match input.read(ws.read_buf()) {
            Ok(0) => _ = ws.receive_eof(),
            Ok(n) => ws.received(n)?,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
        while let Ok(Some((event, tx))) = ws.next() {
            if let Event::Message(message) = event {
                while tx.send(message) == Err(SendError::Full) {
                    tx.write_to(&mut &stream)?;
                }
            }
        }
        ws.handle_timeout(start.elapsed());
        ws.write_to(&mut &stream)?; // echoes, Pongs, a Ping, or the Close
    }
    ws.error().map_or(Ok(()), |error| Err(error.into()))
}
