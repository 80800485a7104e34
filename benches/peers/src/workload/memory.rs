//! Bytes of heap that an open connection holds, its own value included.
//!
//! Buffers that the caller lends for one call, such as that of a read, are not counted: one serves
//! all connections of a thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

use super::broadcast;
use crate::peer::{About, Receive, Sink};
use crate::source::{SHORT_READ, Source};
use crate::wire::{self, BINARY, FIN, Keys};

/// The system's allocator, which counts in this workload alone.
///
/// In the others it costs 1 ns for an allocation and its end: 15.4 ns instead of 14.2. The crate
/// `allocation-counter` always counts, and takes 23.3 ns, which only contenders that allocate for
/// each message would pay.
struct Counting;

static COUNTING: AtomicBool = AtomicBool::new(false);
static HELD: AtomicI64 = AtomicI64::new(0);

fn count(bytes: i64) {
    if COUNTING.load(Relaxed) {
        HELD.fetch_add(bytes, Relaxed);
    }
}

pub fn signed(bytes: usize) -> i64 {
    bytes.cast_signed() as i64
}

// SAFETY: Every call is passed unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: The caller upholds the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: The caller upholds the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: The caller upholds the contract.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(signed(new_size) - signed(layout.size()));
        // SAFETY: The caller upholds the contract.
        unsafe { System.realloc(at, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the bytes of heap that a piece of work leaves allocated.
pub fn held_by<T>(work: impl FnOnce() -> T) -> (T, i64) {
    HELD.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let result = work();
    COUNTING.store(false, Relaxed);
    (result, HELD.load(Relaxed))
}

struct Discard;

impl Sink for Discard {
    fn piece(&mut self, bytes: &[u8], _: bool) {
        std::hint::black_box(bytes);
    }
}

fn masked(len: usize) -> Source {
    let mut stream = Vec::new();
    wire::frame(&mut stream, FIN | BINARY, &wire::binary(len), Some(Keys::new().next()));
    Source::new(stream, 1)
}

/// The stages: open, after a small message, and after a large one.
const STAGES: [(&str, Option<usize>); 3] =
    [("open", None), ("after 32 B", Some(32)), ("after 1 MiB", Some(1 << 20))];

/// A peer, and the bytes held at each stage.
struct Figures {
    about: About,
    held: [i64; 3],
}

fn figures<R: Receive>(connections: usize) -> Figures {
    let held = STAGES.map(|(_, message)| {
        let source = masked(message.unwrap_or(1));
        // A contender that keeps 1 MiB per connection would otherwise need 10 GiB.
        let connections =
            if message > Some(1 << 16) { connections.div_ceil(100) } else { connections };
        let (all, bytes) = held_by(|| {
            let mut all = Vec::with_capacity(connections);
            for _ in 0..connections {
                let mut peer = R::new(source.clone(), false);
                if message.is_some() {
                    peer.receive(&mut Discard);
                }
                all.push(peer);
            }
            all
        });
        let lent: usize = all.iter().map(Receive::lent).sum();
        let bytes = bytes - signed(lent) - signed(connections * size_of::<Source>());
        bytes / signed(connections)
    });
    Figures { about: R::ABOUT, held }
}

pub fn report(quick: bool) -> String {
    use crate::peer::*;
    let connections = if quick { 1000 } else { 10_000 };
    let all = [
        figures::<ours::Chunks<SHORT_READ>>(connections),
        figures::<layer::Messages<false>>(connections),
        figures::<layer::Owned>(connections),
        figures::<tungstenite::Server>(connections),
        figures::<fastwebsockets::Server>(connections),
        figures::<tokio_websockets::Server>(connections),
        figures::<soketto::Server>(connections),
        figures::<sockudo::Stream>(connections),
        figures::<websocket_sans_io::Server>(connections),
    ];
    let mut text = format!("Bytes held by each of {connections} connections\n{:34}", "");
    for (stage, _) in STAGES {
        write!(text, " {stage:>12}").unwrap();
    }
    for Figures { about, held } in all {
        write!(text, "\n{:34}", about.name).unwrap();
        for bytes in held {
            write!(text, " {bytes:>12}").unwrap();
        }
    }
    text += "\n";
    write!(text, "\nBytes that each of them queues for a broadcast of 1 KiB\n").unwrap();
    for (name, bytes) in broadcast::queued(connections) {
        writeln!(text, "{name:34} {bytes:>12}").unwrap();
    }
    text
}
