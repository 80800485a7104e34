//! A server for the client to talk to: it sends everything back, and compresses.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::websocket::{Config, Event};
use rfc6455::{SendError, WebSocket, deflate};

/// A server for as many connections as come, in a thread that ends with the test.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    /// The request lines and headers of each connection.
    pub(crate) requests: Receiver<String>,
}

impl Echo {
    pub(crate) fn start() -> Self {
        Self::over(|stream| stream)
    }

    /// Starts a server over what `wrap` makes of TCP.
    pub(crate) fn over<S: Read + Write>(
        wrap: impl Fn(std::net::TcpStream) -> S + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (log, requests) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client may refuse, or break off.
                let _ = echo(wrap(stream.unwrap()), &log);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

fn echo(mut stream: impl Read + Write, log: &mpsc::Sender<String>) -> io::Result<()> {
    let (mut storage, mut out) = ([0; 8192], [0; 512]);
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    let mut byte = [0];
    let request = loop {
        stream.read_exact(&mut byte)?;
        if let Some(request) = handshake.receive(&mut &mut byte[..]).unwrap() {
            break request;
        }
    };
    let mut lines = String::new();
    for (name, value) in request.headers() {
        lines.extend([name, ": ", &String::from_utf8_lossy(value), "\n"]);
    }
    log.send(lines).unwrap();
    let upgrade = request.upgrade().unwrap();
    let negotiated = deflate::Config::DEFAULT.accept_offer(&upgrade);
    let response = negotiated.map(|negotiated| negotiated.response());
    let subprotocol = upgrade.subprotocols().last();
    let acceptance = Acceptance::DEFAULT.extensions(response.as_deref()).subprotocol(subprotocol);
    let len = upgrade.accept(&acceptance, &mut out).unwrap();
    stream.write_all(&out[..len])?;
    let mut ws = WebSocket::server(Config::DEFAULT).deflate(negotiated);
    while !ws.is_closed() {
        let n = stream.read(ws.read_buf())?;
        if n == 0 {
            ws.receive_eof();
        } else {
            ws.received(n).unwrap();
        }
        while let Ok(Some((event, tx))) = ws.next() {
            if let Event::Message(message) = event {
                while tx.send(message) == Err(SendError::Full) {
                    tx.write_to(&mut stream)?;
                }
            }
        }
        ws.write_to(&mut stream)?;
        stream.flush()?;
    }
    Ok(())
}
