//! The rates as Markdown.

use std::fmt::Write;

use super::bound::Cell;
use super::kinds::{Cost, Kind};
use super::ways::Way;

/// All rates of one kind in one role.
pub struct Row {
    pub kind: Kind,
    pub server: bool,
    pub cells: Vec<Cell>,
}

impl Row {
    pub fn holds(&self) -> bool {
        self.cells.iter().all(|cell| cell.holds())
    }

    /// Returns the way that is closest to its bound, or furthest below it.
    fn worst(&self) -> (usize, Cell) {
        let cells = self.cells.iter().copied().enumerate();
        cells.min_by(|(_, one), (_, other)| one.share().total_cmp(&other.share())).unwrap()
    }

    fn role(&self) -> &'static str {
        if self.server { "server" } else { "client" }
    }
}

pub fn document(ways: &[Way], rows: &[Row]) -> String {
    let mut text = format!(
        "# What an attacker's bytes cost\n\n\
         MB/s on one core of: {}. Written by `cargo run --release -- attacks`; \
         [README.md](README.md#attacks) explains it. A way is the output, a whole message or \
         chunks, and the bytes of a read. Bold is below the bound.\n\n\
         ## The worst way of each kind\n\n\
         | role | kind | way | MB/s | bound | |\n|---|---|---|---:|---:|---|\n",
        cpu()
    );
    for row in rows {
        let (at, cell) = row.worst();
        let verdict = if row.holds() { "holds" } else { "**below**" };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {verdict} |",
            row.role(),
            row.kind.title(),
            ways[at],
            rate(cell.rate),
            cell.bound.unwrap_or_default()
        )
        .unwrap();
    }
    for server in [true, false] {
        let role = if server { "As a server, unmasking" } else { "As a client" };
        write!(text, "\n## {role}\n\n| kind |").unwrap();
        for way in ways {
            write!(text, " {way} |").unwrap();
        }
        write!(text, "\n|---|{}\n", "---:|".repeat(ways.len())).unwrap();
        for row in rows.iter().filter(|row| row.server == server) {
            let mark = if row.kind.cost == Cost::Output { " (in + out)" } else { "" };
            write!(text, "| {}{mark} |", row.kind.title()).unwrap();
            for cell in &row.cells {
                let bold = if cell.holds() { "" } else { "**" };
                write!(text, " {bold}{}{bold} |", rate(cell.rate)).unwrap();
            }
            text.push('\n');
        }
    }
    text
}

fn rate(rate: f64) -> String {
    if rate < 9.95 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split(':').nth(1)).map(str::trim);
    name.unwrap_or("an unknown CPU").to_owned()
}
