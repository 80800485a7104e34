//! The results, and their form for a terminal.

use std::fmt::Write;

use crate::peer::About;

/// One workload's table: a row for each contender, a column for each size.
pub struct Section {
    pub id: &'static str,
    pub title: &'static str,
    /// The row of ours in the chart.
    pub ours: &'static str,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub about: About,
    pub cells: Vec<Option<Cell>>,
}

#[derive(Clone, Copy)]
pub struct Cell {
    /// The time of one message, ping or handshake.
    pub seconds: f64,
    /// The length of its payload.
    pub bytes: u64,
}

impl Cell {
    /// Returns a time for short messages, where the overhead dominates, and a rate for longer ones.
    pub fn figure(self) -> String {
        if self.bytes <= 1 << 10 {
            let nanoseconds = self.seconds * 1e9;
            let digits = usize::from(nanoseconds < 100.0);
            format!("{nanoseconds:.digits$} ns")
        } else {
            format!("{:.1} GiB/s", self.bytes as f64 / self.seconds / f64::from(1 << 30))
        }
    }
}

impl Section {
    pub const fn new(id: &'static str, title: &'static str, ours: &'static str) -> Self {
        Self { id, title, ours, columns: Vec::new(), rows: Vec::new() }
    }

    pub fn cell(&self, name: &str, column: usize) -> Option<Cell> {
        *self.rows.iter().find(|row| row.about.name == name)?.cells.get(column)?
    }

    /// Returns how many times faster our row is that does the same work. Returns
    /// `None` for our own rows and for limits: [`shares`](Self::shares) shows our share of a limit.
    pub fn ratio(&self, row: &Row, column: usize) -> Option<f64> {
        let ours = self.cell(row.about.beside, column)?;
        let theirs = (*row.cells.get(column)?)?;
        (row.about.beside != row.about.name).then_some(theirs.seconds / ours.seconds)
    }

    /// Returns the text of a row's cells: the figure, and the ratio.
    pub fn entries(&self, row: &Row) -> Vec<String> {
        let entry = |column, cell: &Option<Cell>| match (cell, self.ratio(row, column)) {
            (None, _) => "-".to_owned(),
            (Some(cell), None) => cell.figure(),
            (Some(cell), Some(ratio)) => format!("{} ({ratio:.2}x)", cell.figure()),
        };
        row.cells.iter().enumerate().map(|(column, cell)| entry(column, cell)).collect()
    }

    /// Returns our share of each limit, as rows of a table.
    pub fn shares(&self) -> Vec<(String, Vec<String>)> {
        let limits = self.rows.iter().filter(|row| row.about.name.starts_with("limit"));
        let share = |limit: Option<Cell>, column| match (limit, self.cell(self.ours, column)) {
            (Some(limit), Some(ours)) => format!("{:.0} %", 100.0 * limit.seconds / ours.seconds),
            _ => "-".to_owned(),
        };
        let row = |row: &Row| {
            let cells = row.cells.iter().enumerate();
            let name = format!("{} of {}", self.ours, row.about.name);
            (name, cells.map(|(column, limit)| share(*limit, column)).collect())
        };
        limits.map(row).collect()
    }

    pub fn as_text(&self) -> String {
        let mut lines: Vec<(String, Vec<String>)> = vec![(String::new(), self.columns.clone())];
        lines.extend(self.rows.iter().map(|row| (row.about.name.to_owned(), self.entries(row))));
        lines.extend(self.shares());

        let width = |column: usize| {
            lines.iter().filter_map(|(_, cells)| Some(cells.get(column)?.len())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let name = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);

        let mut text = format!("\n{} [{}]\n", self.title, self.id);
        for (label, cells) in &lines {
            write!(text, "{label:name$}").unwrap();
            for (cell, width) in cells.iter().zip(&widths) {
                write!(text, "  {cell:>width$}").unwrap();
            }
            text.push('\n');
        }
        for row in self.rows.iter().filter(|row| !row.about.note.is_empty()) {
            writeln!(text, "  {}: {}", row.about.name, row.about.note).unwrap();
        }
        text
    }
}

pub fn name_of_len(len: usize) -> String {
    match len {
        0..1024 => format!("{len} B"),
        1024..0x10_0000 => format!("{} KiB", len >> 10),
        _ => format!("{} MiB", len >> 20),
    }
}
