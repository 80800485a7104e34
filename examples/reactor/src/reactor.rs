//! The loop over `mio`: readiness in, bytes out.
//!
//! Sockets are registered once, edge-triggered, for both directions. A read that does not fill the
//! buffer has emptied the socket, so a batch costs one read and one write; a client that does not
//! read is not read from.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::Protocol;
use crate::output::{Output, READ, STALL, TICK};

const LISTENER: Token = Token(usize::MAX);
const EVENTS: usize = 1024;

/// A server of one thread.
pub struct Reactor<P> {
    poll: Poll,
    listener: TcpListener,
    clients: Slab<Client<P>>,
    /// Clients to read from before the next wait.
    again: Vec<usize>,
    /// Memory for one batch, which all clients share.
    input: Box<[u8]>,
    output: Box<[u8]>,
    start: Instant,
    now: u32,
}

/// A connection. While nothing waits to be written, its place in the slab is all that it takes.
struct Client<P> {
    stream: TcpStream,
    protocol: P,
    backlog: Option<Box<Backlog>>,
}

/// Bytes for a socket that was full: at most the answer to one batch.
struct Backlog {
    bytes: Vec<u8>,
    written: usize,
    /// When the socket last took some of it.
    since: u32,
}

/// What became of a turn.
enum Turn {
    /// The socket is empty, or full: wait for the system to report it.
    Wait,
    /// The read was shorter than the buffer: more is only to be expected of a stream that ended.
    Short,
    /// The read filled the buffer.
    Full,
    /// The client has gone.
    End,
}

impl<P: Protocol> Reactor<P> {
    /// Listens on `address`.
    ///
    /// # Errors
    /// Those of the system.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            clients: Slab::new(),
            again: Vec::new(),
            input: vec![0; READ].into(),
            output: vec![0; READ + Output::SLACK].into(),
            start: Instant::now(),
            now: 0,
        })
    }

    /// Returns where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves forever.
    ///
    /// # Errors
    /// Those of waiting for events; a client's end with the client.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut ready = Vec::new();
        loop {
            let timeout = if self.again.is_empty() { TICK } else { Duration::ZERO };
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            let now = u32::try_from(self.start.elapsed().as_secs()).unwrap_or(u32::MAX);
            let last = mem::replace(&mut self.now, now);
            mem::swap(&mut ready, &mut self.again);
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    // The end of a stream that has arrived is not reported again.
                    Token(id) if event.is_read_closed() => self.turn(id, true),
                    Token(id) => self.turn(id, false),
                }
            }
            for id in ready.drain(..) {
                self.turn(id, true);
            }
            if now != last {
                self.tick();
            }
        }
    }

    /// Accepts everyone who waits.
    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    let slot = self.clients.vacant_entry();
                    let both = Interest::READABLE | Interest::WRITABLE;
                    let token = Token(slot.key());
                    // Batches are complete, and should be sent at once. A failure is the client's.
                    if stream.set_nodelay(true).is_ok()
                        && self.poll.registry().register(&mut stream, token, both).is_ok()
                    {
                        slot.insert(Client { stream, protocol: P::new(self.now), backlog: None });
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The client has gone again.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    // Most likely no file descriptors are left. The next tick tries again.
                    eprintln!("reactor: cannot accept: {error}");
                    return;
                }
            }
        }
    }

    /// Writes what waits, then reads once and answers; `again` reads until nothing is left.
    fn turn(&mut self, id: usize, again: bool) {
        let Some(client) = self.clients.get_mut(id) else { return };
        match client.turn(&mut self.input, &mut self.output, self.now) {
            Ok(Turn::Wait) => {}
            Ok(Turn::Short) if !again => {}
            Ok(Turn::Short | Turn::Full) => self.again.push(id),
            Ok(Turn::End) | Err(_) => _ = self.clients.remove(id),
        }
    }

    /// Looks at all deadlines, and for clients that could not be accepted.
    fn tick(&mut self) {
        let (output, now) = (&mut self.output, self.now);
        self.clients.retain(|_, client| client.tick(output, now));
        self.accept();
    }
}

impl<P: Protocol> Client<P> {
    /// Writes what waits, then reads once and writes the answer.
    fn turn(&mut self, input: &mut [u8], output: &mut [u8], now: u32) -> io::Result<Turn> {
        if !self.write_backlog(now)? {
            return Ok(Turn::Wait);
        }
        let len = match self.stream.read(input) {
            Ok(0) => return Ok(Turn::End),
            Ok(len) => len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Turn::Wait),
            Err(error) => return Err(error),
        };
        let mut output = Output::new(output);
        self.protocol.receive(&mut input[..len], &mut output, now);
        self.write(output, now)?;
        Ok(match self.backlog {
            Some(_) => Turn::Wait,
            None if len == input.len() => Turn::Full,
            None => Turn::Short,
        })
    }

    /// Looks at the deadlines; `false` if the client is to be dropped.
    fn tick(&mut self, output: &mut [u8], now: u32) -> bool {
        if let Some(backlog) = &self.backlog {
            return now.saturating_sub(backlog.since) < STALL;
        }
        let mut output = Output::new(output);
        self.protocol.tick(&mut output, now) && self.write(output, now).is_ok()
    }

    /// Writes an answer, and keeps what the socket does not take.
    fn write(&mut self, output: Output<'_>, now: u32) -> io::Result<()> {
        self.backlog = output.finish(|slices| {
            let written = match (slices, &mut self.stream) {
                ([], _) => return Ok(None),
                // Spares the system the list of slices.
                ([bytes], stream) => stream.write(bytes),
                (slices, stream) => stream.write_vectored(slices),
            };
            let written = match written {
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                written => written?,
            };
            Ok::<_, io::Error>(Backlog::of(slices, written, now))
        })?;
        self.end()
    }

    /// Writes what waits; returns whether nothing waits any more.
    fn write_backlog(&mut self, now: u32) -> io::Result<bool> {
        let Some(backlog) = &mut self.backlog else { return Ok(true) };
        match self.stream.write(&backlog.bytes[backlog.written..]) {
            Ok(written) => (backlog.written, backlog.since) = (backlog.written + written, now),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        if backlog.written < backlog.bytes.len() {
            return Ok(false);
        }
        self.backlog = None;
        self.end().map(|()| true)
    }

    /// Ends this direction after the last byte. What still arrives is read and discarded: dropping
    /// a socket that holds unread bytes resets it, and the client may lose what was written.
    fn end(&self) -> io::Result<()> {
        if self.protocol.is_closed() && self.backlog.is_none() {
            self.stream.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }
}

impl Backlog {
    /// Copies all but the first `written` bytes; `None` if there are no others.
    fn of(slices: &[IoSlice<'_>], mut written: usize, now: u32) -> Option<Box<Self>> {
        let mut bytes = Vec::new();
        for slice in slices {
            let skipped = written.min(slice.len());
            bytes.extend_from_slice(&slice[skipped..]);
            written -= skipped;
        }
        (!bytes.is_empty()).then(|| Box::new(Self { bytes, written: 0, since: now }))
    }
}

#[cfg(test)]
mod tests {
    use super::Client;
    use crate::Echo;

    #[allow(clippy::large_enum_variant, reason = "as the slab keeps it")]
    enum Place {
        _Vacant(usize),
        _Occupied(Client<Echo>),
    }

    #[test]
    fn a_connection_takes_280_bytes() {
        assert!(size_of::<Place>() <= 280, "{}", size_of::<Place>());
    }
}
