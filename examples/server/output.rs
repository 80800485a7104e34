//! Writes to a client in batches, for as long as the client keeps up.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::mem;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The size of a batch; longer frames are written directly.
const BATCH: usize = 16 << 10;
/// The slowest pace at which a client may read or send.
pub(crate) const LEAST_BYTES_PER_SECOND: u32 = 16 << 10;

/// Returns the time allowed for a number of bytes.
pub(crate) fn time_for(bytes: u64) -> Duration {
    Duration::from_secs(1).saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX))
        / LEAST_BYTES_PER_SECOND
}

/// The frames that are pending for a client, and its socket.
///
/// Call [`flush`](Self::flush) before each wait for the client.
pub(crate) struct Output<'s> {
    stream: &'s TcpStream,
    pending: Vec<u8>,
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
        Self { stream, pending: Vec::new(), behind: Duration::ZERO, stall }
    }

    /// Adds a frame or a response.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push_frame(bytes, &[])
    }

    /// Adds a frame. A long payload is written directly from its buffer, without a copy.
    pub(crate) fn push_frame(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        if self.pending.len() + header.len() + payload.len() > BATCH {
            return self.write(header, payload);
        }
        self.pending.extend_from_slice(header);
        self.pending.extend_from_slice(payload);
        Ok(())
    }

    /// Returns the pending bytes, to append a frame; call [`settle`](Self::settle) then.
    pub(crate) fn pending(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Writes the pending bytes if they exceed a batch.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        if self.pending.len() > BATCH { self.flush() } else { Ok(()) }
    }

    /// Frees the memory, if nothing is pending.
    pub(crate) fn release(&mut self) {
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
    }

    /// Writes the pending bytes.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() { Ok(()) } else { self.write(&[], &[]) }
    }

    /// Writes the pending bytes and this frame, with as few calls as the socket allows.
    ///
    /// After an error, nothing is pending.
    fn write(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        let mut pending = mem::take(&mut self.pending);
        let mut parts =
            &mut [IoSlice::new(&pending), IoSlice::new(header), IoSlice::new(payload)][..];
        // This drops empty parts.
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let written = self.write_some(parts)?;
            IoSlice::advance_slices(&mut parts, written);
        }
        pending.clear();
        self.pending = pending;
        Ok(())
    }

    /// Writes as much as the socket takes, which may be nothing.
    ///
    /// The socket's timeout applies to each call, so it does not stop a client that reads a byte
    /// now and then. Instead, the client falls behind by the time spent here, and catches up with
    /// each byte that it takes, whatever frame the byte belongs to.
    fn write_some(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let start = Instant::now();
        let written = match self.stream.write_vectored(parts) {
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
