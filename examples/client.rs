//! Sends the lines of its input as text messages, and prints the messages that arrive.
//!
//! `cargo run --release --example client -- ws://127.0.0.1:9001/`
//!
//! Both directions run at the same time: the main thread owns the receiving half of the
//! connection, another thread the sending half, and they share no codec and no lock on one. The
//! replies that the protocol requires, to a Ping or a Close, are values passed between them.
//!
//! Messages of any length need constant memory: they are printed as they arrive, and a
//! file is sent as it is read.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, mem, thread};

use lexopt::Parser;
use rfc6455::websocket::{Config, Event};
use rfc6455::{CloseCode, CloseFrame, Eof, Fragment, Limits, Reply, SendError};

use args::{Settings, USAGE};
use common::deflate;
use common::linger::linger;
use common::url::{Url, UrlError};
use common::{ConnectError, Opened, Rx, Tx};
use printer::Printer;

#[path = "client/args.rs"]
mod args;
mod common;
#[path = "client/printer.rs"]
mod printer;

/// How long the server may stay silent after our Close, without data or the end of TCP.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the server may accept none of our output.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// How much of a file is sent in one fragment.
const FRAGMENT: usize = 64 << 10;
/// Messages are printed as they arrive, and not put together: no limit is needed. The main thread
/// does not send, and the other writes all it has before it takes an order.
const CONFIG: Config =
    Config::DEFAULT.limits(Limits::UNLIMITED).stream_above(0).high_water(usize::MAX);

fn main() -> ExitCode {
    match Settings::parse(Parser::from_env()).map_err(Failure::Usage).and_then(|settings| {
        match settings {
            Some(settings) => run(&settings),
            None => Ok(write!(io::stdout(), "{USAGE}{}", deflate::USAGE)?),
        }
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("client: {failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}

/// Why the client failed.
#[derive(Debug)]
enum Failure {
    Local(io::Error),
    Usage(lexopt::Error),
    Url(UrlError),
    Connect(ConnectError),
    Protocol(rfc6455::ProtocolError),
    Abnormal(Option<io::Error>),
    ClosedWith(CloseCode),
}

impl Failure {
    const fn exit_status(&self) -> u8 {
        match self {
            Self::Local(_) => 1,
            Self::Usage(_) => 2,
            Self::Url(_) => 3,
            Self::Connect(ConnectError::Unreachable(_)) => 4,
            Self::Connect(_) => 5,
            Self::Protocol(_) => 6,
            Self::Abnormal(_) => 7,
            Self::ClosedWith(_) => 8,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(error) => write!(f, "{error}"),
            Self::Usage(problem) => write!(f, "{problem}\n\n{USAGE}{}", deflate::USAGE),
            Self::Url(error) => write!(f, "bad URL: {error}"),
            Self::Connect(error) => write!(f, "{error}"),
            Self::Protocol(error) => write!(f, "the server broke the protocol: {error}"),
            Self::Abnormal(None) => f.write_str("the connection ended without a Close"),
            Self::Abnormal(Some(error)) => write!(f, "the connection broke: {error}"),
            Self::ClosedWith(code) => write!(f, "the server is not content: {code:?}"),
        }
    }
}

/// Errors of files and standard streams. Socket errors are classified where they occur.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Local(error)
    }
}

fn run(settings: &Settings) -> Result<(), Failure> {
    let url = Url::parse(&settings.url).map_err(Failure::Url)?;
    let file = match &settings.binary {
        Some(path) => Some(File::open(path).map_err(|error| {
            Failure::Local(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        })?),
        None => None,
    };
    let Opened { stream, ws, early } =
        common::connect(&url, CONFIG, settings.deflate).map_err(Failure::Connect)?;
    stream.set_write_timeout(Some(STALL_TIMEOUT))?;
    eprintln!("client: connected");

    let (receiver, sender) = ws.into_split();
    let shared = Arc::new(Shared::default());
    // A small channel keeps the input from being read faster than the network accepts it.
    let (orders, to_do) = mpsc::sync_channel(1);
    let (alive, writer_ended) = mpsc::channel();
    let start = Instant::now();
    let mut writer =
        Writer { sender, stream: stream.try_clone()?, shared: Arc::clone(&shared), start };
    thread::spawn(move || {
        let _alive: mpsc::Sender<()> = alive;
        writer.run(&to_do);
    });
    if settings.ping {
        ping(orders.clone());
    }
    thread::spawn({
        let (orders, shared, wait) = (orders.clone(), Arc::clone(&shared), settings.wait);
        move || {
            read_input(file, &orders, &shared);
            // A server may answer the Close before the messages that preceded it.
            thread::sleep(wait);
            let _ = orders.send(Order::Close);
        }
    });

    let reader = Reader { receiver, stream, shared, orders, start, writer_ended };
    reader.run(&early, Printer::new(settings.raw))
}

/// What the threads share.
#[derive(Default)]
struct Shared {
    /// The pending reply of the sending half. The latest replaces an earlier one, as the protocol
    /// allows for Pongs, so that a server that pings and does not read costs no memory.
    reply: Mutex<Option<Reply>>,
    /// The number of times that data was received.
    reads: AtomicU64,
    /// The error on our side that ends the connection.
    failure: Mutex<Option<Failure>>,
}

impl Shared {
    fn fail(&self, failure: impl Into<Failure>) {
        lock(&self.failure).get_or_insert(failure.into());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each mutex holds a value that is replaced as a whole, so a panic cannot corrupt it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An order to the sending thread, which checks for a pending reply before each one.
enum Order {
    Look,
    Text(String),
    File(File),
    Ping,
    Close,
}

/// Orders Pings for as long as the sending thread runs.
fn ping(orders: SyncSender<Order>) {
    // Send the first order right here, so that it precedes all others.
    let mut wanted = orders.send(Order::Ping).is_ok();
    thread::spawn(move || {
        while wanted {
            thread::sleep(PING_INTERVAL);
            wanted = orders.send(Order::Ping).is_ok();
        }
    });
}

/// Orders the file and the lines of the input to be sent.
fn read_input(file: Option<File>, orders: &SyncSender<Order>, shared: &Shared) {
    // If no thread takes an order, the connection is closing.
    if file.is_some_and(|file| orders.send(Order::File(file)).is_err()) {
        return;
    }
    for line in io::stdin().lines() {
        match line {
            Ok(line) => {
                if orders.send(Order::Text(line)).is_err() {
                    return;
                }
            }
            Err(error) => return shared.fail(error),
        }
    }
}

/// The sending half, with the thread that writes.
struct Writer {
    sender: Tx,
    stream: TcpStream,
    shared: Arc<Shared>,
    /// The start of the clock; Pings carry the time since then.
    start: Instant,
}

impl Writer {
    /// Carries out orders until the Close is sent.
    fn run(&mut self, orders: &mpsc::Receiver<Order>) {
        for order in orders {
            let done = self.answer().and_then(|()| self.carry_out(order));
            if let Err(error) = done {
                self.shared.fail(Failure::Abnormal(Some(error)));
                // This wakes the thread that reads.
                let _ = self.stream.shutdown(Shutdown::Both);
                return;
            }
            if self.sender.is_close_sent() {
                break;
            }
        }
        // "a client SHOULD wait for the server to close the connection" (RFC 6455 §7.1.1): the
        // other thread does that, but not forever.
        if let Ok(stream) = self.stream.try_clone() {
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
            Order::Ping => {
                let nanos = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.sender.ping(&nanos.to_be_bytes())
            }
            Order::Close => self.sender.close(CloseCode::NORMAL, ""),
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
            let written = self.stream.write(self.sender.transmit()).map_err(stalled)?;
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

/// The receiving half, with the thread that reads.
struct Reader {
    receiver: Rx,
    stream: TcpStream,
    shared: Arc<Shared>,
    orders: SyncSender<Order>,
    start: Instant,
    /// Closed when the sending thread has ended.
    writer_ended: mpsc::Receiver<()>,
}

impl Reader {
    /// Prints messages until the connection ends, and returns how it ended.
    fn run(mut self, early: &[u8], mut printer: Printer) -> Result<(), Failure> {
        let mut input = early.chain(self.stream.try_clone()?);
        let mut code = None;
        loop {
            while let Some(event) = self.receiver.next().transpose() {
                let mut violation = None;
                match event {
                    Ok(Event::Pong(payload)) => show_latency(self.start, payload),
                    Ok(Event::Close(close)) => {
                        code = close.map(|close| close.code);
                        show_close(close);
                    }
                    Ok(event) => printer.print(&event)?,
                    Err(error) => violation = Some(error),
                }
                self.pass_on_reply();
                if let Some(error) = violation {
                    // The server should receive our Close with the error before we exit.
                    let _ = self.writer_ended.recv_timeout(CLOSE_TIMEOUT);
                    linger(&self.stream);
                    return Err(Failure::Protocol(error));
                }
            }
            let received = input.read(self.receiver.read_buf());
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

/// Shows how long a Pong took; it echoes the payload of our Ping, unless the server made it up.
fn show_latency(start: Instant, payload: &[u8]) {
    let Ok(sent) = payload.try_into() else { return };
    let sent = Duration::from_nanos(u64::from_be_bytes(sent));
    if let Some(latency) = start.elapsed().checked_sub(sent) {
        eprintln!("client: Pong after {:.3} ms", latency.as_secs_f64() * 1e3);
    }
}

fn show_close(close: Option<CloseFrame<'_>>) {
    match close {
        Some(CloseFrame { code, reason }) => eprintln!("client: closed: {code:?} {reason:?}"),
        None => eprintln!("client: closed, without a code"),
    }
}
