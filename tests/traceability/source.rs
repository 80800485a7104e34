//! The items and the comments of `src` and the tests of the package, found by name: in which file
//! one stands, no reference says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a directory, without what was built there.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, mut all): (Vec<_>, Vec<_>) =
        entries.filter(|path| !path.ends_with("target")).partition(|path| path.is_dir());
    all.extend(directories.iter().flat_map(|path| files(path)));
    all.sort();
    all
}

fn rust_files(directory: &str) -> Vec<PathBuf> {
    let mut all = files(&root().join(directory));
    all.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    all
}

/// A function, a type, a constant, a variant or a test.
pub(crate) struct Item {
    /// The module, the type if it belongs to one, and the name.
    path: Vec<String>,
    file: PathBuf,
    is_variant: bool,
    pub(crate) code: String,
}

/// All that references can name.
pub(crate) struct Source {
    items: Vec<Item>,
    tests: Vec<Item>,
    /// The comments of each file of `src`.
    comments: Vec<(PathBuf, String)>,
}

impl Source {
    pub(crate) fn read() -> Self {
        let mut all = Self { items: Vec::new(), tests: Vec::new(), comments: Vec::new() };
        for file in rust_files("src") {
            let text = fs::read_to_string(&file).unwrap();
            let (comments, code) = comments_and_code(&text);
            let lines: Vec<&str> = code.lines().filter(|line| !line.trim().is_empty()).collect();
            take_items(&lines, &[module(&file)], &file, &mut all.items);
            take_tests(&text, &file, &mut all.tests);
            all.comments.push((file, comments));
        }
        let programs = rust_files("examples");
        for file in rust_files("tests").into_iter().chain(programs) {
            take_tests(&fs::read_to_string(&file).unwrap(), &file, &mut all.tests);
        }
        assert!(all.items.len() > 500 && all.tests.len() > 300, "the items were not found");
        all
    }

    pub(crate) fn comments(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.comments.iter().map(|(file, text)| (&**file, &**text))
    }

    /// The test called `name` or `file::name`.
    pub(crate) fn test(&self, reference: &str) -> Result<&Item, String> {
        Ok(find(&self.tests, "test", reference)?[0])
    }

    /// What is wrong with a reference to an item: `name`, `Type::name`, `module::name`, or one of
    /// these with a part of its code: `name: code`.
    pub(crate) fn wrong_item(&self, reference: &str) -> Option<String> {
        let (name, part) = match reference.split_once(": ") {
            Some((name, part)) => (name, Some(part)),
            None => (reference, None),
        };
        let found = match find(&self.items, "item of src", name) {
            Ok(found) => found,
            Err(wrong) => return Some(wrong),
        };
        if let Some(part) = part {
            let stands = found.iter().any(|item| item.code.contains(part));
            return (!stands).then(|| format!("{name} does not contain: {part}"));
        }
        let [.., parent, variant] = &found[0].path[..] else { return None };
        let made = format!("{parent}::{variant}");
        let unused = found[0].is_variant && !self.items.iter().any(|item| item.names(&made));
        unused.then(|| format!("no item of src names the variant {made}"))
    }

    /// The names of an enum's variants.
    pub(crate) fn variants(&self, name: &str) -> Vec<String> {
        let of = |item: &&Item| item.is_variant && item.path[item.path.len() - 2] == name;
        let all = self.items.iter().filter(of).map(|item| item.path.last().unwrap().clone());
        let all: Vec<_> = all.collect();
        assert!(!all.is_empty(), "there is no enum {name}");
        all
    }
}

impl Item {
    /// Whether its code has this path as whole words.
    fn names(&self, path: &str) -> bool {
        let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        self.code.match_indices(path).any(|(at, _)| is_end(&self.code[at + path.len()..]))
    }
}

/// The one item or test that a reference means. Those that depend on a feature are there twice.
fn find<'a>(all: &'a [Item], kind: &str, reference: &str) -> Result<Vec<&'a Item>, String> {
    let segments: Vec<String> = reference.split("::").map(str::to_owned).collect();
    let found: Vec<&Item> = all.iter().filter(|item| item.path.ends_with(&segments)).collect();
    let places: BTreeSet<String> = (found.iter())
        .map(|item| (item.path.join("::"), item.file.strip_prefix(root()).unwrap().display()))
        .map(|(name, file)| format!("{name} in {file}"))
        .collect();
    match places.len() {
        0 => Err(format!("no {kind} is called {reference}")),
        1 => Ok(found),
        _ => Err(format!("{reference} is ambiguous, qualify it: {places:?}")),
    }
}

/// A file's name without its ending, or the directory's of a `mod.rs`.
fn module(file: &Path) -> String {
    let named = if file.ends_with("mod.rs") { file.parent().unwrap() } else { file };
    named.file_stem().unwrap().to_str().unwrap().to_owned()
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

/// Adds the tests of a file, each with its text up to the next one.
fn take_tests(text: &str, file: &Path, all: &mut Vec<Item>) {
    for (at, _) in text.match_indices("#[test]\n") {
        let code = text[at..].trim_start_matches("#[test]\n");
        let code = code.split("#[test]\n").next().unwrap();
        let heads = code.lines().filter_map(|line| head(line.trim_start()));
        let name = heads.filter(|(kind, _)| *kind == "fn").map(|(_, name)| name.to_owned()).next();
        let path = vec![module(file), name.expect("a test is a function")];
        all.push(Item { path, file: file.to_owned(), is_variant: false, code: code.to_owned() });
    }
}

/// Adds the items of some lines, as rustfmt indents them, without those for tests alone.
fn take_items(lines: &[&str], path: &[String], file: &Path, all: &mut Vec<Item>) {
    let Some(depth) = lines.first().map(|line| indent(line)) else { return };
    let (mut at, mut for_tests) = (0, false);
    while at < lines.len() {
        let line = lines[at].trim();
        for_tests |= line == "#[cfg(test)]";
        let Some((kind, name)) = head(line).filter(|_| indent(lines[at]) == depth) else {
            at += 1;
            continue;
        };
        let end = at + length(&lines[at..], kind);
        let item = &lines[at..end];
        at = end;
        if std::mem::take(&mut for_tests) {
            continue;
        }
        let code = item.join("\n");
        let inner = if kind == "impl" { implementor(&code) } else { name };
        let inner = if kind == "mod" { vec![inner.to_owned()] } else { extended(path, inner) };
        let body = item.get(1..item.len() - 1).unwrap_or_default();
        if matches!(kind, "impl" | "mod" | "trait") {
            let from = body.iter().position(|line| indent(line) > depth).unwrap_or(body.len());
            take_items(&body[from..], &inner, file, all);
        }
        if kind == "enum" {
            for line in body.iter().filter(|line| indent(line) == depth + 4) {
                let variant = words(line).next().unwrap_or_default();
                if line.trim_start().starts_with(|c: char| c.is_ascii_uppercase()) {
                    let (path, file) = (extended(&inner, variant), file.to_owned());
                    all.push(Item { path, file, is_variant: true, code: String::new() });
                }
            }
        }
        if !matches!(kind, "impl" | "mod") {
            all.push(Item { path: inner, file: file.to_owned(), is_variant: false, code });
        }
    }
}

fn extended(path: &[String], name: &str) -> Vec<String> {
    [path, &[name.to_owned()]].concat()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The keyword and the name of the item that a line begins.
fn head(line: &str) -> Option<(&str, &str)> {
    let mut words = words(line).skip_while(|word| {
        ["pub", "super", "crate", "unsafe", "async", "extern", "C"].contains(word)
    });
    if !line.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    match (words.next()?, words.next()?) {
        ("const", "fn") => Some(("fn", words.next()?)),
        ("const", "unsafe") => Some(("fn", words.nth(1)?)),
        (kind, name) => KINDS.contains(&kind).then_some((kind, name)),
    }
}

const KINDS: [&str; 9] =
    ["fn", "const", "static", "struct", "enum", "trait", "type", "mod", "impl"];

/// The number of lines of the item that begins with the first one.
fn length(lines: &[&str], kind: &str) -> usize {
    let depth = indent(lines[0]);
    if lines[0].ends_with([';', '}']) {
        return 1;
    }
    let is_value = matches!(kind, "const" | "static" | "type");
    let ends = |line: &&str| match indent(line) {
        same if same == depth => line.trim_start().starts_with('}') || line.ends_with(';'),
        // A value that stands on lines of its own.
        inner => is_value && lines[0].ends_with('=') && inner == depth + 4 && line.ends_with(';'),
    };
    lines[1..].iter().position(ends).map_or(lines.len(), |at| at + 2)
}

/// The type that an `impl` is for.
fn implementor(code: &str) -> &str {
    let head = code.split(" {").next().unwrap_or(code);
    let mut depth = 0;
    let after_generics = head.char_indices().find(|&(at, c)| {
        depth += i32::from(c == '<');
        depth -= i32::from(c == '>' && !head[..at].ends_with('-'));
        c == ' ' && depth == 0
    });
    let rest = after_generics.map_or(head, |(at, _)| &head[at..]);
    let named = rest.split_once(" for ").map_or(rest, |(_, named)| named);
    let named = named.split(['<', '\n']).next().unwrap_or(named);
    words(named).last().unwrap_or_default()
}
