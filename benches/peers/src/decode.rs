//! Decoding as a server: masked messages in 64 KiB reads; a copy stands for `recv`.

use crate::measure::{Contender, interleaved};
use crate::{ours, tungstenite_peer};

const READ_LEN: usize = 64 << 10;
const ROUNDS: u32 = 15;

/// Enough messages of this length for a round that is long against the clock's resolution.
fn stream(len: usize, text: bool) -> (Vec<u8>, u64) {
    let count = ((1 << 20) / (len + 8)).clamp(3, 40_000);
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut ws = rfc6455::Connection::client(
        move || {
            let [a, b, c, d, ..] = random();
            [a, b, c, d]
        },
        rfc6455::Limits::DEFAULT,
    );
    let payload: Vec<u8> = (0..len).map(|i| b'a' + (i * 7 % 26) as u8).collect();
    let mut stream = Vec::new();
    let mut out = vec![0; len + 14];
    for _ in 0..count {
        let len = if text {
            ws.send(std::str::from_utf8(&payload).unwrap(), &mut out)
        } else {
            ws.send(&payload[..], &mut out)
        };
        stream.extend_from_slice(&out[..len.unwrap()]);
    }
    (stream, count as u64)
}

pub fn run() {
    for (title, text) in [("binary", false), ("ASCII text", true)] {
        println!("decode, masked {title}, 64 KiB reads: ns per message (GiB/s)");
        for len in [8, 32, 125, 512, 1 << 10, 16 << 10, 64 << 10, 1 << 20, 16 << 20] {
            let (stream, count) = stream(len, text);
            let (mut one, mut other) = (vec![0; READ_LEN], vec![0; READ_LEN]);
            let mut contenders = [
                Contender {
                    name: "rfc6455 chunks",
                    work: Box::new(|| ours::decode(&stream, &mut one)),
                },
                Contender {
                    name: "rfc6455 messages",
                    work: Box::new(|| ours::decode_messages(&stream, &mut other)),
                },
                Contender {
                    name: "tungstenite",
                    work: Box::new(|| tungstenite_peer::decode(&stream, READ_LEN)),
                },
            ];
            let rounds = if len > 1 << 20 { 5 } else { ROUNDS };
            let best = interleaved(&mut contenders, rounds, (count, count * len as u64));
            print!("{len:>9}");
            let theirs = best[2].as_secs_f64();
            for (contender, best) in contenders.iter().zip(best) {
                let seconds = best.as_secs_f64() / count as f64;
                let rate = len as f64 / seconds / f64::from(1 << 30);
                print!(
                    "  {} {:.1} ({rate:.2}) {:.1}x",
                    contender.name,
                    seconds * 1e9,
                    theirs / best.as_secs_f64()
                );
            }
            println!();
        }
    }
}
