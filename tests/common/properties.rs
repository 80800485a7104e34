//! Properties of every input: each body takes plain bytes, and panics if its property fails.

use super::driver::{self, Run, cut, run, run_to_the_end};
use super::oracle::{self, Seen};
use super::source::{Scenario, Source};
use super::wire;
use rfc6455::{CloseFrame, FrameHeader, MaskingKey, Utf8, mask};

/// Streams longer than this are cut at fewer places.
const SHORT: usize = 300;

/// Places in a stream: all of a short one's, and every so many of a long one's.
fn places(len: usize) -> impl Iterator<Item = usize> {
    let stride = if len <= SHORT { 1 } else { len / 37 };
    (0..=len).filter(move |at| at % stride == 0 || at + 3 > len)
}

/// Events, violation, offset and answers are those of the oracle under every chunking.
pub fn receiving_agrees_with_the_oracle(bytes: &[u8]) {
    let Scenario { setting, stream, cuts } = Scenario::new(bytes);
    let outcome = oracle::decode(&stream, &setting);
    let pieced = run(&setting, cut(&stream, &cuts));
    driver::assert_agrees(&pieced, &outcome, &setting);
}

/// The same for a stream given verbatim, without the checks after its end.
pub fn any_stream_agrees_with_the_oracle(bytes: &[u8], server: bool) {
    let Scenario { setting, stream, cuts } = Scenario::raw(bytes, server);
    let outcome = oracle::decode(&stream, &setting);
    let pieced = run_to_the_end(&setting, cut(&stream, &cuts));
    driver::assert_agrees(&pieced, &outcome, &setting);
}

/// The outcome is the same for one piece, single bytes and random pieces.
pub fn cuts_change_nothing(bytes: &[u8]) {
    let Scenario { setting, stream, cuts } = Scenario::new(bytes);
    let whole = run_to_the_end(&setting, [&stream[..]]);
    assert_eq!(run_to_the_end(&setting, cut(&stream, &cuts)), whole);
    assert_eq!(run_to_the_end(&setting, stream.chunks(1)), whole);
}

/// The shortest prefix that fails ends with the byte that the error names, and whatever else
/// might have followed, the verdict is the same.
pub fn a_violation_is_detected_at_its_first_byte(bytes: &[u8]) {
    let Scenario { setting, stream, .. } = Scenario::new(bytes);
    let whole = run(&setting, [&stream[..]]);
    let Some(error) = whole.error else { return };
    let at = usize::try_from(error.offset()).unwrap();
    let before = run(&setting, [&stream[..at]]);
    assert_eq!(before.error, None);
    assert_eq!(before.events, whole.events, "all that came before the byte is delivered");
    for behind in [&b""[..], &[0; 20], &[0xFF; 20], &[0x80; 20]] {
        assert_eq!(run(&setting, [&stream[..=at], behind]), whole);
        assert_eq!(run(&setting, [&[&stream[..=at], behind].concat()[..]]), whole);
    }
}

/// More input adds to what was reported of a prefix, and retracts nothing.
pub fn every_prefix_is_judged_by_itself(bytes: &[u8]) {
    let Scenario { setting, stream, .. } = Scenario::new(bytes);
    let whole = oracle::decode(&stream, &setting);
    let end = whole.fails.as_ref().map_or(stream.len(), |(_, at)| *at);
    for len in places(end) {
        let prefix = run(&setting, [&stream[..len]]);
        assert_eq!(prefix.error, None, "a prefix of a valid stream is valid");
        assert_starts(&whole.events, &prefix.events);
        driver::assert_agrees(&prefix, &oracle::decode(&stream[..len], &setting), &setting);
    }
}

/// Checks that the events of a longer stream begin with those of the shorter one; its last event may
/// be continued.
fn assert_starts(long: &[Seen], short: &[Seen]) {
    let Some((last, earlier)) = short.split_last() else { return };
    assert_eq!(long[..earlier.len()], *earlier);
    match (&long[earlier.len()], last) {
        (Seen::Data { bytes: long, first, .. }, Seen::Data { bytes, first: also, .. }) => {
            assert!(long.starts_with(bytes) && first == also);
        }
        (long, short) => assert_eq!(long, short),
    }
}

/// Once failed or closed: no event, the same error, no second Close, whatever comes in.
pub fn after_the_end_nothing_happens(bytes: &[u8]) {
    let Scenario { setting, mut stream, cuts } = Scenario::new(bytes);
    let short = run_to_the_end(&setting, cut(&stream, &cuts));
    let closed = matches!(short.events.last(), Some(Seen::Close(_)));
    if short.error.is_none() && !closed {
        return;
    }
    stream.extend_from_slice(bytes);
    let long: Run = run_to_the_end(&setting, [&stream[..], bytes, b"\x89\x00"]);
    assert_eq!(long, short);
    let closes = long.sent.iter().filter(|frame| frame.opcode() == 8).count();
    assert_eq!(closes, 1);
    assert_eq!(long.sent.last().unwrap().opcode(), 8);
}

/// `Utf8` against the standard library, cut at every place.
pub fn utf8_agrees_with_the_standard_library(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(SHORT)];
    check_utf8(bytes);
    // Text that is right but for one byte reaches further than noise does.
    let source = &mut Source(bytes);
    let len = source.below(60);
    let mut text = source.text(len).into_bytes();
    check_utf8(&text);
    if let Some(place) = text.len().checked_sub(1) {
        text[source.below(60) % (place + 1)] = source.byte();
        check_utf8(&text);
    }
}

pub fn check_utf8(bytes: &[u8]) {
    // A text can still become valid exactly if the standard library calls its end incomplete.
    let possible = |end: usize| match std::str::from_utf8(&bytes[..end]) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let wrong = (1..=bytes.len()).find(|end| !possible(*end)).map(|end| end - 1);
    let taken = &bytes[..wrong.unwrap_or(bytes.len())];
    let whole = std::str::from_utf8(taken).is_ok();
    let mut other = Utf8::new();
    assert_eq!(other.validate(taken), Ok(()));
    for at in 0..=bytes.len() {
        let mut text = Utf8::new();
        let verdict = text
            .validate(&bytes[..at])
            .and_then(|()| text.validate(&bytes[at..]).map_err(|index| index + at));
        assert_eq!(verdict.err(), wrong, "cut at {at}");
        assert_eq!(text.is_boundary(), whole);
        // The state is that of the bytes before: one text may be checked in the place of another.
        assert_eq!(other, text);
    }
}

/// Masking against the definition, in two pieces, at every alignment of the buffer.
pub fn masking_is_the_definition(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let key = [source.byte(), source.byte(), source.byte(), source.byte()];
    let payload = source.0;
    for offset in 0..8 {
        check_mask(payload, key, offset, source.clone().below(payload.len().clamp(1, 65_536)));
    }
}

/// Masks `payload` at this offset in a buffer, in two pieces, and takes it back.
pub fn check_mask(payload: &[u8], key: [u8; 4], offset: usize, cut: usize) {
    let mut expected = [&[0xA5; 8][..offset], payload, &[0xA5; 8]].concat();
    let mut buffer = expected.clone();
    let end = offset + payload.len();
    wire::xor(&mut expected[offset..end], key);
    mask(&mut buffer[offset..end], MaskingKey(key));
    assert_eq!(buffer, expected, "and nothing around it");
    let (first, second) = buffer[offset..end].split_at_mut(cut);
    mask(second, MaskingKey(key).after(cut as u64));
    mask(first, key.into());
    assert_eq!(&buffer[offset..end], payload);
}

/// Control frames between the frames of messages leave the messages as they are.
pub fn control_frames_change_no_message(bytes: &[u8]) {
    let source = &mut Source(bytes);
    let server = source.flag();
    let setting = oracle::Setting { server, rsv1: false, limits: rfc6455::Limits::DEFAULT };
    let (mut alone, mut mixed, mut controls) = (Vec::new(), Vec::new(), 0);
    let put = |stream: &mut Vec<u8>, frame: wire::Frame| {
        let frame = if server { frame.masked([4, 3, 2, 1]) } else { frame };
        stream.extend(frame.bytes());
    };
    while !source.is_empty() && alone.len() < 50_000 {
        let (text, len) = (source.flag(), source.len());
        let payload = if text { source.text(len).into_bytes() } else { source.bytes(len) };
        let fragments = source.below(5);
        let mut rest = &payload[..];
        for index in 0..=fragments {
            for _ in 0..source.below(3) {
                let first = source.pick(&[0x89, 0x8A]);
                let len = source.pick(&[0, 1, 125]);
                put(&mut mixed, wire::Frame::new(first, source.bytes(len)));
                controls += 1;
            }
            let last = index == fragments;
            let (piece, after) =
                rest.split_at(if last { rest.len() } else { source.below(rest.len().min(50) + 1) });
            rest = after;
            let opcode = if index == 0 { if text { 1 } else { 2 } } else { 0 };
            let frame = wire::Frame::new(opcode | if last { 0x80 } else { 0 }, piece);
            put(&mut alone, frame.clone());
            put(&mut mixed, frame);
        }
    }
    let cuts = source.cuts(mixed.len());
    let alone = run(&setting, [&alone[..]]);
    let mut mixed = run(&setting, cut(&mixed, &cuts));
    let is_data = |event: &Seen| matches!(event, Seen::Data { .. });
    assert_eq!(mixed.events.iter().filter(|event| !is_data(event)).count(), controls);
    let mut messages = Vec::new();
    for event in mixed.events.drain(..).filter(is_data) {
        oracle::see(&mut messages, event);
    }
    assert_eq!((messages, mixed.error), (alone.events, None));
}

/// The delivered part of a text is always a prefix of valid text, and valid text at its end.
pub fn delivered_text_is_utf8(bytes: &[u8]) {
    let Scenario { setting, stream, cuts } = Scenario::new(bytes);
    let mut text = Vec::new();
    for event in run(&setting, cut(&stream, &cuts)).events {
        let Seen::Data { text: true, rsv1: false, last, bytes, .. } = event else { continue };
        text.extend(bytes);
        match std::str::from_utf8(&text) {
            Ok(_) => {}
            Err(error) => assert!(error.error_len().is_none() && !last),
        }
        if last {
            text.clear();
        }
    }
}

/// No entry point that takes a peer's bytes, or a caller's, panics at any of them.
pub fn nothing_panics(bytes: &[u8]) {
    let _ = FrameHeader::decode(bytes);
    let _ = CloseFrame::parse(bytes);
    let _ = Utf8::new().validate(bytes);
    let source = &mut Source(bytes);
    let limits = source.limits();
    for server in [true, false] {
        let setting = oracle::Setting { server, rsv1: source.flag(), limits };
        let noise = source.0;
        let outcome = oracle::decode(noise, &setting);
        driver::assert_agrees(&run_to_the_end(&setting, noise.chunks(7)), &outcome, &setting);
        // Noise ends at its first byte, mostly; behind a header it is a payload.
        let head = wire::header(source.pick(&[0x81, 0x82, 0x88, 0x89, 0x01]), server, 120);
        let stream = [&head[..], noise].concat();
        let outcome = oracle::decode(&stream, &setting);
        driver::assert_agrees(&run(&setting, [&stream[..]]), &outcome, &setting);
    }
}
