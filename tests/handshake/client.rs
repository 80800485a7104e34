//! The client's side of the opening handshake: RFC 6455 §4.1.

use crate::common;

use common::heads::{
    Case, Role, SAMPLE_NONCE, Verdict, check_row, every_byte_after, every_byte_of_a_version,
    every_byte_of_headers, is_text_or_cr, of_start_line, vectors,
};
use rfc6455::handshake::{
    ClientHandshake, HandshakeError, HandshakeLimits, HandshakeSendError, HttpVersion, Leniency,
    Offer,
};

const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[test]
fn s4_1_every_vector_whole_cut_and_with_more_behind_it() {
    vectors("client.txt").iter().for_each(Case::check);
}

#[test]
fn s4_1_accept_is_compared() {
    check_row("client.txt", 60);
}

#[test]
fn s4_1_every_other_byte_in_accept_is_a_mismatch() {
    let name = b"Sec-WebSocket-Accept: ";
    let begin = ACCEPTED.windows(name.len()).position(|w| w == name).unwrap() + name.len();
    for at in begin..begin + 28 {
        for byte in (0x21..=0x7e).chain(0x80..=0xff).filter(|&byte| byte != ACCEPTED[at]) {
            let mut bytes = ACCEPTED.to_vec();
            bytes[at] = byte;
            let outcome = Case::new(Role::Client, &bytes).run([&bytes[..]]);
            assert_eq!(outcome.verdict, Verdict::Error(HandshakeError::AcceptMismatch));
        }
    }
}

#[test]
fn s4_1_a_header_is_known_by_its_whole_name() {
    let accepted = std::str::from_utf8(ACCEPTED).unwrap();
    for (name, error) in [
        ("Upgrade", HandshakeError::InvalidUpgrade),
        ("Connection", HandshakeError::MissingConnectionUpgrade),
        ("Sec-WebSocket-Accept", HandshakeError::MissingAccept),
    ] {
        let other = format!("\r\nX{}:", &name[1..]);
        let head = accepted.replacen(&format!("\r\n{name}:"), &other, 1).into_bytes();
        let outcome = Case::new(Role::Client, &head).run([&head[..]]);
        assert_eq!(outcome.verdict, Verdict::Error(error));
    }
}

#[test]
fn s4_1_another_nonce_wants_another_accept() {
    for bit in 0..128 {
        let mut nonce = SAMPLE_NONCE;
        nonce[bit / 8] ^= 1 << (bit % 8);
        let mut storage = [0; 512];
        let offer = Offer::new("server.example.com", "/chat");
        let mut handshake =
            ClientHandshake::new(offer, nonce, &mut storage, HandshakeLimits::DEFAULT).unwrap();
        let mut bytes = ACCEPTED.to_vec();
        let response = handshake.receive(&mut &mut bytes[..]).unwrap().unwrap();
        assert_eq!(response.upgrade().unwrap_err(), HandshakeError::AcceptMismatch);
    }
}

#[test]
fn the_status_line_is_taken_to_the_letter() {
    check_row("client.txt", 61);
}

#[test]
fn every_byte_has_its_verdict_in_every_place_of_a_response() {
    let at = |prefix, taken: fn(u8) -> bool| {
        every_byte_after(Role::Client, prefix, taken, of_start_line);
    };
    at("HTTP/1.1", |byte| byte == b' ');
    at("HTTP/1.1 ", |byte| matches!(byte, b'1'..=b'5'));
    at("HTTP/1.1 1", |byte| byte.is_ascii_digit());
    at("HTTP/1.1 10", |byte| byte.is_ascii_digit());
    at("HTTP/1.1 101", |byte| byte == b' ');
    at("HTTP/1.1 101 ", is_text_or_cr);
    at("HTTP/1.1 101 0123456789", is_text_or_cr);
    for before in ["", "HTTP/1.1 100 \r\n\r\n"] {
        every_byte_of_a_version(Role::Client, before);
        every_byte_of_headers(Role::Client, &format!("{before}HTTP/1.0 200 OK\r\n"));
    }
}

#[test]
fn a_client_tolerates_nothing_unless_told_to() {
    assert_eq!(Leniency::default(), Leniency::NONE);
    let strict = Case::new(Role::Client, b"HTTP/1.1 101\r");
    assert!(strict.run([&strict.bytes[..]]).refused);
    let leniency = Leniency::NONE.missing_reason_space(true);
    assert_eq!(leniency.missing_reason_space(false), Leniency::NONE);
    let lenient = Case { leniency, ..strict };
    assert_eq!(lenient.run([&lenient.bytes[..]]).verdict, Verdict::Incomplete);
    for byte in (0..=u8::MAX).filter(|byte| !matches!(byte, b' ' | b'\r')) {
        let bytes = [b"HTTP/1.1 101", &[byte][..]].concat();
        let verdict = lenient.run([&bytes[..]]).verdict;
        assert_eq!(verdict, Verdict::Error(of_start_line(byte)), "{byte:#x}");
    }
}

#[test]
fn s4_1_an_empty_subprotocol_is_none_if_tolerated() {
    let head = "HTTP/1.1 101\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol:\r\n\r\n";
    let mut storage = [0; 512];
    let offer = Offer::new("server.example.com", "/chat").subprotocols(&["chat"]);
    let limits = HandshakeLimits::DEFAULT;
    let mut handshake = ClientHandshake::new(offer, SAMPLE_NONCE, &mut storage, limits).unwrap();
    handshake.set_leniency(Leniency::NONE.empty_subprotocol(true).missing_reason_space(true));
    let mut bytes = head.as_bytes().to_vec();
    let response = handshake.receive(&mut &mut bytes[..]).unwrap().unwrap();
    assert_eq!(response.upgrade().unwrap().subprotocol(), None);
    assert_eq!(response.reason(), b"");
    assert_eq!(response.headers().into_iter().count(), 4);
    handshake.set_leniency(Leniency::NONE);
    let response = handshake.receive(&mut &mut [][..]).unwrap().unwrap();
    assert_eq!(response.upgrade().unwrap_err(), HandshakeError::UnofferedSubprotocol);
}

#[test]
fn s4_1_upgrade_connection_and_one_accept() {
    check_row("client.txt", 62);
}

#[test]
fn s4_1_nothing_is_used_that_was_not_offered() {
    check_row("client.txt", 63);
}

#[test]
fn a_response_without_an_end_ends_at_its_limits() {
    check_row("client.txt", 64);
}

#[test]
fn a_refusal_can_be_read_and_its_body_is_left() {
    let mut bytes = *b"HTTP/1.1 401 Unauthorized\r\n\
        WWW-Authenticate: Basic realm=\"a\"\r\n\
        www-authenticate: Bearer\r\n\
        Content-Length: 3\r\n\r\nwho";
    let mut storage = [0; 512];
    let offer = Offer::new("server.example.com", "/chat");
    let mut handshake =
        ClientHandshake::new(offer, SAMPLE_NONCE, &mut storage, HandshakeLimits::DEFAULT).unwrap();
    let mut input = &mut bytes[..];
    let response = handshake.receive(&mut input).unwrap().unwrap();
    assert_eq!(response.upgrade().unwrap_err(), HandshakeError::Status(401));
    assert_eq!((response.status(), response.reason()), (401, &b"Unauthorized"[..]));
    assert!(response.headers_named("WWW-Authenticate").eq([&b"Basic realm=\"a\""[..], b"Bearer"]));
    assert_eq!(response.version(), HttpVersion::Http11);
    assert_eq!(response.header("content-length"), Some(&b"3"[..]));
    assert_eq!(response.headers().into_iter().count(), 3);
    assert_eq!(input, b"who");
}

#[test]
fn a_refusal_may_be_of_an_older_http_and_an_upgrade_may_not() {
    for (version, expected, status, verdict) in [
        ("1.0", HttpVersion::Http10, 403, HandshakeError::Status(403)),
        ("1.0", HttpVersion::Http10, 101, HandshakeError::UnsupportedHttpVersion),
        ("1.1", HttpVersion::Http11, 101, HandshakeError::InvalidUpgrade),
    ] {
        let mut bytes = format!("HTTP/{version} {status} No\r\n\r\n").into_bytes();
        let mut storage = [0; 512];
        let offer = Offer::new("server.example.com", "/chat");
        let limits = HandshakeLimits::DEFAULT;
        let mut handshake =
            ClientHandshake::new(offer, SAMPLE_NONCE, &mut storage, limits).unwrap();
        let response = handshake.receive(&mut &mut bytes[..]).unwrap().unwrap();
        assert_eq!((response.version(), response.status()), (expected, status));
        assert_eq!(response.upgrade().unwrap_err(), verdict, "{version}");
    }
}

#[test]
fn s4_1_the_key_is_the_nonce_that_the_caller_gave() {
    let offer = Offer::new("server.example.com", "/chat");
    let mut out = [0; 512];
    for (nonce, key) in [
        (SAMPLE_NONCE, "dGhlIHNhbXBsZSBub25jZQ=="),
        ([0; 16], "AAAAAAAAAAAAAAAAAAAAAA=="),
        ([0xff; 16], "/////////////////////w=="),
    ] {
        let handshake =
            ClientHandshake::new(offer, nonce, &mut [], HandshakeLimits::DEFAULT).unwrap();
        let len = handshake.write_request(&mut out).unwrap();
        let text = std::str::from_utf8(&out[..len]).unwrap();
        assert!(text.contains(&format!("\r\nSec-WebSocket-Key: {key}\r\n")));
    }
}

#[test]
fn s1_3_the_request_is_that_of_the_rfc() {
    let offer = Offer::new("server.example.com", "/chat")
        .subprotocols(&["chat", "superchat"])
        .extensions(Some("permessage-deflate; client_max_window_bits"))
        .origin(Some("http://example.com"))
        .headers(&[("Cookie", "a=b"), ("User-Agent", "")]);
    let handshake =
        ClientHandshake::new(offer, SAMPLE_NONCE, &mut [], HandshakeLimits::DEFAULT).unwrap();
    let mut out = [0; 1024];
    let len = handshake.write_request(&mut out).unwrap();
    assert_eq!(
        std::str::from_utf8(&out[..len]).unwrap(),
        "GET /chat HTTP/1.1\r\n\
         Host: server.example.com\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Origin: http://example.com\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         Cookie: a=b\r\n\
         User-Agent: \r\n\r\n"
    );
}

fn refused(offer: Offer<'_>) -> HandshakeSendError {
    ClientHandshake::new(offer, SAMPLE_NONCE, &mut [], HandshakeLimits::DEFAULT)
        .map(|_| ())
        .expect_err("this must not be written")
}

#[test]
fn nothing_can_be_injected_into_a_request() {
    use HandshakeSendError as E;
    let good = Offer::new("example.com", "/");
    for host in
        ["", "a b", "a\r\nX: y", "a/b", "u@a", "a:b", "a,b c", "a\0", "\u{e4}", "[::1", "a#"]
    {
        assert_eq!(refused(good.host(host)), E::InvalidHost, "{host:?}");
    }
    for target in
        ["", "a", "/a b", "/a\r\nX: y", "/#a", "/\u{e4}", "/\0", "/\x7f", "/\t", "*", "http://a/"]
    {
        assert_eq!(refused(good.target(target)), E::InvalidTarget, "{target:?}");
    }
    for origin in
        ["", "a", "https://a/", "https://a\r\nX: y", "https://a https://b", "https://a:x", "Null"]
    {
        assert_eq!(refused(good.origin(Some(origin))), E::InvalidOrigin, "{origin:?}");
    }
    let lists: [&[&str]; 7] =
        [&[""], &["a b"], &["a", "a"], &["a,b"], &["a\r\nX: y"], &["\u{e4}"], &["a"; 33]];
    for subprotocols in lists {
        assert_eq!(refused(good.subprotocols(subprotocols)), E::InvalidSubprotocols);
    }
    for extensions in ["", ",", "a b", "a;", "a\r\nX: y", "a; b=\"c", "\u{e4}"] {
        let offer = good.extensions(Some(extensions));
        assert_eq!(refused(offer), E::InvalidExtensions, "{extensions:?}");
    }
    for name in ["", "a b", "a:", "a\r\nX", "\u{e4}", "a\0"] {
        assert_eq!(refused(good.headers(&[(name, "b")])), E::InvalidHeaderName);
    }
    for value in ["a\r\nX: y", "a\n", "\r", "a\0b", "\x7f", " a", "a\t", "\x1b[m"] {
        assert_eq!(refused(good.headers(&[("a", value)])), E::InvalidHeaderValue);
    }
    for name in [
        "host",
        "Origin",
        "UPGRADE",
        "Connection",
        "Content-Length",
        "transfer-encoding",
        "Sec-WebSocket-Key",
        "sec-websocket-version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Anything",
    ] {
        assert_eq!(refused(good.headers(&[(name, "b")])), E::ReservedHeader, "{name}");
    }
}
