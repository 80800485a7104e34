//! Links only if the core tier cannot panic: the panic handler calls what does not exist.
//!
//! `run` beside this package builds it at several levels of optimisation.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use rfc6455::{
    CloseCode, CloseFrame, Connection, Event, Fragment, FrameHeader, FrameKind, Incoming, Limits,
    MessageBuffer, MessageKind, PreparedMessage, Role, Timeouts, Timer, Timers, Utf8, mask,
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

fn messages<R: Role>(ws: &mut Connection<R>, bytes: &mut [u8], storage: &mut [u8]) {
    let mut messages = MessageBuffer::in_slice(storage);
    let mut input = &mut *bytes;
    while let Ok(Some(incoming)) = messages.receive(ws, &mut input) {
        if let Incoming::Message(message) = incoming {
            black_box(message.as_bytes());
        }
    }
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
    let (mut bytes, mut out, mut storage) = ([0; 256], [0; 256], [0; 64]);
    let bytes = unknown(&mut bytes[..]);
    let out = unknown(&mut out[..]);
    let mut server = unknown(Connection::server(unknown(Limits::DEFAULT)));
    let mut client = unknown(Connection::client(|| unknown([1, 2, 3, 4]), Limits::DEFAULT));
    drive(&mut server, bytes, out);
    drive(&mut client, bytes, out);
    messages(&mut server, bytes, unknown(&mut storage[..]));
    messages(&mut client, bytes, unknown(&mut storage[..]));
    parts(bytes, out);
    #[cfg(feature = "panic")]
    assert!(unknown(true));
    0
}
