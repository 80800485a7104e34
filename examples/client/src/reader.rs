//! The receiving half, with the thread that reads.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, SyncSender};
use std::time::{Duration, Instant};

use rfc6455::websocket::Event;
use rfc6455::{CloseCode, CloseFrame, Eof};

use crate::common::Rx;
use crate::common::linger::linger;
use crate::printer::Printer;
use crate::stream::Input;
use crate::writer::Order;
use crate::{CLOSE_TIMEOUT, Failure, Shared, lock};

/// The receiving half, with the thread that reads.
pub(crate) struct Reader {
    pub(crate) receiver: Rx,
    pub(crate) input: Input,
    pub(crate) shared: Arc<Shared>,
    pub(crate) orders: SyncSender<Order>,
    pub(crate) start: Instant,
    /// Closed when the sending thread has ended.
    pub(crate) writer_ended: mpsc::Receiver<()>,
}

impl Reader {
    /// Prints messages until the connection ends, and returns how it ended.
    pub(crate) fn run(mut self, mut early: &[u8], mut printer: Printer) -> Result<(), Failure> {
        let mut code = None;
        loop {
            while let Some(event) = self.receiver.next().transpose() {
                let mut violation = None;
                match event {
                    Ok(Event::Pong(payload)) => show_pong(self.start, payload, &mut printer)?,
                    Ok(Event::Close(close)) => {
                        code = close.map(|close| close.code);
                        show_close(close, &mut printer)?;
                    }
                    Ok(event) => printer.print(&event)?,
                    Err(error) => violation = Some(error),
                }
                self.pass_on_reply();
                if let Some(error) = violation {
                    // The server should receive our Close with the error before we exit.
                    let _ = self.writer_ended.recv_timeout(CLOSE_TIMEOUT);
                    linger(&self.input.socket);
                    return Err(Failure::Protocol(error));
                }
            }
            let received = (&mut early).chain(&mut self.input).read(self.receiver.read_buf());
            self.shared.reads.fetch_add(1, Ordering::Relaxed);
            match received {
                Ok(0) => return self.end(code, None),
                Ok(n) => self.receiver.received(n).map_err(io::Error::other)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.end(code, Some(error)),
            }
        }
    }

    /// Passes the pending reply to the sending thread, and wakes it.
    fn pass_on_reply(&mut self) {
        if let Some(reply) = self.receiver.poll_reply() {
            *lock(&self.shared.reply) = Some(reply);
            // If the channel is full, the sending thread has an order left, and checks for a reply
            // before it. Blocking here could deadlock with a server that waits for us to read.
            let _ = self.orders.try_send(Order::Look);
        }
    }

    /// Handles the end of the input; `code` is that of the server's Close.
    fn end(&mut self, code: Option<CloseCode>, error: Option<io::Error>) -> Result<(), Failure> {
        match (self.receiver.receive_eof(), lock(&self.shared.failure).take()) {
            // An error on our side is why the connection ends, however it ends.
            (_, Some(failure @ Failure::Local(_))) => Err(failure),
            (Eof::Abnormal, failure) => Err(failure.unwrap_or(Failure::Abnormal(error))),
            // After both Close frames, it does not matter how TCP ends.
            (Eof::Clean, _) => match code {
                None | Some(CloseCode::NORMAL | CloseCode::GOING_AWAY) => Ok(()),
                Some(code) => Err(Failure::ClosedWith(code)),
            },
        }
    }
}

/// Shows the Pong of a Ping. Its payload is the time of the Ping, or a text that was typed.
fn show_pong(start: Instant, payload: &[u8], printer: &mut Printer) -> io::Result<()> {
    let sent = payload.try_into().map(|sent| Duration::from_nanos(u64::from_be_bytes(sent)));
    match sent.ok().and_then(|sent| start.elapsed().checked_sub(sent)) {
        Some(latency) => {
            let latency = latency.as_secs_f64() * 1e3;
            printer.notice(format_args!("Pong after {latency:.3} ms"))
        }
        None => printer.notice(format_args!("Pong {:?}", String::from_utf8_lossy(payload))),
    }
}

fn show_close(close: Option<CloseFrame<'_>>, printer: &mut Printer) -> io::Result<()> {
    match close {
        Some(CloseFrame { code, reason }) => {
            printer.notice(format_args!("closed: {code:?} {reason:?}"))
        }
        None => printer.notice(format_args!("closed, without a code")),
    }
}
