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
use std::num::NonZeroU32;
use std::ops::Range;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

use rfc6455::handshake::{
    Acceptance, HandshakeError, HandshakeLimits, Rejection, Request, ServerHandshake,
};
use rfc6455::{CloseCode, Connection, Incoming, Limits, MessageBuffer};

#[path = "common/compression.rs"]
mod compression;
#[path = "common/linger.rs"]
mod linger;

use compression::{Compression, Policy};

const USAGE: &str = "\
Usage: server [OPTIONS]

Sends every WebSocket message back, and serves a page to try it with.

Options:
  --listen ADDRESS       where to listen (default: 127.0.0.1:9001; port 0: any that is free)
  --max-message BYTES    longest message to accept (default: 16777216)
  --max-connections N    most clients at a time (default: 1000)
  --idle SECONDS         ping a client that is silent for so long, and drop it if it stays
                         silent for as long again (default: 30)
  --help                 show this

Ctrl-C, or SIGTERM, closes every connection with 1001 and ends the server.
";

/// The page, which needs nothing from elsewhere.
const PAGE: &str = include_str!("server.html");

/// How often a thread looks at its deadlines while its client is silent.
const TICK: Duration = Duration::from_millis(200);
/// For the whole head of a request.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// For the answer to our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// For all closing handshakes together when the server ends.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a client may take nothing of what is written to it.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// What a client must take in a second, on average, of a message that is written to it.
const LEAST_BYTES_PER_SECOND: usize = 16 << 10;

const MAX_HEAD: usize = 8 << 10;
const READ_BUFFER: usize = 32 << 10;
/// Buffers are on the heap; the deepest a thread gets is the parsing of a head.
const STACK: usize = 128 << 10;
/// Clients beyond the limit that are told so; those beyond these are dropped without a word.
const MAX_REFUSED: usize = 64;

fn main() -> ExitCode {
    let settings = match Settings::from_args(env::args().skip(1)) {
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

struct Settings {
    listen: String,
    max_message: u64,
    max_connections: usize,
    idle: Duration,
    compression: Policy,
}

impl Settings {
    /// The settings, or `None` if help is asked for.
    fn from_args(mut args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut settings = Self {
            listen: "127.0.0.1:9001".to_string(),
            max_message: Limits::DEFAULT.max_message,
            max_connections: 1000,
            idle: Duration::from_secs(30),
            compression: Policy::DEFAULT,
        };
        while let Some(option) = args.next() {
            if option == "--help" || option == "-h" {
                return Ok(None);
            }
            if compression::option(&mut settings.compression, &option, &mut args)? {
                continue;
            }
            let mut value = || args.next().ok_or_else(|| format!("{option} needs a value"));
            let invalid = |value: &str| format!("{value:?} is no number that {option} takes");
            match option.as_str() {
                "--listen" => settings.listen = value()?,
                "--max-message" => {
                    let value = value()?;
                    settings.max_message = value.parse().map_err(|_| invalid(&value))?;
                }
                "--max-connections" => {
                    let value = value()?;
                    settings.max_connections = value.parse().map_err(|_| invalid(&value))?;
                }
                "--idle" => {
                    let value = value()?;
                    let seconds: NonZeroU32 = value.parse().map_err(|_| invalid(&value))?;
                    settings.idle = Duration::from_secs(seconds.get().into());
                }
                _ => return Err(format!("there is no option {option:?}")),
            }
        }
        Ok(Some(settings))
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

/// Reads a request and answers it: with a refusal, if there is no policy for it. If it is a WebSocket
/// now, tells where in `buf` that begins.
fn shake_hands(
    stream: &mut TcpStream,
    buf: &mut [u8],
    policy: Option<Policy>,
) -> io::Result<Option<(Range<usize>, Compression)>> {
    let deadline = Instant::now() + HANDSHAKE_TIMEOUT;
    let mut storage = vec![0; MAX_HEAD];
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    // It is for the whole head: a byte now and then does not put it off.
    while Instant::now() < deadline {
        let n = match read(stream, buf)? {
            None => continue,
            Some(0) => return Ok(None),
            Some(n) => n,
        };
        let mut input = &mut buf[..n];
        match handshake.receive(&mut input) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let (response, upgraded) = answer(&request, policy);
                write_all(stream, &response, &[])?;
                // Whatever follows the head is the first of the WebSocket.
                return Ok(upgraded.map(|compression| (n - input.len()..n, compression)));
            }
            Err(error) => {
                write_all(stream, error.response(), &[])?;
                return Ok(None);
            }
        }
    }
    write_all(stream, &response(408, &[], ""), &[])?;
    Ok(None)
}

/// The response to a request, and how to compress if it opens a WebSocket.
fn answer(request: &Request<'_>, policy: Option<Policy>) -> (Vec<u8>, Option<Compression>) {
    let Some(policy) = policy else {
        return (response(503, &[("Retry-After", "5")], "too many clients\n"), None);
    };
    let upgrade = match request.upgrade() {
        Ok(upgrade) => upgrade,
        Err(HandshakeError::NotAnUpgrade) => return (page(request), None),
        Err(error) => return (error.response().to_vec(), None),
    };
    // A page from anywhere can have its visitor's browser connect to us, with our cookies and from
    // inside the visitor's network; only `Origin` tells. Whoever sends none is not a browser.
    //
    // Our own page comes from the host that it connects to. That suffices for an echo, which has
    // no secrets. A server that has some also knows its names, and says so with `require_origin`:
    // an attacker's page may well be at a name that leads here.
    if request.origin().is_some() {
        let host = request.host().unwrap_or_default();
        if !upgrade.origin_is(&format!("http://{host}")) {
            return (HandshakeError::OriginNotAllowed.response().to_vec(), None);
        }
    }
    let (extensions, compression) = policy.accept(&upgrade);
    let acceptance = Acceptance { extensions: extensions.as_deref(), ..Acceptance::default() };
    let mut out = vec![0; 512];
    match upgrade.accept(&acceptance, &mut out) {
        Ok(len) => {
            out.truncate(len);
            (out, Some(compression))
        }
        Err(_) => (response(500, &[], ""), None),
    }
}

/// The response to a request that is not for a WebSocket.
fn page(request: &Request<'_>) -> Vec<u8> {
    if request.method() != "GET" {
        return HandshakeError::MethodNotGet.response().to_vec();
    }
    if request.path() != "/" {
        return response(404, &[("Content-Type", "text/plain")], "There is only one page: /\n");
    }
    let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-cache"),
        (
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
             connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
        ("X-Content-Type-Options", "nosniff"),
    ];
    response(200, &headers, PAGE)
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut out = vec![0; 1024 + body.len()];
    let len = Rejection { status, headers, body: body.as_bytes() }
        .write(&mut out)
        .expect("our own headers are valid and fit");
    out.truncate(len);
    out
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
