//! Writes the vectors of `testdata` as inputs of the targets: `cargo run --example seeds -- <directory>`.

use std::fs;
use std::path::{Path, PathBuf};

use rfc6455_fuzz::common::heads::{self, Role};
use rfc6455_fuzz::common::source::Scenario;
use rfc6455_fuzz::common::wire::{Frame, mask_stream};
use rfc6455_fuzz::common::{inflated, vectors};
use rfc6455_fuzz::{common, compare};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata");

/// Longer inputs would only make the fuzzer slow.
const MAX_LEN: usize = 1024;

struct Seeds {
    directory: PathBuf,
    count: usize,
}

impl Seeds {
    fn put(&mut self, target: &str, parts: &[&[u8]]) {
        let bytes = parts.concat();
        if bytes.len() <= MAX_LEN {
            let directory = self.directory.join(target);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join(format!("vector-{:04}", self.count)), bytes).unwrap();
            self.count += 1;
        }
    }

    /// Streams of frames, to everything that receives them.
    fn frames(&mut self) {
        for vector in vectors::all_in(&Path::new(TESTDATA).join("frames")) {
            for server in vector.roles.clone() {
                let stream = vector.wire(server).bytes;
                let (role, mut choices) = (u8::from(server), [0; Scenario::CHOICES]);
                choices[0] = u8::from(vector.rsv1);
                let target = if server { "receive_server" } else { "receive_client" };
                self.put(target, &[&choices, &stream]);
                for choice in [role, 4 | role, 31 << 3 | 2 | role, 31 << 3 | 6 | role] {
                    self.put("messages", &[&[0, choice], &choices, &stream]);
                }
                self.put("receive_deflate", &[&[role | 2], &choices, &stream]);
                let mut choices = [0; compare::CHOICES];
                choices[0] = role;
                self.put("tungstenite", &[&choices, &stream]);
                self.put("wslay", &[&choices, &stream]);
            }
            for event in vector.events {
                if let common::oracle::Seen::Data { text: true, bytes, .. } = event {
                    self.put("utf8", &[&bytes]);
                }
            }
        }
    }

    /// Compressed messages.
    fn deflate(&mut self) {
        for vector in inflated::all_in(&Path::new(TESTDATA).join("deflate/messages.txt")) {
            let stream: Vec<_> = vector.frames(false).iter().flat_map(Frame::bytes).collect();
            let takeover = if vector.takeover { 2 } else { 0 };
            let choices = [0; Scenario::CHOICES];
            self.put("receive_deflate", &[&[takeover], &choices, &stream]);
            let masked = mask_stream(&stream).bytes;
            self.put("receive_deflate", &[&[takeover | 1], &choices, &masked]);
        }
    }

    fn handshake(&mut self) {
        let directory = format!("{TESTDATA}/handshake");
        for entry in fs::read_dir(&directory).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name == "README.md" {
                continue;
            }
            for case in heads::vectors_in(&directory, &name) {
                let offers = case.extensions.is_some() || !case.subprotocols.is_empty();
                let choices = [0, u8::from(offers), 0, 0, 0, 0, 0, 0];
                let server = case.role == Role::Server;
                let target = if server { "request_head" } else { "response_head" };
                self.put(target, &[&choices, &case.bytes]);
                let head = String::from_utf8_lossy(&case.bytes);
                for line in head.lines() {
                    if let Some(value) = line.strip_prefix("Sec-WebSocket-Extensions:") {
                        self.put("extensions", &[value.trim().as_bytes()]);
                    }
                }
            }
        }
    }
}

fn main() {
    let directory = std::env::args_os().nth(1).expect("the directory to write to").into();
    let mut seeds = Seeds { directory, count: 0 };
    seeds.frames();
    seeds.deflate();
    seeds.handshake();
    println!("{} seeds", seeds.count);
}
