//! The sending half, with the thread that writes.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Instant;
use std::{mem, thread};

use rfc6455::{CloseCode, Fragment, SendError};

use crate::common::Tx;
use crate::stream::Output;
use crate::{CLOSE_TIMEOUT, Failure, Shared, lock};

/// How much of a file is sent in one fragment.
const FRAGMENT: usize = 64 << 10;

/// An order to the sending thread, which checks for a pending reply before each one.
#[derive(Debug)]
pub(crate) enum Order {
    Look,
    Text(String),
    File(File),
    /// A Ping with this payload, or one with the time.
    Ping(Option<String>),
    Close(CloseCode, String),
}

/// The sending half, with the thread that writes.
pub(crate) struct Writer {
    pub(crate) sender: Tx,
    pub(crate) output: Output,
    pub(crate) shared: Arc<Shared>,
    /// The start of the clock; Pings carry the time since then.
    pub(crate) start: Instant,
}

impl Writer {
    /// Carries out orders until the Close is sent.
    pub(crate) fn run(&mut self, orders: &mpsc::Receiver<Order>) {
        for order in orders {
            let done = self.answer().and_then(|()| self.carry_out(order));
            if let Err(error) = done {
                self.shared.fail(Failure::Abnormal(Some(error)));
                self.output.abort();
                return;
            }
            if self.sender.is_close_sent() {
                break;
            }
        }
        // "a client SHOULD wait for the server to close the connection" (RFC 6455 §7.1.1): the
        // other thread does that, but not forever.
        let _ = self.output.finish();
        if let Ok(stream) = self.output.socket.try_clone() {
            let shared = Arc::clone(&self.shared);
            thread::spawn(move || {
                // Data that the server sent before it saw our Close may still be arriving.
                let mut before = None;
                loop {
                    let reads = Some(shared.reads.load(Ordering::Relaxed));
                    if reads == mem::replace(&mut before, reads) {
                        break;
                    }
                    thread::sleep(CLOSE_TIMEOUT);
                }
                let _ = stream.shutdown(Shutdown::Both);
            });
        }
    }

    fn carry_out(&mut self, order: Order) -> io::Result<()> {
        if self.sender.is_close_sent() {
            return Ok(());
        }
        let queued = match order {
            Order::Look => Ok(()),
            Order::Text(line) => self.sender.send(&*line),
            Order::File(file) => return self.file(file),
            Order::Ping(Some(text)) => self.sender.ping(text.as_bytes()),
            Order::Ping(None) => {
                let nanos = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.sender.ping(&nanos.to_be_bytes())
            }
            Order::Close(code, reason) => self.sender.close(code, &reason),
        };
        self.write(queued)
    }

    /// Sends the reply that the receiving half requests, if there is one.
    fn answer(&mut self) -> io::Result<()> {
        let reply = lock(&self.shared.reply).take();
        match reply.map(|reply| self.sender.reply(&reply)) {
            // After our Close, no reply is needed any more.
            None | Some(Err(SendError::Closed)) => Ok(()),
            Some(queued) => self.write(queued),
        }
    }

    /// Sends a file as one message, in fragments, so that Pings can be answered between them.
    fn file(&mut self, mut file: File) -> io::Result<()> {
        let mut piece = vec![0; FRAGMENT];
        let mut begun = false;
        loop {
            let n = match file.read(&mut piece) {
                Ok(n) => n,
                Err(error) => {
                    // Fragments already sent cannot be revoked, so leave the message unfinished.
                    self.shared.fail(error);
                    let queued = self.sender.close(CloseCode::INTERNAL_ERROR, "");
                    return self.write(queued);
                }
            };
            let fragment = Fragment::from(&piece[..n]);
            let queued = self.sender.send(match (begun, n) {
                (false, 0) => fragment,
                (false, _) => fragment.first(),
                (true, 0) => fragment.last(),
                (true, _) => fragment.middle(),
            });
            self.write(queued)?;
            self.answer()?;
            if n == 0 || self.sender.is_close_sent() {
                return Ok(());
            }
            begun = true;
        }
    }

    /// Writes what was queued.
    fn write(&mut self, queued: Result<(), SendError>) -> io::Result<()> {
        queued.map_err(io::Error::other)?;
        while self.sender.queued() > 0 {
            let written = self.output.write(self.sender.transmit()).map_err(stalled)?;
            self.sender.transmitted(written).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// Explains a timeout, whose error kind depends on the system.
fn stalled(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => io::Error::new(ErrorKind::TimedOut, "the server does not read"),
        _ => error,
    }
}
