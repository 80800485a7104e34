//! Extended CONNECT of HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220), in both roles.

use rfc6455::handshake::{
    Acceptance, ClientRequest, HandshakeError, HandshakeSendError, HttpVersion, Offer,
    PseudoHeaders, Rejection, Request, Response,
};

const VERSIONS: [HttpVersion; 2] = [HttpVersion::Http2, HttpVersion::Http3];

/// A vector: header fields and the expected verdict.
#[derive(Clone, Debug, Default)]
struct Case {
    name: String,
    subprotocols: Vec<String>,
    extensions: Option<String>,
    expect: String,
    pseudo: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Case {
    fn pseudo(&self, name: &str) -> Option<&str> {
        self.pseudo.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn pseudo_headers(&self) -> PseudoHeaders<'_> {
        PseudoHeaders {
            method: self.pseudo(":method").unwrap(),
            protocol: self.pseudo(":protocol"),
            scheme: self.pseudo(":scheme"),
            authority: self.pseudo(":authority"),
            path: self.pseudo(":path"),
        }
    }

    fn expect<T>(&self, found: &Result<T, HandshakeError>) {
        let found = match found {
            Ok(_) => "accept".to_owned(),
            Err(HandshakeError::Status(status)) => {
                assert_eq!(self.pseudo(":status"), Some(&*status.to_string()), "{}", self.name);
                "Status".to_owned()
            }
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(found, self.expect, "{}", self.name);
    }
}

fn vectors(file: &str) -> Vec<Case> {
    let path = format!("{}/testdata/handshake/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("case: ") {
            assert!(cases.iter().all(|case| case.name != name), "{name} is there twice");
            cases.push(Case { name: name.to_owned(), ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        if let Some(field) = line.strip_prefix("> ") {
            let (name, value) = field[1..].split_once(':').unwrap();
            let field = (format!("{}{name}", &field[..1]), value.trim().to_owned());
            if field.0.starts_with(':') { &mut case.pseudo } else { &mut case.headers }.push(field);
            continue;
        }
        match line.split_once(": ").unwrap() {
            ("ref", section) => assert!(section.starts_with("RFC "), "{}", case.name),
            ("subprotocols", list) => {
                case.subprotocols = list.split(", ").map(str::to_owned).collect();
            }
            ("extensions", list) => case.extensions = Some(list.to_owned()),
            ("expect", verdict) => verdict.clone_into(&mut case.expect),
            _ => panic!("{file}: {line}"),
        }
    }
    cases
}

#[test]
fn s5_every_request_has_its_verdict() {
    for (case, version) in
        vectors("connect-request.txt").iter().flat_map(|c| VERSIONS.map(|v| (c, v)))
    {
        let headers = case.headers.as_slice();
        let request = Request::from_pseudo_headers(case.pseudo_headers(), version, &headers);
        case.expect(&request.upgrade());
        #[cfg(feature = "alloc")]
        case.expect(&request.into_owned().request().upgrade());
        #[cfg(feature = "http")]
        if let Ok(copy) = http::Request::try_from(&request) {
            if copy.uri().path_and_query().map(http::uri::PathAndQuery::as_str)
                == Some(request.target())
            {
                let protocol = request.pseudo_headers().protocol;
                case.expect(&Request::from(&copy).with_protocol(protocol).upgrade());
            }
        } else {
            assert_ne!(case.expect, "accept", "{}", case.name);
        }
    }
}

#[test]
fn s5_every_response_has_its_verdict() {
    for (case, version) in
        vectors("connect-response.txt").iter().flat_map(|c| VERSIONS.map(|v| (c, v)))
    {
        let subprotocols: Vec<&str> = case.subprotocols.iter().map(String::as_str).collect();
        let offer = Offer::new("server.example.com", "/chat")
            .subprotocols(&subprotocols)
            .extensions(case.extensions.as_deref());
        let request = ClientRequest::http2(offer, "https").unwrap();
        let headers = case.headers.as_slice();
        let status = case.pseudo(":status").unwrap().parse().unwrap();
        let response = Response::from_parts(status, version, &headers, &request);
        case.expect(&response.upgrade());
        let older = Response::from_parts(200, HttpVersion::Http11, &headers, &request);
        assert_eq!(older.upgrade().unwrap_err(), HandshakeError::UnsupportedHttpVersion);
        #[cfg(feature = "alloc")]
        {
            case.expect(&response.into_owned().response().upgrade());
            let request = request.clone().into_owned();
            case.expect(&Response::from_parts(status, version, &headers, &request).upgrade());
        }
        #[cfg(feature = "http")]
        {
            let mut copy = http::Response::builder().status(status).version(version.into());
            for (name, value) in &case.headers {
                copy = copy.header(name, value);
            }
            case.expect(&Response::from_http(&copy.body(()).unwrap(), &request).upgrade());
        }
    }
}

#[test]
fn s5_a_response_of_http2_does_not_answer_a_request_of_http1() {
    let offer = Offer::new("server.example.com", "/chat");
    let request = ClientRequest::http1(offer, *b"the sample nonce").unwrap();
    let headers = [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];
    for version in VERSIONS {
        let response = Response::from_parts(101, version, &headers, &request);
        assert_eq!(response.upgrade().unwrap_err(), HandshakeError::UnsupportedHttpVersion);
        let response = Response::from_parts(200, version, &headers, &request);
        assert_eq!(response.upgrade().unwrap_err(), HandshakeError::Status(200));
    }
}

#[test]
fn s5_1_the_request_of_http2_is_that_of_the_rfc() {
    let offer = Offer::new("server.example.com", "/chat")
        .subprotocols(&["chat", "superchat"])
        .extensions(Some("permessage-deflate"))
        .origin(Some("http://www.example.com"))
        .headers(&[("cookie", "a=b")]);
    let requests = [
        ClientRequest::http2(offer, "https").unwrap(),
        ClientRequest::http3(offer, "https").unwrap(),
    ];
    for (request, version) in requests.into_iter().zip(VERSIONS) {
        assert_eq!((request.version(), request.key()), (version, None));
        let pseudo = PseudoHeaders {
            method: "CONNECT",
            protocol: Some("websocket"),
            scheme: Some("https"),
            authority: Some("server.example.com"),
            path: Some("/chat"),
        };
        assert_eq!(request.pseudo_headers(), pseudo);
        let headers: Vec<_> = request.headers().collect();
        let headers = headers.as_slice();
        assert_eq!(
            headers,
            [
                ("sec-websocket-version", "13"),
                ("origin", "http://www.example.com"),
                ("sec-websocket-protocol", "chat"),
                ("sec-websocket-protocol", "superchat"),
                ("sec-websocket-extensions", "permessage-deflate"),
                ("cookie", "a=b"),
            ]
        );
        let received = Request::from_pseudo_headers(pseudo, version, &headers);
        assert_eq!((received.host(), received.path()), (Some("server.example.com"), "/chat"));
        assert_eq!((received.version(), received.pseudo_headers()), (version, pseudo));
        let upgrade = received.upgrade().unwrap();
        assert!(upgrade.subprotocols().eq(["chat", "superchat"]));
        assert_eq!(upgrade.accept_key(), None);
        let acceptance =
            Acceptance::DEFAULT.subprotocol(Some("chat")).extensions(Some("permessage-deflate"));
        let answer = upgrade.accept_head(&acceptance).unwrap();
        assert_eq!((answer.status(), answer.version()), (200, version));
        let headers: Vec<_> = answer.headers().collect();
        let headers = headers.as_slice();
        let response = Response::from_parts(answer.status(), version, &headers, &request);
        assert_eq!(response.upgrade().unwrap().subprotocol(), Some("chat"));
    }
}

#[test]
fn s5_what_http2_sends_has_no_header_of_a_connection() {
    let of_connection = |name: &str| {
        ["connection", "upgrade", "host", "sec-websocket-key", "sec-websocket-accept"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    let offer = Offer::new("a", "/");
    for version in VERSIONS {
        let request = ClientRequest::http2(offer, "http").unwrap();
        assert!(request.headers().all(|(name, _)| !of_connection(name)));
        let headers: Vec<_> = request.headers().collect();
        let headers = headers.as_slice();
        let received = Request::from_pseudo_headers(request.pseudo_headers(), version, &headers);
        let answer = received.upgrade().unwrap().accept_head(&Acceptance::DEFAULT).unwrap();
        assert_eq!(answer.headers().count(), 0);
        for status in (300..=599).filter(|status| ![304, 426].contains(status)) {
            let answer = Rejection::new(status).body(b"abc").head(version).unwrap();
            assert!(answer.headers().all(|(name, _)| !of_connection(name)));
            assert_eq!(length(answer.headers()), Some("3".to_owned()));
        }
        let upgrade = received.upgrade().unwrap();
        for header in [("Connection", "a"), ("upgrade", "b"), ("Transfer-Encoding", "c")] {
            let acceptance = Acceptance::DEFAULT.headers(std::slice::from_ref(&header));
            let refused = upgrade.accept_head(&acceptance).unwrap_err();
            assert_eq!(refused, HandshakeSendError::ReservedHeader);
        }
    }
}

/// A status of 2xx would accept the request, and 426 demands a header of a connection.
#[test]
fn s5_a_rejection_over_http2_cannot_accept() {
    for version in VERSIONS {
        for status in (200..=299).chain([426]) {
            let refused = Rejection::new(status).head(version).unwrap_err();
            assert_eq!(refused, HandshakeSendError::InvalidStatus, "{status}");
        }
    }
}

/// The value of the last header, if that is the length.
fn length<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let (name, value) = headers.last()?;
    (name == "content-length").then(|| value.to_owned())
}

#[test]
fn s5_a_client_sends_no_other_scheme() {
    let offer = Offer::new("a", "/");
    for scheme in ["", "wss", "ws", "HTTPS", "https:", "ftp"] {
        let refused = ClientRequest::http2(offer, scheme).unwrap_err();
        assert_eq!(refused, HandshakeSendError::InvalidScheme);
        assert_eq!(ClientRequest::http3(offer, scheme).unwrap_err(), refused);
    }
    let refused = ClientRequest::http2(offer.host("a b"), "https").unwrap_err();
    assert_eq!(refused, HandshakeSendError::InvalidHost);
}

#[test]
fn s5_a_head_of_http2_is_not_written_as_bytes() {
    let request = ClientRequest::http2(Offer::new("a", "/"), "https").unwrap();
    let mut out = [0xa5; 512];
    assert_eq!(request.write(&mut out), Err(HandshakeSendError::NotHttp1));
    let headers: Vec<_> = request.headers().collect();
    let headers = headers.as_slice();
    let received =
        Request::from_pseudo_headers(request.pseudo_headers(), HttpVersion::Http2, &headers);
    let refused = received.upgrade().unwrap().accept(&Acceptance::DEFAULT, &mut out);
    assert_eq!(refused, Err(HandshakeSendError::NotHttp1));
    assert_eq!(out, [0xa5; 512]);
}

#[test]
fn s4_4_an_unsupported_version_is_answered_with_ours() {
    for version in VERSIONS {
        let rejection = HandshakeError::UnsupportedVersion.rejection(version);
        let answer = rejection.head(version).unwrap();
        assert_eq!(answer.status(), 400);
        assert!(answer.headers().any(|header| header == ("sec-websocket-version", "13")));
        let unsupported = HandshakeError::UnsupportedProtocol.rejection(version);
        assert_eq!(unsupported.head(version).unwrap().status(), 501);
    }
}
