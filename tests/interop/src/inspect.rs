//! A server that says what a client sent, for the scripted test of browsers.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::websocket::{Config, Event, Message};
use rfc6455::{CloseCode, WebSocket, deflate};

/// Serves connections until the process is killed.
pub(crate) fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            if let Err(error) = converse(&stream) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

/// Sends the request's headers, then echoes, and obeys three commands: `!close CODE REASON`,
/// `!end` to end TCP, and `!masked` to break the protocol.
fn converse(mut stream: &TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    let (mut storage, mut byte, mut out) = ([0; 16384], [0], [0; 1024]);
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    let request = loop {
        stream.read_exact(&mut byte)?;
        match handshake.receive(&mut &mut byte[..]) {
            Ok(Some(request)) => break request,
            Ok(None) => {}
            Err(error) => return Ok(stream.write_all(error.response())?),
        }
    };
    let mut headers = request.target().to_string();
    for (name, value) in request.headers() {
        headers.extend(["\n", &name.to_lowercase(), ": ", &String::from_utf8_lossy(value)]);
    }
    let upgrade = request.upgrade()?;
    let negotiated = deflate::Config::DEFAULT.accept_offer(&upgrade);
    let response = negotiated.map(|negotiated| negotiated.response());
    // The client's last choice.
    let subprotocol = upgrade.subprotocols().last();
    let acceptance = Acceptance::DEFAULT.extensions(response.as_deref()).subprotocol(subprotocol);
    let len = upgrade.accept(&acceptance, &mut out)?;
    stream.write_all(&out[..len])?;

    let mut ws = WebSocket::server(Config::DEFAULT).deflate(negotiated);
    ws.send(&*headers)?;
    ws.write_to(&mut stream)?;
    while !ws.is_closed() {
        match stream.read(ws.read_buf())? {
            0 => _ = ws.receive_eof(),
            n => ws.received(n)?,
        }
        while let Some((event, tx)) = ws.next()? {
            let Event::Message(message) = event else { continue };
            let text = match message {
                Message::Text(text) => text.as_str(),
                Message::Binary(_) => "",
            };
            let mut words = text.splitn(3, ' ');
            match (words.next(), words.next()) {
                (Some("!end"), _) => return Ok(()),
                (Some("!masked"), _) => return Ok(stream.write_all(&[0x81, 0x80, 1, 2, 3, 4])?),
                (Some("!close"), Some(code)) => {
                    let code = CloseCode::new(code.parse()?).ok_or("no code for the wire")?;
                    tx.close(code, words.next().unwrap_or_default())?;
                }
                _ => tx.send(message)?,
            }
        }
        ws.write_to(&mut stream)?;
    }
    Ok(())
}
