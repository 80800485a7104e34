//! Bytes of heap that a connection's compression holds, its own value included.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::peer::{self, Receive, Send};
use crate::source::{Output, Source};

/// The system's allocator, with a count.
struct Counting;

static HELD: AtomicI64 = AtomicI64::new(0);

fn count(bytes: usize, sign: i64) {
    HELD.fetch_add(bytes.cast_signed() as i64 * sign, Relaxed);
}

// SAFETY: Everything is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: As the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: As the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a value and its heap hold: as made, and after one message of 1 KiB.
fn held<T>(make: impl FnOnce() -> T, one: impl FnOnce(&mut T)) -> [i64; 2] {
    let before = HELD.load(Relaxed);
    let mut value = make();
    let size = size_of::<T>().cast_signed() as i64;
    let idle = HELD.load(Relaxed) - before + size;
    one(&mut value);
    [idle, HELD.load(Relaxed) - before + size]
}

fn row<S: Send, R: Receive>(text: &mut String, name: &str, takeover: bool) {
    let texts = crate::json::messages(1 << 10, 1);
    let output = Output::default();
    let stream = {
        let mut sender = peer::ours::Sender::new(takeover, output.clone());
        output.record(|| sender.send(&texts))
    };
    let source = Source::new(stream, 1);
    let sender = held(|| S::new(takeover, output.clone()), |sender| sender.send(&texts));
    let receiver = held(
        || R::new(takeover, source.clone()),
        |receiver| receiver.receive(&mut |message| _ = std::hint::black_box(message)),
    );
    let how = if takeover { "yes" } else { "no" };
    writeln!(
        text,
        "| {name} | {how} | {} | {} | {} | {} |",
        sender[0], sender[1], receiver[0], receiver[1]
    )
    .unwrap();
}

pub fn report() -> String {
    let mut text = String::from(
        "| bytes held | takeover | sender, made | after 1 KiB | receiver, made | after 1 KiB |\n\
         |---|---|---:|---:|---:|---:|\n",
    );
    for takeover in [true, false] {
        row::<peer::ours::Sender, peer::ours::Receiver>(&mut text, "rfc6455", takeover);
        row::<peer::bare::Sender, peer::bare::Receiver>(&mut text, "limit: zlib-rs", takeover);
        row::<peer::sockudo::Sender, peer::sockudo::Receiver>(&mut text, "sockudo-ws", takeover);
        row::<peer::yawc::Sender, peer::yawc::Receiver>(&mut text, "yawc", takeover);
        #[cfg(feature = "soketto")]
        if !takeover {
            row::<peer::soketto::Sender, peer::soketto::Receiver>(&mut text, "soketto", takeover);
        }
    }
    text
}
