//! The server's side of the opening handshake: RFC 6455 §4.2.

use crate::common;

use common::heads::{
    Case, Role, check_row, every_byte_after, every_byte_of_a_version, every_byte_of_headers,
    is_token, of_start_line, vectors,
};
use rfc6455::handshake::{
    Acceptance, HandshakeError, HandshakeLimits, HandshakeSendError, HttpVersion, Rejection,
    Request, ServerHandshake, accept_key,
};

const CHAT: &str = "GET /chat?a=b&c HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";

/// Gives `f` the request that consists of `CHAT` and more header lines.
fn with_request<T>(more: &str, f: impl FnOnce(Request<'_>) -> T) -> T {
    with_head(&format!("{CHAT}{more}\r\n"), f)
}

fn with_head<T>(head: &str, f: impl FnOnce(Request<'_>) -> T) -> T {
    let mut head = head.as_bytes().to_vec();
    let mut storage = [0; 8192];
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    f(handshake.receive(&mut &mut head[..]).expect("well-formed").expect("complete"))
}

#[test]
fn s4_2_1_every_vector_whole_cut_and_with_more_behind_it() {
    for file in ["server-upgrade.txt", "server-lists.txt", "server-head.txt"] {
        vectors(file).iter().for_each(Case::check);
    }
}

#[test]
fn s4_2_1_a_header_is_known_by_its_whole_name() {
    for (name, error) in [
        ("Host", HandshakeError::MissingHost),
        ("Upgrade", HandshakeError::NotAnUpgrade),
        ("Connection", HandshakeError::MissingConnectionUpgrade),
        ("Sec-WebSocket-Key", HandshakeError::MissingKey),
        ("Sec-WebSocket-Version", HandshakeError::UnsupportedVersion),
    ] {
        let other = format!("\r\nX{}:", &name[1..]);
        let head = format!("{CHAT}\r\n").replacen(&format!("\r\n{name}:"), &other, 1);
        with_head(&head, |request| assert_eq!(request.upgrade().unwrap_err(), error));
    }
    let others = "Xrigin: http://a\r\nXec-WebSocket-Protocol: a\r\nXec-WebSocket-Extensions: a\r\n\
        Xontent-Length: 1\r\nXransfer-Encoding: chunked\r\nXec-WebSocket-Accept: a\r\n";
    with_request(others, |request| {
        let upgrade = request.upgrade().unwrap();
        assert_eq!(request.origin(), None);
        assert_eq!(upgrade.subprotocols().count(), 0);
        assert_eq!(upgrade.extensions().count(), 0);
    });
}

#[test]
fn lists_are_read_in_one_pass_and_to_the_letter() {
    check_row("server-lists.txt", 48);
}

#[test]
fn s4_2_1_item_5_the_key_is_there_once_and_16_bytes() {
    check_row("server-upgrade.txt", 49);
}

#[test]
fn s4_4_the_version_is_13_or_the_answer_tells_so() {
    check_row("server-upgrade.txt", 50);
    let response = std::str::from_utf8(HandshakeError::UnsupportedVersion.response()).unwrap();
    assert!(response.starts_with("HTTP/1.1 426 "));
    assert!(response.contains("\r\nSec-WebSocket-Version: 13\r\n"));
    assert!(response.contains("\r\nUpgrade: websocket\r\n"));
}

#[test]
fn s4_2_1_items_1_and_2_method_version_host() {
    check_row("server-upgrade.txt", 51);
    check_row("server-head.txt", 51);
    let response = std::str::from_utf8(HandshakeError::MethodNotGet.response()).unwrap();
    assert!(response.contains("\r\nAllow: GET\r\n"));
}

#[test]
fn s4_2_1_items_3_and_4_connection_and_upgrade_are_lists() {
    check_row("server-upgrade.txt", 52);
}

#[test]
fn a_request_with_a_body_is_refused() {
    check_row("server-upgrade.txt", 53);
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_at_its_first_byte() {
    check_row("server-head.txt", 54);
}

#[test]
fn every_byte_has_its_verdict_in_every_place_of_a_request() {
    let at = |prefix, taken: fn(u8) -> bool| {
        every_byte_after(Role::Server, prefix, taken, of_start_line);
    };
    at("", |byte| is_token(byte) || byte == b'\r');
    at("\r\n", is_token);
    at("GET-POST", |byte| is_token(byte) || byte == b' ');
    at("GET ", |byte| byte.is_ascii_graphic());
    at("GET /0123456789", |byte| byte.is_ascii_graphic() || byte == b' ');
    at("GET / HTTP/1.1", |byte| byte == b'\r');
    every_byte_of_a_version(Role::Server, "GET / ");
    every_byte_of_headers(Role::Server, "GET / HTTP/1.0\r\n");
    for prefix in ["\r", "GET / HTTP/1.1\r"] {
        let error = |_| HandshakeError::InvalidLineEnding;
        every_byte_after(Role::Server, prefix, |byte| byte == b'\n', error);
    }
}

#[test]
fn every_refusal_closes_the_connection_and_has_a_length() {
    use HandshakeError as E;
    let errors = [
        (E::HeadTooLarge, 431),
        (E::TooManyHeaders, 431),
        (E::TargetTooLong, 414),
        (E::InvalidStartLine, 400),
        (E::UnsupportedHttpVersion, 505),
        (E::NotAnUpgrade, 426),
        (E::MethodNotGet, 405),
        (E::UnsupportedVersion, 426),
        (E::OriginNotAllowed, 403),
        (E::AcceptMismatch, 502),
        (E::Status(200), 502),
    ];
    for (error, status) in errors {
        assert_eq!(error.status(), status);
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut response = httparse::Response::new(&mut headers);
        let len = response.parse(error.response()).unwrap().unwrap();
        assert_eq!(len, error.response().len(), "{error}: there is no body");
        assert_eq!(response.code, Some(status));
        let value = |name: &str| {
            let mut found = response.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name));
            let value = found.next().map(|h| std::str::from_utf8(h.value).unwrap());
            assert!(found.next().is_none(), "{error}: {name} is there twice");
            value
        };
        assert!(value("connection").unwrap().split(", ").any(|option| option == "close"));
        assert_eq!(value("content-length"), Some("0"));
    }
}

#[test]
fn a_rejection_closes_the_connection_and_has_a_length() {
    let mut out = [0; 256];
    let headers = &[("Location", "https://example.com/"), ("X-Empty", "")];
    let len = Rejection::new(307).headers(headers).body(b"elsewhere").write(&mut out).unwrap();
    assert_eq!(
        std::str::from_utf8(&out[..len]).unwrap(),
        "HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\nContent-Length: 9\r\n\
         Location: https://example.com/\r\nX-Empty: \r\n\r\nelsewhere"
    );
    let len = Rejection::new(307).status(499).write(&mut out).unwrap();
    assert_eq!(
        std::str::from_utf8(&out[..len]).unwrap(),
        "HTTP/1.1 499 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    for (status, reason) in [
        (200, "OK"),
        (301, "Moved Permanently"),
        (302, "Found"),
        (303, "See Other"),
        (307, "Temporary Redirect"),
        (308, "Permanent Redirect"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (406, "Not Acceptable"),
        (408, "Request Timeout"),
        (410, "Gone"),
        (414, "URI Too Long"),
        (421, "Misdirected Request"),
        (426, "Upgrade Required"),
        (429, "Too Many Requests"),
        (431, "Request Header Fields Too Large"),
        (500, "Internal Server Error"),
        (501, "Not Implemented"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
        (505, "HTTP Version Not Supported"),
        (599, ""),
    ] {
        let len = Rejection::new(status).write(&mut out).unwrap();
        let line = format!("HTTP/1.1 {status} {reason}\r\n");
        assert!(out[..len].starts_with(line.as_bytes()), "{line}");
    }
    let len = Rejection::new(426).write(&mut out).unwrap();
    let text = std::str::from_utf8(&out[..len]).unwrap();
    assert!(text.contains("\r\nSec-WebSocket-Version: 13\r\n"));
    assert!(text.contains("\r\nUpgrade: websocket\r\n"));
    assert!(text.contains("\r\nConnection: close, Upgrade\r\n"));
    for status in [0, 99, 100, 101, 199, 204, 205, 304, 600, 1000, u16::MAX] {
        let rejection = Rejection::new(status);
        assert_eq!(rejection.write(&mut out), Err(HandshakeSendError::InvalidStatus));
    }
}

#[test]
fn s4_2_2_only_an_offered_subprotocol_can_be_chosen() {
    with_request("Sec-WebSocket-Protocol: chat, v2.chat\r\nSec-WebSocket-Protocol: x\r\n", |r| {
        let upgrade = r.upgrade().unwrap();
        assert!(upgrade.subprotocols().eq(["chat", "v2.chat", "x"]));
        assert_eq!(upgrade.choose_subprotocol(&["soap", "x", "v2.chat"]), Some("v2.chat"));
        assert_eq!(upgrade.choose_subprotocol(&["soap"]), None);
        let mut out = [0; 512];
        for subprotocol in ["chat", "v2.chat", "x"] {
            let acceptance = Acceptance::DEFAULT.subprotocol(Some(subprotocol));
            let len = upgrade.accept(&acceptance, &mut out).unwrap();
            let line = format!("\r\nSec-WebSocket-Protocol: {subprotocol}\r\n");
            assert!(std::str::from_utf8(&out[..len]).unwrap().contains(&line));
        }
        for subprotocol in ["", "Chat", "soap", "chat, x", "chat\r\nX: y"] {
            let acceptance = Acceptance::DEFAULT.subprotocol(Some(subprotocol));
            let refused = upgrade.accept(&acceptance, &mut out);
            assert_eq!(refused, Err(HandshakeSendError::SubprotocolNotOffered));
        }
    });
    with_request("", |request| {
        let acceptance = Acceptance::DEFAULT.subprotocol(Some("chat"));
        let refused = request.upgrade().unwrap().accept(&acceptance, &mut [0; 512]);
        assert_eq!(refused, Err(HandshakeSendError::SubprotocolNotOffered));
    });
}

#[test]
fn s4_2_2_only_offered_extensions_can_be_accepted() {
    let offer = "Sec-WebSocket-Extensions: foo; a=\"\\1\\0\"; b, bar\r\n\
                 sec-websocket-extensions: foo\r\n";
    with_request(offer, |request| {
        let upgrade = request.upgrade().unwrap();
        assert!(upgrade.extensions().map(|e| e.name()).eq(["foo", "bar", "foo"]));
        let foo = upgrade.extensions().next().unwrap();
        assert!(foo.params().map(|p| p.name()).eq(["a", "b"]));
        let a = foo.params().next().unwrap().value().unwrap();
        assert!(a == *"10" && a != *"1" && a != *"100");
        assert!(a.bytes().eq(*b"10"));
        let mut out = [0; 512];
        let mut accept = |extensions| {
            let acceptance = Acceptance::DEFAULT.extensions(Some(extensions));
            upgrade.accept(&acceptance, &mut out).map(|_| ())
        };
        assert_eq!(accept("foo; a=8"), Ok(()));
        assert_eq!(accept("bar, foo"), Ok(()));
        assert_eq!(accept("Foo"), Err(HandshakeSendError::ExtensionNotOffered));
        assert_eq!(accept("foo, baz"), Err(HandshakeSendError::ExtensionNotOffered));
        assert_eq!(accept(""), Err(HandshakeSendError::InvalidExtensions));
        assert_eq!(accept("foo;"), Err(HandshakeSendError::InvalidExtensions));
        assert_eq!(accept("foo\r\nX: y"), Err(HandshakeSendError::InvalidExtensions));
    });
}

#[test]
fn s10_2_only_the_very_origin_is_the_origin() {
    let same = [
        ("https://example.com", "https://example.com"),
        ("https://example.com", "HTTPS://Example.COM"),
        ("https://example.com", "https://example.com:443"),
        ("http://example.com:80", "http://example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("app://id", "app://id"),
        ("null", "null"),
        ("file://", "file://"),
    ];
    let different = [
        ("https://example.com", "http://example.com"),
        ("https://example.com", "https://example.com:8443"),
        ("https://example.com:80", "https://example.com"),
        ("https://example.com.evil.example", "https://example.com"),
        ("https://evilexample.com", "https://example.com"),
        ("https://sub.example.com", "https://example.com"),
        ("https://example.com", "https://*"),
        ("https://example.com", "*"),
        ("https://example.com", "https://*.com"),
        ("https://example.com", ""),
        ("https://example.com", "example.com"),
        ("https://example.com/", "https://example.com"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com@evil.example", "https://example.com"),
        ("https://evil.example#https://example.com", "https://example.com"),
        ("https://evil.example https://example.com", "https://example.com"),
        ("https://example.com, https://evil.example", "https://example.com"),
        ("https://example.com:", "https://example.com"),
        ("https://example.com:443:443", "https://example.com"),
        ("https://example.com:65979", "https://example.com"),
        ("https://example.com:+443", "https://example.com"),
        ("https://example.com.", "https://example.com"),
        ("", ""),
        ("1http://example.com", "1http://example.com"),
        ("https://", "https://"),
    ];
    for (origin, allowed) in same {
        with_request(&format!("Origin: {origin}\r\n"), |request| {
            let upgrade = request.upgrade().unwrap();
            assert!(upgrade.origin_is(allowed), "{origin} is {allowed}");
            assert_eq!(upgrade.require_origin(&["https://other.example", allowed]), Ok(()));
        });
    }
    for (origin, allowed) in different {
        with_request(&format!("Origin: {origin}\r\n"), |request| {
            let upgrade = request.upgrade().unwrap();
            assert!(!upgrade.origin_is(allowed), "{origin} is not {allowed}");
            let refused = upgrade.require_origin(&[allowed]).unwrap_err();
            assert_eq!((refused, refused.status()), (HandshakeError::OriginNotAllowed, 403));
            assert_eq!(upgrade.require_origin(&[]), Err(refused));
        });
    }
    with_request("", |request| {
        let upgrade = request.upgrade().unwrap();
        assert!(!upgrade.origin_is("https://example.com"));
        assert!(upgrade.require_origin(&["https://example.com"]).is_err());
    });
    check_row("server-upgrade.txt", 58);
}

#[test]
fn bytes_behind_the_head_are_left_for_the_connection() {
    for len in 0..40 {
        let frames: Vec<u8> =
            (0..len).map(|n| [b'\r', b'\n', 0x81, n][usize::from(n % 4)]).collect();
        let head = format!("{CHAT}\r\n").into_bytes();
        let mut bytes = [&head[..], &frames].concat();
        let mut storage = [0; 512];
        let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
        let mut input = &mut bytes[..];
        handshake.receive(&mut input).unwrap().unwrap().upgrade().unwrap();
        assert_eq!(input, frames);
    }
}

#[test]
fn s1_3_the_example_is_answered_as_the_rfc_says() {
    with_request("", |request| {
        let mut out = [0; 129];
        let len = request.upgrade().unwrap().accept(&Acceptance::default(), &mut out).unwrap();
        assert_eq!(
            std::str::from_utf8(&out[..len]).unwrap(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        );
        assert_eq!(len, out.len());
    });
    assert_eq!(&accept_key(b"x3JJHMbDL1EzLkh9GBhXDw=="), b"HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

#[test]
fn the_parts_of_a_request() {
    with_request("Cookie: a=b; c=d=e ;f; g=\r\nx: 1\r\ncookie: h=i\r\nX:\t2 \r\n", |request| {
        assert_eq!(request.method(), "GET");
        assert_eq!(request.version(), HttpVersion::Http11);
        assert_eq!(request.target(), "/chat?a=b&c");
        assert_eq!((request.path(), request.query()), ("/chat", Some("a=b&c")));
        assert_eq!(request.host(), Some("server.example.com"));
        assert_eq!(request.header("X"), Some(&b"1"[..]));
        assert_eq!(request.header("y"), None);
        assert!(request.headers_named("x").eq([&b"1"[..], b"2"]));
        let cookies: Vec<_> = request.cookies().collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"a", b"b"), (b"c", b"d=e"), (b"g", b""), (b"h", b"i")];
        assert_eq!(cookies, expected);
        assert_eq!(request.headers().into_iter().count(), 9);
        assert_eq!(
            request.headers().into_iter().next(),
            Some(("Host", &b"server.example.com"[..]))
        );
        assert_eq!(request.origin(), None);
        assert_eq!(request.upgrade().unwrap().request().cookies().count(), 4);
    });
    for (target, path, query, host) in [
        ("/", "/", None, None),
        ("/?", "/", Some(""), None),
        ("//a/b??", "//a/b", Some("?"), None),
        ("*", "*", None, None),
        ("http://a.example", "/", None, Some("a.example")),
        ("http://a.example/b/c?d", "/b/c", Some("d"), Some("a.example")),
        ("http://a.example?/d://", "/", Some("/d://"), Some("a.example")),
        ("a.example:443", "", None, None),
        ("/x://y", "/x://y", None, None),
    ] {
        with_head(&format!("GET {target} HTTP/1.1\r\nHost: b.example\r\n\r\n"), |request| {
            assert_eq!(request.target(), target);
            assert_eq!((request.path(), request.query()), (path, query), "{target}");
            assert_eq!(request.host(), Some(host.unwrap_or("b.example")), "{target}");
        });
    }
}

#[test]
fn what_borrows_from_the_head_outlives_the_request() {
    let mut head = format!("{CHAT}Origin: null\r\n\r\n").into_bytes();
    let mut storage = [0; 512];
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    let (path, origin) = {
        let request = handshake.receive(&mut &mut head[..]).unwrap().unwrap();
        (request.path(), request.origin())
    };
    assert_eq!((path, origin), ("/chat", Some(&b"null"[..])));
}
