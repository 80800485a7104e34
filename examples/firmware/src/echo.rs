//! The loop that both ends share: data as it arrives, through buffers of any length.

use rfc6455::{Connection, Event, FrameHeader, Role};

use crate::board;

/// How many bytes are read at a time.
pub const READ: usize = 256;

/// The buffers of a program.
pub struct Buffers {
    /// What is read from the UART.
    pub read: [u8; READ],
    /// The head of a handshake, and then the frames to be written.
    pub write: [u8; 512],
}

impl Buffers {
    /// Empty buffers.
    pub const EMPTY: Self = Self { read: [0; READ], write: [0; 512] };
}

const _: () = assert!(READ + FrameHeader::MAX_LEN <= 512);

/// Receives until the connection is closed, and gives each event to `handle`.
///
/// `early` is where in the buffer the bytes are that came with the handshake.
pub fn receive<R: Role>(
    ws: &mut Connection<R>,
    buffers: &mut Buffers,
    early: core::ops::Range<usize>,
    mut handle: impl FnMut(&mut Connection<R>, &Event<'_>, &mut [u8]),
) {
    let Buffers { read, write } = buffers;
    let mut arrived = early;
    loop {
        let mut input = read.get_mut(arrived).unwrap_or_default();
        // An error has queued the Close that reports it.
        while let Ok(Some(event)) = ws.receive(&mut input) {
            handle(ws, &event, write);
            while let Some(frame) = ws.poll_transmit() {
                board::write(&frame);
            }
        }
        while let Some(frame) = ws.poll_transmit() {
            board::write(&frame);
        }
        if is_over(ws) {
            return;
        }
        arrived = 0..board::read(read);
    }
}

/// Returns whether the connection is over. A client would still wait for the end of the stream, which a
/// UART does not have.
fn is_over<R: Role>(ws: &Connection<R>) -> bool {
    ws.is_closed() || ws.is_close_received() && ws.is_close_sent()
}

/// Sends data back as it arrives: each chunk is a fragment of the message that it is a part of.
pub fn echo<R: Role>(ws: &mut Connection<R>, event: &Event<'_>, out: &mut [u8]) {
    if let Event::Data(chunk) = event
        && let Ok(len) = ws.send(chunk, out)
    {
        board::write(out.get(..len).unwrap_or_default());
    }
}
