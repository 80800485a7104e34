//! The tables as Markdown.

use std::fmt::Write;

use crate::goals;
use crate::measure::cpu;
use crate::table::Section;

pub fn document(sections: &[Section]) -> String {
    let mut text = format!(
        "Measured on one core of: {}. In brackets: how many times as long the work takes there as in \
         the row of `rfc6455` that does the same.\n",
        cpu()
    );
    for section in sections {
        write!(text, "\n## {}\n\n", section.title).unwrap();
        line(&mut text, "", &section.columns, "notes");
        let rule: Vec<String> = section.columns.iter().map(|_| "---:".to_owned()).collect();
        line(&mut text, "---", &rule, "---");
        for row in &section.rows {
            line(&mut text, row.about.name, &section.entries(row), row.about.note);
        }
        for (name, cells) in section.shares() {
            line(&mut text, &name, &cells, "");
        }
    }
    let results = goals::results(sections);
    if !results.is_empty() {
        text.push_str("\n## Goals\n\n| goal | measured | |\n|---|---:|---|\n");
        for result in results {
            let verdict = if result.met() { "met" } else { "**missed**" };
            writeln!(text, "| {} | {} | {verdict} |", result.words(), result.measured()).unwrap();
        }
    }
    text
}

fn line(text: &mut String, name: &str, cells: &[String], note: &str) {
    writeln!(text, "| {name} | {} | {note} |", cells.join(" | ")).unwrap();
}
