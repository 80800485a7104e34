//! A bar chart, by hand: one group for each of some workloads, one bar for each contender
//! that does the same work as the row of ours.
//!
//! The background is left open, and the colours can be read on white and on black; a viewer that
//! tells which of the two it has gets the better text colour.

use std::fmt::Write;

use crate::peer::ours;
use crate::table::Section;

/// The workloads that say the most: section, column, and what a reader calls it.
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

const WIDTH: usize = 760;
const LABELS: usize = 150;
/// What the longest bar leaves for its figure.
const FIGURES: usize = 160;
const BAR: usize = 12;
const GAP: usize = 14;
const TOP: usize = 64;

pub fn chart(sections: &[Section]) -> String {
    let (mut body, mut y) = (String::new(), TOP);
    for &(id, column, label) in GROUPS {
        let Some(section) = sections.iter().find(|section| section.id == id) else { continue };
        let Some(index) = section.columns.iter().position(|name| name == column) else { continue };
        group(&mut body, &mut y, section, index, label);
    }
    let height = y + 8;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"11\">\n\
         <title>Speed of rfc6455 and of other WebSocket codecs</title>\n\
         <style>text {{ fill: #59636e }} .strong {{ font-weight: 600 }} \
         @media (prefers-color-scheme: dark) {{ text {{ fill: #9ba4ae }} }}</style>\n\
         <text x=\"0\" y=\"14\" class=\"strong\" font-size=\"13\">Speed: longer is faster, the \
         fastest fills the width</text>\n"
    );
    legend(&mut svg);
    writeln!(
        body,
        "<text x=\"0\" y=\"{y}\" font-size=\"10\">In brackets: the speed where rfc6455 has 1. \
         soketto does not check UTF-8.</text>"
    )
    .unwrap();
    svg + &body + "</svg>\n"
}

fn legend(svg: &mut String) {
    let mut x = 0;
    for (name, colour) in CONTENDERS {
        let width = 26 + name.len() * 6;
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"28\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"37\">{name}</text>",
            x + 14
        )
        .unwrap();
        x += width;
    }
}

fn group(body: &mut String, y: &mut usize, section: &Section, column: usize, label: &str) {
    let ours_name = section.ours;
    let Some(ours) = section.cell(ours_name, column) else { return };
    let bars: Vec<_> = CONTENDERS
        .iter()
        .filter_map(|&(name, colour)| {
            let name_of_row = if name == ours::HANDSHAKE { ours_name } else { name };
            let row = section.rows.iter().find(|row| row.about.name == name_of_row)?;
            let same_work = row.about.beside == ours_name;
            Some(((*row.cells.get(column)?)?, name, colour)).filter(|_| same_work)
        })
        .collect();
    // The fastest of all fills the width, also where that is not ours.
    let fastest = bars.iter().map(|bar| bar.0.seconds).fold(f64::INFINITY, f64::min);
    let middle = *y + bars.len() * BAR / 2 + 4;
    writeln!(body, "<text x=\"0\" y=\"{middle}\" class=\"strong\">{label}</text>").unwrap();
    for (cell, name, colour) in bars {
        let room = (WIDTH - LABELS - FIGURES) as f64;
        let width = (room * fastest / cell.seconds).max(1.0);
        let ratio = ours.seconds / cell.seconds;
        let figure = if name == ours::HANDSHAKE {
            cell.figure()
        } else {
            format!("{} ({ratio:.2})", cell.figure())
        };
        writeln!(
            body,
            "<rect x=\"{LABELS}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\" \
             fill=\"{colour}\"><title>{name}: {figure}</title></rect>\
             <text x=\"{:.1}\" y=\"{}\" font-size=\"10\">{figure}</text>",
            BAR - 2,
            LABELS as f64 + width + 6.0,
            *y + BAR - 3,
        )
        .unwrap();
        *y += BAR;
    }
    *y += GAP;
}
