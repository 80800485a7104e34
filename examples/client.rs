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
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, mem, thread};

use lexopt::Parser;
use rfc6455::{
    Client, CloseCode, ControlFrame, Eof, Event, Fragment, FrameKind, Limits, MessageKind, Reply,
    SendError,
};

use args::{Settings, USAGE};
use common::compression::{self, Compression};
use common::linger::linger;
use common::url::{Url, UrlError};
use common::{ConnectError, Keys, Opened};
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
const BUFFER: usize = 64 << 10;

fn main() -> ExitCode {
    match Settings::parse(Parser::from_env()).map_err(Failure::Usage).and_then(|settings| {
        match settings {
            Some(settings) => run(&settings),
            None => Ok(write!(io::stdout(), "{USAGE}{}", compression::USAGE)?),
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
            Self::Usage(problem) => write!(f, "{problem}\n\n{USAGE}{}", compression::USAGE),
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
    // No received data is kept, so no limit is needed.
    let Opened { stream, ws, early, compression } =
        common::connect(&url, Limits::UNLIMITED, settings.compression).map_err(Failure::Connect)?;
    let (inflate, compress) = compression.into_split();
    stream.set_write_timeout(Some(STALL_TIMEOUT))?;
    eprintln!("client: connected");

    let (receiver, sender) = ws.into_split();
    let shared = Arc::new(Shared::default());
    // A small channel keeps the input from being read faster than the network accepts it.
    let (orders, to_do) = mpsc::sync_channel(1);
    let (alive, writer_ended) = mpsc::channel();
    let start = Instant::now();
    let out = BufWriter::with_capacity(BUFFER, stream.try_clone()?);
    let mut writer = Writer { sender, compress, out, shared: Arc::clone(&shared), start };
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

    let reader = Reader { receiver, inflate, stream, shared, orders, start, writer_ended };
    reader.run(early, Printer::new(settings.raw))
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
    sender: rfc6455::SendHalf<Client<Keys>>,
    compress: Compression,
    /// A buffer, so that a header and a short payload are written together.
    out: BufWriter<TcpStream>,
    shared: Arc<Shared>,
    /// The start of the clock; Pings carry the time since then.
    start: Instant,
}

impl Writer {
    /// Carries out orders until the Close is sent.
    fn run(&mut self, orders: &Receiver<Order>) {
        for order in orders {
            let done = self.answer().and_then(|()| self.carry_out(order));
            if let Err(error) = done {
                self.shared.fail(Failure::Abnormal(Some(error)));
                // This wakes the thread that reads.
                let _ = self.out.get_ref().shutdown(Shutdown::Both);
                return;
            }
            if self.sender.is_close_sent() {
                break;
            }
        }
        // "a client SHOULD wait for the server to close the connection" (RFC 6455 §7.1.1): the
        // other thread does that, but not forever.
        if let Ok(stream) = self.out.get_ref().try_clone() {
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
        match order {
            Order::Look => Ok(()),
            Order::Text(line) => {
                if self.compressed(&*line)? {
                    return Ok(());
                }
                self.frame(FrameKind::whole(MessageKind::Text), &mut line.into_bytes())
            }
            Order::File(file) => self.file(file),
            Order::Ping => {
                let nanos = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                let frame = self.sender.ping(&nanos.to_be_bytes());
                self.control(frame)
            }
            Order::Close => {
                let frame = self.sender.close(CloseCode::NORMAL, "");
                self.control(frame)
            }
        }
    }

    /// Writes the reply that the receiving half requests, if there is one.
    fn answer(&mut self) -> io::Result<()> {
        let reply = lock(&self.shared.reply).take();
        match reply.map(|reply| self.sender.reply(&reply)) {
            // After our Close, no reply is needed any more.
            None | Some(Err(SendError::Closed)) => Ok(()),
            Some(frame) => self.control(frame),
        }
    }

    /// Sends a file as one message, in fragments, so that Pings can be answered between them.
    fn file(&mut self, mut file: File) -> io::Result<()> {
        let mut piece = vec![0; BUFFER];
        let whole = FrameKind::whole(MessageKind::Binary);
        let mut begun = false;
        loop {
            let n = match file.read(&mut piece) {
                Ok(n) => n,
                Err(error) => {
                    // Fragments already sent cannot be revoked, so leave the message unfinished.
                    self.shared.fail(error);
                    let frame = self.sender.close(CloseCode::INTERNAL_ERROR, "");
                    return self.control(frame);
                }
            };
            let fragment = Fragment::from(&piece[..n]);
            let (kind, fragment) = match (begun, n) {
                (false, 0) => (whole, fragment),
                (false, _) => (whole.first(), fragment.first()),
                (true, 0) => (whole.last(), fragment.last()),
                (true, _) => (whole.middle(), fragment.middle()),
            };
            if !self.compressed(fragment)? {
                self.frame(kind, &mut piece[..n])?;
            }
            self.answer()?;
            if n == 0 || self.sender.is_close_sent() {
                return Ok(());
            }
            begun = true;
        }
    }

    /// Writes a data frame compressed, if the server has agreed to compression.
    fn compressed<'a>(&mut self, fragment: impl Into<Fragment<'a>>) -> io::Result<bool> {
        let mut frame = Vec::new();
        let sent = self.compress.send(&mut self.sender, fragment, &mut frame);
        if !sent.map_err(io::Error::other)? {
            return Ok(false);
        }
        self.out.write_all(&frame).map_err(stalled)?;
        self.out.flush().map_err(stalled)?;
        Ok(true)
    }

    /// Writes a data frame, and masks its payload in place.
    fn frame(&mut self, kind: FrameKind, payload: &mut [u8]) -> io::Result<()> {
        let len = payload.len() as u64;
        let header = self.sender.begin_frame(kind, len).map_err(io::Error::other)?;
        self.sender.frame_payload(payload).map_err(io::Error::other)?;
        self.out.write_all(&header).map_err(stalled)?;
        self.out.write_all(payload).map_err(stalled)?;
        self.out.flush().map_err(stalled)
    }

    fn control(&mut self, frame: Result<ControlFrame, SendError>) -> io::Result<()> {
        self.out.write_all(&frame.map_err(io::Error::other)?).map_err(stalled)?;
        self.out.flush().map_err(stalled)
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
    receiver: rfc6455::ReceiveHalf<Client<Keys>>,
    inflate: Compression,
    stream: TcpStream,
    shared: Arc<Shared>,
    orders: SyncSender<Order>,
    start: Instant,
    /// Closed when the sending thread has ended.
    writer_ended: Receiver<()>,
}

impl Reader {
    /// Prints messages until the connection ends, and returns how it ended.
    fn run(mut self, mut early: Vec<u8>, mut printer: Printer) -> Result<(), Failure> {
        let mut buf = vec![0; BUFFER];
        let mut inflate = mem::take(&mut self.inflate);
        let mut input = &mut early[..];
        loop {
            while let Some(event) = inflate.receive(&mut self.receiver, &mut input).transpose() {
                self.pass_on_reply();
                match event {
                    Ok(Event::Data(chunk)) => printer.print(&chunk)?,
                    Ok(Event::Pong) => self.show_latency(),
                    Ok(Event::Ping | Event::Close(_)) => {}
                    Err(error) => {
                        // The server should receive our Close with the error before we exit.
                        let _ = self.writer_ended.recv_timeout(CLOSE_TIMEOUT);
                        linger(&self.stream);
                        return Err(Failure::Protocol(error));
                    }
                }
            }
            let received = self.stream.read(&mut buf);
            self.shared.reads.fetch_add(1, Ordering::Relaxed);
            match received {
                Ok(0) => return self.end(None),
                Ok(n) => input = &mut buf[..n],
                Err(error) if error.kind() == ErrorKind::Interrupted => input = &mut [],
                Err(error) => return self.end(Some(error)),
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

    fn show_latency(&self) {
        // A Pong echoes the payload of our Ping, unless the server made it up.
        let Ok(sent) = self.receiver.control_payload().try_into() else { return };
        let sent = Duration::from_nanos(u64::from_be_bytes(sent));
        if let Some(latency) = self.start.elapsed().checked_sub(sent) {
            eprintln!("client: Pong after {:.3} ms", latency.as_secs_f64() * 1e3);
        }
    }

    /// Handles the end of the input.
    fn end(&mut self, error: Option<io::Error>) -> Result<(), Failure> {
        let eof = self.receiver.receive_eof();
        // After both Close frames, it does not matter how TCP ends.
        if eof == Eof::Clean {
            match self.receiver.close_frame() {
                Some(close) => eprintln!("client: closed: {:?} {:?}", close.code, close.reason),
                None => eprintln!("client: closed, without a code"),
            }
        }
        let code = self.receiver.close_frame().map(|close| close.code);
        match (eof, lock(&self.shared.failure).take()) {
            // An error on our side is why the connection ends, however it ends.
            (_, Some(failure @ Failure::Local(_))) => Err(failure),
            (Eof::Abnormal, failure) => Err(failure.unwrap_or(Failure::Abnormal(error))),
            (Eof::Clean, _) => match code {
                None | Some(CloseCode::NORMAL | CloseCode::GOING_AWAY) => Ok(()),
                Some(code) => Err(Failure::ClosedWith(code)),
            },
        }
    }
}
