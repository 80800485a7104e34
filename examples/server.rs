//! An echo server that could stand on a public network, on nothing but threads and sockets.
//!
//! Every message comes back as one message, and a browser that asks for `/` gets a page to try it
//! with: `cargo run --release --example server`, then open <http://127.0.0.1:9001/>.
//!
//! The protocol is the codec's business. What is left for a server, and for this file, is whom to
//! let in, how long to wait for anything, and how to end. Each client has a thread, which reads
//! with a short timeout, so that it looks at its deadlines a few times a second.

use std::error::Error;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lexopt::Parser;
use rfc6455::{CloseCode, Connection, Incoming, Limits, MessageBuffer};

#[path = "server/args.rs"]
mod args;
#[path = "common/compression.rs"]
mod compression;
#[path = "server/handshake.rs"]
mod handshake;
#[path = "common/linger.rs"]
mod linger;

use args::{Settings, USAGE};
use compression::Compression;
use handshake::shake_hands;

/// How often a thread looks at its deadlines while its client is silent.
const TICK: Duration = Duration::from_millis(200);
/// For the answer to our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// For all closing handshakes together when the server ends.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a client may take nothing of what is written to it.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// What a client must take in a second, on average, of a message that is written to it.
const LEAST_BYTES_PER_SECOND: usize = 16 << 10;

const READ_BUFFER: usize = 32 << 10;
/// Buffers are on the heap; the deepest a thread gets is the parsing of a head.
const STACK: usize = 128 << 10;
/// Clients beyond the limit that are told so; those beyond these are dropped without a word.
const MAX_REFUSED: usize = 64;

fn main() -> ExitCode {
    let settings = match Settings::parse(Parser::from_env()) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            let _ = write!(io::stdout(), "{USAGE}{}", compression::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprint!("server: {problem}\n\n{USAGE}{}", compression::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What all threads share.
struct Server {
    settings: Settings,
    stopping: AtomicBool,
    clients: Mutex<usize>,
    client_left: Condvar,
}

fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(&settings.listen)
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let server = Arc::new(Server {
        settings,
        stopping: AtomicBool::new(false),
        clients: Mutex::new(0),
        client_left: Condvar::new(),
    });
    ctrlc::set_handler({
        let server = Arc::clone(&server);
        move || server.stop()
    })?;
    // Who started us may be waiting for this line.
    let mut stdout = io::stdout();
    writeln!(stdout, "listening: open http://{}/ in a browser", listener.local_addr()?)?;
    stdout.flush()?;
    loop {
        match listener.accept() {
            Ok((stream, peer)) => server.admit(stream, peer),
            Err(error) => {
                // Most likely there are no file descriptors left; soon there will be some again.
                eprintln!("server: cannot accept: {error}");
                thread::sleep(TICK);
            }
        }
    }
}

impl Server {
    /// Gives a client its thread.
    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let place = Place::take(self);
        if place.number > self.settings.max_connections.saturating_add(MAX_REFUSED) {
            return;
        }
        // The thread owns the place, so it is free again however the thread ends.
        let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
            if let Err(error) = place.server.serve(stream, &place) {
                eprintln!("server: {peer}: {error}");
            }
        });
        if let Err(error) = thread {
            eprintln!("server: {peer}: no thread for it: {error}");
        }
    }

    /// All there is to do for one client.
    fn serve(&self, mut stream: TcpStream, place: &Place) -> Result<(), Box<dyn Error>> {
        // A frame is written in one go and should leave at once.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(STALL_TIMEOUT))?;
        let mut buf = vec![0; READ_BUFFER];
        let full = place.number > self.settings.max_connections;
        let policy = (!full && !self.is_stopping()).then_some(self.settings.compression);
        let outcome = match shake_hands(&mut stream, &mut buf, policy) {
            Ok(Some((early, compression))) => self.echo(&mut stream, &mut buf, early, compression),
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        // "the server [...] MUST close the TCP connection" first (RFC 6455 §7.1.1), and what it
        // has written last, such as a Close frame, should still arrive.
        linger::linger(&stream);
        outcome
    }

    /// Echoes until the connection is closed; `early` is what came behind the handshake in `buf`.
    fn echo(
        &self,
        stream: &mut TcpStream,
        buf: &mut [u8],
        early: Range<usize>,
        mut compression: Compression,
    ) -> Result<(), Box<dyn Error>> {
        let max = self.settings.max_message;
        let mut ws = Connection::server(Limits::DEFAULT.max_message(max).max_frame(max));
        let mut messages = MessageBuffer::new();
        let mut heard = Instant::now();
        let mut pinged = false;
        let mut close_by = None;
        let mut input = &mut buf[early];
        let mut in_place = None;
        loop {
            loop {
                let incoming = match in_place.take() {
                    Some(len) => messages.receive_spare(&mut ws, len),
                    None => compression.receive_message(&mut messages, &mut ws, &mut input),
                };
                // The answer to a Ping or a Close, or the Close that reports a violation.
                if let Some(frame) = ws.poll_transmit() {
                    write_all(stream, &frame, &[])?;
                }
                match incoming {
                    // Without compression, the payload goes from where it is to the socket: nothing
                    // is copied. Once our Close is on its way, messages may still come, but cannot
                    // be answered.
                    Ok(Some(Incoming::Message(message))) if close_by.is_none() => {
                        if let Some(frame) = compression.send(&mut ws, message)? {
                            write_all(stream, frame, &[])?;
                        } else {
                            let header = ws.send_header(message)?;
                            write_all(stream, &header, message.as_bytes())?;
                        }
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => return Err(error.into()),
                }
            }
            if ws.is_closed() {
                return Ok(());
            }

            let now = Instant::now();
            if close_by.is_some_and(|deadline| now > deadline) {
                return Err("it does not answer our Close".into());
            }
            if close_by.is_none() && self.is_stopping() {
                write_all(stream, &ws.close(CloseCode::GOING_AWAY, "")?, &[])?;
                close_by = Some(now + CLOSE_TIMEOUT);
            }
            let silence = now.duration_since(heard);
            if silence > self.settings.idle * 2 {
                return Err("it does not answer our Ping".into());
            }
            if silence > self.settings.idle && !pinged && close_by.is_none() {
                write_all(stream, &ws.ping(b"")?, &[])?;
                pinged = true;
            }

            input = &mut []; // all of it was taken
            // A long message that is under way is read to where it belongs.
            let spare = messages.spare(&mut ws);
            let is_in_place = spare.is_some();
            let Some(n) = read(stream, spare.unwrap_or(buf))? else { continue };
            if n == 0 {
                ws.receive_eof();
                return Err("it has gone without a Close".into());
            }
            (heard, pinged) = (Instant::now(), false);
            if is_in_place {
                in_place = Some(n);
            } else {
                input = &mut buf[..n];
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Has every thread close its connection, and ends the process.
    fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let clients = self.clients();
        // Either all have left or time is up: it makes no difference now.
        let _ = self.client_left.wait_timeout_while(clients, STOP_TIMEOUT, |number| *number > 0);
        process::exit(0);
    }

    fn clients(&self) -> MutexGuard<'_, usize> {
        // A number cannot be left half changed by a thread that panics.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's place among the others, for as long as this value lives.
struct Place {
    server: Arc<Server>,
    /// How many clients there were with it.
    number: usize,
}

impl Place {
    fn take(server: &Arc<Server>) -> Self {
        let mut clients = server.clients();
        *clients += 1;
        Self { server: Arc::clone(server), number: *clients }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.server.clients() -= 1;
        self.server.client_left.notify_all();
    }
}

/// Reads for one tick at most; `None` if nothing came.
fn read(stream: &mut TcpStream, buf: &mut [u8]) -> io::Result<Option<usize>> {
    match stream.read(buf) {
        Ok(n) => Ok(Some(n)),
        Err(error) => match error.kind() {
            // What a timeout is called depends on the system.
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}

/// Writes a frame's header and its payload with as few calls as the socket takes.
fn write_all(stream: &mut TcpStream, header: &[u8], payload: &[u8]) -> io::Result<()> {
    let stalled = || io::Error::new(ErrorKind::TimedOut, "it does not read what is sent to it");
    // The socket's timeout is for each call, and is no help against a client that reads a byte now
    // and then; so there is one for all of it.
    let seconds = payload.len() / LEAST_BYTES_PER_SECOND;
    let deadline = Instant::now() + STALL_TIMEOUT + Duration::from_secs(seconds as u64);
    let mut parts = &mut [IoSlice::new(header), IoSlice::new(payload)][..];
    loop {
        match stream.write_vectored(parts) {
            Ok(n) => IoSlice::advance_slices(&mut parts, n),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock | ErrorKind::TimedOut => return Err(stalled()),
                _ => return Err(error),
            },
        }
        if parts.iter().all(|part| part.is_empty()) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(stalled());
        }
    }
}
