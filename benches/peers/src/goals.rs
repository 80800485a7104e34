//! The goals of this crate: each is a ratio within one run, so that it applies to any machine.

use std::fmt::Write;

use crate::peer::{About, limit, ours};
use crate::table::Section;
use crate::workload::encode::MEMCPY;

/// In these columns of this section, `ours` is at least `at_least` times as fast as `against`.
struct Goal {
    section: &'static str,
    columns: &'static [&'static str],
    ours: &'static str,
    against: Against,
    at_least: f64,
}

#[derive(Clone, Copy)]
enum Against {
    Peer(&'static str),
    /// The fastest of the peers that do the same work.
    Best,
    /// The fastest of these.
    BestOf(&'static [&'static str]),
    Limit(&'static str),
}
use Against::{Best, BestOf, Limit, Peer};

const TUNGSTENITE: Against = Peer("tungstenite");
const SOCKUDO: Against = Peer("sockudo-ws");
const BARE: Against = Limit(limit::BARE);

const fn goal(
    section: &'static str,
    columns: &'static [&'static str],
    ours: &'static str,
    against: Against,
    at_least: f64,
) -> Goal {
    Goal { section, columns, ours, against, at_least }
}

const BINARY: &str = "decode-binary";
const TEXT: &str = "decode-text";
const TINY: &[&str] = &["8 B", "32 B"];
const BIG: &[&str] = &["16 KiB", "64 KiB"];
const HUGE: &[&str] = &["1 MiB", "16 MiB"];
const FOREIGN: &[&str] =
    &["JSON 512 B", "JSON 1 KiB", "JSON 64 KiB", "Cyrillic 64 KiB", "CJK, emoji 64 KiB"];
const SMALL: &[&str] = &["8 B", "32 B", "125 B"];
const ALL_LENS: &[&str] = &["8 B", "32 B", "125 B", "1 KiB", "16 KiB", "64 KiB"];
const ALL_BINARY: &[&str] =
    &["8 B", "32 B", "125 B", "512 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "1 MiB", "16 MiB"];
const ALL_TEXT: &[&str] = &[
    "ASCII 32 B",
    "ASCII 1 KiB",
    "ASCII 64 KiB",
    "ASCII 1 MiB",
    "JSON 512 B",
    "JSON 1 KiB",
    "JSON 64 KiB",
    "Cyrillic 64 KiB",
    "Cyrillic 1 MiB",
    "CJK, emoji 64 KiB",
];
/// The peers that hand out owned messages.
const OWNERS: &[&str] = &["tungstenite", "fastwebsockets", "tokio-websockets", "sockudo-ws"];

const GOALS: &[Goal] = &[
    goal(BINARY, ALL_BINARY, ours::MESSAGES, Best, 1.0),
    goal(BINARY, TINY, ours::MESSAGES, TUNGSTENITE, 8.0),
    goal(BINARY, TINY, ours::MESSAGES, SOCKUDO, 6.0),
    goal(BINARY, TINY, ours::CHUNKS, BARE, 0.9),
    goal(BINARY, &["125 B"], ours::MESSAGES, TUNGSTENITE, 6.0),
    goal(BINARY, &["125 B"], ours::MESSAGES, SOCKUDO, 4.5),
    goal(BINARY, &["125 B"], ours::CHUNKS, BARE, 0.85),
    goal(BINARY, &["1 KiB"], ours::MESSAGES, TUNGSTENITE, 3.2),
    goal(BINARY, &["1 KiB"], ours::MESSAGES, SOCKUDO, 2.0),
    goal(BINARY, &["1 KiB"], ours::CHUNKS, BARE, 0.9),
    goal(BINARY, BIG, ours::MESSAGES, TUNGSTENITE, 2.4),
    goal(BINARY, BIG, ours::CHUNKS, BARE, 0.9),
    goal(BINARY, HUGE, ours::MESSAGES, TUNGSTENITE, 1.6),
    goal(BINARY, HUGE, ours::CHUNKS, BARE, 0.85),
    goal(BINARY, SMALL, ours::OWNED, BestOf(OWNERS), 2.0),
    goal(TEXT, ALL_TEXT, ours::MESSAGES, Best, 1.0),
    goal(TEXT, ALL_TEXT, ours::STR, Best, 1.0),
    goal(TEXT, &["ASCII 32 B"], ours::STR, TUNGSTENITE, 5.0),
    goal(TEXT, &["ASCII 1 KiB"], ours::STR, TUNGSTENITE, 2.5),
    goal(TEXT, &["ASCII 64 KiB"], ours::STR, TUNGSTENITE, 3.0),
    goal(TEXT, FOREIGN, ours::STR, TUNGSTENITE, 3.0),
    goal(TEXT, FOREIGN, ours::MESSAGES, BARE, 0.95),
    goal(TEXT, &["ASCII 32 B"], ours::OWNED, BestOf(OWNERS), 2.0),
    goal("encode-server", SMALL, ours::SLICE, TUNGSTENITE, 5.0),
    goal("encode-server", ALL_LENS, ours::SLICE, Best, 1.0),
    goal("encode-server", &["16 KiB"], ours::SLICE, Limit(MEMCPY), 0.8),
    goal("encode-client", SMALL, ours::SLICE, TUNGSTENITE, 6.0),
    goal("encode-client", ALL_LENS, ours::SLICE, Best, 1.0),
    goal("encode-client", &["16 KiB"], ours::SLICE, Limit(MEMCPY), 0.8),
    goal("fragments", &["64 KiB"], ours::MESSAGES, TUNGSTENITE, 2.8),
    goal("fragments", &["64 KiB"], ours::MESSAGES, SOCKUDO, 1.6),
    goal("pings", &["8 B"], ours::MESSAGES, Best, 1.0),
    goal("echo", &["8 B", "125 B"], ours::MESSAGES, TUNGSTENITE, 14.0),
    goal("echo", &["1 KiB"], ours::MESSAGES, TUNGSTENITE, 8.0),
    goal("echo", &["64 KiB"], ours::MESSAGES, TUNGSTENITE, 2.0),
    goal("echo", &["8 B", "125 B"], ours::MESSAGES, SOCKUDO, 1.8),
    goal("echo", &["1 KiB"], ours::MESSAGES, SOCKUDO, 1.1),
    goal("echo", &["64 KiB"], ours::MESSAGES, SOCKUDO, 1.0),
    goal("handshake", &["one"], ours::HANDSHAKE, TUNGSTENITE, 5.0),
    goal("handshake", &["one"], ours::HANDSHAKE, SOCKUDO, 1.6),
];

/// A goal in one column of this run.
pub struct Outcome {
    goal: &'static Goal,
    column: &'static str,
    ratio: f64,
    /// The peer that [`Best`] turned out to be.
    against: &'static str,
}

impl Outcome {
    pub fn met(&self) -> bool {
        self.ratio >= self.goal.at_least
    }

    pub fn words(&self) -> String {
        let Goal { section, ours, at_least, .. } = self.goal;
        let tier = ours.trim_start_matches("rfc6455, ");
        let whom = match self.goal.against {
            Peer(name) => format!("at least {at_least} x {name}"),
            Best => "no slower than any peer".to_owned(),
            BestOf(_) => format!("at least {at_least} x any peer that owns"),
            Limit(name) => format!("at least {:.0} % of the {name}", at_least * 100.0),
        };
        format!("{section}, {}, {tier}: {whom}", self.column)
    }

    pub fn measured(&self) -> String {
        match self.goal.against {
            Limit(_) => format!("{:.0} %", self.ratio * 100.0),
            Peer(_) => format!("{:.2} x", self.ratio),
            Best | BestOf(_) => format!("{:.2} x {}", self.ratio, self.against),
        }
    }
}

/// Returns the goals whose sections have been measured.
pub fn results(sections: &[Section]) -> Vec<Outcome> {
    let mut results = Vec::new();
    for goal in GOALS {
        let Some(section) = sections.iter().find(|section| section.id == goal.section) else {
            continue;
        };
        for column in goal.columns {
            results.extend(result(goal, section, column));
        }
    }
    results
}

fn result(goal: &'static Goal, section: &Section, column: &'static str) -> Option<Outcome> {
    let index = section.columns.iter().position(|name| name == column)?;
    let ours = section.cell(goal.ours, index)?.seconds;
    let (against, theirs) = match goal.against {
        Peer(name) | Limit(name) => (name, section.cell(name, index)?.seconds),
        Best => {
            let same = |about: &About| about.beside == goal.ours && about.name != goal.ours;
            fastest(section, index, same)?
        }
        BestOf(names) => fastest(section, index, |about| names.contains(&about.name))?,
    };
    Some(Outcome { goal, column, ratio: theirs / ours, against })
}

/// Returns the fastest of these rows, and its seconds.
fn fastest(
    section: &Section,
    column: usize,
    rows: impl Fn(&About) -> bool,
) -> Option<(&'static str, f64)> {
    let rows = section.rows.iter().filter(|row| rows(&row.about));
    rows.filter_map(|row| Some((row.about.name, row.cells[column]?.seconds)))
        .min_by(|one, other| one.1.total_cmp(&other.1))
}

pub fn as_text(sections: &[Section]) -> String {
    let results = results(sections);
    let met = results.iter().filter(|result| result.met()).count();
    let mut text = format!("\nGoals: {met} of {} met\n", results.len());
    for result in results {
        let verdict = if result.met() { "met   " } else { "MISSED" };
        writeln!(text, "{verdict}  {:<86} {}", result.words(), result.measured()).unwrap();
    }
    text
}
