//! What no decoder can beat: the copy alone, and a decoder that checks nothing.
//!
//! The second trusts every header and unmasks with the CPU's widest vectors, in a loop compiled
//! for them as a whole. Text is assembled and validated once, as late as possible.

use super::{About, Receive, Sink};
use crate::source::{READ_LEN, SHORT_READ, Source};

pub const COPY: &str = "limit: copy alone";
pub const BARE: &str = "limit: bare header, best XOR";
pub const LONG_BARE: &str = "limit: bare header, best XOR, 64 KiB reads";

/// Reads and does nothing else.
pub struct Copy {
    source: Source,
    buffer: Vec<u8>,
}

impl Receive for Copy {
    const ABOUT: About = About::new(COPY, COPY, "decodes nothing");

    fn new(source: Source, _: bool) -> Self {
        Self { source, buffer: vec![0; READ_LEN] }
    }

    fn receive<S: Sink>(&mut self, _: &mut S) {
        let mut left = self.source.len();
        while left > 0 {
            left -= self.source.read_into(&mut self.buffer);
            std::hint::black_box(self.buffer.as_ptr());
        }
    }
}

pub struct Bare<const READ: usize> {
    source: Source,
    text: bool,
    buffer: Vec<u8>,
}

impl<const READ: usize> Receive for Bare<READ> {
    const ABOUT: About = if READ == SHORT_READ {
        About::new(BARE, BARE, "no checks but UTF-8 by simdutf8")
    } else {
        About::new(LONG_BARE, LONG_BARE, "")
    };

    fn new(source: Source, text: bool) -> Self {
        let len = if text { source.len() + READ } else { READ };
        Self { source: source.most(READ), text, buffer: vec![0; len] }
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        let Self { source, text, buffer } = self;
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx2") {
                // SAFETY: The CPU has the instructions that the function is compiled for.
                return unsafe { x86::avx512::receive(source, *text, buffer, sink) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: As above.
                return unsafe { x86::avx2::receive(source, *text, buffer, sink) };
            }
        }
        portable::receive(source, *text, buffer, sink);
    }
}

/// Returns the length of a masked header, even if it is incomplete.
#[inline(always)]
fn header(bytes: &[u8]) -> Option<(usize, [u8; 4], usize)> {
    let len = match bytes.get(1)? & 127 {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).unwrap(), 10),
        len => (usize::from(len), 2),
    };
    Some((len.0, *bytes.get(len.1..)?.first_chunk()?, len.1 + 4))
}

/// Returns the key rotated by `len` bytes.
#[inline(always)]
fn turn(key: [u8; 4], len: usize) -> [u8; 4] {
    u32::from_le_bytes(key).rotate_right(8 * (len as u32 % 4)).to_le_bytes()
}

/// Defines the loops around a kernel `xor`, compiled with the kernel's instructions.
macro_rules! decoder {
    ($(#[$attribute:meta])*) => {
        $(#[$attribute])*
        pub fn receive<S: Sink>(
            source: &mut Source,
            text: bool,
            buffer: &mut [u8],
            sink: &mut S,
        ) {
            if text { whole(source, buffer, sink) } else { pieces(source, buffer, sink) }
        }

        /// Binary: unmasks and delivers data on arrival; an incomplete header moves to the front.
        $(#[$attribute])*
        fn pieces<S: Sink>(source: &mut Source, buffer: &mut [u8], sink: &mut S) {
            let mut left = source.messages;
            let (mut kept, mut open, mut key) = (0, 0, [0; 4]);
            while left > 0 {
                let filled = kept + source.read_into(&mut buffer[kept..]);
                let mut at = 0;
                loop {
                    if open == 0 {
                        let Some((len, new_key, header)) = header(&buffer[at..filled]) else {
                            break;
                        };
                        (open, key, at) = (len, new_key, at + header);
                    }
                    let len = open.min(filled - at);
                    let piece = &mut buffer[at..at + len];
                    xor(piece, key);
                    (open, at) = (open - len, at + len);
                    sink.piece(piece, open == 0);
                    if open == 0 {
                        left -= 1;
                    } else {
                        key = turn(key, len);
                    }
                    if at == filled {
                        break;
                    }
                }
                buffer.copy_within(at..filled, 0);
                kept = filled - at;
            }
        }

        /// Text: unmasks data as it arrives, after the buffered part of its message.
        $(#[$attribute])*
        fn whole<S: Sink>(source: &mut Source, buffer: &mut [u8], sink: &mut S) {
            let mut left = source.messages;
            let (mut filled, mut start, mut unmasked, mut open) = (0, 0, 0, None);
            while left > 0 {
                filled += source.read_into(&mut buffer[filled..]);
                loop {
                    let (end, key) = match open {
                        Some(open) => open,
                        None => {
                            let Some((len, key, header)) = header(&buffer[start..filled]) else {
                                break;
                            };
                            start += header;
                            unmasked = start;
                            (start + len, key)
                        }
                    };
                    let there = end.min(filled);
                    xor(&mut buffer[unmasked..there], turn(key, unmasked - start));
                    if there < end {
                        (open, unmasked) = (Some((end, key)), there);
                        break;
                    }
                    let text = simdutf8::basic::from_utf8(&buffer[start..end]).unwrap();
                    sink.piece(text.as_bytes(), true);
                    (open, start) = (None, end);
                    left -= 1;
                }
                if start > 0 {
                    buffer.copy_within(start..filled, 0);
                }
                unmasked = unmasked.saturating_sub(start);
                filled -= start;
                open = open.map(|(end, key)| (end - start, key));
                start = 0;
            }
        }
    };
}

mod portable {
    use super::{Sink, Source, header, turn};

    decoder!(#[inline(never)]);

    fn xor(bytes: &mut [u8], key: [u8; 4]) {
        let (words, rest) = bytes.as_chunks_mut::<8>();
        let [a, b, c, d] = key;
        let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        for chunk in words {
            *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
            *byte ^= key;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// Unmasks fewer than 64 bytes by two overlapping vectors, both read before either is written.
    /// A masked store would delay the read of the next header.
    #[target_feature(enable = "avx2")]
    #[inline]
    #[allow(clippy::cast_ptr_alignment, reason = "each load and store is an unaligned one")]
    fn xor_tail(bytes: &mut [u8], key: [u8; 4]) {
        let len = bytes.len();
        let (front, back) = (key, super::turn(key, len));
        let first = bytes.as_mut_ptr();
        /// Two vectors of this width, with a load, an XOR with a key, and a store.
        macro_rules! both_ends {
            ($width:literal, $type:ty, $spread:expr, $load:expr, $xor:expr, $store:expr) => {
                // SAFETY: There are at least `$width` bytes, both from the start and to the end.
                unsafe {
                    let (first, last) =
                        (first.cast::<$type>(), first.add(len - $width).cast::<$type>());
                    let (one, other) = ($load(first), $load(last));
                    $store(first, $xor(one, $spread(i32::from_le_bytes(front))));
                    $store(last, $xor(other, $spread(i32::from_le_bytes(back))));
                }
            };
        }
        let twice = |key: i32| u64::from(key.cast_unsigned()) * 0x1_0000_0001;
        match len {
            32.. => both_ends!(
                32,
                __m256i,
                _mm256_set1_epi32,
                _mm256_loadu_si256,
                _mm256_xor_si256,
                _mm256_storeu_si256
            ),
            16.. => both_ends!(
                16,
                __m128i,
                _mm_set1_epi32,
                _mm_loadu_si128,
                _mm_xor_si128,
                _mm_storeu_si128
            ),
            8.. => both_ends!(
                8,
                u64,
                twice,
                |at: *mut u64| at.read_unaligned(),
                |a, b| a ^ b,
                |at: *mut u64, word| at.write_unaligned(word)
            ),
            _ => {
                for (byte, key) in bytes.iter_mut().zip(key.into_iter().cycle()) {
                    *byte ^= key;
                }
            }
        }
    }

    pub mod avx512 {
        use std::arch::x86_64::*;

        use crate::peer::limit::{Sink, Source, header, turn};

        decoder!(#[target_feature(enable = "avx512f,avx2")]);

        #[target_feature(enable = "avx512f,avx2")]
        #[inline]
        fn xor(bytes: &mut [u8], key: [u8; 4]) {
            let wide = _mm512_set1_epi32(i32::from_ne_bytes(key));
            let (blocks, rest) = bytes.as_chunks_mut::<64>();
            for block in blocks {
                let at = block.as_mut_ptr().cast();
                // SAFETY: A block is 64 bytes.
                unsafe { _mm512_storeu_epi32(at, _mm512_xor_si512(_mm512_loadu_epi32(at), wide)) }
            }
            super::xor_tail(rest, key);
        }
    }

    pub mod avx2 {
        use std::arch::x86_64::*;

        use crate::peer::limit::{Sink, Source, header, turn};

        decoder!(#[target_feature(enable = "avx2")]);

        #[target_feature(enable = "avx2")]
        #[inline]
        fn xor(bytes: &mut [u8], key: [u8; 4]) {
            let wide = _mm256_set1_epi32(i32::from_ne_bytes(key));
            let (blocks, rest) = bytes.as_chunks_mut::<32>();
            for block in blocks {
                let at = block.as_mut_ptr().cast();
                // SAFETY: A block is 32 bytes.
                unsafe { _mm256_storeu_si256(at, _mm256_xor_si256(_mm256_loadu_si256(at), wide)) }
            }
            super::xor_tail(rest, key);
        }
    }
}
