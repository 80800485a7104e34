//! Sends the lines of its input as text messages, and prints the messages that arrive.
//!
//! `cargo run --release -- wss://echo.example/`
//!
//! Both directions run at the same time: the main thread owns the receiving half of the
//! connection, another thread the sending half, and they share no codec and no lock on one. The
//! replies that the protocol requires, to a Ping or a Close, are values passed between them.
//!
//! Messages of any length need constant memory: they are printed as they arrive, and a
//! file is sent as it is read.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{fmt, thread};

use lexopt::Parser;
use rfc6455::handshake::Offer;
use rfc6455::websocket::Config;
use rfc6455::{CloseCode, Limits, Reply};

use args::{Settings, USAGE};
use common::url::{Url, UrlError};
use common::{ConnectError, Opened, deflate};
use input::Lines;
use printer::Printer;
use reader::Reader;
use stream::Both;
use terminal::{Mode, Terminal};
use writer::{Order, Writer};

mod args;
#[path = "../../common/mod.rs"]
mod common;
mod escape;
mod input;
mod json;
mod printer;
mod reader;
mod stream;
mod terminal;
mod writer;

/// How long the server may stay silent after our Close, without data or the end of TCP.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the server may accept none of our output.
const STALL_TIMEOUT: Duration = Duration::from_mins(1);
/// How long the terminal may take to show the last lines.
const LAST_LINES: Duration = Duration::from_millis(50);
/// The longest message that a person sees whole.
const WHOLE: u64 = 1 << 20;
/// Messages are printed as they arrive, and not put together: no limit is needed. The main thread
/// does not send, and the other writes all it has before it takes an order.
const CONFIG: Config = Config::DEFAULT.limits(Limits::UNLIMITED).high_water(usize::MAX);

fn main() -> ExitCode {
    match Settings::parse(Parser::from_env()).map_err(Failure::Usage).and_then(|settings| {
        match settings {
            Some(settings) => run(&settings),
            None => Ok(write!(io::stdout(), "{USAGE}{}", deflate::USAGE)?),
        }
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("wsc: {failure}");
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
    let file = settings.binary.as_deref().map(input::open).transpose()?;
    let is_interactive = io::stdin().is_terminal() && io::stdout().is_terminal();

    let (mut input, mut output) = stream::connect(&url, settings.authorities.as_deref())
        .map_err(|error| Failure::Connect(ConnectError::Unreachable(error)))?;
    let socket = input.socket.try_clone()?;
    let protocols: Vec<&str> = settings.protocols.iter().map(String::as_str).collect();
    let headers: Vec<(&str, &str)> =
        settings.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let offer = Offer::new(&url.authority, &url.target)
        .subprotocols(&protocols)
        .headers(&headers)
        .origin(settings.origin.as_deref());
    // A person sees a whole message, if it is short, and a program gets it as it arrives.
    let config = CONFIG.stream_above(if is_interactive { WHOLE } else { 0 });
    let Opened { ws, early, subprotocol } = common::shake_hands(
        Both(&mut input, &mut output),
        &socket,
        offer,
        config,
        settings.deflate,
    )
    .map_err(Failure::Connect)?;
    socket.set_write_timeout(Some(STALL_TIMEOUT))?;
    match subprotocol {
        Some(name) => eprintln!("wsc: connected, with the subprotocol {name}"),
        None => eprintln!("wsc: connected"),
    }

    let _mode = is_interactive.then(Mode::save);
    let (lines, shown) = if is_interactive {
        let (terminal, above) = Terminal::open(settings.history.as_deref())?;
        (Lines::Terminal(Box::new(terminal)), printer::Output::Terminal(above, Vec::new()))
    } else {
        (Lines::Pipe, printer::Output::Pipe(io::stdout().lock()))
    };

    let (receiver, sender) = ws.into_split();
    let shared = Arc::new(Shared::default());
    // A small channel keeps the input from being read faster than the network accepts it.
    let (orders, to_do) = mpsc::sync_channel(1);
    let (alive, writer_ended) = mpsc::channel();
    let start = Instant::now();
    let mut writer = Writer { sender, output, shared: Arc::clone(&shared), start };
    thread::spawn(move || {
        let _alive: mpsc::Sender<()> = alive;
        writer.run(&to_do);
    });
    if settings.ping {
        input::ping(orders.clone());
    }
    thread::spawn({
        let (orders, shared, wait) = (orders.clone(), Arc::clone(&shared), settings.wait);
        move || {
            // If no thread takes an order, the connection is closing.
            if file.is_none_or(|file| orders.send(Order::File(file)).is_ok()) {
                lines.send(&orders, &shared);
            }
            // A server may answer the Close before the messages that preceded it.
            thread::sleep(wait);
            let _ = orders.send(Order::Close(CloseCode::NORMAL, String::new()));
        }
    });

    let reader = Reader { receiver, input, shared, orders, start, writer_ended };
    let outcome = reader.run(&early, Printer::new(shown, settings.raw));
    if is_interactive {
        // The editor's thread prints what arrived last.
        thread::sleep(LAST_LINES);
    }
    outcome
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
