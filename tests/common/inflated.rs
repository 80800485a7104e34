//! Reads `testdata/deflate/messages.txt`; the format is described in `testdata/deflate/README.md`.

use std::path::Path;

use super::deflate::frames;
use super::vectors::{bytes, is_section};
use super::wire::Frame;
use rfc6455::Limits;
use rfc6455::deflate::{Config, Negotiated, Params};

pub struct Vector {
    pub name: String,
    pub section: String,
    pub text: bool,
    pub takeover: bool,
    pub limits: Limits,
    pub max_ratio: u32,
    pub payloads: Vec<Vec<u8>>,
    pub messages: Vec<Vec<u8>>,
    /// Rule and status code.
    pub fails: Option<(String, u16)>,
}

impl Vector {
    pub fn negotiated(&self) -> Negotiated {
        let config = Config::DEFAULT.receive_takeover(self.takeover).max_ratio(self.max_ratio);
        let params = Params { server_no_context_takeover: !self.takeover, ..Params::default() };
        config.confirm(params).unwrap()
    }

    /// What a server sends, each message in a frame or in two.
    pub fn frames(&self, fragmented: bool) -> Vec<Frame> {
        let cut = |payload: &Vec<u8>| if fragmented { vec![payload.len() / 2] } else { Vec::new() };
        self.payloads.iter().flat_map(|payload| frames(self.text, payload, &cut(payload))).collect()
    }
}

/// Every vector of this package.
pub fn all() -> Vec<Vector> {
    all_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/deflate/messages.txt"))
}

/// Every vector of the file.
pub fn all_in(file: &Path) -> Vec<Vector> {
    let mut vectors: Vec<Vector> = Vec::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            vectors.push(Vector {
                name: name.to_owned(),
                section: String::new(),
                text: false,
                takeover: true,
                limits: Limits::DEFAULT,
                max_ratio: u32::MAX,
                payloads: Vec::new(),
                messages: Vec::new(),
                fails: None,
            });
        } else if let Some((key, value)) = line.split_once(':') {
            let vector = vectors.last_mut().unwrap();
            match (key, value.trim()) {
                ("section", value) => value.clone_into(&mut vector.section),
                ("shows", _) => {}
                ("kind", value) => vector.text = value == "text",
                ("takeover", value) => vector.takeover = value != "no",
                ("max_message", value) => {
                    vector.limits = vector.limits.max_message(value.parse().unwrap());
                }
                ("max_ratio", value) => vector.max_ratio = value.parse().unwrap(),
                ("payload", value) => vector.payloads.push(bytes(value)),
                ("message", value) => vector.messages.push(bytes(value)),
                ("fails", value) => {
                    let (rule, code) = value.split_once(" close ").unwrap();
                    vector.fails = Some((rule.to_owned(), code.parse().unwrap()));
                }
                _ => panic!("{line}"),
            }
        }
    }
    for Vector { name, section, .. } in &vectors {
        assert!(is_section(section), "{name}: {section:?} is no section");
    }
    vectors
}
