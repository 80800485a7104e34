//! MB/s of JSON in and out with context takeover, a window of 15 bits and level 1, interleaved in one
//! run: this crate with its frames and its check of text, another crate's payloads without either,
//! and the zlib of both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rfc6455::deflate::{Deflater, Inflater, Params, Policy};
use rfc6455::{Client, Connection, Incoming, Limits, MessageBuffer, Server};
use sockudo_ws::deflate::{DeflateConfig, DeflateContext};
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

const ROUNDS: usize = 40;
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// Messages of about `len` bytes, as a service might push them.
fn messages(len: usize, count: usize) -> Vec<String> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |end: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % end
    };
    let cities = ["Lisbon", "Oslo", "Nairobi", "Lima", "Hanoi", "Quebec"];
    (0..count)
        .map(|_| {
            let mut text = String::from("[");
            while text.len() < len {
                text += &format!(
                    "{{\"id\":{},\"city\":\"{}\",\"price\":{}.{:02},\"open\":{},\"seen\":\"2026-{:02}-{:02}T{:02}:{:02}:00Z\"}},",
                    random(100_000), cities[random(6) as usize], random(900), random(100),
                    random(2) == 0, 1 + random(12), 1 + random(28), random(24), random(60),
                );
            }
            text.truncate(len - 1);
            text.push(']');
            text
        })
        .collect()
}

fn agreement() -> rfc6455::deflate::Agreement {
    Policy::DEFAULT.threshold(0).accept(Params::default()).unwrap()
}

struct Ours {
    ws: Connection<Server>,
    deflater: Deflater,
    client: Connection<Client<fn() -> [u8; 4]>>,
    inflater: Inflater,
    messages: MessageBuffer<rfc6455::Heap>,
    out: Vec<u8>,
}

fn ours() -> Ours {
    Ours {
        ws: Connection::server(Limits::DEFAULT),
        deflater: agreement().deflater(),
        client: Connection::client(|| [0; 4], Limits::DEFAULT),
        inflater: agreement().inflater(),
        messages: MessageBuffer::new(),
        out: Vec::new(),
    }
}

fn main() {
    for len in [1 << 10, 16 << 10] {
        let texts = messages(len, (4 << 20) / len / 8);
        let bytes: usize = texts.iter().map(String::len).sum();
        let frames: Vec<Vec<u8>> = {
            let mut ours = ours();
            let frame = |text: &String| {
                let mut out = Vec::new();
                ours.deflater.send_to_vec(&mut ours.ws, &**text, &mut out).unwrap();
                out
            };
            texts.iter().map(frame).collect()
        };
        let payloads: Vec<Vec<u8>> = frames
            .iter()
            .map(|frame| frame[if frame[1] < 126 { 2 } else { 4 }..].to_vec())
            .collect();
        let small: usize = frames.iter().map(Vec::len).sum();
        println!("{len} bytes of JSON, compressed to {:.1} %", small as f64 / bytes as f64 * 100.0);
        out(&texts, bytes);
        inn(&frames, &payloads, bytes);
    }
}

fn report(title: &str, bytes: usize, rows: &[(&str, Duration)]) {
    print!("  {title}:");
    for (name, best) in rows {
        print!("  {name} {:.0} MB/s", bytes as f64 / best.as_secs_f64() / 1e6);
    }
    println!();
}

fn time(best: &mut Duration, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    *best = start.elapsed().min(*best);
}

fn out(texts: &[String], bytes: usize) {
    let mut best = [Duration::MAX; 3];
    let mut ours = ours();
    let mut zlib = Deflate::new(1, false, 15);
    let mut room = vec![0; 32 << 10];
    let mut sockudo = DeflateContext::server(config());
    for _ in 0..ROUNDS {
        time(&mut best[0], || {
            for text in texts {
                ours.out.clear();
                ours.deflater.send_to_vec(&mut ours.ws, &**text, &mut ours.out).unwrap();
                black_box(&ours.out);
            }
        });
        time(&mut best[1], || {
            for text in texts {
                zlib.compress(text.as_bytes(), &mut room, DeflateFlush::SyncFlush).unwrap();
                black_box(&room);
            }
        });
        time(&mut best[2], || {
            for text in texts {
                black_box(sockudo.compress(text.as_bytes()).unwrap());
            }
        });
    }
    report(
        "out",
        bytes,
        &[("rfc6455", best[0]), ("zlib-rs", best[1]), ("sockudo-ws, payload", best[2])],
    );
}

fn inn(frames: &[Vec<u8>], payloads: &[Vec<u8>], bytes: usize) {
    let mut best = [Duration::MAX; 3];
    let mut room = vec![0; 32 << 10];
    let mut buffer = vec![0; 32 << 10];
    for _ in 0..ROUNDS {
        // The messages are those of one stream, which is begun anew.
        let mut ours = ours();
        time(&mut best[0], || {
            for frame in frames {
                let mut input = &mut buffer[..frame.len()];
                input.copy_from_slice(frame);
                let incoming = ours.messages.receive_inflated(
                    &mut ours.inflater,
                    &mut ours.client,
                    &mut input,
                );
                let Ok(Some(Incoming::Message(message))) = incoming else { panic!("{incoming:?}") };
                black_box(message);
            }
        });
        let mut zlib = Inflate::new(false, 15);
        time(&mut best[1], || {
            for payload in payloads {
                let before = zlib.total_out();
                zlib.decompress(payload, &mut room, InflateFlush::NoFlush).unwrap();
                let len = (zlib.total_out() - before) as usize;
                zlib.decompress(&TAIL, &mut room[len..], InflateFlush::NoFlush).unwrap();
                black_box(&room[..len]);
            }
        });
        let mut sockudo = DeflateContext::client(config());
        time(&mut best[2], || {
            for payload in payloads {
                black_box(sockudo.decompress(payload, 1 << 20).unwrap());
            }
        });
    }
    report(
        "in",
        bytes,
        &[("rfc6455", best[0]), ("zlib-rs", best[1]), ("sockudo-ws, payload", best[2])],
    );
}

fn config() -> DeflateConfig {
    DeflateConfig { compression_level: 1, compression_threshold: 0, ..DeflateConfig::default() }
}
