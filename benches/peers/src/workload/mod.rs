//! The workloads: each file prepares its own, verifies every contender's result, and measures the
//! contenders together.

use crate::measure::{Contender, Settings, interleaved};
use crate::peer::{About, Sink, ours};
use crate::table::{Cell, Row, Section};

pub mod broadcast;
pub mod decode;
pub mod echo;
pub mod encode;
pub mod handshake;
pub mod interrupted;
pub mod memory;

/// A workload: its name on the command line, and the function that runs it.
pub struct Workload {
    pub id: &'static str,
    pub run: fn(Settings) -> Section,
}

pub const ALL: &[Workload] = &[
    Workload { id: "decode-binary", run: decode::binary },
    Workload { id: "decode-text", run: decode::text },
    Workload { id: "encode-server", run: encode::server },
    Workload { id: "encode-client", run: encode::client },
    Workload { id: "fragments", run: interrupted::fragments },
    Workload { id: "pings", run: interrupted::pings },
    Workload { id: "handshake", run: handshake::run },
    Workload { id: "echo", run: echo::run },
    Workload { id: "broadcast", run: broadcast::run },
];

/// Adds a column: the time of `count` units of work, each with `bytes` of payload.
pub fn measure(
    section: &mut Section,
    column: impl Into<String>,
    (count, bytes): (u64, u64),
    contenders: &mut [Contender],
    settings: Settings,
) {
    let seconds = interleaved(contenders, settings);
    section.columns.push(column.into());
    if section.rows.is_empty() {
        section.rows = contenders
            .iter()
            .map(|contender| Row { about: contender.about, cells: Vec::new() })
            .collect();
    }
    for (row, seconds) in section.rows.iter_mut().zip(seconds) {
        row.cells.push(Some(Cell { seconds: seconds / count as f64, bytes }));
    }
}

/// Adds a row that explains why wslay is missing, if it was not built.
pub fn mention_absent(section: &mut Section) {
    if cfg!(not(wslay)) {
        let note = "not built: no libwslay was found (Debian: libwslay-dev)";
        let about = About::new("wslay", ours::MESSAGES, note);
        section.rows.push(Row { about, cells: vec![None; section.columns.len()] });
    }
}

/// Counts what is delivered, and keeps the optimiser from discarding it.
#[derive(Default, PartialEq, Eq, Debug)]
struct Count {
    messages: u64,
    bytes: u64,
}

impl Sink for Count {
    #[inline]
    fn piece(&mut self, bytes: &[u8], last: bool) {
        self.messages += u64::from(last);
        self.bytes += std::hint::black_box(bytes).len() as u64;
    }
}

/// Compares each message with the one that was sent.
struct Verify<'a> {
    expected: &'a [Vec<u8>],
    open: Vec<u8>,
    messages: usize,
}

impl Sink for Verify<'_> {
    fn piece(&mut self, bytes: &[u8], last: bool) {
        self.open.extend_from_slice(bytes);
        if last {
            let message = std::mem::take(&mut self.open);
            assert!(
                message == self.expected[self.messages],
                "a message differs from the one that was sent"
            );
            self.messages += 1;
        }
    }
}
