//! A bar chart: one group for each of some workloads, one bar for each server.
//!
//! The background is transparent, and the colours are legible on white and on black.

use svg::node::element::{Rectangle, Style, Text, Title};
use svg::{Document, Node};

use crate::measure::{Results, Row};

/// The most telling workloads.
const GROUPS: [&str; 6] = [
    "16 B, 64 conn., 1 in flight",
    "16 B, 64 conn., 16 in flight",
    "1 KiB, 64 conn., 1 in flight",
    "1 KiB, 64 conn., 16 in flight",
    "64 KiB, 64 conn., 1 in flight",
    "16 B, 1000 conn., 16 in flight",
];

const COLOURS: [&str; 12] = [
    "#7d8590", "#2f81f7", "#9aa4ad", "#1158c7", "#54aeff", "#d4731a", "#e5a36a", "#1a9988",
    "#c2417f", "#8250df", "#8a8f3c", "#57606a",
];

const WIDTH: f64 = 760.0;
const LABELS: f64 = 170.0;
/// The space to the right of the longest bar, for its figure.
const FIGURES: f64 = 210.0;
const BAR: usize = 12;
const GAP: usize = 14;

pub fn chart(results: &Results) -> String {
    let mut svg = Document::new()
        .set("role", "img")
        .set("font-family", "system-ui, sans-serif")
        .set("font-size", 11)
        .add(Title::new("CPU time of echo servers for each message"))
        .add(Style::new(
            "text { fill: #59636e } .strong { font-weight: 600 } \
             @media (prefers-color-scheme: dark) { text { fill: #9ba4ae } }",
        ));
    let heading = text("CPU time of the server for each message: shorter is better", 0.0, 14);
    svg.append(heading.set("class", "strong").set("font-size", 13));
    let mut y = 30;
    for name in GROUPS {
        let plain = results.rows.iter().filter(|row| !row.workload.compressed);
        if let Some(row) = plain.into_iter().find(|row| row.workload.name() == name) {
            group(&mut svg, &mut y, results, row);
        }
    }
    let note = "In brackets: CPU time in multiples of the floor, which echoes raw bytes. \
                Long bars are cut off.";
    svg.append(text(note, 0.0, y).set("font-size", 10));
    let height = y + 8;
    let svg = svg.set("viewBox", (0, 0, WIDTH, height)).set("width", WIDTH).set("height", height);
    format!("{svg}\n")
}

fn text(content: impl Into<String>, x: f64, y: usize) -> Text {
    Text::new(content).set("x", x).set("y", y)
}

fn group(svg: &mut Document, y: &mut usize, results: &Results, row: &Row) {
    let Some(floor) = results.floor().and_then(|at| row.cells[at]) else { return };
    let bars: Vec<_> = results
        .servers
        .iter()
        .zip(&row.cells)
        .zip(COLOURS.iter().cycle())
        .filter_map(|((server, cell), colour)| cell.map(|cell| (&server.name, cell.cpu, colour)))
        .collect();
    // Six times the floor fills the width.
    let scale = (WIDTH - LABELS - FIGURES) / (6.0 * floor.cpu);
    svg.append(
        text(row.workload.name(), 0.0, *y + bars.len() * BAR / 2 + 4).set("class", "strong"),
    );
    for (name, cpu, colour) in bars {
        let width = (cpu * scale * 10.0).round() / 10.0;
        let width = width.clamp(1.0, WIDTH - LABELS - FIGURES);
        let figure = format!("{name}: {cpu:.0} ns ({:.2})", cpu / floor.cpu);
        let bar = Rectangle::new().set("x", LABELS).set("y", *y).set("width", width);
        let bar = bar.set("height", BAR - 2).set("rx", 2).set("fill", *colour);
        svg.append(bar.add(Title::new(figure.clone())));
        svg.append(text(figure, LABELS + width + 6.0, *y + BAR - 3).set("font-size", 10));
        *y += BAR;
    }
    *y += GAP;
}
