//! What the documents name as tests exists, and nothing that is promised goes without.

use std::collections::HashSet;
use std::fs;

const README: &str = include_str!("../README.md");
const PROTOCOL: &str = include_str!("../PROTOCOL.md");

/// Returns the names of all tests.
fn tests() -> HashSet<String> {
    let mut names = HashSet::new();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let functions = source.split("async fn ").skip(1);
        names.extend(functions.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
    }
    names
}

/// Returns the tests in the last cell of the row that begins with this.
fn named(document: &str, row: &str) -> Vec<String> {
    let start = format!("| {row} |");
    let row = document.lines().find(|line| line.starts_with(&start)).unwrap();
    let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn each_code_has_its_tests() {
    let tests = tests();
    for code in [
        "`bad_request`",
        "`unauthorized`",
        "`forbidden`",
        "`not_found`",
        "`too_large`",
        "`rate_limited`",
        "`unavailable`",
        "401",
        "403",
        "1008",
        "1009",
        "1011",
        "1012",
        "1013",
    ] {
        let named = named(PROTOCOL, code);
        assert!(!named.is_empty(), "{code} has no test");
        for name in named {
            assert!(tests.contains(&name), "{code}: there is no test {name}");
        }
    }
}

#[test]
fn each_guarantee_has_its_tests() {
    let tests = tests();
    for number in 1..=10 {
        let named: HashSet<_> = named(README, &number.to_string()).into_iter().collect();
        let prefix = format!("g{number}_");
        let written: HashSet<_> =
            tests.iter().filter(|name| name.starts_with(&prefix)).cloned().collect();
        assert_eq!(named, written, "guarantee {number}");
        assert!(!written.is_empty(), "guarantee {number} has no test");
    }
}
