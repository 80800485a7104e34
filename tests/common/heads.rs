//! Runs handshakes over bytes in pieces, and the vectors in `testdata/handshake` over all pieces.
#![allow(clippy::mut_mut, reason = "a slice that advances is a `&mut &mut [u8]`")]

use super::fuel::Meter;
use rfc6455::handshake::{
    Acceptance, ClientHandshake, ClientRequest, HandshakeError, HandshakeLimits, HeadStorage,
    Leniency, Offer, Request, Response, ServerHandshake,
};

/// The nonce behind the sample key of RFC 6455 §1.3.
pub const SAMPLE_NONCE: [u8; 16] = *b"the sample nonce";

/// Two bytes of a frame header and more: what a peer may send right behind its head.
pub const TRAILING: &[u8] = b"\x81\x85\r\n\r\nGET / HTTP/1.1\r\n\r\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Server,
    Client,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    Incomplete,
    Error(HandshakeError),
}

/// The outcome of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub verdict: Verdict,
    /// The input that was not taken.
    pub left: Vec<u8>,
    /// How many bytes had been given when there was a verdict.
    pub given: usize,
    /// `receive` refused the head itself; any other error is about the content of a complete head.
    pub refused: bool,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// The section that decides it, with the number of its RFC.
    pub section: String,
    pub role: Role,
    pub row: Option<u32>,
    pub storage: usize,
    pub limits: HandshakeLimits,
    pub leniency: Leniency,
    pub subprotocols: Vec<String>,
    pub extensions: Option<String>,
    /// Those that the server demands.
    pub origins: Option<Vec<String>>,
    pub expect: String,
    pub at: Option<usize>,
    pub bytes: Vec<u8>,
}

impl Case {
    pub fn new(role: Role, bytes: &[u8]) -> Self {
        Self {
            name: String::new(),
            section: String::new(),
            role,
            row: None,
            storage: 8192,
            limits: HandshakeLimits::DEFAULT,
            leniency: Leniency::NONE,
            subprotocols: Vec::new(),
            extensions: None,
            origins: None,
            expect: String::new(),
            at: None,
            bytes: bytes.to_vec(),
        }
    }

    /// Gives the pieces to a handshake, one after the other, until there is a verdict.
    ///
    /// A second handshake, which borrows nothing, gets the same pieces and has the same outcome.
    pub fn run<'p>(&self, pieces: impl IntoIterator<Item = &'p [u8]>) -> Outcome {
        let pieces: Vec<&[u8]> = pieces.into_iter().collect();
        let mut storage = vec![0xa5; self.storage];
        let outcome = match self.role {
            Role::Server => {
                let mut handshake = ServerHandshake::new(&mut storage[..], self.limits);
                self.run_server(pieces.iter().copied(), &mut handshake)
            }
            Role::Client => self.with_offer(|offer| {
                let handshake =
                    ClientHandshake::new(offer, SAMPLE_NONCE, &mut storage[..], self.limits);
                self.run_client(pieces.iter().copied(), &mut handshake.expect("a valid offer"))
            }),
        };
        #[cfg(feature = "alloc")]
        assert_eq!(self.run_owned(&pieces), outcome);
        outcome
    }

    #[cfg(feature = "alloc")]
    fn run_owned(&self, pieces: &[&[u8]]) -> Outcome {
        let storage = rfc6455::handshake::HeadBuffer::new(self.storage);
        let pieces = pieces.iter().copied();
        let (outcome, storage) = match self.role {
            Role::Server => {
                let mut handshake = ServerHandshake::new(storage, self.limits);
                (self.run_server(pieces, &mut handshake), handshake.into_storage())
            }
            Role::Client => {
                let handshake = self.with_offer(|offer| {
                    ClientHandshake::new(offer, SAMPLE_NONCE, storage, self.limits)
                        .expect("a valid offer")
                        .into_owned()
                });
                let mut handshake = handshake;
                (self.run_client(pieces, &mut handshake), handshake.into_storage())
            }
        };
        assert!(storage.capacity() <= self.storage.min((2 * outcome.given).max(64)));
        outcome
    }

    fn run_server<'p>(
        &self,
        pieces: impl IntoIterator<Item = &'p [u8]>,
        handshake: &mut ServerHandshake<impl HeadStorage>,
    ) -> Outcome {
        drive(pieces, |input| {
            let Some(request) = handshake.receive(input)? else { return Ok(None) };
            assert!(request.headers().into_iter().count() <= self.limits.max_headers);
            let request_again = format!("{request:?}");
            requests_agree(&request);
            let checked = request.upgrade().and_then(|upgrade| {
                let Some(origins) = &self.origins else { return Ok(upgrade) };
                let origins: Vec<&str> = origins.iter().map(String::as_str).collect();
                upgrade.require_origin(&origins).map(|()| upgrade)
            });
            let verdict = match checked {
                Ok(upgrade) => {
                    let mut out = [0; 1024];
                    upgrade.accept(&Acceptance::default(), &mut out).expect("nothing to refuse");
                    Verdict::Accept
                }
                Err(error) => Verdict::Error(error),
            };
            // A complete head takes nothing more, and stays what it is.
            let mut more = *b"more";
            let mut rest = &mut more[..];
            let again = handshake.receive(&mut rest)?.expect("it was complete before");
            assert_eq!(format!("{again:?}"), request_again);
            assert_eq!(rest, b"more");
            Ok(Some(verdict))
        })
    }

    fn with_offer<T>(&self, f: impl FnOnce(Offer<'_>) -> T) -> T {
        let subprotocols: Vec<&str> = self.subprotocols.iter().map(String::as_str).collect();
        let offer = Offer::new("server.example.com", "/chat")
            .subprotocols(&subprotocols)
            .extensions(self.extensions.as_deref());
        f(offer)
    }

    fn run_client<'p>(
        &self,
        pieces: impl IntoIterator<Item = &'p [u8]>,
        handshake: &mut ClientHandshake<'_, impl HeadStorage>,
    ) -> Outcome {
        if self.leniency != Leniency::NONE {
            handshake.set_leniency(self.leniency);
        }
        drive(pieces, |input| {
            let Some(response) = handshake.receive(input)? else { return Ok(None) };
            let verdict = match response.upgrade() {
                Ok(_) => Verdict::Accept,
                Err(error) => Verdict::Error(error),
            };
            let response_again = format!("{response:?}");
            self.with_offer(|offer| {
                let request = ClientRequest::http1(offer, SAMPLE_NONCE).expect("a valid offer");
                self.responses_agree(&response, &request);
            });
            let mut more = *b"more";
            let mut rest = &mut more[..];
            let again = handshake.receive(&mut rest)?.expect("it was complete before");
            assert_eq!(format!("{again:?}"), response_again);
            assert_eq!(rest, b"more");
            Ok(Some(verdict))
        })
    }

    /// A response has the same verdict in every form.
    fn responses_agree(&self, response: &Response<'_>, request: &ClientRequest<'_>) {
        let expected = response.upgrade().map(|established| established.subprotocol());
        let agrees = |other: Response<'_>| {
            let other = other.with_leniency(self.leniency);
            assert_eq!(other.upgrade().map(|established| established.subprotocol()), expected);
        };
        let headers: Vec<_> = response.headers().into_iter().collect();
        let (status, version) = (response.status(), response.version());
        agrees(Response::from_parts(status, version, &headers[..], request));
        #[cfg(feature = "alloc")]
        agrees(response.into_owned().response());
        #[cfg(feature = "http")]
        {
            let mut copy = http::Response::builder().status(status).version(version.into());
            for (name, value) in headers {
                copy = copy.header(name, value);
            }
            agrees(Response::from_http(&copy.body(()).expect("well-formed"), request));
        }
    }

    fn expected(&self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Accept => self.expect == "accept",
            Verdict::Incomplete => self.expect == "incomplete",
            Verdict::Error(error) if self.role == Role::Server => {
                self.expect == format!("{error:?} {}", error.status())
            }
            Verdict::Error(error) => self.expect == format!("{error:?}"),
        }
    }

    /// Checks the verdict with the bytes whole, byte by byte, and cut in two at every place, with
    /// and without more behind them.
    pub fn check(&self) {
        for trailing in [&b""[..], TRAILING] {
            let mut bytes = self.bytes.clone();
            // An incomplete head would continue with the bytes behind it.
            if self.expect != "incomplete" {
                bytes.extend_from_slice(trailing);
            }
            let whole = self.run([&bytes[..]]);
            assert!(self.expected(&whole.verdict), "{}: {:?}", self.name, whole.verdict);
            let in_head = self.at.is_some();
            assert_eq!(
                whole.left,
                if in_head || self.expect == "incomplete" { b"" } else { trailing },
                "{}: what is left",
                self.name
            );

            let by_byte = self.run(bytes.chunks(1));
            assert_eq!(by_byte.verdict, whole.verdict, "{}: byte by byte", self.name);
            let end = self.at.unwrap_or(self.bytes.len());
            assert_eq!(by_byte.given, end, "{}: where there is a verdict", self.name);

            for cut in 0..=bytes.len() {
                let (first, second) = bytes.split_at(cut);
                let cut_in_two = self.run([first, second]);
                assert_eq!(cut_in_two.verdict, whole.verdict, "{}: cut at {cut}", self.name);
                // The second piece may never have been given, if the first was enough.
                let left = if cut >= end { &first[end..] } else { &bytes[end..] };
                let left = if in_head { &b""[..] } else { left };
                assert_eq!(cut_in_two.left, left, "{}: left, cut at {cut}", self.name);
                // An error comes with its byte, however many bytes arrive with it.
                let ends = self.at.map_or(0..0, |at| at..bytes.len().min(at + 10));
                for end in ends.filter(|&end| cut <= end) {
                    let early = self.run([first, &bytes[cut..end]]).verdict;
                    assert_eq!(early, whole.verdict, "{}: cut at {cut}, up to {end}", self.name);
                }
            }
        }
    }
}

/// A request has the same verdict in every form.
fn requests_agree(request: &Request<'_>) {
    let expected = request.upgrade().map(|upgrade| upgrade.accept_key());
    let agrees = |other: Request<'_>| {
        assert_eq!(other.upgrade().map(|upgrade| upgrade.accept_key()), expected, "{other:?}");
        assert_eq!((other.host(), other.path()), (request.host(), request.path()));
    };
    let headers: Vec<_> = request.headers().into_iter().collect();
    agrees(Request::from_parts(
        request.method(),
        request.target(),
        request.version(),
        &headers[..],
    ));
    #[cfg(feature = "alloc")]
    agrees(request.into_owned().request());
    #[cfg(feature = "http")]
    // A fragment does not survive as a URI, and not every target is one.
    if !request.target().contains('#') {
        match http::Request::try_from(request) {
            Ok(copy) => agrees(Request::from(&copy)),
            Err(error) => assert!(error.is::<http::uri::InvalidUri>(), "{error}"),
        }
    }
}

/// Gives pieces to `step`, which takes of them what it needs, until it has a verdict.
fn drive<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
    mut step: impl FnMut(&mut &mut [u8]) -> Result<Option<Verdict>, HandshakeError>,
) -> Outcome {
    let (mut given, mut meter) = (0, Meter::start());
    for piece in pieces {
        given += piece.len();
        meter.give(piece.len());
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        let result = step(&mut input);
        meter.call(0);
        match result {
            Ok(None) => assert!(input.is_empty(), "more is asked for, but not all was taken"),
            Ok(Some(verdict)) => {
                return Outcome { verdict, left: input.to_vec(), given, refused: false };
            }
            Err(error) => {
                assert!(input.is_empty(), "after an error all input is discarded");
                // The error stays, and so does the silence.
                let mut more = *b"GET / HTTP/1.1\r\n\r\n";
                let mut rest = &mut more[..];
                assert_eq!(step(&mut rest), Err(error));
                assert!(rest.is_empty());
                let verdict = Verdict::Error(error);
                return Outcome { verdict, left: Vec::new(), given, refused: true };
            }
        }
    }
    Outcome { verdict: Verdict::Incomplete, left: Vec::new(), given, refused: false }
}

/// The cases in one file of `testdata/handshake`.
pub fn vectors(file: &str) -> Vec<Case> {
    vectors_in(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/handshake"), file)
}

/// The cases in one file of this directory.
pub fn vectors_in(directory: &str, file: &str) -> Vec<Case> {
    let path = format!("{directory}/{file}");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let role = if file.starts_with("server") { Role::Server } else { Role::Client };
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("case: ") {
            assert!(cases.iter().all(|case| case.name != name), "{file}: {name} is there twice");
            cases.push(Case { name: name.to_string(), ..Case::new(role, b"") });
            continue;
        }
        let case = cases.last_mut().expect("a case begins with its name");
        if let Some(bytes) = line.strip_prefix("> ") {
            case.bytes.extend(unescape(bytes));
            continue;
        }
        let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{file}: {line}"));
        let number = || value.parse().unwrap_or_else(|_| panic!("{file}: {line}"));
        match key {
            "ref" => case.section = value.to_string(),
            "row" => case.row = Some(value.parse().expect("a row is a number")),
            "storage" => case.storage = number(),
            "max-headers" => case.limits.max_headers = number(),
            "max-target" => case.limits.max_target = number(),
            "lenient" => {
                case.leniency = value.split(", ").fold(Leniency::NONE, |all, one| match one {
                    "empty-subprotocol" => all.empty_subprotocol(true),
                    "missing-reason-space" => all.missing_reason_space(true),
                    _ => panic!("{file}: {line}"),
                });
            }
            "subprotocols" => case.subprotocols = value.split(", ").map(str::to_string).collect(),
            "extensions" => case.extensions = Some(value.to_string()),
            "origins" => {
                case.origins = Some(value.split(", ").map(str::to_string).collect());
            }
            "expect" => case.expect = value.to_string(),
            "at" => case.at = Some(number()),
            _ => panic!("{file}: {line}"),
        }
    }
    assert!(!cases.is_empty());
    for Case { name, section, .. } in &cases {
        let section = section.split(" item ").next().unwrap_or_default();
        let (rfc, section) = section.rsplit_once(' ').unwrap_or_default();
        assert!(
            rfc.starts_with("RFC ") && section.split('.').all(|n| n.parse::<u8>().is_ok()),
            "{file}: {name} has no section"
        );
    }
    cases
}

/// Checks the cases of a file that belong to `row`; there must be some.
pub fn check_row(file: &str, row: u32) {
    let cases: Vec<Case> = vectors(file).into_iter().filter(|c| c.row == Some(row)).collect();
    assert!(!cases.is_empty(), "{file} has no case for row {row}");
    cases.iter().for_each(Case::check);
}

/// Appends each byte to `prefix`, which is well-formed so far: the handshake takes those that are
/// `taken`, and fails at any other with `error`.
pub fn every_byte_after(
    role: Role,
    prefix: &str,
    taken: impl Fn(u8) -> bool,
    error: impl Fn(u8) -> HandshakeError,
) {
    for byte in 0..=u8::MAX {
        let bytes = [prefix.as_bytes(), &[byte]].concat();
        let case = Case::new(role, &bytes);
        for outcome in [case.run([&bytes[..]]), case.run(bytes.chunks(1))] {
            assert_eq!(outcome.given, bytes.len(), "{prefix:?} is refused");
            assert_eq!(outcome.refused, !taken(byte), "{prefix:?} and {byte:#x}");
            if outcome.refused {
                let expected = Verdict::Error(error(byte));
                assert_eq!(outcome.verdict, expected, "{prefix:?} and {byte:#x}");
            }
        }
    }
}

/// Does the same in each place of a version after `prefix`; only 1.0 and 1.1 are supported.
pub fn every_byte_of_a_version(role: Role, prefix: &str) {
    for (at, expected) in b"HTTP/1.1".iter().enumerate() {
        let prefix = format!("{prefix}{}", &"HTTP/1.1"[..at]);
        let taken = |byte| byte == *expected || (at == 7 && byte == b'0');
        every_byte_after(role, &prefix, taken, |byte| match byte {
            b'0'..=b'9' if at == 5 || at == 7 => HandshakeError::UnsupportedHttpVersion,
            _ => of_start_line(byte),
        });
    }
}

/// Does the same in each place of the header lines after `start_line`.
pub fn every_byte_of_headers(role: Role, start_line: &str) {
    let after = |prefix: &str| format!("{start_line}{prefix}");
    let of_name = |byte| match byte {
        b'\t' | b'\r' => HandshakeError::InvalidHeaderName,
        0..0x20 => of_start_line(byte),
        _ => HandshakeError::InvalidHeaderName,
    };
    every_byte_after(
        role,
        &after(""),
        |byte| is_token(byte) || byte == b'\r',
        |byte| match byte {
            b' ' | b'\t' => HandshakeError::FoldedHeader,
            _ => of_name(byte),
        },
    );
    for name in ["X", "Xy", "X-0123456789"] {
        every_byte_after(role, &after(name), |byte| is_token(byte) || byte == b':', of_name);
    }
    for value in ["X:", "X: ", "X: a", "X: 0123456789 \t"] {
        every_byte_after(role, &after(value), is_text_or_cr, |byte| match byte {
            0x7f => HandshakeError::InvalidHeaderValue,
            _ => of_start_line(byte),
        });
    }
    for ended in ["\r", "X: a\r", "X: a\r\n\r"] {
        let error = |_| HandshakeError::InvalidLineEnding;
        every_byte_after(role, &after(ended), |byte| byte == b'\n', error);
    }
}

/// `tchar` of RFC 9110 §5.6.2.
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a byte belongs to a value or a reason, or is the CR after it.
pub fn is_text_or_cr(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\r' | b' '..=b'~' | 0x80..)
}

/// The error for a byte that cannot stand in its place of a start line.
pub fn of_start_line(byte: u8) -> HandshakeError {
    match byte {
        b'\n' => HandshakeError::InvalidLineEnding,
        b'\t' | b'\r' => HandshakeError::InvalidStartLine,
        0..0x20 => HandshakeError::ControlCharacter,
        _ => HandshakeError::InvalidStartLine,
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next().expect("something behind a backslash") {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'\\' => b'\\',
                b'x' => {
                    let digits = [rest.next().unwrap_or_default(), rest.next().unwrap_or_default()];
                    let digits = std::str::from_utf8(&digits).expect("two hexadecimal digits");
                    u8::from_str_radix(digits, 16).expect("two hexadecimal digits")
                }
                other => panic!("no such escape: {}", char::from(other)),
            },
            byte => byte,
        });
    }
    bytes
}
