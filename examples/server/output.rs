//! What is written to a client: in batches, and no slower than it may be.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::mem;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Bytes that are gathered before they are written.
const BATCH: usize = 16 << 10;
/// What a client has to take in a second, on average, of what is written to it.
pub(crate) const LEAST_BYTES_PER_SECOND: u32 = 16 << 10;

/// Returns how long so many bytes may take.
pub(crate) fn time_for(bytes: u64) -> Duration {
    Duration::from_secs(1).saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX))
        / LEAST_BYTES_PER_SECOND
}

/// A client's side of the socket.
///
/// Frames gather here until there are many of them, or until [`flush`](Self::flush) is called,
/// which it must be before each wait for the client.
pub(crate) struct Output<'s> {
    stream: &'s TcpStream,
    pending: Vec<u8>,
    /// How far the client is behind the slowest pace that it may have.
    behind: Duration,
    /// How far it may be.
    stall: Duration,
}

impl<'s> Output<'s> {
    /// To a stream that has a short write timeout, and a client that may be `stall` behind.
    pub(crate) fn new(stream: &'s TcpStream, stall: Duration) -> Self {
        Self { stream, pending: Vec::new(), behind: Duration::ZERO, stall }
    }

    /// Adds bytes that belong together: a frame, or a response.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push_frame(bytes, &[])
    }

    /// Adds a frame; a long payload goes from where it is to the socket, without a copy.
    pub(crate) fn push_frame(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        if self.pending.len() + header.len() + payload.len() > BATCH {
            return self.write(header, payload);
        }
        self.pending.extend_from_slice(header);
        self.pending.extend_from_slice(payload);
        Ok(())
    }

    /// Returns what is pending, for a frame to be appended; [`settle`](Self::settle) is next.
    pub(crate) fn pending(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Writes what is pending if that is much.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        if self.pending.len() > BATCH { self.flush() } else { Ok(()) }
    }

    /// Frees the memory, if nothing is pending.
    pub(crate) fn release(&mut self) {
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
    }

    /// Writes what was gathered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() { Ok(()) } else { self.write(&[], &[]) }
    }

    /// Writes all with as few calls as the socket takes. After an error, nothing is pending.
    fn write(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        let mut pending = mem::take(&mut self.pending);
        let mut parts =
            &mut [IoSlice::new(&pending), IoSlice::new(header), IoSlice::new(payload)][..];
        // This drops the empty ones.
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let written = self.write_some(parts)?;
            IoSlice::advance_slices(&mut parts, written);
        }
        pending.clear();
        self.pending = pending;
        Ok(())
    }

    /// Writes what the socket takes, which may be nothing.
    ///
    /// The socket's timeout is for each call, and is no help against a client that reads a byte now
    /// and then. So the time that is spent here counts against the bytes that were taken, whatever
    /// frames they belong to: each byte earns its share of a second.
    fn write_some(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let start = Instant::now();
        let written = match self.stream.write_vectored(parts) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) => match error.kind() {
                // What a timeout is called depends on the system.
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
