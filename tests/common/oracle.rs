//! A naive decoder that sees the whole stream at once: what RFC 6455 and the limits say about it.
//!
//! It shares nothing with the crate but the plain numbers of `Limits`; rules go by their names.
//! It is slow on purpose: each rule is asked again for each prefix of a header, and each text byte
//! looks the open code point up in the RFC's table.
//!
//! Two decisions that the RFC leaves open are fixed here:
//! - A rule about lengths is broken once every length breaks it that is still possible, where a
//!   length that would be a violation of the encoding itself is not possible. The limits are
//!   judged one by one, never in combination.
//! - Of rules that the same byte breaks, those with code 1002 go before 1009, 1008 and 1007, in
//!   this order. Within one code any of them will do.

use rfc6455::Limits;

/// What both ends know before the first byte.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub server: bool,
    pub rsv1: bool,
    pub limits: Limits,
}

/// What a receiver reports, however the stream is cut: chunks that follow each other are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Data { text: bool, rsv1: bool, first: bool, last: bool, bytes: Vec<u8> },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

/// Appends an event, joining data to the data before it.
pub fn see(events: &mut Vec<Seen>, event: Seen) {
    if let Seen::Data { first: false, last: ends, bytes: more, .. } = &event
        && let Some(Seen::Data { last: last @ false, bytes, .. }) = events.last_mut()
    {
        bytes.extend_from_slice(more);
        *last = *ends;
    } else {
        events.push(event);
    }
}

#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub events: Vec<Seen>,
    /// The rules of which the codec may name any, and the byte that proves it.
    pub fails: Option<(Vec<&'static str>, usize)>,
    /// A Close frame was received.
    pub closed: bool,
}

/// The status code for a broken rule (§7.4.1).
pub fn status_of(rule: &str) -> u16 {
    match rule {
        "InvalidUtf8" | "InvalidReason" => 1007,
        "TooManyFragments" | "FragmentTooSmall" | "TooManyControlFrames" => 1008,
        "FrameTooBig" | "MessageTooBig" => 1009,
        _ => 1002,
    }
}

/// Which codes may be on the wire (§7.4, and the registry for 1012 to 1014).
pub fn is_status(code: u16) -> bool {
    let registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    registered.contains(&code) || (3000..5000).contains(&code)
}

const TAIL: (u8, u8) = (0x80, 0xBF);

/// The well-formed sequences of RFC 3629 §4: the range of each of their bytes.
const WELL_FORMED: [&[(u8, u8)]; 9] = [
    &[(0x00, 0x7F)],
    &[(0xC2, 0xDF), TAIL],
    &[(0xE0, 0xE0), (0xA0, 0xBF), TAIL],
    &[(0xE1, 0xEC), TAIL, TAIL],
    &[(0xED, 0xED), (0x80, 0x9F), TAIL],
    &[(0xEE, 0xEF), TAIL, TAIL],
    &[(0xF0, 0xF0), (0x90, 0xBF), TAIL, TAIL],
    &[(0xF1, 0xF3), TAIL, TAIL, TAIL],
    &[(0xF4, 0xF4), (0x80, 0x8F), TAIL, TAIL],
];

/// How many bytes the code point that these bytes begin still lacks; `None` if none begins so.
fn lacks(open: &[u8]) -> Option<usize> {
    if open.is_empty() {
        return Some(0);
    }
    let begins = |row: &&&[(u8, u8)]| {
        open.len() <= row.len() && open.iter().zip(**row).all(|(b, (lo, hi))| lo <= b && b <= hi)
    };
    WELL_FORMED.iter().find(begins).map(|row| row.len() - open.len())
}

/// The index of the first byte that no text can have there, if `left` bytes follow this piece; the
/// open code point is kept in `open`.
pub fn first_impossible(open: &mut Vec<u8>, piece: &[u8], left: u64) -> Option<usize> {
    for (index, byte) in piece.iter().enumerate() {
        let follow = left.saturating_add((piece.len() - index - 1) as u64);
        open.push(*byte);
        match lacks(open) {
            Some(0) => open.clear(),
            Some(missing) if missing as u64 <= follow => {}
            _ => {
                open.pop();
                return Some(index);
            }
        }
    }
    None
}

/// An open message.
struct Message {
    text: bool,
    rsv1: bool,
    len: u64,
    fragments: u32,
    begun: bool,
    open: Vec<u8>,
}

/// The legal lengths that this header can still have: least and most; or what is wrong with all.
fn lengths(header: &[u8]) -> Result<(u64, u64), &'static str> {
    let (size, minimum) = match header[1] & 0x7F {
        126 => (2, 126),
        127 => (8, 65_536),
        short => return Ok((u64::from(short), u64::from(short))),
    };
    let fill = |with: u8| {
        let field = (0..size).map(|i| header.get(2 + i).copied().unwrap_or(with));
        field.fold(0_u64, |number, byte| (number << 8) + u64::from(byte))
    };
    let (least, most) = (fill(0), fill(255));
    if least >= 1 << 63 {
        Err("LengthMsb")
    } else if most < minimum {
        Err("NonMinimalLength")
    } else {
        Ok((least.max(minimum), most.min((1 << 63) - 1)))
    }
}

/// Every rule that a frame with this header prefix breaks, whatever follows.
fn broken(
    header: &[u8],
    setting: &Setting,
    message: Option<&Message>,
    controls: u32,
) -> Vec<&'static str> {
    let limits = &setting.limits;
    let (fin, opcode) = (header[0] & 0x80 != 0, header[0] & 0x0F);
    let (control, starts) = (opcode >= 8, opcode == 1 || opcode == 2);
    let mut broken = Vec::new();
    let mut rule = |name, is_broken| {
        if is_broken {
            broken.push(name);
        }
    };
    rule("ReservedOpcode", matches!(opcode, 3..=7 | 11..=15));
    rule("FragmentedControl", control && !fin);
    rule("ReservedBits", header[0] & 0x30 != 0);
    rule("ReservedBits", header[0] & 0x40 != 0 && !(setting.rsv1 && starts));
    rule("UnexpectedContinuation", opcode == 0 && message.is_none());
    rule("ExpectedContinuation", starts && message.is_some());
    rule("TooManyControlFrames", control && controls >= limits.max_control_frames);
    let fragments = message.map_or(0, |message| message.fragments);
    rule("TooManyFragments", !control && fragments >= limits.max_fragments);
    let Some(second) = header.get(1) else { return broken };
    rule("UnmaskedFrame", setting.server && second & 0x80 == 0);
    rule("MaskedFrame", !setting.server && second & 0x80 != 0);
    if control {
        rule("ControlTooLong", second & 0x7F > 125);
        rule("CloseTooShort", opcode == 8 && second & 0x7F == 1);
        return broken;
    }
    match lengths(header) {
        Err(name) => rule(name, true),
        Ok((least, most)) => {
            let total = u128::from(least) + message.map_or(0, |message| u128::from(message.len));
            let missing = message.map_or(0, |message| lacks(&message.open).unwrap());
            rule("FrameTooBig", least > limits.max_frame);
            rule("MessageTooBig", total > u128::from(limits.max_message));
            rule("FragmentTooSmall", !fin && most < u64::from(limits.min_fragment));
            rule("InvalidUtf8", fin && most < missing as u64);
        }
    }
    broken
}

/// The first byte of a Close payload that proves it wrong, and the rule.
fn check_close(payload: &[u8], left: u64) -> Option<(&'static str, usize)> {
    let code = |low| u16::from_be_bytes([payload[0], low]);
    if !payload.is_empty() && !(0..=255).any(|low| is_status(code(low))) {
        return Some(("InvalidCloseCode", 0));
    }
    if payload.len() >= 2 && !is_status(code(payload[1])) {
        return Some(("InvalidCloseCode", 1));
    }
    let reason = payload.get(2..)?;
    first_impossible(&mut Vec::new(), reason, left).map(|index| ("InvalidReason", index + 2))
}

/// What a receiver must make of this stream.
pub fn decode(stream: &[u8], setting: &Setting) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut message, mut controls, mut at): (Option<Message>, u32, usize) = (None, 0, 0);
    while at < stream.len() {
        let rest = &stream[at..];
        let mut header_len = rest.get(1).map_or(2, |second| match second & 0x7F {
            126 => 4,
            127 => 10,
            _ => 2,
        });
        for seen in 1..=header_len.min(rest.len()) {
            let mut rules = broken(&rest[..seen], setting, message.as_ref(), controls);
            if let Some(first) = [1002, 1009, 1008, 1007]
                .into_iter()
                .find(|code| rules.iter().any(|rule| status_of(rule) == *code))
            {
                rules.retain(|rule| status_of(rule) == first);
                outcome.fails = Some((rules, at + seen - 1));
                return outcome;
            }
        }
        header_len += if setting.server { 4 } else { 0 };
        if rest.len() < header_len {
            return outcome;
        }
        let (fin, opcode) = (rest[0] & 0x80 != 0, rest[0] & 0x0F);
        let (len, _) = lengths(rest).unwrap();
        let here = len.min((rest.len() - header_len) as u64) as usize;
        let left = len - here as u64;
        let mut payload = rest[header_len..header_len + here].to_vec();
        if setting.server {
            let key = &rest[header_len - 4..header_len];
            payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        }
        at += header_len;
        if opcode >= 8 {
            controls = controls.saturating_add(1);
            if opcode == 8
                && let Some((rule, index)) = check_close(&payload, left)
            {
                outcome.fails = Some((vec![rule], at + index));
                return outcome;
            }
            if left > 0 {
                return outcome;
            }
            outcome.events.push(match opcode {
                8 => {
                    let reason = || String::from_utf8(payload[2..].to_vec()).unwrap();
                    let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                    Seen::Close(code.map(|code| (code, reason())))
                }
                9 => Seen::Ping(payload),
                _ => Seen::Pong(payload),
            });
            outcome.closed = opcode == 8;
            if outcome.closed {
                return outcome;
            }
        } else {
            controls = 0;
            let open = message.get_or_insert_with(|| Message {
                text: opcode == 1,
                rsv1: rest[0] & 0x40 != 0,
                len: 0,
                fragments: 0,
                begun: false,
                open: Vec::new(),
            });
            open.fragments += 1;
            open.len += len;
            let mut wrong = None;
            if open.text && !open.rsv1 {
                let left = if fin { left } else { u64::MAX };
                wrong = first_impossible(&mut open.open, &payload, left);
                payload.truncate(wrong.unwrap_or(here));
            }
            let last = fin && left == 0 && wrong.is_none();
            if last || !payload.is_empty() {
                let first = !std::mem::replace(&mut open.begun, true);
                let (text, rsv1, bytes) = (open.text, open.rsv1, payload);
                see(&mut outcome.events, Seen::Data { text, rsv1, first, last, bytes });
            }
            if let Some(index) = wrong {
                outcome.fails = Some((vec!["InvalidUtf8"], at + index));
                return outcome;
            }
            if last {
                message = None;
            }
        }
        at += here;
    }
    outcome
}
