//! The echo servers, each a process of its own.

mod external;
mod fastwebsockets;
mod floor;
mod rfc6455_tokio;
mod sockudo;
mod tokio_websockets;
mod tungstenite;

use std::future::Future;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};

use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use rfc6455_reactor::{Echo, Protocol, Reactor};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Reply;

pub use external::External;

/// A server in this program.
pub struct Builtin {
    pub name: &'static str,
    pub note: &'static str,
    pub reply: Reply,
    /// Whether it has permessage-deflate.
    pub compresses: bool,
    serve: fn() -> io::Result<()>,
}

pub const FLOOR: &str = "floor";

/// The most messages that a server over tokio takes before it answers.
const BATCH: usize = 64;

pub const BUILTIN: &[Builtin] = &[
    Builtin {
        name: FLOOR,
        note: "echoes raw bytes through the loop of our reactor",
        reply: Reply::Bytes,
        compresses: false,
        serve: react::<floor::Bytes>,
    },
    Builtin {
        name: "rfc6455, reactor",
        note: "`examples/reactor` over mio",
        reply: Reply::Messages,
        compresses: true,
        serve: react::<Echo>,
    },
    #[cfg(target_os = "linux")]
    Builtin {
        name: "floor, io_uring",
        note: "echoes raw bytes through the loop of our reactor over io_uring",
        reply: Reply::Bytes,
        compresses: false,
        serve: ring::<floor::Bytes>,
    },
    #[cfg(target_os = "linux")]
    Builtin {
        name: "rfc6455, reactor, io_uring",
        note: "`examples/reactor --io-uring`",
        reply: Reply::Messages,
        compresses: true,
        serve: ring::<Echo>,
    },
    Builtin {
        name: "rfc6455-tokio",
        note: "`crates/tokio`",
        reply: Reply::Messages,
        compresses: true,
        serve: rfc6455_tokio::serve,
    },
    Builtin {
        name: "tokio-tungstenite",
        note: "default settings: buffers of 128 KiB",
        reply: Reply::Messages,
        compresses: false,
        serve: || tungstenite::serve(None),
    },
    Builtin {
        name: "tokio-tungstenite, 4 KiB",
        note: "the same with a read buffer of 4 KiB, as its documentation advises for many connections",
        reply: Reply::Messages,
        compresses: false,
        serve: || tungstenite::serve(Some(4 << 10)),
    },
    Builtin {
        name: "tokio-websockets",
        note: "",
        reply: Reply::Messages,
        compresses: false,
        serve: tokio_websockets::serve,
    },
    Builtin {
        name: "fastwebsockets",
        note: "over hyper; it writes each message with a call of its own",
        reply: Reply::Messages,
        compresses: false,
        serve: fastwebsockets::serve,
    },
    Builtin {
        name: "sockudo-ws",
        note: "",
        reply: Reply::Messages,
        compresses: true,
        serve: sockudo::serve,
    },
];

/// Runs a server until the process is stopped.
pub fn serve(name: &str) -> io::Result<()> {
    match BUILTIN.iter().find(|server| server.name == name) {
        Some(server) => (server.serve)(),
        None => Err(io::Error::other("there is no such server")),
    }
}

/// Prints where a server listens, for the process that started it.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "listening: {address}")?;
    stdout.flush()
}

fn react<P: Protocol>() -> io::Result<()> {
    let mut reactor = Reactor::<P>::bind((Ipv4Addr::LOCALHOST, 0))?;
    announce(reactor.local_addr()?)?;
    reactor.run()
}

#[cfg(target_os = "linux")]
fn ring<P: Protocol>() -> io::Result<()> {
    let mut ring = rfc6455_reactor::Ring::<P>::bind((Ipv4Addr::LOCALHOST, 0))?;
    announce(ring.local_addr()?)?;
    ring.run()
}

/// Runs a server over tokio, on one thread, with a task for each connection.
fn accept<F, T>(mut handle: F) -> io::Result<()>
where
    F: FnMut(TcpStream) -> T,
    T: Future<Output = ()> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        announce(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // A task of a server that is busy with one connection only is not to be interrupted.
            tokio::task::spawn_local(tokio::task::unconstrained(handle(stream)));
        }
    })
}

/// Takes all messages that are there, and then sends them back with one flush.
async fn echo<S, M, E>(mut ws: S, is_data: impl Fn(&M) -> bool)
where
    S: Stream<Item = Result<M, E>> + Sink<M> + Unpin,
{
    let mut batch = Vec::new();
    while let Some(Ok(message)) = ws.next().await {
        batch.push(message);
        let mut ended = false;
        while batch.len() < BATCH && !ended {
            match ws.next().now_or_never() {
                None => break,
                Some(Some(Ok(message))) => batch.push(message),
                Some(_) => ended = true,
            }
        }
        for message in batch.drain(..).filter(|message| is_data(message)) {
            if ws.feed(message).await.is_err() {
                return;
            }
        }
        if ws.flush().await.is_err() || ended {
            return;
        }
    }
}
