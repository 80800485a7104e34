//! Links only if neither the core tier, nor that of whole messages, nor the handshake can panic: the panic handler calls
//! what does not exist.
//!
//! `run` beside this package builds it at several levels of optimisation.

#![no_std]
#![no_main]

mod handshake;

use core::hint::black_box;
use core::panic::PanicInfo;

use rfc6455::{
    Client, CloseCode, CloseFrame, Connection, Event, Fragment, FrameHeader, FrameKind, Limits,
    MessageKind, PreparedMessage, Role, Server, Timeouts, Timer, Timers, Utf8, WebSocket, mask,
    websocket,
};

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: there is no such function; what could call it does not link.
    unsafe { a_panic_is_reachable() }
}

/// Lengths and bytes that the optimiser knows nothing of.
fn unknown<T>(value: T) -> T {
    black_box(value)
}

fn drive<R: Role>(ws: &mut Connection<R>, bytes: &mut [u8], out: &mut [u8]) {
    let mut input = &mut *bytes;
    while let Ok(Some(event)) = ws.receive(&mut input) {
        if let Event::Data(chunk) = event {
            let _ = black_box(ws.send(&chunk, out));
        }
        black_box(ws.poll_transmit());
        black_box(ws.control_payload());
        black_box(ws.close_frame());
    }
    black_box(ws.receive_eof());
    black_box(ws.is_closed());
    let _ = black_box(ws.send(unknown("text"), out));
    let _ = black_box(ws.send(Fragment::from(unknown(&b"bytes"[..])).first(), out));
    let _ = black_box(ws.begin_frame(FrameKind::whole(MessageKind::Text).last(), unknown(7)));
    let _ = black_box(ws.frame_payload(out));
    let _ = black_box(ws.ping(unknown(b"ping")));
    let _ = black_box(ws.pong(unknown(b"pong")));
    let _ = black_box(ws.close(unknown(CloseCode::NORMAL), unknown("bye")));
}

/// Drives the tier of whole messages over slices.
fn messages<R: Role>(ws: WebSocket<R, &mut [u8]>, bytes: &[u8]) {
    let mut ws = ws;
    let room = ws.read_buf();
    let len = bytes.len().min(room.len());
    if let (Some(room), Some(bytes)) = (room.get_mut(..len), bytes.get(..len)) {
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
        }
    }
    let _ = black_box(ws.received(unknown(len)));
    black_box(ws.feed(bytes));
    while let Ok(Some((event, tx))) = ws.next() {
        match event {
            websocket::Event::Message(message) => {
                if let websocket::Message::Text(text) = message {
                    black_box(text.as_str());
                }
                let _ = black_box(tx.send(message));
            }
            websocket::Event::Chunk(chunk) => {
                let part = Fragment::from(&*chunk);
                let _ = black_box(tx.send_plain(if chunk.is_last() { part.last() } else { part }));
            }
            websocket::Event::Ping(payload) | websocket::Event::Pong(payload) => {
                let _ = black_box(tx.pong(payload));
            }
            websocket::Event::Close(frame) => drop(black_box(frame)),
        }
    }
    let _ = black_box(ws.send(unknown("text")));
    let _ = black_box(ws.ping(unknown(b"ping")));
    let _ = black_box(ws.close(unknown(CloseCode::NORMAL), unknown("bye")));
    let _ = black_box(ws.sender().close_without_code());
    for slice in ws.transmit_slices() {
        black_box(slice);
    }
    let len = black_box(ws.transmit()).len();
    let _ = black_box(ws.transmitted(unknown(len)));
    black_box((ws.queued(), ws.wants_transmit(), ws.is_closed(), ws.deadline()));
    black_box(ws.handle_timeout(unknown(core::time::Duration::MAX)));
    black_box((ws.error(), ws.capacity()));
    black_box(ws.receive_eof());
    let (mut receiver, mut sender) = ws.into_split();
    black_box(receiver.read_buf());
    let _ = black_box(receiver.received(unknown(1)));
    black_box(receiver.next().is_ok());
    if let Some(reply) = receiver.poll_reply() {
        let _ = black_box(sender.reply(&reply));
    }
    black_box(WebSocket::reunite(receiver, sender).is_ok());
}

fn parts(bytes: &mut [u8], out: &mut [u8]) {
    if let Ok(Some((header, _))) = FrameHeader::decode(bytes) {
        let _ = black_box(header.encode());
        if let Some(key) = header.masking_key {
            mask(bytes, key.after(unknown(3)));
        }
    }
    black_box(CloseFrame::parse(bytes).is_ok());
    let _ = black_box(Utf8::new().validate(bytes));
    let mut server = Connection::server(Limits::DEFAULT);
    if let Ok(message) = PreparedMessage::new(unknown("news"), out) {
        let _ = black_box(server.send_prepared(&message));
    }
    let _ = black_box(server.send_header(unknown("text")));
    let (mut receiver, mut sender) = server.into_split();
    if let Some(reply) = receiver.poll_reply() {
        let _ = black_box(sender.reply(&reply));
    }
    let mut timers = Timers::new(Timeouts::DEFAULT, unknown(core::time::Duration::MAX));
    timers.opened(unknown(core::time::Duration::ZERO));
    black_box(timers.handle_timeout(core::time::Duration::MAX) == Some(Timer::Ping));
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let (mut bytes, mut out) = ([0; 256], [0; 256]);
    let (mut read, mut write) = ([0; 256], [0; 256]);
    let bytes = unknown(&mut bytes[..]);
    let out = unknown(&mut out[..]);
    let mut server = unknown(Connection::server(unknown(Limits::DEFAULT)));
    let keys = || unknown([1, 2, 3, 4]);
    let mut client = unknown(Connection::client(keys, Limits::DEFAULT));
    drive(&mut server, bytes, out);
    drive(&mut client, bytes, out);
    let (read, write) = (unknown(&mut read[..]), unknown(&mut write[..]));
    let config = unknown(websocket::Config::DEFAULT);
    messages(WebSocket::new(Server, config, &mut *read, &mut *write), bytes);
    messages(WebSocket::new(Client::new(keys), config, &mut *read, &mut *write), bytes);
    let mut server = WebSocket::new(Server, config, read, write);
    if let Ok(message) = PreparedMessage::new(unknown("news"), out) {
        let _ = black_box(server.sender().send_prepared(&message));
    }
    parts(bytes, out);
    handshake::drive(bytes, out);
    #[cfg(feature = "panic")]
    assert!(unknown(true));
    0
}
