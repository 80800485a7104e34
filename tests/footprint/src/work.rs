//! The work of the programs: what a small device does with a connection, and nothing else.

use rfc6455::handshake::{Acceptance, ClientHandshake, HandshakeLimits, Offer, ServerHandshake};
use rfc6455::websocket::{self, Config, Storage};
use rfc6455::{Client, CloseCode, Connection, Event, Limits, MaskingKeys, Role, WebSocket};

use crate::{random, read, write};

pub const READ: usize = 256;
const HEAD: usize = 512;

/// Echoes data as it arrives, answers what the protocol wants answered, and closes.
///
/// It begins with the bytes of `buf` from `start` to `end`.
pub fn echo_chunks<R: Role>(role: R, buf: &mut [u8; READ], start: usize, end: usize) {
    let mut ws = Connection::new(role, Limits::DEFAULT);
    let mut out = [0; READ + 14];
    let (mut start, mut end) = (start, end);
    while !ws.is_closed() {
        let mut input = buf.get_mut(start..end).unwrap_or_default();
        while let Ok(Some(event)) = ws.receive(&mut input) {
            if let Event::Data(chunk) = event
                && let Ok(len) = ws.send(&chunk, &mut out)
            {
                write(out.get(..len).unwrap_or_default());
            }
        }
        if let Some(frame) = ws.poll_transmit() {
            write(&frame);
        }
        if random() == [1]
            && let Ok(close) = ws.close(CloseCode::NORMAL, "done")
        {
            write(&close);
        }
        (start, end) = (0, read(buf));
        if end == 0 {
            ws.receive_eof();
        }
    }
}

/// The same with whole messages, in two slices.
pub fn echo_messages<R: Role>(role: R) {
    let (mut incoming, mut outgoing) = ([0; READ], [0; READ]);
    echo(WebSocket::new(role, Config::DEFAULT, &mut incoming[..], &mut outgoing[..]));
}

/// The same with whole messages, in memory that grows.
#[cfg(feature = "alloc")]
pub fn echo_heap() {
    echo(WebSocket::server(Config::DEFAULT));
}

fn echo<R: Role, S: Storage>(mut ws: WebSocket<R, S>) {
    while !ws.is_closed() {
        let len = read(ws.read_buf());
        if len == 0 {
            ws.receive_eof();
        }
        let _ = ws.received(len);
        while let Ok(Some((event, tx))) = ws.next() {
            if let websocket::Event::Message(message) = event {
                let _ = tx.send(message);
            }
        }
        if random() == [1] {
            let _ = ws.close(CloseCode::NORMAL, "done");
        }
        let len = ws.transmit().len();
        write(ws.transmit());
        let _ = ws.transmitted(len);
    }
}

pub fn client() -> Client<impl MaskingKeys> {
    Client::new(random)
}

/// Accepts a request, or refuses it; returns where in `buf` the bytes behind it are.
pub fn accept(buf: &mut [u8; READ]) -> Option<(usize, usize)> {
    let mut head = [0; HEAD];
    let mut handshake = ServerHandshake::new(&mut head, HandshakeLimits::DEFAULT);
    loop {
        let end = read(buf);
        let mut input = buf.get_mut(..end)?;
        let request = handshake.receive(&mut input);
        let upgrade = match request.and_then(|it| it.map(|it| it.upgrade()).transpose()) {
            Ok(Some(upgrade)) => upgrade,
            Ok(None) if end > 0 => continue,
            Ok(None) => return None,
            Err(error) => {
                write(error.response());
                return None;
            }
        };
        let mut out = [0; 160];
        let len = upgrade.accept(&Acceptance::DEFAULT, &mut out).ok()?;
        write(out.get(..len)?);
        return Some((end.saturating_sub(input.len()), end));
    }
}

/// Requests a WebSocket; returns where in `buf` the bytes behind the response are.
pub fn connect(buf: &mut [u8; READ]) -> Option<(usize, usize)> {
    let mut head = [0; HEAD];
    let offer = Offer::new("device.example", "/");
    let limits = HandshakeLimits::DEFAULT;
    let Ok(mut handshake) = ClientHandshake::new(offer, random(), &mut head, limits) else {
        return None;
    };
    let len = handshake.write_request(buf).ok()?;
    write(buf.get(..len)?);
    loop {
        let end = read(buf);
        let mut input = buf.get_mut(..end)?;
        match handshake.receive(&mut input) {
            Ok(Some(response)) if response.upgrade().is_ok() => {
                return Some((end.saturating_sub(input.len()), end));
            }
            Ok(None) if end > 0 => {}
            _ => return None,
        }
    }
}
