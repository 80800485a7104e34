//! Everything that a header can say (RFC 6455 §5.1, §5.2), exhaustively.
#![allow(clippy::cast_possible_truncation, clippy::similar_names)]

use crate::common;

use common::driver::Keys;
use common::oracle::is_status;
use common::wire;
use rfc6455::*;

/// What the first two bytes of a frame prove: the index of the byte, and the rules that it breaks.
///
/// The table of §5.2 and the MUSTs of §5.1, §5.4 and §5.5, written down independently of the crate.
fn first_two(
    bytes: [u8; 2],
    server: bool,
    message_open: bool,
    rsv1: bool,
) -> Option<(usize, Vec<Violation>)> {
    use Violation::*;
    let [first, second] = bytes;
    let (fin, bits, opcode) = (first >> 7 == 1, (first >> 4) & 0b111, first & 0xF);
    let mut broken = Vec::new();
    match opcode {
        0 if !message_open => broken.push(UnexpectedContinuation),
        1 | 2 if message_open => broken.push(ExpectedContinuation),
        0..=2 => {}
        8..=10 if fin => {}
        8..=10 => broken.push(FragmentedControl),
        _ if fin || opcode < 8 => broken.push(ReservedOpcode),
        _ => broken.extend([ReservedOpcode, FragmentedControl]),
    }
    let defined = if rsv1 && matches!(opcode, 1 | 2) { 0b100 } else { 0 };
    if bits & !defined != 0 {
        broken.push(ReservedBits);
    }
    if !broken.is_empty() {
        return Some((0, broken));
    }
    match (second >> 7 == 1, server) {
        (false, true) => broken.push(UnmaskedFrame),
        (true, false) => broken.push(MaskedFrame),
        _ => {}
    }
    match (opcode, second & 0x7F) {
        (8..=10, 126 | 127) => broken.push(ControlTooLong),
        (8, 1) => broken.push(CloseTooShort),
        _ => {}
    }
    if broken.is_empty() { None } else { Some((1, broken)) }
}

/// A connection whose peer has begun a message of this kind, and how many bytes that took.
fn opened<R: FixedRole>(mut ws: Connection<R>, message: Option<u8>) -> (Connection<R>, u64) {
    let Some(opcode) = message else { return (ws, 0) };
    let mut bytes = wire::Frame::new(opcode, []).bytes();
    if R::IS_SERVER {
        bytes = wire::Frame::new(opcode, []).masked([1; 4]).bytes();
    }
    let mut input = &mut bytes[..];
    assert!(matches!(ws.receive(&mut input), Ok(None)));
    (ws, if R::IS_SERVER { 6 } else { 2 })
}

fn table<R: FixedRole + Clone>(new: &Connection<R>, message: Option<u8>, rsv1: bool) {
    let (mut state, start) = opened(new.clone(), message);
    state.allow_rsv1(rsv1);
    for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |s| (first, s))) {
        let expected = first_two([first, second], R::IS_SERVER, message.is_some(), rsv1);
        // An unmasked frame is complete here if it is empty, and is reported if it is final.
        let empty = !R::IS_SERVER && second == 0 && first >= 0x80;
        for size in [2, 1] {
            let mut ws = state.clone();
            let (mut events, mut error) = (0, None);
            for piece in [first, second].chunks_mut(size) {
                let mut input = piece;
                loop {
                    match ws.receive(&mut input) {
                        Ok(Some(_)) => events += 1,
                        Ok(None) => break,
                        Err(e) => {
                            error = Some(e);
                            break;
                        }
                    }
                }
            }
            let context = || format!("{first:02X} {second:02X}, {message:?}, {rsv1}: {error:?}");
            match (&expected, error) {
                (None, None) => assert_eq!(events, i32::from(empty), "{}", context()),
                (Some((at, rules)), Some(error)) => {
                    assert_eq!(error.offset(), start + *at as u64, "{}", context());
                    assert!(rules.contains(&error.violation()), "{}", context());
                    assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
                    assert_eq!(events, 0, "{}", context());
                    let close = ws.poll_transmit().unwrap();
                    assert_eq!(wire::frames(&close)[0].payload, [3, 0xEA]);
                    assert!(ws.poll_transmit().is_none());
                }
                _ => panic!("expected {expected:?}: {}", context()),
            }
        }
    }
}

#[test]
fn s5_2_the_first_two_bytes_for_a_server() {
    let new = Connection::server(Limits::DEFAULT);
    for message in [None, Some(0x01), Some(0x02)] {
        table(&new, message, false);
        table(&new, message, true);
    }
}

#[test]
fn s5_2_the_first_two_bytes_for_a_client() {
    let new = Connection::client(Keys(3), Limits::DEFAULT);
    for message in [None, Some(0x01), Some(0x02)] {
        table(&new, message, false);
        table(&new, message, true);
    }
}

#[test]
fn s5_2_a_header_by_itself_knows_the_rules_that_need_no_state() {
    for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |s| (first, s))) {
        let decoded = FrameHeader::decode(&[first, second]);
        let alone = [Violation::ReservedOpcode, Violation::FragmentedControl];
        let plain = [first & 0x8F, second]; // what RSV means, an extension knows
        match first_two(plain, second & 0x80 != 0, first % 16 == 0, false) {
            Some((0, rules)) if rules.iter().any(|rule| alone.contains(rule)) => {
                let early = FrameHeader::decode(&[first]).unwrap_err();
                assert!(rules.contains(&early));
                assert_eq!(decoded.unwrap_err(), early);
            }
            Some((1, rules)) if rules.contains(&Violation::ControlTooLong) => {
                assert!(matches!(FrameHeader::decode(&[first]), Ok(None)));
                assert_eq!(decoded.unwrap_err(), Violation::ControlTooLong);
            }
            _ => match decoded.unwrap() {
                None => assert!(second >= 0x7E),
                Some((header, len)) => {
                    assert_eq!(len, 2);
                    assert_eq!(header.payload_len, u64::from(second));
                    assert_eq!(&*header.encode().unwrap(), [first, second]);
                }
            },
        }
    }
}

/// The lengths around each change of form, and around the integers' own bounds.
fn boundaries() -> Vec<u64> {
    let edges = [0, 125, 126, 127, 255, 256, 65_535, 65_536, 1 << 31, 1 << 32, 1 << 62, 1 << 63];
    let mut all: Vec<u64> =
        edges.iter().flat_map(|edge: &u64| [edge.saturating_sub(1), *edge, edge + 1]).collect();
    all.push(u64::MAX);
    all
}

/// What is wrong with this length in this form, and the index of the byte of the length (the
/// first of them is 2) that proves it.
fn judged(len: u64, bits: u8) -> Option<(Violation, u64)> {
    let field = len.to_be_bytes();
    match bits {
        16 if len < 126 => Some((Violation::NonMinimalLength, 3)),
        64 if field[0] >= 0x80 => Some((Violation::LengthMsb, 2)),
        64 if field[..6] == [0; 6] => Some((Violation::NonMinimalLength, 7)),
        _ => None,
    }
}

/// Which forms can hold a length at all.
fn forms(len: u64) -> Vec<u8> {
    let mut forms = vec![64];
    forms.extend((len <= 0xFFFF).then_some(16));
    forms.extend((len <= 125).then_some(7));
    forms
}

#[test]
fn s5_2_each_length_at_its_boundaries_in_each_form() {
    for len in boundaries() {
        for (bits, masked, first) in forms(len)
            .into_iter()
            .flat_map(|bits| [(bits, true), (bits, false)])
            .flat_map(|(bits, masked)| [(bits, masked, 0x82), (bits, masked, 0x01)])
        {
            let mut bytes = wire::header_with(first, masked, len, bits);
            if masked {
                bytes.extend([9, 8, 7, 6]);
            }
            let expected = judged(len, bits);
            // alone
            let shortest = (0..=bytes.len())
                .find_map(|end| FrameHeader::decode(&bytes[..end]).err().map(|e| (e, end as u64)));
            assert_eq!(shortest, expected.map(|(rule, at)| (rule, at + 1)));
            if expected.is_none() {
                let (header, consumed) = FrameHeader::decode(&bytes).unwrap().unwrap();
                assert_eq!((header.payload_len, consumed), (len, bytes.len()));
                assert_eq!(header.masking_key, masked.then_some(MaskingKey([9, 8, 7, 6])));
                assert_eq!(&*header.encode().unwrap(), bytes);
                for end in 0..bytes.len() {
                    assert!(matches!(FrameHeader::decode(&bytes[..end]), Ok(None)));
                }
            }
            // in a connection
            let mut pieces = bytes.clone();
            let error = if masked {
                feed(&mut Connection::server(Limits::UNLIMITED), &mut pieces)
            } else {
                feed(&mut Connection::client(Keys(1), Limits::UNLIMITED), &mut pieces)
            };
            assert_eq!(error.map(|e| (e.violation(), e.offset())), expected, "{len} in {bits}");
        }
    }
}

fn feed<R: FixedRole>(ws: &mut Connection<R>, bytes: &mut [u8]) -> Option<ProtocolError> {
    let mut input = bytes;
    loop {
        match ws.receive(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
    }
}

#[test]
fn s5_2_every_length_in_sixteen_bits_that_fits_seven_is_refused() {
    for len in 0..=0xFFFF_u16 {
        for masked in [true, false] {
            let mut bytes = wire::header_with(0x82, masked, u64::from(len), 16);
            let decoded = FrameHeader::decode(&bytes).map(|_| ());
            let error = if masked {
                feed(&mut Connection::server(Limits::DEFAULT), &mut bytes)
            } else {
                feed(&mut Connection::client(Keys(1), Limits::DEFAULT), &mut bytes)
            };
            let expected = (len < 126).then_some((Violation::NonMinimalLength, 3));
            assert_eq!(error.map(|e| (e.violation(), e.offset())), expected);
            assert_eq!(decoded.err(), expected.map(|(rule, _)| rule));
        }
    }
}

#[test]
fn s5_2_every_length_in_sixty_four_bits_that_fits_sixteen_is_refused() {
    for len in 0..=0x1_0100_u64 {
        for masked in [true, false] {
            let mut bytes = wire::header_with(0x81, masked, len, 64);
            let decoded = FrameHeader::decode(&bytes).map(|_| ());
            let error = if masked {
                feed(&mut Connection::server(Limits::DEFAULT), &mut bytes)
            } else {
                feed(&mut Connection::client(Keys(1), Limits::DEFAULT), &mut bytes)
            };
            let expected = (len < 65_536).then_some((Violation::NonMinimalLength, 7));
            assert_eq!(error.map(|e| (e.violation(), e.offset())), expected);
            assert_eq!(decoded.err(), expected.map(|(rule, _)| rule));
        }
    }
}

#[test]
fn s5_2_a_header_is_encoded_in_its_shortest_form() {
    for len in boundaries() {
        for (masking_key, opcode) in [
            (None, Opcode::Binary),
            (Some(MaskingKey([1, 2, 3, 4])), Opcode::Text),
            (None, Opcode::Continuation),
            (Some(MaskingKey([0; 4])), Opcode::Ping),
        ] {
            let header =
                FrameHeader { fin: true, rsv: [false; 3], opcode, masking_key, payload_len: len };
            if len >= 1 << 63 {
                assert_eq!(header.encode().unwrap_err(), Violation::LengthMsb);
                continue;
            }
            if opcode.is_control() && len > 125 {
                assert_eq!(header.encode().unwrap_err(), Violation::ControlTooLong);
                continue;
            }
            let mut bytes = wire::header(0x80 | opcode.bits(), masking_key.is_some(), len);
            bytes.extend(masking_key.iter().flat_map(|key| key.0));
            let encoded = header.encode().unwrap();
            assert_eq!(&*encoded, bytes);
            assert_eq!(encoded.masking_key(), masking_key);
            assert!(encoded.len() <= FrameHeader::MAX_LEN);
            assert_eq!(FrameHeader::decode(&encoded).unwrap(), Some((header, bytes.len())));
        }
    }
}

#[test]
fn s5_2_each_bit_of_the_first_byte_is_read_and_written_in_its_place() {
    for first in 0..=0xFF_u8 {
        let [fin, rsv1, rsv2, rsv3] = [0x80, 0x40, 0x20, 0x10].map(|bit| first & bit != 0);
        let Ok(Some((header, 2))) = FrameHeader::decode(&[first, 7]) else { continue };
        assert_eq!((header.fin, header.rsv), (fin, [rsv1, rsv2, rsv3]));
        assert_eq!(header.opcode.bits(), first & 0x0F);
        assert_eq!(&*header.encode().unwrap(), [first, 7]);
    }
    assert!(matches!(FrameHeader::decode(&[0xF2, 7]), Ok(Some(_))), "reserved bits need a state");
}

#[test]
fn s5_5_a_control_header_without_fin_is_not_encoded() {
    for opcode in [Opcode::Close, Opcode::Ping, Opcode::Pong] {
        let header =
            FrameHeader { fin: false, rsv: [false; 3], opcode, masking_key: None, payload_len: 0 };
        assert_eq!(header.encode().unwrap_err(), Violation::FragmentedControl);
        assert!(FrameHeader { fin: true, ..header }.encode().is_ok());
    }
}

#[test]
fn s5_2_opcodes_are_six_of_sixteen() {
    let known: Vec<u8> = (0..=255).filter(|bits| Opcode::from_bits(*bits).is_some()).collect();
    assert_eq!(known, [0, 1, 2, 8, 9, 10]);
    for bits in known {
        let opcode = Opcode::from_bits(bits).unwrap();
        assert_eq!((opcode.bits(), opcode.is_control()), (bits, bits >= 8));
    }
}

#[test]
fn s7_4_every_close_code_is_received_or_refused() {
    for code in 0..=u16::MAX {
        let high = code.to_be_bytes()[0];
        let at = u64::from((0..=255).any(|low| is_status(u16::from_be_bytes([high, low]))));
        let frame = wire::Frame::new(0x88, code.to_be_bytes());
        let server = feed_close(Connection::server(Limits::DEFAULT), &frame.clone().masked([7; 4]));
        let client = feed_close(Connection::client(Keys(1), Limits::DEFAULT), &frame);
        if is_status(code) {
            assert_eq!(server, Ok(code));
            assert_eq!(client, Ok(code));
        } else {
            assert_eq!(server, Err((Violation::InvalidCloseCode, 6 + at)));
            assert_eq!(client, Err((Violation::InvalidCloseCode, 2 + at)));
        }
    }
}

/// The code that is reported, and echoed; or the violation and its offset, reported with 1002.
fn feed_close<R: FixedRole>(
    mut ws: Connection<R>,
    frame: &wire::Frame,
) -> Result<u16, (Violation, u64)> {
    let mut bytes = frame.bytes();
    let mut input = &mut bytes[..];
    let result = match ws.receive(&mut input) {
        Ok(Some(Event::Close(Some(code)))) => Ok(code.get()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err((error.violation(), error.offset())),
    };
    let answer = wire::frames(&ws.poll_transmit().unwrap());
    assert_eq!(answer[0].payload, result.unwrap_or(1002).to_be_bytes());
    result
}

#[test]
fn s7_4_a_close_code_exists_exactly_if_it_may_be_sent() {
    for code in 0..=u16::MAX {
        assert_eq!(CloseCode::new(code).map(CloseCode::get), is_status(code).then_some(code));
        let payload = code.to_be_bytes();
        let parsed = CloseFrame::parse(&payload).map(|frame| frame.unwrap().code.get());
        assert_eq!(parsed.ok(), is_status(code).then_some(code));
    }
}
