//! Serves a client's WebSocket, from the handshake to the closing handshake.

use std::error::Error;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rfc6455::websocket::{self, Event, Message};
use rfc6455::{CloseCode, SendError, Server as Role, Timer};

use crate::clock::Clock;
use crate::output::Output;
use crate::{Server, read};

/// How long a client is silent before its buffers are freed.
const REST: Duration = Duration::from_secs(1);

/// A client's WebSocket, with its buffers on the heap.
pub(crate) type WebSocket = rfc6455::WebSocket<Role, Vec<u8>>;
/// Its sending half.
pub(crate) type Sender = websocket::Sender<Role, Vec<u8>>;

/// Echoes until the connection is closed; `early` arrived right after the handshake.
pub(crate) fn echo(
    server: &Server,
    stream: &TcpStream,
    output: &mut Output<'_>,
    ws: &mut WebSocket,
    early: &[u8],
) -> Result<(), Box<dyn Error>> {
    let outcome = exchange(server, early.chain(stream), output, ws);
    // Send the last Close, whether it answers the client's or reports an error.
    let flushed = output.flush(ws);
    outcome?;
    Ok(flushed?)
}

fn exchange(
    server: &Server,
    mut input: impl Read,
    output: &mut Output<'_>,
    ws: &mut WebSocket,
) -> Result<(), Box<dyn Error>> {
    let (mut clock, mut silence) = (Clock::default(), Duration::ZERO);
    while !ws.is_closed() {
        let start = Instant::now();
        let received = read(&mut input, ws.read_buf())?;
        let wait = start.elapsed();
        silence += wait;
        match received {
            None if silence >= REST => ws.release(),
            None => {}
            Some(0) => return Err("it has gone without a Close".into()),
            Some(n) => {
                ws.received(n)?;
                clock.received(n);
                silence = Duration::ZERO;
            }
        }
        while let Some((event, tx)) = ws.next()? {
            match event {
                Event::Message(message) => reply(message, tx, output)?,
                Event::Ping(payload) | Event::Pong(payload) => clock.control(payload),
                Event::Chunk(_) | Event::Close(_) => {}
            }
        }
        match ws.handle_timeout(clock.waited(wait)) {
            None | Some(Timer::Ping | Timer::Handshake) => {}
            Some(Timer::Pong) => return Err("it does not answer our Ping".into()),
            Some(Timer::Close) => return Err("it does not answer our Close".into()),
            // Returning frees the message; waiting for the client's Close would keep it allocated.
            Some(Timer::Message) => return Err("its message takes too long".into()),
        }
        if server.is_stopping() {
            // An error says that a Close was already sent.
            let _ = ws.close(CloseCode::GOING_AWAY, "");
        }
        // The client may be waiting for this before it sends more.
        output.flush(ws)?;
    }
    Ok(())
}

/// Sends a message back.
fn reply(
    message: Message<'_>,
    tx: &mut Sender,
    output: &mut Output<'_>,
) -> Result<(), Box<dyn Error>> {
    loop {
        match tx.send(message) {
            // The queue has room for the longest message as soon as the client has read the rest.
            Err(SendError::Full) if tx.queued() > 0 => output.flush_sender(tx)?,
            // Messages may still arrive after our Close, but cannot be answered.
            Ok(()) | Err(SendError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
