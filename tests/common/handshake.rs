//! Properties of the opening handshake: each body takes plain bytes and panics if it does not hold.

use std::cmp::Ordering;

use super::driver::cut;
use super::heads::{Case, Outcome, Role, SAMPLE_NONCE, Verdict};
use super::source::Source;
use rfc6455::handshake::{
    ClientHandshake, Extensions, HandshakeLimits, HttpVersion, Leniency, Offer, ServerHandshake,
};

/// The bytes have one verdict, whole and in these pieces. It comes with the piece that contains the
/// deciding byte, and the bytes after it stay in the input.
pub fn one_verdict<'b>(case: &'b Case, pieces: impl IntoIterator<Item = &'b [u8]>) -> Outcome {
    let taken = |outcome: &Outcome| outcome.given - outcome.left.len();
    let pieces: Vec<&[u8]> = pieces.into_iter().collect();
    let whole = case.run([&case.bytes[..]]);
    let cut = case.run(pieces.clone());
    assert_eq!(cut.verdict, whole.verdict);
    if !whole.left.is_empty() {
        assert_eq!(taken(&cut), taken(&whole));
    }
    let earliest = case.run(case.bytes.chunks(1)).given;
    let mut given = 0;
    for piece in pieces {
        given += piece.len();
        if given >= earliest {
            break;
        }
    }
    assert!(cut.given <= given, "the verdict came late");
    whole
}

/// An independent parser accepts every head that is accepted here, and finds the same end.
pub fn an_independent_parser_agrees(case: &Case, whole: &Outcome) {
    if whole.verdict != Verdict::Accept {
        return;
    }
    let bytes = &case.bytes;
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let (begin, end, found) = match case.role {
        Role::Server => {
            let mut request = httparse::Request::new(&mut headers);
            let end = request.parse(bytes).unwrap().unwrap();
            reads_like(case, &request);
            let begin = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
            (begin, end, request.headers.len())
        }
        Role::Client => {
            let mut begin = 0;
            loop {
                let mut headers = [httparse::EMPTY_HEADER; 128];
                let mut response = httparse::Response::new(&mut headers);
                let len = response.parse(&bytes[begin..]).unwrap().unwrap();
                if response.code == Some(101) {
                    response_reads_like(case, &bytes[begin..], &response);
                    break (begin, begin + len, response.headers.len());
                }
                assert!(response.code.unwrap() < 200, "not interim");
                begin += len;
            }
        }
    };
    assert_eq!(end, bytes.len() - whole.left.len());
    // A start line, the headers, an empty line, and the bytes after the last end of line.
    let lines = bytes[begin..end].split(|byte| *byte == b'\n').count();
    assert_eq!(found + 3, lines);
}

/// The parts of a request are those that the other parser finds.
fn reads_like(case: &Case, other: &httparse::Request<'_, '_>) {
    let (mut storage, mut bytes) = (vec![0; case.storage], case.bytes.clone());
    let mut handshake = ServerHandshake::new(&mut storage[..], case.limits);
    let request = handshake.receive(&mut &mut bytes[..]).unwrap().unwrap();
    assert_eq!(Some(request.method()), other.method);
    assert_eq!(Some(request.target()), other.path);
    assert_eq!(request.version() == HttpVersion::Http11, other.version == Some(1));
    let fields = other.headers.iter().map(|header| (header.name, header.value));
    assert!(request.headers().into_iter().eq(fields));
}

/// The parts of a response are those that the other parser finds.
fn response_reads_like(case: &Case, head: &[u8], other: &httparse::Response<'_, '_>) {
    let mut storage = vec![0; case.storage];
    let offer = Offer::new("localhost", "/");
    let handshake = ClientHandshake::new(offer, SAMPLE_NONCE, &mut storage[..], case.limits);
    let mut handshake = handshake.unwrap();
    handshake.set_leniency(case.leniency);
    let mut bytes = head.to_vec();
    let response = handshake.receive(&mut &mut bytes[..]).unwrap().unwrap();
    assert_eq!(Some(response.status()), other.code);
    assert_eq!(response.version() == HttpVersion::Http11, other.version == Some(1));
    let reason = other.reason.unwrap_or_default();
    assert!(response.reason() == reason.as_bytes() || reason.is_empty());
    let fields = other.headers.iter().map(|header| (header.name, header.value));
    assert!(response.headers().into_iter().eq(fields));
}

/// Counts the header lines that begin in `bytes`: one head or several, the last perhaps truncated.
fn header_lines(bytes: &[u8]) -> usize {
    let (mut count, mut in_headers) = (0, false);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line {
            b"\r\n" | b"\r" => in_headers = false,
            _ if in_headers => count += 1,
            _ => in_headers = true,
        }
    }
    count
}

/// Whatever the stream, a handshake that took more than a limit allows has failed: the limits hold
/// for all heads together, and restart for none of them.
pub fn limits_hold_over_everything(case: &Case, whole: &Outcome) {
    if whole.refused {
        return;
    }
    let taken = &case.bytes[..whole.given - whole.left.len()];
    let most = case.limits.max_headers.min(HandshakeLimits::MAX_HEADERS);
    assert!(header_lines(taken) <= most, "more than {most} headers were taken");
    assert!(taken.len() <= case.storage, "more was taken than there is storage for");
}

/// If anything completes a part of a head, some suffix of these does.
const REQUEST: &[u8] = b"\r\nG / HTTP/1.1\r\nX:\r\n\r\n";
const RESPONSES: &[u8] = b"HTTP/1.1 101 \r\nX:\r\n\r\nHTTP/1.1 101 \r\nX:\r\n\r\n";

/// Whether `bytes` are exactly one acceptable head, after any number of interim ones: acceptable to
/// httparse, and to our rules where they are stricter.
fn is_whole(case: &Case, bytes: &[u8]) -> bool {
    let ends_badly = |(at, byte): (usize, &u8)| match byte {
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || bytes[at - 1] != b'\r',
        _ => false,
    };
    if bytes.iter().enumerate().any(ends_badly) {
        return false;
    }
    let mut headers = [httparse::EMPTY_HEADER; 256];
    if case.role == Role::Server {
        let head = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
        let mut request = httparse::Request::new(&mut headers);
        return !head.starts_with(b"\r")
            && request.parse(head) == Ok(httparse::Status::Complete(head.len()))
            && request.path.is_some_and(str::is_ascii);
    }
    let mut rest = bytes;
    loop {
        let mut response = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(len)) = response.parse(rest) else { return false };
        let code = response.code.unwrap();
        let spaced = |line: &[u8]| {
            line[12] == b' ' || (line[12] == b'\r' && case.leniency.missing_reason_space)
        };
        let strict = rest.starts_with(b"H") && spaced(rest) && (100..=599).contains(&code);
        if !strict || code >= 200 || code == 101 {
            return strict && len == rest.len();
        }
        rest = &rest[len..];
    }
}

/// Whether `bytes` are an acceptable head, or can be continued to one, within the limits.
fn can_be_accepted(case: &Case, bytes: &[u8]) -> bool {
    let line = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\r'));
    let target = words.nth(1).filter(|_| case.role == Role::Server).map_or(0, <[u8]>::len);
    let headers = case.limits.max_headers.min(HandshakeLimits::MAX_HEADERS);
    if target > case.limits.max_target || header_lines(bytes) > headers {
        return false;
    }
    let whole = match case.role {
        Role::Server => REQUEST,
        Role::Client => RESPONSES,
    };
    let completes = |end: &[u8]| is_whole(case, &[bytes, end].concat());
    match bytes.len().cmp(&case.storage) {
        Ordering::Less => (0..=whole.len()).any(|at| completes(&whole[at..])),
        Ordering::Equal => completes(b""),
        Ordering::Greater => false,
    }
}

/// A head fails at the first byte that no acceptable head can have in its place, and not before; it
/// is complete as soon as nothing is missing.
pub fn the_first_impossible_byte_is_refused(case: &Case) {
    let found = case.run(case.bytes.chunks(1));
    let (before, taken) = (&case.bytes[..found.given.max(1) - 1], &case.bytes[..found.given]);
    assert!(before.is_empty() || can_be_accepted(case, before), "refused too late");
    assert_eq!(case.run([taken]).verdict, found.verdict, "another verdict in one piece");
    if found.refused {
        assert!(!can_be_accepted(case, taken), "refused too early");
    } else if !taken.is_empty() {
        assert!(can_be_accepted(case, taken), "not refused");
        assert_eq!(is_whole(case, taken), found.verdict != Verdict::Incomplete);
    }
}

/// Mends what leniency tolerates in a stream: puts a space after each status, and leaves out the
/// subprotocol of the final response if it is the only one and empty.
fn mended(stream: &[u8], leniency: Leniency) -> Vec<u8> {
    const NAME: &[u8] = b"sec-websocket-protocol:";
    let mut mended = Vec::new();
    let (mut in_headers, mut is_final, mut subprotocols) = (false, false, Vec::new());
    for line in stream.split_inclusive(|byte| *byte == b'\n') {
        let at = mended.len();
        mended.extend_from_slice(line);
        match (in_headers, line) {
            (false, _) => {
                let status = line.get(9..12).unwrap_or_default();
                is_final = !status.starts_with(b"1") || status == b"101";
                (in_headers, subprotocols) = (true, Vec::new());
                if leniency.missing_reason_space && line.get(12) == Some(&b'\r') {
                    mended.insert(12 + at, b' ');
                }
            }
            (true, b"\r\n") if is_final => break,
            (true, b"\r\n") => in_headers = false,
            (true, _) => {
                if line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)) {
                    subprotocols.push((at, line));
                }
            }
        }
    }
    let is_empty = |line: &[u8]| {
        let value = line[NAME.len()..].strip_suffix(b"\r\n");
        value.is_some_and(|value| value.iter().all(|byte| b" \t".contains(byte)))
    };
    match subprotocols[..] {
        [(at, line)] if leniency.empty_subprotocol && is_empty(line) => {
            mended.drain(at..at + line.len());
        }
        _ => {}
    }
    mended
}

/// Leniency tolerates what it names and nothing else: a response has the verdict that a strict
/// client gives once that is mended.
pub fn leniency_tolerates_nothing_else(case: &Case, leniency: Leniency) {
    if header_lines(&case.bytes) > HandshakeLimits::MAX_HEADERS {
        return;
    }
    let limits = HandshakeLimits::DEFAULT.max_headers(usize::MAX);
    let storage = 2 * case.bytes.len() + 1;
    let lenient = Case { storage, limits, leniency, ..case.clone() };
    let bytes = mended(&case.bytes, leniency);
    let strict = Case { leniency: Leniency::NONE, bytes, ..lenient.clone() };
    let found = lenient.run(lenient.bytes.chunks(1));
    assert_eq!(found.verdict, strict.run([&strict.bytes[..]]).verdict);
}

/// A head given verbatim, after eight bytes of choices.
fn any_head(role: Role, bytes: &[u8]) {
    let (choices, head) = bytes.split_at(bytes.len().min(8));
    let source = &mut Source(choices);
    let mut case = Case { storage: 1024, ..Case::new(role, head) };
    match source.below(4) {
        1 => case.storage = source.below(256),
        2 => case.limits.max_headers = source.below(12),
        3 => case.limits.max_target = source.below(40),
        _ => {}
    }
    if role == Role::Client && source.flag() {
        case.subprotocols = vec!["chat".to_owned(), "superchat".to_owned()];
        case.extensions = Some("permessage-deflate; client_max_window_bits, x-y".to_owned());
    }
    let cuts = source.few_cuts(head.len());
    if role == Role::Client {
        let (empty, missing) = (source.flag(), source.flag());
        case.leniency = Leniency::NONE.empty_subprotocol(empty).missing_reason_space(missing);
        leniency_tolerates_nothing_else(&case, case.leniency);
    }
    let whole = one_verdict(&case, cut(head, &cuts));
    an_independent_parser_agrees(&case, &whole);
    limits_hold_over_everything(&case, &whole);
    the_first_impossible_byte_is_refused(&case);
}

/// A request has one verdict under every chunking, and an accepted one is valid for others too.
pub fn any_request(bytes: &[u8]) {
    any_head(Role::Server, bytes);
}

/// A response has one verdict under every chunking, and an accepted one is valid for others too.
pub fn any_response(bytes: &[u8]) {
    any_head(Role::Client, bytes);
}

/// An extension, and its parameters with their values.
type Named = (String, Vec<(String, Option<String>)>);

/// The extensions in a value by the grammar of RFC 6455 §9.1: since what is quoted has to be a
/// token once it is unquoted, no separator stands inside of quotes.
fn by_the_grammar(value: &[u8]) -> Option<Vec<Named>> {
    let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
    let token = |text: String| {
        let symbol = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        (!text.is_empty() && text.bytes().all(symbol)).then_some(text)
    };
    let value_of = |text: &str| {
        let text = trim(text);
        let Some(inside) = text.strip_prefix('"') else { return token(text) };
        let inside = inside.strip_suffix('"')?;
        // A backslash quotes what follows it, which is never another one, nor the closing quote.
        let lonely = inside.contains("\\\\") || inside.ends_with('\\');
        if lonely { None } else { token(inside.replace('\\', "")) }
    };
    let mut list = Vec::new();
    let text = std::str::from_utf8(value).ok()?;
    for element in text.split(',').map(trim).filter(|element| !element.is_empty()) {
        let mut parts = element.split(';');
        let name = token(trim(parts.next()?))?;
        let param = |part: &str| match part.split_once('=') {
            Some((name, value)) => Some((token(trim(name))?, Some(value_of(value)?))),
            None => Some((token(trim(part))?, None)),
        };
        list.push((name, parts.map(param).collect::<Option<_>>()?));
    }
    (!list.is_empty()).then_some(list)
}

/// A list of extensions is read as the grammar has it, or refused if that does; and so are the
/// parameters of permessage-deflate among them.
pub fn extensions_are_read_by_the_grammar(value: &[u8]) {
    let expected = by_the_grammar(value);
    let found = Extensions::parse(value).ok();
    assert_eq!(found.is_some(), expected.is_some());
    let (Some(found), Some(expected)) = (found, expected) else { return };
    let unquoted = |value: rfc6455::handshake::ExtensionParamValue<'_>| {
        value.bytes().map(char::from).collect()
    };
    let listed: Vec<Named> = found
        .clone()
        .map(|extension| {
            let params = extension.params();
            let params = params.map(|param| (param.name().to_owned(), param.value().map(unquoted)));
            (extension.name().to_owned(), params.collect())
        })
        .collect();
    assert_eq!(listed, expected);
    #[cfg(feature = "deflate")]
    for (extension, (_, params)) in found.zip(expected) {
        let params = super::deflate::params_of(&params);
        assert_eq!(rfc6455::deflate::Params::of(&extension), params);
        if let Some(params) = params {
            super::deflate::an_offer_is_answered_within_it(params);
        }
    }
}
