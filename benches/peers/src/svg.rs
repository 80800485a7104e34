//! A bar chart: one group for each of some workloads, one bar for each contender that does the
//! same work as our row.
//!
//! The `svg` crate writes the elements. `plotters` is no better fit: it needs 128 lines instead of
//! 115, and lacks text colours for a dark background, tooltips and widths in fractions of a pixel.
//!
//! The background is transparent, and the colours are legible on white and on black. A viewer that
//! reports a dark background gets lighter text.

use svg::node::element::{Rectangle, Style, Text, Title};
use svg::{Document, Node};

use crate::peer::ours;
use crate::table::Section;

/// The most telling workloads: section, column, and label.
const GROUPS: &[(&str, &str, &str)] = &[
    ("decode-binary", "32 B", "receive 32 B"),
    ("decode-binary", "1 KiB", "receive 1 KiB"),
    ("decode-binary", "64 KiB", "receive 64 KiB"),
    ("decode-text", "JSON 1 KiB", "receive JSON, 1 KiB"),
    ("encode-client", "125 B", "send 125 B, masked"),
    ("fragments", "64 KiB", "fragments and pings"),
    ("echo", "1 KiB", "echo 1 KiB"),
    ("handshake", "one", "server handshake"),
];

const CONTENDERS: &[(&str, &str)] = &[
    ("rfc6455", "#2f81f7"),
    ("sockudo-ws", "#8250df"),
    ("tokio-websockets", "#1a9988"),
    ("tungstenite", "#d4731a"),
    ("fastwebsockets", "#c2417f"),
    ("soketto", "#8a8f3c"),
    ("websocket-sans-io", "#7d8590"),
];

const WIDTH: f64 = 760.0;
const LABELS: f64 = 150.0;
/// The space to the right of the longest bar, for its figure.
const FIGURES: f64 = 160.0;
const BAR: usize = 12;
const GAP: usize = 14;
const TOP: usize = 64;

pub fn chart(sections: &[Section]) -> String {
    let mut svg = Document::new()
        .set("role", "img")
        .set("font-family", "system-ui, sans-serif")
        .set("font-size", 11)
        .add(Title::new("Speed of rfc6455 and of other WebSocket codecs"))
        .add(Style::new(
            "text { fill: #59636e } .strong { font-weight: 600 } \
             @media (prefers-color-scheme: dark) { text { fill: #9ba4ae } }",
        ));
    let heading = text("Speed: longer is faster, the fastest fills the width", 0.0, 14);
    svg.append(heading.set("class", "strong").set("font-size", 13));
    let mut x = 0.0;
    for (name, colour) in CONTENDERS {
        svg.append(bar(x, 28, 10.0, colour));
        svg.append(text(*name, x + 14.0, 37));
        x += 26.0 + name.len() as f64 * 6.0;
    }
    let mut y = TOP;
    for &(id, column, label) in GROUPS {
        let Some(section) = sections.iter().find(|section| section.id == id) else { continue };
        let Some(index) = section.columns.iter().position(|name| name == column) else { continue };
        group(&mut svg, &mut y, section, index, label);
    }
    let note = "In brackets: the speed where rfc6455 has 1. soketto does not check UTF-8.";
    svg.append(text(note, 0.0, y).set("font-size", 10));
    let height = y + 8;
    let svg = svg.set("viewBox", (0, 0, WIDTH, height)).set("width", WIDTH).set("height", height);
    format!("{svg}\n")
}

fn text(content: impl Into<String>, x: f64, y: usize) -> Text {
    Text::new(content).set("x", x).set("y", y)
}

fn bar(x: f64, y: usize, width: f64, colour: &str) -> Rectangle {
    let bar = Rectangle::new().set("x", x).set("y", y).set("width", width);
    bar.set("height", BAR - 2).set("rx", 2).set("fill", colour)
}

fn group(svg: &mut Document, y: &mut usize, section: &Section, column: usize, label: &str) {
    let Some(ours) = section.cell(section.ours, column) else { return };
    let bars: Vec<_> = CONTENDERS
        .iter()
        .filter_map(|&(name, colour)| {
            let name_of_row = if name == ours::HANDSHAKE { section.ours } else { name };
            let row = section.rows.iter().find(|row| row.about.name == name_of_row)?;
            let same_work = row.about.beside == section.ours;
            Some(((*row.cells.get(column)?)?, name, colour)).filter(|_| same_work)
        })
        .collect();
    // The fastest of all fills the width, even if it is not ours.
    let fastest = bars.iter().map(|bar| bar.0.seconds).fold(f64::INFINITY, f64::min);
    svg.append(text(label, 0.0, *y + bars.len() * BAR / 2 + 4).set("class", "strong"));
    for (cell, name, colour) in bars {
        let tenths = (WIDTH - LABELS - FIGURES) * 10.0 * fastest / cell.seconds;
        let width = (tenths.round() / 10.0).max(1.0);
        let ratio = ours.seconds / cell.seconds;
        let figure = if name == ours::HANDSHAKE {
            cell.figure()
        } else {
            format!("{} ({ratio:.2})", cell.figure())
        };
        let title = Title::new(format!("{name}: {figure}"));
        svg.append(bar(LABELS, *y, width, colour).add(title));
        svg.append(text(figure, LABELS + width + 6.0, *y + BAR - 3).set("font-size", 10));
        *y += BAR;
    }
    *y += GAP;
}
