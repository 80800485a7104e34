//! Benchmarks of each part of the codec: `cargo bench`.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rfc6455::websocket::{self, Config};
use rfc6455::{
    Connection, Event, Fragment, FrameHeader, Limits, MaskingKey, Utf8, WebSocket, mask,
};

const LENGTHS: [usize; 7] = [8, 32, 125, 512, 1 << 10, 16 << 10, 64 << 10];
const READ_LEN: usize = 64 << 10;
const KEY: [u8; 4] = [0x37, 0xA9, 0x5C, 0xE1];

/// Returns a client's stream of frames, some 256 KiB long, and the number of messages in it.
fn masked_stream(payload: &Fragment<'_>, between: &[&[u8]]) -> (Vec<u8>, u64) {
    let count = ((256 << 10) / (payload.payload().len() + 8)).max(1);
    let mut ws = Connection::client(|| KEY, Limits::DEFAULT);
    let mut out = vec![0; payload.payload().len() + FrameHeader::MAX_LEN];
    let mut stream = Vec::new();
    for _ in 0..count {
        let len = ws.send(*payload, &mut out).unwrap();
        stream.extend_from_slice(&out[..len]);
        for payload in between {
            stream.extend_from_slice(&ws.ping(payload).unwrap());
        }
    }
    (stream, count as u64)
}

/// Receives a whole stream in reads of the buffer's length; a copy simulates `recv`.
fn receive(stream: &[u8], buffer: &mut [u8]) {
    let mut ws = Connection::server(Limits::DEFAULT);
    for read in stream.chunks(buffer.len()) {
        let mut input = &mut buffer[..read.len()];
        input.copy_from_slice(read);
        while let Some(event) = ws.receive(&mut input).unwrap() {
            match event {
                Event::Data(chunk) => drop(black_box(&*chunk)),
                _ => drop(black_box(ws.poll_transmit().as_deref())),
            }
        }
    }
}

/// Receives the same as whole messages, in reads of at most `read_len` bytes, and echoes them if
/// `echo` is set.
fn receive_messages(mut stream: &[u8], read_len: usize, echo: bool) {
    let mut ws = WebSocket::server(Config::DEFAULT);
    while !stream.is_empty() {
        let room = ws.read_buf();
        let (read, rest) = stream.split_at(room.len().min(read_len).min(stream.len()));
        room[..read.len()].copy_from_slice(read);
        stream = rest;
        ws.received(read.len()).unwrap();
        while let Some((event, tx)) = ws.next().unwrap() {
            match event {
                websocket::Event::Message(message) if echo => tx.send(message).unwrap(),
                websocket::Event::Message(message) => drop(black_box(message.as_bytes())),
                _ => {}
            }
        }
        let len = black_box(ws.transmit()).len();
        ws.transmitted(len).unwrap();
    }
}

/// Returns text of `len` bytes, made of these words.
fn text(words: &str, len: usize) -> String {
    let mut text = String::new();
    while text.len() + words.len() <= len {
        text.push_str(words);
    }
    text.push_str(&"x".repeat(len - text.len()));
    text
}

/// Measures the three loops that all bytes go through.
///
/// `benches/kernels` runs them with each vector width.
fn kernels(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels");
    for len in LENGTHS {
        let mut bytes = vec![7; len];
        let mut out = vec![0; len + FrameHeader::MAX_LEN];
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("mask in place", len), |b| {
            b.iter(|| mask(black_box(&mut bytes), MaskingKey(KEY)));
        });
        let mut client = Connection::client(|| black_box(KEY), Limits::DEFAULT);
        group.bench_function(BenchmarkId::new("masked copy", len), |b| {
            b.iter(|| client.send(black_box(&bytes[..]), black_box(&mut out)));
        });
        for (kind, words) in [("ASCII", "the quick brown fox, "), ("Cyrillic", "съешь ещё этих ")]
        {
            let text = text(words, len.max(words.len()));
            group.bench_function(BenchmarkId::new(format!("validate {kind}"), len), |b| {
                b.iter(|| Utf8::new().validate(black_box(text.as_bytes())));
            });
        }
    }
    group.finish();
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode binary");
    for len in LENGTHS {
        let payload = vec![7; len];
        let (stream, _) = masked_stream(&Fragment::from(&payload[..]), &[]);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        let mut buffer = vec![0; READ_LEN];
        group.bench_function(BenchmarkId::new("chunks", len), |b| {
            b.iter(|| receive(&stream, &mut buffer));
        });
        group.bench_function(BenchmarkId::new("messages", len), |b| {
            b.iter(|| receive_messages(&stream, READ_LEN, false));
        });
        group.bench_function(BenchmarkId::new("echo", len), |b| {
            b.iter(|| receive_messages(&stream, READ_LEN, true));
        });
    }
    group.finish();
    let mut group = c.benchmark_group("decode 16 KiB of binary in reads of");
    let payload = vec![7; 16 << 10];
    let (stream, _) = masked_stream(&Fragment::from(&payload[..]), &[]);
    group.throughput(Throughput::Bytes(stream.len() as u64));
    for read_len in [1, 1448, 4 << 10, 64 << 10] {
        let mut buffer = vec![0; read_len];
        group.bench_function(BenchmarkId::new("chunks", read_len), |b| {
            b.iter(|| receive(&stream, &mut buffer));
        });
        group.bench_function(BenchmarkId::new("messages", read_len), |b| {
            b.iter(|| receive_messages(&stream, read_len, false));
        });
    }
    group.finish();
}

fn decode_text(c: &mut Criterion) {
    let kinds = [
        ("ASCII", "the quick brown fox jumps over the lazy dog, "),
        ("JSON", "{\"name\":\"Zoë\",\"city\":\"Åbo\",\"age\":31,\"tags\":[\"a\",\"b\"]},"),
        ("Cyrillic", "съешь ещё этих мягких французских булок, "),
        ("CJK", "我能吞下玻璃而不傷身體。"),
        ("emoji", "🦀🚀🎉🔥"),
    ];
    let mut group = c.benchmark_group("decode text");
    for (kind, words) in kinds {
        for len in [125, 1 << 10, 64 << 10] {
            let payload = text(words, len);
            let (stream, _) = masked_stream(&Fragment::from(payload.as_str()), &[]);
            group.throughput(Throughput::Bytes(stream.len() as u64));
            let mut buffer = vec![0; READ_LEN];
            group.bench_function(BenchmarkId::new(format!("{kind}, chunks"), len), |b| {
                b.iter(|| receive(&stream, &mut buffer));
            });
            group.bench_function(BenchmarkId::new(format!("{kind}, messages"), len), |b| {
                b.iter(|| receive_messages(&stream, READ_LEN, false));
            });
        }
    }
    group.finish();
}

fn control(c: &mut Criterion) {
    let mut group = c.benchmark_group("fragments of 1 KiB with pings between");
    let mut ws = Connection::client(|| KEY, Limits::DEFAULT);
    let mut stream = Vec::new();
    let mut out = [0; 1100];
    let payload = Fragment::from(&[7; 1024]);
    for i in 0..64 {
        let part = match i {
            0 => payload.first(),
            63 => payload.last(),
            _ => payload.middle(),
        };
        let len = ws.send(part, &mut out).unwrap();
        stream.extend_from_slice(&out[..len]);
        stream.extend_from_slice(&ws.ping(b"ping").unwrap());
    }
    group.throughput(Throughput::Bytes(stream.len() as u64));
    let mut buffer = vec![0; READ_LEN];
    group.bench_function("chunks", |b| b.iter(|| receive(&stream, &mut buffer)));
    group.finish();

    let mut group = c.benchmark_group("ping flood, answered");
    let mut stream = Vec::new();
    for _ in 0..1000 {
        stream.extend_from_slice(&ws.ping(b"12345678").unwrap());
    }
    group.throughput(Throughput::Elements(1000));
    group.bench_function("pings", |b| b.iter(|| receive(&stream, &mut buffer)));
    group.finish();
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for len in LENGTHS {
        let payload = vec![7; len];
        let mut out = vec![0; len + FrameHeader::MAX_LEN];
        group.throughput(Throughput::Bytes(len as u64));
        let mut server = Connection::server(Limits::DEFAULT);
        group.bench_function(BenchmarkId::new("unmasked", len), |b| {
            b.iter(|| server.send(black_box(&payload[..]), black_box(&mut out)));
        });
        let mut client = Connection::client(|| black_box(KEY), Limits::DEFAULT);
        group.bench_function(BenchmarkId::new("masked", len), |b| {
            b.iter(|| client.send(black_box(&payload[..]), black_box(&mut out)));
        });
    }
    group.finish();
}

criterion_group!(benches, kernels, decode, decode_text, control, encode);
criterion_main!(benches);
