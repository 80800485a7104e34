//! The shortest echo server: one client at a time, every message sent back as it arrives.
//!
//! It waits forever for a silent client; `server.rs` shows how to use deadlines.

use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::{Connection, Event, FrameHeader, Limits};

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
    let (mut head, mut buf) = ([0; 4096], [0; 4096]);
    let mut out = [0; 4096 + FrameHeader::MAX_LEN];

    // The opening handshake. When it is complete, the rest of the input belongs to the WebSocket.
    let mut handshake = ServerHandshake::new(&mut head, HandshakeLimits::DEFAULT);
    let (request, mut input) = loop {
        let n = stream.read(&mut buf)?;
        let mut input = &mut buf[..n];
        match handshake.receive(&mut input) {
            Ok(Some(request)) => break (request, input),
            Ok(None) if n > 0 => {}
            Ok(None) => return Ok(()),
            Err(error) => return Ok(stream.write_all(error.response())?),
        }
    };
    match request.upgrade() {
        Ok(upgrade) => {
            let n = upgrade.accept(&Acceptance::default(), &mut out)?;
            stream.write_all(&out[..n])?;
        }
        Err(error) => return Ok(stream.write_all(error.response())?),
    }

    // The echo. A message of any length is sent back in the pieces in which it arrives.
    let mut ws = Connection::server(Limits::DEFAULT);
    loop {
        while let Some(event) = ws.receive(&mut input).transpose() {
            if let Some(frame) = ws.poll_transmit() {
                stream.write_all(&frame)?;
            }
            if let Event::Data(chunk) = event? {
                let n = ws.send(&chunk, &mut out)?;
                stream.write_all(&out[..n])?;
            }
        }
        if ws.is_closed() {
            return Ok(());
        }
        let n = stream.read(&mut buf)?;
        if n == 0 {
            ws.receive_eof();
        }
        input = &mut buf[..n];
    }
}
