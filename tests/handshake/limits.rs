//! Heads at the limits: refused beyond them, never cut short, and never read twice.

use crate::common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::heads::{Case, check_row, vectors};
use rfc6455::handshake::{
    Acceptance, ClientHandshake, HandshakeError, HandshakeLimits, HandshakeSendError, HeaderSource,
    HttpVersion, Offer, Rejection, Request, ServerHandshake,
};

#[test]
fn a_head_ends_within_its_limits_or_is_refused_at_them() {
    vectors("server-limits.txt").iter().for_each(Case::check);
    check_row("server-limits.txt", 45);
    check_row("server-head.txt", 45);
}

#[test]
fn too_many_headers_are_an_error_and_never_cut_off() {
    check_row("server-limits.txt", 47);
}

#[test]
fn a_limit_is_set_without_the_other() {
    let HandshakeLimits { max_headers, max_target, .. } = HandshakeLimits::DEFAULT;
    let limits = HandshakeLimits::DEFAULT.max_target(7);
    assert_eq!((limits.max_headers, limits.max_target), (max_headers, 7));
    let limits = HandshakeLimits::DEFAULT.max_headers(7);
    assert_eq!((limits.max_headers, limits.max_target), (7, max_target));
}

#[test]
fn nothing_is_refused_before_a_byte_has_come() {
    for storage in [&mut [][..], &mut [0; 8]] {
        let mut handshake = ServerHandshake::new(storage, HandshakeLimits::DEFAULT);
        assert_eq!(handshake.receive(&mut &mut [][..]).map(|request| request.is_some()), Ok(false));
    }
}

/// There are rooms of several sizes for them.
#[test]
fn any_number_of_headers_up_to_the_limit_is_there_whole_and_one_more_is_not() {
    const REQUEST: &str = "GET / HTTP/1.1\r\n";
    const RESPONSE: &str = "HTTP/1.1 404 Not Found\r\n";
    let limits = HandshakeLimits::DEFAULT.max_headers(usize::MAX);
    let expect_at_most = |count, found: Result<usize, HandshakeError>| match count {
        0..=HandshakeLimits::MAX_HEADERS => assert_eq!(found, Ok(count)),
        _ => assert_eq!(found, Err(HandshakeError::TooManyHeaders)),
    };
    for count in 0..=HandshakeLimits::MAX_HEADERS + 1 {
        let lines = "X-Name: value\r\n".repeat(count);
        let mut storage = [0; 4096];
        let mut head = format!("{REQUEST}{lines}\r\n").into_bytes();
        let mut handshake = ServerHandshake::new(&mut storage, limits);
        let request = handshake.receive(&mut &mut head[..]).map(Option::unwrap);
        expect_at_most(count, request.map(|request| request.headers().into_iter().count()));
        let mut storage = [0; 4096];
        let mut head = format!("{RESPONSE}{lines}\r\n").into_bytes();
        let offer = Offer::new("example.com", "/");
        let mut handshake = ClientHandshake::new(offer, [0; 16], &mut storage, limits).unwrap();
        let response = handshake.receive(&mut &mut head[..]).map(Option::unwrap);
        expect_at_most(count, response.map(|response| response.headers().into_iter().count()));
    }
}

/// Headers that count how often they are gone through.
struct Counted {
    headers: Vec<(&'static str, &'static [u8])>,
    passes: AtomicUsize,
}

impl HeaderSource for Counted {
    fn field(&self, index: usize) -> Option<(&str, &[u8])> {
        let field = self.headers.get(index).copied();
        self.passes.fetch_add(usize::from(field.is_none()), Ordering::Relaxed);
        field
    }
}

#[test]
fn the_headers_are_gone_through_a_fixed_number_of_times() {
    const NAMES: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
    let passes_for = |lines: usize| {
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("host", b"a"),
            ("upgrade", b"websocket"),
            ("connection", b"upgrade"),
            ("sec-websocket-version", b"13"),
            ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        for line in 0..lines {
            headers.push(("x", b"y"));
            headers.push(("sec-websocket-extensions", b"foo, bar"));
            if let Some(name) = NAMES.get(line..=line) {
                headers.push(("sec-websocket-protocol", name));
            }
        }
        let headers = Counted { headers, passes: AtomicUsize::new(0) };
        Request::from_parts("GET", "/", HttpVersion::Http11, &headers).upgrade().unwrap();
        headers.passes.into_inner()
    };
    assert_eq!(passes_for(0), 1);
    assert_eq!(passes_for(1), 1);
    assert_eq!(passes_for(2), 3);
    assert_eq!(passes_for(1000), 3);
}

#[test]
fn a_head_full_of_separators_is_only_a_long_one() {
    for filler in [",", " ", "\t", ";", "\"", "\\", "a,", "a;", ", ", "a;b=\"\\c\","] {
        for name in [
            "Connection",
            "Upgrade",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Extensions",
            "Cookie",
        ] {
            let head = format!(
                "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
                 {name}: {}\r\n\r\n",
                filler.repeat((1 << 20) / filler.len())
            );
            let mut bytes = head.into_bytes();
            let mut storage = vec![0; bytes.len()];
            let mut handshake = ServerHandshake::new(&mut storage[..], HandshakeLimits::DEFAULT);
            let request = handshake.receive(&mut &mut bytes[..]).unwrap().unwrap();
            if let Ok(upgrade) = request.upgrade() {
                assert!(upgrade.extensions().all(|extension| extension.params().count() < 1 << 20));
                request.cookies().for_each(drop);
                upgrade.accept(&Acceptance::default(), &mut [0; 256]).unwrap();
            }
        }
    }
}

#[test]
fn output_is_all_or_nothing() {
    let mut bytes = *b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let mut storage = [0; 512];
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    let upgrade = handshake.receive(&mut &mut bytes[..]).unwrap().unwrap().upgrade().unwrap();
    let acceptance = Acceptance::DEFAULT.headers(&[("Server", "a")]);
    every_length(|out| upgrade.accept(&acceptance, out));

    let rejection = Rejection::new(404).headers(&[("Server", "a")]).body(b"not here");
    every_length(|out| rejection.write(out));

    let offer = Offer::new("a", "/").subprotocols(&["a", "b"]);
    let client = ClientHandshake::new(offer, [7; 16], &mut [], HandshakeLimits::DEFAULT).unwrap();
    every_length(|out| client.write_request(out));
}

/// Writes into buffers of every length, which are poisoned before.
fn every_length(write: impl Fn(&mut [u8]) -> Result<usize, HandshakeSendError>) {
    let mut reference = [0xa5; 512];
    let needed = write(&mut reference).unwrap();
    assert!(reference[needed..].iter().all(|&byte| byte == 0xa5));
    for len in 0..needed {
        let mut out = vec![0xa5; len];
        assert_eq!(write(&mut out), Err(HandshakeSendError::BufferTooSmall { needed }));
        assert!(out.iter().all(|&byte| byte == 0xa5));
    }
    let mut out = vec![0xa5; needed];
    assert_eq!(write(&mut out), Ok(needed));
    assert_eq!(out, reference[..needed]);
}

#[test]
fn limits_are_finite_by_default() {
    assert_eq!(HandshakeLimits::default(), HandshakeLimits::DEFAULT);
    const { assert!(HandshakeLimits::DEFAULT.max_headers <= HandshakeLimits::MAX_HEADERS) };
}

#[test]
fn the_machines_are_small_and_can_be_sent() {
    fn sendable<T: Send + Sync + Unpin>() {}
    sendable::<ServerHandshake<&mut [u8]>>();
    sendable::<ServerHandshake<[u8; 512]>>();
    sendable::<ClientHandshake<'_>>();
    sendable::<Request<'_>>();
    assert!(size_of::<ServerHandshake<&mut [u8]>>() <= 14 * size_of::<usize>());
    assert!(size_of::<rfc6455::handshake::HandshakeError>() <= 4);
    assert!(size_of::<HandshakeSendError>() <= 2 * size_of::<usize>());
}
