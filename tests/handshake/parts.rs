//! What an HTTP stack receives and sends: the same verdicts, and the same headers as in the bytes.

use rfc6455::handshake::{
    Acceptance, ClientHandshake, ClientRequest, HandshakeError, HandshakeLimits, HeaderSource,
    Headers, HttpVersion, Offer, Rejection, Request, Response,
};

/// The start line and the headers of a head that has no body.
fn parsed(bytes: &[u8]) -> (String, Vec<(String, String)>) {
    let text = std::str::from_utf8(bytes).unwrap().split_once("\r\n\r\n").unwrap().0;
    let mut lines = text.split("\r\n");
    let start = lines.next().unwrap().to_owned();
    let field = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    };
    (start, lines.map(field).collect())
}

fn owned<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

const OFFER: Offer<'_> = Offer::new("example.com:8080", "/chat?a")
    .subprotocols(&["chat", "superchat"])
    .extensions(Some("x; a=b, y"))
    .origin(Some("null"))
    .headers(&[("Cookie", "a=b"), ("X-Empty", "")]);

#[test]
fn the_headers_of_a_request_are_those_in_its_bytes() {
    let request = ClientRequest::http1(OFFER, *b"the sample nonce").unwrap();
    assert_eq!(request.key(), Some("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_eq!(request.version(), HttpVersion::Http11);
    assert_eq!(request.pseudo_headers().method, "GET");
    assert_eq!(request.pseudo_headers().path, Some("/chat?a"));
    let mut out = [0; 512];
    let len = request.write(&mut out).unwrap();
    let (start, written) = parsed(&out[..len]);
    assert_eq!(start, "GET /chat?a HTTP/1.1");
    // RFC 6455 §11.3.4: the subprotocols may be in one header or in several.
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in owned(request.headers()) {
        match joined.last_mut().filter(|(last, _)| *last == name) {
            Some((_, list)) => *list = format!("{list}, {value}"),
            None => joined.push((name, value)),
        }
    }
    assert_eq!(joined, written);
    let handshake =
        ClientHandshake::new(OFFER, *b"the sample nonce", [0; 64], HandshakeLimits::DEFAULT);
    let handshake = handshake.unwrap();
    assert_eq!(Some(handshake.key()), request.key());
    assert!(handshake.request().headers().eq(request.headers()));
    #[cfg(feature = "alloc")]
    {
        let request = request.clone().into_owned().into_owned();
        assert!(handshake.request().headers().eq(request.headers()));
        let mut again = [0; 512];
        assert_eq!(request.write(&mut again), Ok(len));
        assert_eq!(out, again);
    }
    #[cfg(feature = "http")]
    {
        let copy = http::Request::try_from(&request).unwrap();
        assert_eq!((copy.method(), copy.uri().to_string()), (&http::Method::GET, "/chat?a".into()));
        let headers = |name: &str| copy.headers().get_all(name).iter().count();
        assert_eq!((copy.headers().len(), headers("sec-websocket-protocol")), (11, 2));
        assert!(Request::from(&copy).upgrade().is_ok());
    }
}

#[test]
fn the_headers_of_an_acceptance_are_those_in_its_bytes() {
    let request = ClientRequest::http1(OFFER, *b"the sample nonce").unwrap();
    let sent: Vec<_> = request.headers().collect();
    let sent = sent.as_slice();
    let received = Request::from_parts("GET", "/chat?a", HttpVersion::Http11, &sent);
    let upgrade = received.upgrade().unwrap();
    for (subprotocol, extensions, headers) in [
        (None, None, &[][..]),
        (Some("superchat"), Some("y"), &[("Set-Cookie", "a=b"), ("set-cookie", "c=d")][..]),
    ] {
        let acceptance =
            Acceptance::DEFAULT.subprotocol(subprotocol).extensions(extensions).headers(headers);
        let head = upgrade.accept_head(&acceptance).unwrap();
        let mut out = [0; 512];
        let len = upgrade.accept(&acceptance, &mut out).unwrap();
        let (start, written) = parsed(&out[..len]);
        assert_eq!(start, format!("HTTP/1.1 {} Switching Protocols", head.status()));
        assert_eq!(owned(head.headers()), written);
        // A client that gets them from its HTTP stack agrees.
        let headers: Vec<_> = head.headers().collect();
        let headers = headers.as_slice();
        let response = Response::from_parts(101, HttpVersion::Http11, &headers, &request);
        assert_eq!((response.status(), response.reason()), (101, &b""[..]));
        assert_eq!(response.upgrade().unwrap().subprotocol(), subprotocol);
        #[cfg(feature = "http")]
        {
            let copy = http::Response::try_from(&head).unwrap();
            assert_eq!(copy.headers().len(), written.len());
            assert!(Response::from_http(&copy, &request).upgrade().is_ok());
        }
    }
    // Both forms refuse the same.
    for acceptance in [
        Acceptance::DEFAULT.subprotocol(Some("soap")),
        Acceptance::DEFAULT.extensions(Some("z")),
        Acceptance::DEFAULT.extensions(Some("a;")),
        Acceptance::DEFAULT.headers(&[("Upgrade", "a")]),
        Acceptance::DEFAULT.headers(&[("a", "b\r\nc: d")]),
        Acceptance::DEFAULT.headers(&[("a b", "c")]),
    ] {
        let refused = upgrade.accept(&acceptance, &mut [0; 512]).unwrap_err();
        assert_eq!(upgrade.accept_head(&acceptance).unwrap_err(), refused);
    }
}

#[test]
fn the_headers_of_a_rejection_are_those_in_its_bytes() {
    for status in 0..=700 {
        let rejection = Rejection::new(status).headers(&[("Retry-After", "5")]).body(b"later");
        let mut out = [0; 512];
        let written = rejection.write(&mut out);
        let head = rejection.head(HttpVersion::Http11);
        assert_eq!(head.as_ref().err(), written.as_ref().err(), "{status}");
        let (Ok(head), Ok(len)) = (head, written) else { continue };
        assert_eq!(head.status(), status);
        assert_eq!(owned(head.headers()), parsed(&out[..len]).1);
        #[cfg(feature = "http")]
        assert_eq!(http::Response::try_from(&head).unwrap().status(), status);
    }
}

#[test]
fn an_error_has_the_same_headers_as_its_response() {
    use HandshakeError as E;
    for error in [
        E::HeadTooLarge,
        E::TargetTooLong,
        E::InvalidStartLine,
        E::UnsupportedHttpVersion,
        E::NotAnUpgrade,
        E::MethodNotGet,
        E::UnsupportedVersion,
        E::UnsupportedProtocol,
        E::OriginNotAllowed,
        E::AcceptMismatch,
    ] {
        let rejection = error.rejection(HttpVersion::Http11);
        let mut out = [0; 512];
        let len = rejection.write(&mut out).unwrap();
        let (start, mut headers) = parsed(&out[..len]);
        let (expected_start, mut expected) = parsed(error.response());
        headers.sort();
        expected.sort();
        assert_eq!((start, headers), (expected_start, expected));
    }
}

/// Fields in a type of the test's own.
struct Fields([(&'static str, &'static [u8]); 2]);

impl HeaderSource for Fields {
    fn field(&self, index: usize) -> Option<(&str, &[u8])> {
        self.0.get(index).copied()
    }
}

#[test]
fn headers_read_the_same_from_every_type() {
    let pairs: [(&str, &[u8]); 2] = [("A", b"b"), ("c", b" d\t")];
    let expected: [(&str, &[u8]); 2] = [("A", b"b"), ("c", b"d")];
    let slice = &pairs[..];
    assert!(Headers::from(slice).into_iter().eq(expected));
    assert!(Headers::from(&slice).into_iter().eq(expected));
    assert!(Headers::from(&pairs).into_iter().eq(expected));
    assert!(Headers::from(&Fields(pairs)).into_iter().eq(expected));
    #[cfg(feature = "alloc")]
    assert!(Headers::from(&pairs.to_vec()).into_iter().eq(expected));
    assert_eq!(format!("{:?}", Headers::from(slice)), "{\"A\": \"b\", \"c\": \"d\"}");
}

#[cfg(feature = "http")]
#[test]
fn versions_convert_in_both_directions() {
    use HttpVersion as V;
    for version in [V::Http10, V::Http11, V::Http2, V::Http3] {
        assert_eq!(V::from(http::Version::from(version)), version);
    }
    assert_eq!(V::from(http::Version::HTTP_09), V::Http10);
}

#[cfg(feature = "http")]
#[test]
fn an_absolute_target_is_checked_in_the_parts_that_a_stack_splits_it_into() {
    for (uri, accepted, path, host) in [
        ("/a?b", true, "/a", "h"),
        ("http://example.com/a?b", true, "/a", "example.com"),
        ("https://example.com", true, "/", "example.com"),
        ("ftp://example.com/", false, "/", "example.com"),
        ("http://user@example.com/", false, "/", "user@example.com"),
        ("*", false, "*", "h"),
    ] {
        let received = http::Request::get(uri)
            .header("Host", "h")
            .header("Upgrade", "websocket")
            .header("Connection", "Upgrade")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(())
            .unwrap();
        let request = Request::from(&received);
        assert_eq!((request.path(), request.host()), (path, Some(host)));
        let expected = if accepted { None } else { Some(HandshakeError::InvalidTarget) };
        assert_eq!(request.upgrade().err(), expected, "{uri}");
        let copy = http::Request::try_from(&request).unwrap();
        assert_eq!((copy.uri(), copy.headers()), (received.uri(), received.headers()));
    }
}
