//! Where other codecs differ on purpose, or by what they leave out: all that is allowed to.
//!
//! A difference looks at a stream on which the two do not agree, and explains that or does not.
//! What no difference of a codec explains is a finding: here, or there.

use crate::common::oracle::Seen;
use crate::verdict::{Compared, End, MAX_FRAME};
use rfc6455::Violation;

/// What a difference has to say about a stream.
#[derive(Debug)]
pub enum Explanation {
    /// It is all that lies between the two.
    Everything,
    /// They read the stream as we read this one, which has to be compared again.
    ReadAs(Vec<u8>),
}

#[derive(Debug)]
pub struct Difference {
    pub name: &'static str,
    pub why: &'static str,
    pub explains: fn(&Compared<'_>) -> Option<Explanation>,
}

pub const TUNGSTENITE: [Difference; 4] = [
    Difference {
        name: "judged at the end of a frame",
        why: "It judges a frame when it is complete, and its opcode and its limit when the header \
              is; we do at the first byte that proves it wrong, and the stream ends in between.",
        explains: |it| {
            waits(it, |violation, frame| match violation {
                Violation::FrameTooBig | Violation::ReservedOpcode | Violation::LengthMsb => {
                    frame.header_end
                }
                _ if frame.len > MAX_FRAME.into() => frame.header_end,
                _ => frame.end(),
            })
        },
    },
    Difference {
        name: "lengths that are longer than need be",
        why: "It takes them (§5.2: \"the minimal number of bytes MUST be used\"), for control \
              frames too: so it reads the frame as we read the one with the shortest length.",
        explains: with_shortest_length,
    },
    Difference {
        name: "invalid status codes",
        why: "It reports them as a Close with 1002, we as a violation.",
        explains: |it| is_close_to_them(it, Violation::InvalidCloseCode, not_allowed()),
    },
    Difference {
        name: "status code 1014",
        why: "It is in the registry (§11.7), and among what it does not allow.",
        explains: |it| {
            let (Seen::Close(Some((1014, _))), before) = it.ours.events.split_last()? else {
                return None;
            };
            let events = [before, &[not_allowed()]].concat();
            (it.theirs.events == events && it.theirs.end == End::Closed)
                .then_some(Explanation::Everything)
        },
    },
];

/// What tungstenite makes of a Close with a status code that it does not allow.
fn not_allowed() -> Seen {
    Seen::Close(Some((1002, "Protocol violation".to_owned())))
}

pub const WSLAY: [Difference; 3] = [
    Difference {
        name: "judged later",
        why: "It judges lengths when the header's field for it is complete, what a header breaks \
              otherwise with the first byte of the payload, status codes and text that ends \
              early when the frame is complete; we do at the first byte that proves it, and the \
              stream ends in between.",
        explains: |it| {
            waits(it, |violation, frame| match violation {
                Violation::ControlTooLong | Violation::FragmentedControl => frame.start + 2,
                Violation::NonMinimalLength | Violation::LengthMsb => frame.field_end,
                Violation::InvalidUtf8
                | Violation::InvalidReason
                | Violation::InvalidCloseCode
                | Violation::CloseTooShort => frame.end(),
                _ => frame.header_end + usize::from(frame.len > 0),
            })
        },
    },
    Difference {
        name: "half a status code",
        why: "It takes a Close with a payload of one byte for one without a code; §5.5.1 has \
              \"the first two bytes of the body MUST be a 2-byte unsigned integer\".",
        explains: |it| is_close_to_them(it, Violation::CloseTooShort, Seen::Close(None)),
    },
    Difference {
        name: "status codes 1012 to 1014",
        why: "They came into the registry (§11.7) later, and it refuses them.",
        explains: |it| {
            let (Seen::Close(Some((1012..=1014, _))), before) = it.ours.events.split_last()? else {
                return None;
            };
            (it.theirs.events == before && it.theirs.end == End::Failed)
                .then_some(Explanation::Everything)
        },
    },
];

/// What we found wrong, and the frame it was found in.
fn failure(it: &Compared<'_>) -> Option<(Violation, Frame)> {
    let error = it.ours.error?;
    let at = usize::try_from(error.offset()).ok()?;
    Some((error.violation(), Frame::around(it.stream, at)))
}

/// What is this violation to us is this Close to them.
fn is_close_to_them(it: &Compared<'_>, ours: Violation, theirs: Seen) -> Option<Explanation> {
    let (violation, _) = failure(it)?;
    let events = [&it.ours.events[..], &[theirs]].concat();
    let same = it.theirs.end == End::Closed && it.theirs.events == events;
    (violation == ours && same).then_some(Explanation::Everything)
}

/// We fail, they wait for more, and the stream ends before the byte that they need.
fn waits(it: &Compared<'_>, needs: impl Fn(Violation, &Frame) -> usize) -> Option<Explanation> {
    let (violation, frame) = failure(it)?;
    let waiting = it.theirs.end == End::Open && it.theirs.events == it.ours.events;
    (waiting && it.stream.len() < needs(violation, &frame)).then_some(Explanation::Everything)
}

/// The stream with the shortest length in the frame where we missed it.
fn with_shortest_length(it: &Compared<'_>) -> Option<Explanation> {
    let (violation, frame) = failure(it)?;
    let long = match frame.field_end - frame.start {
        4 => frame.len < 126,
        10 => frame.len < 65_536,
        _ => false,
    };
    // A length in this form is over a limit already if the least one that belongs there is.
    let blamed = matches!(
        violation,
        Violation::NonMinimalLength
            | Violation::ControlTooLong
            | Violation::FrameTooBig
            | Violation::MessageTooBig
    );
    if !(long && blamed && frame.field_end <= it.stream.len()) {
        return None;
    }
    let mut shorter = it.stream[..=frame.start].to_vec();
    let mask = it.stream[frame.start + 1] & 0x80;
    match u16::try_from(frame.len).ok()? {
        len @ 126.. => {
            shorter.push(mask | 0x7E);
            shorter.extend(len.to_be_bytes());
        }
        len => shorter.push(mask | len.to_be_bytes()[1]),
    }
    shorter.extend_from_slice(&it.stream[frame.field_end..]);
    Some(Explanation::ReadAs(shorter))
}

/// Where a frame is in a stream, by the lengths that are declared, be they right or wrong.
#[derive(Clone, Copy, Debug)]
struct Frame {
    start: usize,
    /// Behind the length, and behind the masking key.
    field_end: usize,
    header_end: usize,
    len: u64,
}

impl Frame {
    /// The frame that the byte at this index belongs to.
    fn around(stream: &[u8], at: usize) -> Self {
        let mut frame = Self::at(stream, 0);
        while frame.end() <= at {
            frame = Self::at(stream, frame.end());
        }
        frame
    }

    fn at(stream: &[u8], start: usize) -> Self {
        let second = stream.get(start + 1).copied().unwrap_or(0);
        let size = match second & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let field_end = start + 2 + size;
        let field = stream.get(start + 2..field_end).unwrap_or_default();
        let number = field.iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
        Self {
            start,
            field_end,
            header_end: field_end + if second & 0x80 == 0 { 0 } else { 4 },
            len: if size == 0 { (second & 0x7F).into() } else { number },
        }
    }

    fn end(&self) -> usize {
        self.header_end.saturating_add(usize::try_from(self.len).unwrap_or(usize::MAX))
    }
}
