//! The guide as a set of pages: each is in the summary and compiled, and no link is broken.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// The names of the pages, with their text.
fn pages() -> Vec<(String, String)> {
    let files = fs::read_dir(SRC).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// The targets of the links in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

#[test]
fn the_summary_lists_each_page_once() {
    let all: BTreeSet<_> = pages().into_iter().map(|(name, _)| name).collect();
    let summary = fs::read_to_string(format!("{SRC}/SUMMARY.md")).unwrap();
    let mut listed: Vec<_> = links(&summary).map(|link| link.trim_end_matches(".md")).collect();
    listed.push("SUMMARY");
    assert_eq!(listed.len(), all.len());
    assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), all);
}

#[test]
fn the_snippets_of_each_page_are_compiled() {
    let lib = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/lib.rs")).unwrap();
    let words: BTreeSet<_> = lib.split_whitespace().collect();
    for (name, _) in pages() {
        assert!(name == "SUMMARY" || words.contains(name.as_str()), "{name}");
    }
}

#[test]
fn each_link_leads_to_a_file_and_each_anchor_to_a_heading() {
    for (name, text) in pages() {
        for link in links(&text).filter(|link| !link.starts_with("http")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { format!("{name}.md") } else { file.to_owned() };
            let path = Path::new(SRC).join(&target);
            assert!(path.exists(), "{name}: {link}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(path).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#')).map(slug);
                assert!(headings.any(|slug| slug == anchor), "{name}: {link}");
            }
        }
    }
}

/// The anchor of a heading.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
