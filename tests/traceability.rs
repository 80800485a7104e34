//! Holds `SECURITY.md` and `testdata/requirements` to the code, the tests and the vectors, and each
//! error to a vector or a test. They are read as text: that a vector says the truth, its own test
//! shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const TABLES: [&str; 3] = ["rfc6455.md", "rfc7692.md", "http.md"];
/// What a caller, and not a peer, is told of as a violation.
const OF_CALLER: [&str; 1] = ["Mispaired"];
/// Rows of SECURITY.md, from 1 on.
const ATTACKS: usize = 74;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a directory.
fn files(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let (directories, mut all): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    all.extend(directories.iter().flat_map(|path| files(path.to_str().unwrap())));
    all.sort();
    all
}

/// The cells of each row of each table in a Markdown file, without heads and rulers.
fn rows(path: &str) -> Vec<Vec<String>> {
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
fn spans(cell: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = cell.split('`').collect();
    assert_eq!(parts.len() % 2, 1, "{cell}");
    parts[1..].chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

/// One vector: what of it can be referred to.
#[derive(Default)]
struct Vector {
    name: String,
    row: Option<String>,
    /// Error and close code or HTTP status.
    verdict: Option<(String, Option<u16>)>,
}

/// All vectors, by the file below `testdata`.
fn vectors() -> BTreeMap<String, Vec<Vector>> {
    let mut all = BTreeMap::new();
    for path in files("testdata").iter().filter(|path| path.extension().unwrap() == "txt") {
        let mut vectors: Vec<Vector> = Vec::new();
        for line in fs::read_to_string(path).unwrap().lines() {
            let name = line.strip_prefix("case: ");
            let name = name.or_else(|| line.strip_prefix('[').and_then(|l| l.strip_suffix(']')));
            if let Some(name) = name {
                vectors.push(Vector { name: name.to_owned(), ..Vector::default() });
                continue;
            }
            let (Some(vector), Some((key, value))) = (vectors.last_mut(), line.split_once(": "))
            else {
                continue;
            };
            match key {
                "row" => vector.row = Some(value.to_owned()),
                "fails" | "expect" | "verdict" => {
                    let end = value.find([' ', '(']).unwrap_or(value.len());
                    let code = value.rsplit(' ').next().and_then(|code| code.parse().ok());
                    vector.verdict = Some((value[..end].to_owned(), code));
                }
                _ => {}
            }
        }
        let file = path.strip_prefix(root().join("testdata")).unwrap();
        all.insert(file.to_str().unwrap().to_owned(), vectors);
    }
    assert!(all.values().map(Vec::len).sum::<usize>() > 500, "the vectors were not found");
    all
}

/// The names of an enum's variants.
fn variants(path: &str, name: &str) -> Vec<String> {
    let text = read(path);
    let (_, body) = text.split_once(&format!("pub enum {name} {{\n")).expect(name);
    let (body, _) = body.split_once("\n}").unwrap();
    let ident = |line: &str| {
        let line = line.strip_prefix("    ")?;
        let end = line.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(line.len());
        line.starts_with(|c: char| c.is_ascii_uppercase()).then(|| line[..end].to_owned())
    };
    body.lines().filter_map(ident).collect()
}

/// The violations of a peer.
fn violations() -> Vec<String> {
    let mut all = variants("src/error.rs", "Violation");
    all.retain(|variant| !OF_CALLER.contains(&&**variant));
    all
}

fn handshake_errors() -> Vec<String> {
    variants("src/handshake/error.rs", "HandshakeError")
}

/// The errors of our own caller, each with the name of its enum.
fn caller_errors() -> Vec<(&'static str, String)> {
    let of = |path, name| variants(path, name).into_iter().map(move |variant| (name, variant));
    let receiving = OF_CALLER.map(|variant| ("Violation", variant.to_owned()));
    let sending = of("src/error.rs", "SendError");
    sending.chain(receiving).chain(of("src/handshake/error.rs", "HandshakeSendError")).collect()
}

/// Words in small letters with one space between them, as they are compared.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What is left of a file's comments without their markers, and what without comments.
fn comments_and_code(text: &str) -> (String, String) {
    let (mut comments, mut code) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(comment) = line.trim_start().strip_prefix("//") {
            let comment = comment.trim_start_matches(['/', '!']).trim_start();
            comments.push_str(comment.strip_prefix("> ").unwrap_or(comment));
            comments.push('\n');
        } else {
            code.push_str(line);
            code.push('\n');
        }
    }
    (comments, code)
}

/// The parts of a quotation between its omissions.
fn pieces(requirement: &str) -> impl Iterator<Item = String> {
    let quote = requirement.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let quote = quote.unwrap_or_else(|| panic!("not a quotation: {requirement}"));
    quote.split("[...]").map(normal).filter(|piece| !piece.is_empty())
}

/// What is wrong with the tests and vectors that a cell names.
fn wrong_evidence(cell: &str, vectors: &BTreeMap<String, Vec<Vector>>) -> Vec<String> {
    let exists = |reference: &str| {
        let Some((file, name)) = reference.split_once(": ") else {
            return root().join(reference).is_file();
        };
        if let Some(vectors) = vectors.get(file) {
            return match name.strip_prefix("row ") {
                Some(row) => vectors.iter().any(|vector| vector.row.as_deref() == Some(row)),
                None => vectors.iter().any(|vector| vector.name == name),
            };
        }
        root().join(file).is_file() && test(file, name).is_some()
    };
    let missing = spans(cell).into_iter().filter(|(reference, _)| !exists(reference));
    missing.map(|(reference, _)| format!("there is no {reference}")).collect()
}

/// The text of a test, up to the next one.
fn test(file: &str, name: &str) -> Option<String> {
    let text = read(file);
    let (before, after) = text.split_once(&format!(" {name}("))?;
    let attributes = before.rsplit("\n\n").next().unwrap_or(before);
    let is_test = attributes.contains("#[test]") && before.ends_with("fn");
    is_test.then(|| after.split("#[test]").next().unwrap_or(after).to_owned())
}

/// What is wrong with the files and identifiers that are to enforce a requirement.
fn wrong_places(places: &str, requirement: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut current: Option<(&str, String)> = None;
    // Why it is the caller's is prose.
    for (span, behind) in spans(places.split("caller: ").next().unwrap_or_default()) {
        if !span.starts_with("src/") {
            let (path, code) = current.as_ref().expect("identifiers stand behind their file");
            if !code.contains(span) {
                wrong.push(format!("{span} is not in {path}"));
            }
            continue;
        }
        let (comments, code) = comments_and_code(&read(span));
        if behind.starts_with(" quoted") {
            let comments = normal(&comments);
            let missing = pieces(requirement).filter(|piece| !comments.contains(piece));
            wrong.extend(missing.map(|piece| format!("{span} does not say: {piece}")));
        } else if behind != " " {
            wrong.push(format!("{span}: neither quoted nor an identifier"));
        }
        current = Some((span, code));
    }
    if current.is_none() && !places.starts_with("caller: ") {
        wrong.push("nobody enforces it".to_owned());
    }
    wrong
}

#[test]
fn every_requirement_is_enforced_and_noticed() {
    let vectors = vectors();
    let (mut wrong, mut shown) = (Vec::new(), Vec::new());
    for table in TABLES {
        let rows = rows(&format!("testdata/requirements/{table}"));
        assert!(!rows.is_empty(), "{table}");
        for row in &rows {
            let [section, requirement, places, evidence] = &row[..] else { panic!("{row:?}") };
            shown.push(format!("{table} §{section} {requirement}\n    {places}\n    {evidence}"));
            let mut found = wrong_places(places, requirement);
            found.extend(wrong_evidence(evidence, &vectors));
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
    for path in files("src") {
        let (comments, _) = comments_and_code(&fs::read_to_string(&path).unwrap());
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
    let vectors = vectors();
    let codes: BTreeMap<&str, u16> = (vectors.values().flatten())
        .filter_map(|vector| vector.verdict.as_ref())
        .filter_map(|(error, code)| Some((error.as_str(), (*code)?)))
        .collect();
    let all = [violations(), handshake_errors()].concat();
    let known = |name: &str| all.iter().any(|error| error == name);
    let of_caller = |name: &str| caller_errors().iter().any(|(_, error)| error == name);
    let (mut wrong, mut numbers, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    let rows: Vec<_> = rows("SECURITY.md").into_iter().filter(|row| row.len() == 5).collect();
    for row in &rows {
        let [number, attack, behaviour, answers, evidence] = &row[..] else { panic!("{row:?}") };
        assert!(!attack.is_empty() && !behaviour.is_empty() && !evidence.is_empty(), "{number}");
        let mut found = wrong_evidence(evidence, &vectors);
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
        for (file, vectors) in &vectors {
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
    for vector in vectors.values().flatten() {
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
    let vectors = vectors();
    let of = |directory: &str| -> Vec<&str> {
        let files = vectors.iter().filter(|(file, _)| file.starts_with(directory));
        let verdicts = files.flat_map(|(_, vectors)| vectors).filter_map(|v| v.verdict.as_ref());
        verdicts.map(|(error, _)| error.as_str()).collect()
    };
    let (frames, handshakes, compressed) = (of("frames"), of("handshake"), of("deflate"));
    for error in violations() {
        let shown = frames.contains(&&*error) || compressed.contains(&&*error);
        assert!(shown, "no vector fails with {error}");
    }
    for error in handshake_errors() {
        let shown = handshakes.contains(&&*error) || compressed.contains(&&*error);
        assert!(shown, "no vector expects {error}");
    }
}

#[test]
fn every_error_of_a_caller_has_a_test_that_names_it() {
    let vectors = vectors();
    let rows = rows("testdata/requirements/caller.md");
    for (name, error) in caller_errors() {
        let row = rows.iter().find(|row| row[0] == format!("`{name}::{error}`"));
        let row = row.unwrap_or_else(|| panic!("{name}::{error} has no row"));
        println!("{} {}", row[0], row[1]);
        assert_eq!(wrong_evidence(&row[1], &vectors), [""; 0], "{error}");
        assert!(!row[1].is_empty());
        for (reference, _) in spans(&row[1]) {
            let (file, name) = reference.split_once(": ").unwrap();
            assert!(test(file, name).unwrap().contains(&error), "{reference} knows no {error}");
        }
    }
    assert_eq!(rows.len(), caller_errors().len());
}
