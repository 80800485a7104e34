//! Tables of Markdown.

use std::fs;

use super::source::root;

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The cells of each row of each table in a Markdown file, without heads and rulers.
pub(crate) fn rows(path: &str) -> Vec<Vec<String>> {
    let text = read(path).replace("\\|", "\u{1}");
    let (mut rows, mut before_ruler) = (Vec::<Vec<String>>::new(), false);
    for line in text.lines() {
        let Some(line) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            before_ruler = true;
            continue;
        };
        if line.starts_with("---") {
            before_ruler = false;
        } else if !before_ruler {
            rows.push(line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect());
        }
    }
    rows
}

/// The code spans of a cell, each with the text behind it.
pub(crate) fn spans(cell: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = cell.split('`').collect();
    assert_eq!(parts.len() % 2, 1, "a backtick is missing: {cell}");
    parts[1..].chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

/// Words in small letters with one space between them, as they are compared.
pub(crate) fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The parts of a quotation between its omissions.
pub(crate) fn pieces(requirement: &str) -> impl Iterator<Item = String> {
    let quote = requirement.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let quote = quote.unwrap_or_else(|| panic!("not a quotation: {requirement}"));
    quote.split("[...]").map(normal).filter(|piece| !piece.is_empty())
}
