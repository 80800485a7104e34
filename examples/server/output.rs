//! Writes to a client, for as long as the client keeps up.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::clock::time_for;
use crate::echo::{Sender, WebSocket};

/// A client's socket.
pub(crate) struct Output<'s> {
    stream: &'s TcpStream,
    /// How far the client is behind the slowest pace.
    behind: Duration,
    /// How far it may fall behind.
    stall: Duration,
}

impl<'s> Output<'s> {
    /// Creates an output to a stream with a short write timeout.
    ///
    /// The client may fall behind by `stall`.
    pub(crate) fn new(stream: &'s TcpStream, stall: Duration) -> Self {
        Self { stream, behind: Duration::ZERO, stall }
    }

    /// Writes a response.
    pub(crate) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.write_some(&[IoSlice::new(bytes)])?;
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// Writes everything that is pending, with as few calls as the socket allows.
    pub(crate) fn flush(&mut self, ws: &mut WebSocket) -> io::Result<()> {
        ws.transmit(); // queues the answer to what was received last
        self.flush_sender(ws.sender())
    }

    /// Writes everything that is queued.
    pub(crate) fn flush_sender(&mut self, tx: &mut Sender) -> io::Result<()> {
        while tx.queued() > 0 {
            let slices: Vec<_> = tx.transmit_slices().map(IoSlice::new).collect();
            let written = self.write_some(&slices)?;
            tx.transmitted(written).map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Writes as much as the socket takes, which may be nothing.
    ///
    /// The socket's timeout applies to each call, so it does not stop a client that reads a byte
    /// now and then. Instead, the client falls behind by the time spent here, and catches up with
    /// each byte that it takes, whatever frame the byte belongs to.
    fn write_some(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let start = Instant::now();
        let written = match self.stream.write_vectored(slices) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) => match error.kind() {
                // The error kind of a timeout depends on the system.
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => 0,
                _ => return Err(error),
            },
        };
        let behind = self.behind.saturating_add(start.elapsed());
        self.behind = behind.saturating_sub(time_for(written as u64));
        if self.behind > self.stall {
            let problem = "it does not read what is sent to it";
            return Err(io::Error::new(ErrorKind::TimedOut, problem));
        }
        Ok(written)
    }
}
