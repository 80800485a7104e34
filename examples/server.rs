//! An echo server fit for a public network, built on threads and sockets alone.
//!
//! It sends every message back as one message, and a browser that requests `/` gets a page to try
//! it with: `cargo run --release --example server`, then open <http://127.0.0.1:9001/>.
//!
//! Behind a proxy that terminates TLS, pass the page's origin with `--origin`: `examples/README.md`
//! has an nginx configuration for that, and lists what a client can cost the server.
//!
//! The codec handles the protocol. The server decides who may connect, how long to wait for
//! anything, and how to end. Each client has a thread, which reads with a short timeout, so that it
//! checks its deadlines a few times a second.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use lexopt::Parser;

#[path = "server/allocator.rs"]
mod allocator;
#[path = "server/args.rs"]
mod args;
#[path = "server/clock.rs"]
mod clock;
#[path = "common/deflate.rs"]
mod deflate;
#[path = "server/echo.rs"]
mod echo;
#[path = "server/handshake.rs"]
mod handshake;
#[path = "common/linger.rs"]
mod linger;
#[path = "server/output.rs"]
mod output;

use args::{Settings, USAGE};
use echo::echo;
use handshake::shake_hands;
use output::Output;

/// How often a thread checks its deadlines while its client is silent.
const TICK: Duration = Duration::from_millis(200);
/// How long all closing handshakes together may take when the server ends.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Buffers are on the heap; parsing a head needs the most stack.
const STACK: usize = 128 << 10;
/// Clients beyond the limit that get a 503; further ones are dropped without a response.
const MAX_REFUSED: usize = 64;

fn main() -> ExitCode {
    let settings = match Settings::parse(Parser::from_env()) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            let _ = write!(io::stdout(), "{USAGE}{}", deflate::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprint!("server: {problem}\n\n{USAGE}{}", deflate::USAGE);
            return ExitCode::from(2);
        }
    };
    allocator::save_memory();
    match run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The state shared by all threads.
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
    // The program that started this one may be waiting for this line.
    let mut stdout = io::stdout();
    writeln!(stdout, "listening: open http://{}/ in a browser", listener.local_addr()?)?;
    stdout.flush()?;
    loop {
        match listener.accept() {
            Ok((stream, peer)) => server.admit(stream, peer),
            Err(error) => {
                // Most likely no file descriptors are left; some will soon be free again.
                eprintln!("server: cannot accept: {error}");
                thread::sleep(TICK);
            }
        }
    }
}

impl Server {
    /// Starts a thread for a client.
    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let place = Place::take(self);
        if place.number > self.settings.max_connections.saturating_add(MAX_REFUSED) {
            return;
        }
        // The thread owns the place, so the place becomes free however the thread ends.
        let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
            if let Err(error) = place.server.serve(&stream, &place) {
                eprintln!("server: {peer}: {error}");
            }
        });
        if let Err(error) = thread {
            eprintln!("server: {peer}: no thread for it: {error}");
        }
    }

    /// Serves one client, from its request to the end of TCP.
    fn serve(&self, stream: &TcpStream, place: &Place) -> Result<(), Box<dyn Error>> {
        // Frames are already batched, and should be sent at once.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        let mut output = Output::new(stream, self.settings.stall);
        let full = place.number > self.settings.max_connections;
        let settings = (!full && !self.is_stopping()).then_some(&self.settings);
        let outcome = match shake_hands(stream, &mut output, settings) {
            Ok(Some((mut ws, early))) => echo(self, stream, &mut output, &mut ws, &early),
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        // "the server [...] MUST close the TCP connection" first (RFC 6455 §7.1.1), and its last
        // output, such as a Close frame, should still arrive.
        linger::linger(stream);
        outcome
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Makes every thread close its connection, and ends the process.
    fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let clients = self.clients();
        // Either all clients have left or time is up: the result no longer matters.
        let _ = self.client_left.wait_timeout_while(clients, STOP_TIMEOUT, |number| *number > 0);
        process::exit(0);
    }

    fn clients(&self) -> MutexGuard<'_, usize> {
        // A panicking thread cannot leave a number half changed.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's place among the others, for as long as this value lives.
struct Place {
    server: Arc<Server>,
    /// The number of clients, including this one.
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

/// Reads for one tick at most; returns `None` if no data arrived.
fn read(mut stream: impl Read, buf: &mut [u8]) -> io::Result<Option<usize>> {
    match stream.read(buf) {
        Ok(n) => Ok(Some(n)),
        Err(error) => match error.kind() {
            // The error kind of a timeout depends on the system.
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}
