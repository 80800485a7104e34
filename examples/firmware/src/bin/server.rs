//! Accepts one WebSocket, echoes its messages, and reports the stack that this took.

#![no_std]
#![no_main]

use core::ops::Range;

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::{Connection, Limits, Server};
use rfc6455_firmware::board::{self, Stack};
use rfc6455_firmware::echo::{self, Buffers};
use rfc6455_firmware::program;

program!(main);

// All memory is known when the program is linked.
static mut BUFFERS: Buffers = Buffers::EMPTY;
static mut CONNECTION: Connection<Server> = Connection::server(Limits::DEFAULT);

fn main() -> u32 {
    // SAFETY: this function is called once, and nothing else uses them.
    let (buffers, ws) = unsafe { (&mut *&raw mut BUFFERS, &mut *&raw mut CONNECTION) };
    let stack = Stack::paint();
    let early = accept(buffers);
    report("handshake", &stack);
    if let Some(early) = early {
        let stack = Stack::paint();
        echo::receive(ws, buffers, early, echo::echo);
        report("codec", &stack);
    }
    0
}

/// Reads the request and answers it; returns where in the buffer the bytes behind it are, if it was
/// accepted.
#[inline(never)]
fn accept(buffers: &mut Buffers) -> Option<Range<usize>> {
    let Buffers { read, write } = buffers;
    let (head, out) = write.split_at_mut(352);
    let mut handshake = ServerHandshake::new(head, HandshakeLimits::DEFAULT);
    loop {
        let end = board::read(read);
        let mut input = read.get_mut(..end)?;
        let request = handshake.receive(&mut input);
        match request.and_then(|request| request.map(|request| request.upgrade()).transpose()) {
            Ok(Some(upgrade)) => {
                let len = upgrade.accept(&Acceptance::DEFAULT, out).ok()?;
                board::write(out.get(..len)?);
                return Some(end.saturating_sub(input.len())..end);
            }
            Ok(None) => {}
            Err(error) => {
                board::write(error.response());
                return None;
            }
        }
    }
}

fn report(what: &str, stack: &Stack) {
    board::print(what);
    board::print(" stack ");
    board::print_number(stack.used());
    board::print("\n");
}
