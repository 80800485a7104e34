//! Holds `SECURITY.md`, `testdata/requirements` and the lists of exceptions in `tests/mutants` and
//! `tests/coverage` to the code, the tests and the vectors, and each error to a vector or a test. They
//! are read as text: that a vector says the truth, its own test shows.
//!
//! References are names, and survive a move of what they name to another file.

mod evidence;
mod source;
mod table;

use std::collections::BTreeMap;

use evidence::{Vectors, wrong_evidence};
use source::Source;
use table::{normal, pieces, read, rows, spans};

const TABLES: [&str; 3] = ["rfc6455.md", "rfc7692.md", "http.md"];
const OF_CALLER: &str = "testdata/requirements/caller.md";
/// Rows of SECURITY.md, from 1 on.
const ATTACKS: usize = 87;

/// The errors of our own caller, each with the name of its enum.
fn caller_errors(source: &Source) -> Vec<(&'static str, String)> {
    let of = |name| source.variants(name).into_iter().map(move |variant| (name, variant));
    of("SendError").chain(of("HandshakeSendError")).collect()
}

/// What is wrong with the items that are to enforce a requirement.
fn wrong_places(places: &str, requirement: &str, source: &Source) -> Vec<String> {
    // Why it is the caller's is prose.
    let (ours, of_caller) = match places.split_once("caller: ") {
        Some((ours, reason)) => (ours, !reason.is_empty()),
        None => (places, false),
    };
    let mut wrong = Vec::new();
    let items = spans(ours);
    match ours.split('`').next().unwrap_or_default() {
        "" => {}
        "quoted, " => {
            let says = |comments: &str| pieces(requirement).all(|piece| comments.contains(&piece));
            if !source.comments().any(|(_, comments)| says(&normal(comments))) {
                wrong.push(format!("no comment in src says {requirement}"));
            }
        }
        other => wrong.push(format!("neither quoted nor an item: {other}")),
    }
    for (item, behind) in &items {
        wrong.extend(source.wrong_item(item));
        if !["", ", ", "; "].contains(behind) && !behind.starts_with(['(', '.', ' ']) {
            wrong.push(format!("neither an item nor a remark: {behind}"));
        }
    }
    if items.is_empty() && !of_caller {
        wrong.push("nobody enforces it".to_owned());
    }
    wrong
}

#[test]
fn every_requirement_is_enforced_and_noticed() {
    let (source, vectors) = (Source::read(), Vectors::read());
    let (mut wrong, mut shown) = (Vec::new(), Vec::new());
    for table in TABLES {
        let rows = rows(&format!("testdata/requirements/{table}"));
        assert!(!rows.is_empty(), "{table}");
        for row in &rows {
            let [section, requirement, places, evidence] = &row[..] else { panic!("{row:?}") };
            shown.push(format!("{table} §{section} {requirement}\n    {places}\n    {evidence}"));
            let mut found = wrong_places(places, requirement, &source);
            found.extend(wrong_evidence(evidence, &source, &vectors));
            if evidence.is_empty() && !places.starts_with("caller: ") {
                found.push("nobody notices".to_owned());
            }
            wrong.extend(found.iter().map(|what| format!("{table} §{section}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{}", shown.join("\n"));
}

#[test]
fn every_must_in_a_comment_is_in_a_table() {
    let mut quotes: Vec<String> = Vec::new();
    for table in TABLES {
        for row in rows(&format!("testdata/requirements/{table}")) {
            quotes.extend(pieces(&row[1]));
        }
    }
    quotes.sort_by_key(|quote| std::cmp::Reverse(quote.len()));
    for (path, comments) in Source::read().comments() {
        // `MUST` has to survive that all is in small letters.
        let mut rest = normal(&comments.replace("MUST ", "MUST\u{1} "));
        for quote in &quotes {
            rest = rest.replace(&quote.replace("must ", "must\u{1} "), "");
        }
        let unknown = rest.find("must\u{1}").map(|at| rest[at..].chars().take(80).collect());
        assert_eq!(unknown, None::<String>, "{}", path.display());
    }
}

#[test]
fn every_attack_is_answered_as_the_vectors_say() {
    let (source, vectors) = (Source::read(), Vectors::read());
    let codes: BTreeMap<&str, u16> = (vectors.all())
        .filter_map(|vector| vector.verdict.as_ref())
        .filter_map(|(error, code)| Some((error.as_str(), (*code)?)))
        .collect();
    let all = [source.variants("Violation"), source.variants("HandshakeError")].concat();
    let known = |name: &str| all.iter().any(|error| error == name);
    let of_caller = caller_errors(&source);
    let of_caller = |name: &str| of_caller.iter().any(|(_, error)| error == name);
    let (mut wrong, mut numbers, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    let rows: Vec<_> = rows("SECURITY.md").into_iter().filter(|row| row.len() == 5).collect();
    for row in &rows {
        let [number, attack, behaviour, answers, evidence] = &row[..] else { panic!("{row:?}") };
        assert!(!attack.is_empty() && !behaviour.is_empty() && !evidence.is_empty(), "{number}");
        let mut found = wrong_evidence(evidence, &source, &vectors);
        for (error, behind) in spans(answers) {
            let code = behind.trim_matches([' ', ',']);
            if code.is_empty() {
                if !known(error) && !of_caller(error) {
                    found.push(format!("{error} is no error"));
                }
            } else if !known(error) || codes.get(error) != code.parse().ok().as_ref() {
                found.push(format!("{error} is not answered with {code}"));
            } else {
                answered.push(error.to_owned());
            }
        }
        for (file, vectors) in &vectors.0 {
            let belongs = vectors.iter().any(|vector| vector.row.as_ref() == Some(number));
            if belongs && !evidence.contains(&format!("`{file}: row {number}`")) {
                found.push(format!("{file} has vectors for it"));
            }
        }
        wrong.extend(found.iter().map(|what| format!("attack {number}: {what}")));
        numbers.push(number.parse::<usize>().unwrap());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(numbers, (1..=ATTACKS).collect::<Vec<_>>());
    for vector in vectors.all() {
        let row = vector.row.as_ref().map_or(1, |row| row.parse().unwrap());
        assert!(numbers.contains(&row), "{}: there is no attack {row}", vector.name);
    }
    for row in &rows {
        println!("attack {}: {}\n    {}\n    {}\n    {}", row[0], row[1], row[2], row[3], row[4]);
    }
    for error in codes.keys() {
        assert!(answered.iter().any(|found| found == error), "{error} answers no attack");
    }
}

#[test]
fn every_error_of_a_peer_has_a_vector() {
    let (source, vectors) = (Source::read(), Vectors::read());
    let of = |directory: &str| -> Vec<&str> {
        let files = vectors.0.iter().filter(|(file, _)| file.starts_with(directory));
        let verdicts = files.flat_map(|(_, vectors)| vectors).filter_map(|v| v.verdict.as_ref());
        verdicts.map(|(error, _)| error.as_str()).collect()
    };
    let (frames, handshakes, compressed) = (of("frames"), of("handshake"), of("deflate"));
    for error in source.variants("Violation") {
        let shown = frames.contains(&&*error) || compressed.contains(&&*error);
        assert!(shown, "no vector fails with {error}");
    }
    for error in source.variants("HandshakeError") {
        let shown = handshakes.contains(&&*error) || compressed.contains(&&*error);
        assert!(shown, "no vector expects {error}");
    }
}

#[test]
fn every_error_of_a_caller_has_a_test_that_names_it() {
    let (source, vectors) = (Source::read(), Vectors::read());
    let rows = rows(OF_CALLER);
    let errors = caller_errors(&source);
    for (name, error) in &errors {
        let row = rows.iter().find(|row| row[0] == format!("`{name}::{error}`"));
        let row = row.unwrap_or_else(|| panic!("{name}::{error} has no row"));
        println!("{} {}", row[0], row[1]);
        assert_eq!(wrong_evidence(&row[1], &source, &vectors), [""; 0], "{error}");
        assert!(!row[1].is_empty());
        for (reference, _) in spans(&row[1]) {
            let test = source.test(reference).unwrap();
            assert!(test.code.contains(error), "{reference} knows no {error}");
        }
    }
    assert_eq!(rows.len(), errors.len());
    let text = read(OF_CALLER);
    let prose = text.split("\n|").next().unwrap();
    assert_eq!(wrong_evidence(prose, &source, &vectors), [""; 0]);
}

/// The code spans that begin the points of a list.
fn points(path: &str) -> Vec<String> {
    let text = read(path);
    let points = text.lines().filter_map(|line| line.strip_prefix("- `"));
    points.filter_map(|point| Some(point.rsplit_once('`')?.0.to_owned())).collect()
}

/// The function that a mutant is made of, without generics.
fn mutated(mutant: &str) -> String {
    // `delete ! in function`, or `replace function -> bool with true`.
    // One of the two begins the other, and is the lesser.
    let before = |mark| mutant.split(mark).next().unwrap_or_default();
    let replaced = before(" -> ").min(before(" with ")).trim_start_matches("replace ");
    let function = mutant.rsplit_once(" in ").map_or(replaced, |(_, function)| function);
    // `Type<T>::name`, or `<impl Trait for Type<T>>::name`.
    let function = function.rsplit_once(" for ").map_or(function, |(_, function)| function);
    let mut depth = 0_u32;
    let mut is_named = |c: &char| {
        depth = if *c == '<' { depth + 1 } else { depth.saturating_sub(u32::from(*c == '>')) };
        depth == 0 && *c != '>'
    };
    function.chars().filter(|c| is_named(c)).collect()
}

#[test]
fn every_exception_of_mutants_and_coverage_names_what_is_there() {
    let source = Source::read();
    let mut wrong = Vec::new();
    for line in points("tests/coverage/uncovered.md") {
        wrong.extend(source.wrong_item(&line));
        assert!(line.contains(": "), "it names no line: {line}");
    }
    for mutant in points("tests/mutants/survivors.md") {
        let named = mutated(&mutant);
        wrong.extend(source.wrong_item(&named).map(|what| format!("{mutant}: {what}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
