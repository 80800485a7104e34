//! JSON as a service might push it: with repetitive names, and less repetitive values.

use std::fmt::Write;

/// Returns `count` messages of `len` bytes.
pub fn messages(len: usize, count: usize) -> Vec<String> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |end: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % end
    };
    let message = |_| {
        let mut text = String::from("[");
        while text.len() < len {
            let city = ["Lisbon", "Oslo", "Nairobi", "Lima", "Hanoi", "Quebec"]
                .into_iter()
                .cycle()
                .nth(usize::try_from(random(6)).unwrap())
                .unwrap();
            write!(
                text,
                "{{\"id\":{},\"city\":\"{city}\",\"price\":{}.{:02},\"open\":{},\
                 \"seen\":\"2026-{:02}-{:02}T{:02}:{:02}:00Z\"}},",
                random(100_000),
                random(900),
                random(100),
                random(2) == 0,
                1 + random(12),
                1 + random(28),
                random(24),
                random(60),
            )
            .unwrap();
        }
        text.truncate(len - 1);
        text.push(']');
        text
    };
    (0..count).map(message).collect()
}
