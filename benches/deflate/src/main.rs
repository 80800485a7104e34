//! Compares this crate with others and with the bare zlib: MB/s of JSON in and out, and bytes held
//! by a connection. Contenders take turns, and the fastest of their rounds counts.

#![allow(clippy::cast_precision_loss, reason = "bytes of a benchmark")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

mod attacks;
mod heap;
mod json;
mod peer;
// Both benchmark packages share one transport in memory.
#[allow(dead_code, reason = "the other package uses more of it")]
#[path = "../../peers/src/source.rs"]
mod source;

use peer::{Receive, Send};
use source::{Output, Source};

const ROUNDS: usize = 30;

/// The messages to send, and their total length.
struct Work {
    takeover: bool,
    texts: Vec<String>,
    bytes: usize,
}

/// A contender in one direction.
struct Contender<'w> {
    name: &'static str,
    pass: Box<dyn FnMut() -> Duration + 'w>,
}

impl Work {
    fn new(len: usize, takeover: bool) -> Self {
        let texts = json::messages(len, (2 << 20) / len);
        Self { takeover, bytes: texts.iter().map(String::len).sum(), texts }
    }

    /// Returns the stream that a sender makes of all messages, verified by our receiver.
    fn stream<S: Send>(&self) -> Source {
        let output = Output::default();
        let mut sender = S::new(self.takeover, output.clone());
        let stream = output.record(|| sender.send(&self.texts));
        let source = Source::new(stream, self.texts.len() as u64);
        self.check::<peer::ours::Receiver>(&source);
        source
    }

    fn check<R: Receive>(&self, source: &Source) {
        let mut expected = self.texts.iter();
        R::new(self.takeover, source.clone()).receive(&mut |message| {
            assert_eq!(expected.next().map(String::as_bytes), Some(message));
        });
        assert!(expected.next().is_none(), "messages are missing");
    }

    fn sender<S: Send + 'static>(&self, name: &'static str) -> Contender<'_> {
        self.stream::<S>();
        let output = Output::default();
        let mut sender = S::new(self.takeover, output.clone());
        let pass = Box::new(move || {
            let start = Instant::now();
            sender.send(&self.texts);
            let time = start.elapsed();
            assert!(output.take_count() > 0, "{name}");
            time
        });
        Contender { name, pass }
    }

    fn receiver<R: Receive + 'static>(&self, name: &'static str) -> Contender<'_> {
        let source = self.stream::<peer::ours::Sender>();
        self.check::<R>(&source);
        let pass = Box::new(move || {
            // The stream restarts, and so does the connection.
            let mut receiver = R::new(self.takeover, source.clone());
            let mut bytes = 0;
            let start = Instant::now();
            receiver.receive(&mut |message| bytes += black_box(message).len());
            let time = start.elapsed();
            assert_eq!(bytes, self.bytes, "{name}");
            time
        });
        Contender { name, pass }
    }

    fn senders(&self) -> Vec<Contender<'_>> {
        #[cfg_attr(not(feature = "soketto"), allow(unused_mut))]
        let mut all = vec![
            self.sender::<peer::ours::Sender>("rfc6455"),
            self.sender::<peer::bare::Sender>("limit: zlib-rs"),
            self.sender::<peer::sockudo::Sender>("sockudo-ws"),
            self.sender::<peer::yawc::Sender>("yawc"),
        ];
        #[cfg(feature = "soketto")]
        if !self.takeover {
            all.push(self.sender::<peer::soketto::Sender>("soketto"));
        }
        all
    }

    fn receivers(&self) -> Vec<Contender<'_>> {
        #[cfg_attr(not(feature = "soketto"), allow(unused_mut))]
        let mut all = vec![
            self.receiver::<peer::ours::Receiver>("rfc6455"),
            self.receiver::<peer::bare::Receiver>("limit: zlib-rs"),
            self.receiver::<peer::sockudo::Receiver>("sockudo-ws"),
            self.receiver::<peer::yawc::Receiver>("yawc"),
        ];
        #[cfg(feature = "soketto")]
        if !self.takeover {
            all.push(self.receiver::<peer::soketto::Receiver>("soketto"));
        }
        all
    }
}

/// Returns the MB/s of each contender, in interleaved rounds.
fn measure(mut contenders: Vec<Contender<'_>>, bytes: usize) -> Vec<(&'static str, f64)> {
    let mut best = vec![Duration::MAX; contenders.len()];
    let count = contenders.len();
    for round in 0..ROUNDS {
        for turn in 0..count {
            let index = (round + turn) % count;
            best[index] = (contenders[index].pass)().min(best[index]);
        }
    }
    let rates = best.iter().map(|best| bytes as f64 / best.as_secs_f64() / 1e6);
    contenders.iter().map(|contender| contender.name).zip(rates).collect()
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => compare(),
        Some("attacks") => return attacks::run(),
        Some(other) => {
            eprintln!("There is no mode {other}: run without one, or with `attacks`.");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn compare() {
    println!("| MB/s of JSON, level 1, window 15 | contender | out | ratio | in | ratio |");
    println!("|---|---|---:|---:|---:|---:|");
    for takeover in [true, false] {
        for len in [1 << 10, 16 << 10] {
            let work = Work::new(len, takeover);
            let percent = work.stream::<peer::ours::Sender>().len() * 100 / work.bytes;
            let how = if takeover { "with" } else { "without" };
            let out = measure(work.senders(), work.bytes);
            let inn = measure(work.receivers(), work.bytes);
            for ((name, out_rate), (_, in_rate)) in out.iter().zip(&inn) {
                println!(
                    "| {} KiB {how} takeover, to {percent} % | {name} | {out_rate:.0} | {:.2}x | {in_rate:.0} | {:.2}x |",
                    len >> 10,
                    out[0].1 / out_rate,
                    inn[0].1 / in_rate,
                );
            }
        }
    }
    println!("\n{}", heap::report());
}
