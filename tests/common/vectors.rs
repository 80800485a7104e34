//! Reads `testdata/frames/*.txt`; the format is described in `testdata/README.md`.

use std::path::Path;

use super::oracle::{Seen, Setting};
use super::wire::{Masked, mask_stream};
use rfc6455::Limits;

#[derive(Clone, Debug)]
pub struct Vector {
    pub name: String,
    pub section: String,
    pub shows: String,
    /// The ends that it is for: `true` is the server.
    pub roles: Vec<bool>,
    pub rsv1: bool,
    pub limits: Limits,
    pub input: Vec<u8>,
    /// The input is what is on the wire already.
    pub raw: bool,
    pub events: Vec<Seen>,
    /// Rule, index of the byte in `input`, status code.
    pub fails: Option<(String, usize, u16)>,
    /// What is transmitted, unmasked.
    pub sends: Vec<u8>,
}

impl Vector {
    pub fn setting(&self, server: bool) -> Setting {
        Setting { server, rsv1: self.rsv1, limits: self.limits }
    }

    /// What this end finds on the wire, and where each byte of `input` is in it.
    pub fn wire(&self, server: bool) -> Masked {
        if server && !self.raw {
            mask_stream(&self.input)
        } else {
            Masked { bytes: self.input.clone(), at: (0..self.input.len()).collect() }
        }
    }
}

/// Every vector of this package.
pub fn all() -> Vec<Vector> {
    all_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/frames"))
}

/// Every vector of the directory, in the order of the files' names.
pub fn all_in(directory: &Path) -> Vec<Vector> {
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| parse(&std::fs::read_to_string(file).unwrap())).collect()
}

/// The vectors of one file.
pub fn parse(text: &str) -> Vec<Vector> {
    let mut vectors: Vec<Vector> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            vectors.push(Vector {
                name: name.to_owned(),
                section: String::new(),
                shows: String::new(),
                roles: vec![true, false],
                rsv1: false,
                limits: Limits::DEFAULT,
                input: Vec::new(),
                raw: false,
                events: Vec::new(),
                fails: None,
                sends: Vec::new(),
            });
            continue;
        }
        let vector = vectors.last_mut().expect("a vector begins with [its name]");
        let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("no key: {line}"));
        field(vector, key, value.trim());
    }
    for Vector { name, section, .. } in &vectors {
        assert!(is_section(section), "{name}: {section:?} is no section");
    }
    vectors
}

/// Whether this names a section of RFC 6455, or, with its number before it, of another RFC.
pub fn is_section(text: &str) -> bool {
    let section = match text.strip_prefix("RFC ").and_then(|text| text.split_once(' ')) {
        Some((rfc, section)) if rfc.len() == 4 && rfc.parse::<u16>().is_ok() => section,
        Some(_) => return false,
        None => text,
    };
    section.split('.').all(|number| number.parse::<u8>().is_ok_and(|number| number > 0))
}

fn field(vector: &mut Vector, key: &str, value: &str) {
    match key {
        "section" => value.clone_into(&mut vector.section),
        "shows" => value.clone_into(&mut vector.shows),
        "role" => vector.roles = vec![value == "server"],
        "rsv1" => vector.rsv1 = value == "allowed",
        "limit" => {
            let (name, number) = value.split_once(' ').expect("a limit has a value");
            let number: u64 = number.parse().unwrap();
            let small = || u32::try_from(number).unwrap();
            vector.limits = match name {
                "max_frame" => vector.limits.max_frame(number),
                "max_message" => vector.limits.max_message(number),
                "max_fragments" => vector.limits.max_fragments(small()),
                "max_control_frames" => vector.limits.max_control_frames(small()),
                "min_fragment" => vector.limits.min_fragment(small()),
                _ => panic!("unknown limit {name}"),
            };
        }
        "input" => vector.input.extend(bytes(value)),
        "raw" => {
            vector.raw = true;
            vector.input.extend(bytes(value));
        }
        "event" => vector.events.push(event(value)),
        "fails" => {
            let words: Vec<_> = value.split_whitespace().collect();
            let ["at", at, "close", code] = words[1..] else { panic!("fails: {value}") };
            vector.fails = Some((words[0].to_owned(), at.parse().unwrap(), code.parse().unwrap()));
        }
        "sends" => vector.sends.extend(bytes(value)),
        _ => panic!("unknown key {key}"),
    }
}

fn event(value: &str) -> Seen {
    let (kind, rest) = value.split_once(' ').unwrap_or((value, ""));
    let rest = rest.trim();
    match kind {
        "ping" => Seen::Ping(bytes(rest)),
        "pong" => Seen::Pong(bytes(rest)),
        "close" if rest.is_empty() => Seen::Close(None),
        "close" => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            let reason = String::from_utf8(bytes(reason)).unwrap();
            Seen::Close(Some((code.parse().unwrap(), reason)))
        }
        "text" | "binary" => {
            let (part, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let (rsv1, rest) = match rest.strip_prefix("rsv1") {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let [first, last] = match part {
                "whole" => [true, true],
                "first" => [true, false],
                "middle" => [false, false],
                "last" => [false, true],
                _ => panic!("unknown part {part}"),
            };
            Seen::Data { text: kind == "text", rsv1, first, last, bytes: bytes(rest) }
        }
        _ => panic!("unknown event {kind}"),
    }
}

/// Bytes in the notation of the files: hex, "text", (groups), and `*n` behind any of them.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut rest = text.trim();
    let all = sequence(&mut rest);
    assert!(rest.is_empty(), "{rest:?} is left over of {text:?}");
    all
}

fn sequence(rest: &mut &str) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        *rest = rest.trim_start();
        let item = if let Some(inner) = rest.strip_prefix('(') {
            *rest = inner;
            let group = sequence(rest);
            *rest = rest.strip_prefix(')').expect("a group ends with )");
            group
        } else if let Some(text) = rest.strip_prefix('"') {
            let (text, after) = text.split_once('"').expect("text ends with \"");
            *rest = after;
            text.as_bytes().to_vec()
        } else {
            let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            if digits.is_empty() {
                return all;
            }
            *rest = after;
            let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two hex digits");
            (0..digits.len()).step_by(2).map(byte).collect()
        };
        let mut times = 1;
        if let Some(after) = rest.strip_prefix('*') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            times = after[..end].parse().expect("a number behind *");
            *rest = &after[end..];
        }
        all.extend(item.repeat(times));
    }
}
