//! What each codec refuses: the tables in `docs/firmware.md`, row by row, and the remarks there.

use std::panic::catch_unwind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use edge_http::ws::{is_upgrade_request, upgrade_response_headers};
use edge_http::{Method, RequestHeaders, ResponseHeaders};
use embedded_websocket::{WebSocketOptions, WebSocketServer, WebSocketState, read_http_header};
use rfc6455::handshake::{ClientHandshake, HandshakeLimits, Offer, ServerHandshake};
use rfc6455::{Connection, Limits};
use websocket_sans_io::WebsocketFrameDecoder;
use ws_framer::{WsFrame, WsRxError, WsRxFramer, WsTxFramer};

const PAGE: &str = include_str!("../../../../docs/firmware.md");

/// Asserts that the page has these rows: a name, and a mark for each codec that refuses it.
fn assert_rows(rows: impl IntoIterator<Item = (&'static str, Vec<bool>)>) {
    let mark = |refused: bool| if refused { " yes |" } else { " **no** |" };
    let rows = rows.into_iter().map(|(name, refused)| {
        format!("| {name} |{}", refused.into_iter().map(mark).collect::<String>())
    });
    let missing: Vec<_> = rows.filter(|row| PAGE.lines().all(|line| line != row)).collect();
    assert!(missing.is_empty(), "the page lacks\n{}", missing.join("\n"));
}

/// A masked frame with the key 0, which changes nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(len) if len < 126 => frame.push(0x80 | len),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(payload.len()).expect("a short payload").to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let long = [&b"\x82\xFF\x80"[..], &[0; 7], &[0; 4]].concat();
    vec![
        ("a frame without a mask", b"\x81\x02no".to_vec()),
        ("a reserved bit", frame(0xC1, b"no")),
        ("a reserved opcode", frame(0x83, b"no")),
        ("a fragmented Ping", frame(0x09, b"no")),
        ("a Ping of 126 bytes", frame(0x89, &[0; 126])),
        ("a continuation of nothing", frame(0x80, b"no")),
        ("a message inside another", [frame(0x01, b"a"), frame(0x81, b"b")].concat()),
        ("a length in more bytes than it needs", b"\x82\xFE\x00\x01\0\0\0\0a".to_vec()),
        ("a length of 2^63", long),
        ("text that is not UTF-8", frame(0x81, b"\xFF")),
        ("a close code that must not be sent", frame(0x88, b"\x03\xED")),
        ("a Close of one byte", frame(0x88, b"\x03")),
    ]
}

#[test]
fn each_violation_of_the_frames_is_refused_by_those_that_the_page_says() {
    let codecs = [
        rfc6455_refuses,
        ws_framer_refuses,
        embedded_websocket_refuses,
        sans_io_refuses,
        edge_ws_refuses,
    ];
    let valid = [frame(0x81, b"Hi"), frame(0x88, b"\x03\xE8")].concat();
    assert!(codecs.iter().all(|refuses| !refuses(&valid)));
    assert_rows(
        frames()
            .into_iter()
            .map(|(name, stream)| (name, codecs.iter().map(|refuses| refuses(&stream)).collect())),
    );
}

fn rfc6455_refuses(stream: &[u8]) -> bool {
    let mut ws = Connection::server(Limits::DEFAULT);
    let mut stream = stream.to_vec();
    let mut input = &mut stream[..];
    loop {
        match ws.receive(&mut input) {
            Ok(Some(_)) => {}
            result => return result.is_err(),
        }
    }
}

fn ws_framer_refuses(stream: &[u8]) -> bool {
    let mut room = [0; 512];
    let mut rx = WsRxFramer::new(&mut room);
    rx.read_buf()[..stream.len()].copy_from_slice(stream);
    rx.advance(stream.len());
    while let Some(frame) = rx.next_frame() {
        if frame.is_err() {
            return true;
        }
    }
    false
}

fn embedded_websocket_refuses(stream: &[u8]) -> bool {
    let mut ws = WebSocketServer::new_server();
    ws.state = WebSocketState::Open;
    let (mut rest, mut room) = (stream, [0; 512]);
    while !rest.is_empty() {
        match ws.read(rest, &mut room) {
            Ok(result) => rest = &rest[result.len_from..],
            Err(_) => return true,
        }
    }
    false
}

fn sans_io_refuses(stream: &[u8]) -> bool {
    let mut decoder = WebsocketFrameDecoder::new();
    let mut stream = stream.to_vec();
    let mut rest = &mut stream[..];
    loop {
        let Ok(result) = decoder.add_data(rest);
        rest = &mut rest[result.consumed_bytes..];
        if rest.is_empty() && result.event.is_none() {
            return false;
        }
    }
}

fn edge_ws_refuses(stream: &[u8]) -> bool {
    let (mut rest, mut room) = (stream, [0; 512]);
    while !rest.is_empty() {
        if ready(edge_ws::io::recv(&mut rest, &mut room)).is_err() {
            return true;
        }
    }
    false
}

/// Returns the result of a future that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn requests() -> Vec<(&'static str, String)> {
    let without = |line: &str| {
        assert!(REQUEST.contains(line));
        REQUEST.replace(line, "")
    };
    let with = |line: &str| REQUEST.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"));
    vec![
        ("no `Host`", without("Host: a\r\n")),
        ("no `Upgrade`", without("Upgrade: websocket\r\n")),
        ("no `Connection: Upgrade`", without("Connection: Upgrade\r\n")),
        ("another version", REQUEST.replace("13", "12")),
        ("another method", REQUEST.replace("GET", "POST")),
        ("no key", without("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")),
        (
            "a key that is not base64 of 16 bytes",
            REQUEST.replace("dGhlIHNhbXBsZSBub25jZQ==", "key"),
        ),
        ("two keys", with("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")),
        ("a body", with("Content-Length: 5")),
    ]
}

#[test]
fn each_violation_of_a_request_is_refused_by_those_that_the_page_says() {
    let codecs = [rfc6455_rejects, embedded_websocket_rejects, edge_http_rejects];
    assert!(codecs.iter().all(|rejects| !rejects(REQUEST)));
    assert_rows(
        requests().into_iter().map(|(name, request)| {
            (name, codecs.iter().map(|rejects| rejects(&request)).collect())
        }),
    );
}

fn rfc6455_rejects(request: &str) -> bool {
    let (mut storage, mut bytes) = ([0; 512], request.as_bytes().to_vec());
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    let request = handshake.receive(&mut &mut bytes[..]);
    request.map_or(true, |request| request.expect("a whole head").upgrade().is_err())
}

fn embedded_websocket_rejects(request: &str) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(request.as_bytes()).expect("a well-formed head");
    let headers = parsed.headers.iter().map(|header| (header.name, header.value));
    let Ok(Some(context)) = read_http_header(headers) else { return true };
    let mut out = [0; 512];
    WebSocketServer::new_server().server_accept(&context.sec_websocket_key, None, &mut out).is_err()
}

fn edge_http_rejects(request: &str) -> bool {
    let mut head = [0; 512];
    let mut headers = RequestHeaders::<16>::new();
    ready(headers.receive(&mut head, request.as_bytes(), true)).expect("a well-formed head");
    let mut accept = [0; 33];
    !headers.is_ws_upgrade_request()
        || upgrade_response_headers(headers.headers.iter(), None, &mut accept).is_err()
}

/// The nonce of all zeros, whose key each client sends without a generator.
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";

fn responses() -> Vec<(&'static str, String)> {
    let accept = "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n";
    let with = |line: &str| RESPONSE.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"));
    vec![
        ("another status", RESPONSE.replace("101", "200")),
        ("a response without `Upgrade`", RESPONSE.replace("Upgrade: websocket\r\n", "")),
        ("a response without `Connection`", RESPONSE.replace("Connection: Upgrade\r\n", "")),
        ("no `Sec-WebSocket-Accept`", RESPONSE.replace(accept, "")),
        ("a wrong `Sec-WebSocket-Accept`", RESPONSE.replace("ICX", "XXX")),
        ("a subprotocol that was not offered", with("Sec-WebSocket-Protocol: other")),
        ("an extension that was not offered", with("Sec-WebSocket-Extensions: other")),
    ]
}

#[test]
fn each_violation_of_a_response_is_refused_by_those_that_the_page_says() {
    let codecs = [rfc6455_fails, ws_framer_fails, embedded_websocket_fails, edge_http_fails];
    assert!(codecs.iter().all(|fails| !fails(RESPONSE)));
    assert_rows(
        responses()
            .into_iter()
            .map(|(name, response)| (name, codecs.iter().map(|fails| fails(&response)).collect())),
    );
}

fn rfc6455_fails(response: &str) -> bool {
    let (mut storage, mut bytes) = ([0; 512], response.as_bytes().to_vec());
    let (offer, limits) = (Offer::new("a", "/"), HandshakeLimits::DEFAULT);
    let mut handshake =
        ClientHandshake::new(offer, [0; 16], &mut storage[..], limits).expect("a valid offer");
    let response = handshake.receive(&mut &mut bytes[..]);
    response.map_or(true, |response| response.expect("a whole head").upgrade().is_err())
}

fn ws_framer_fails(response: &str) -> bool {
    let (mut incoming, mut outgoing) = ([0; 512], [0; 512]);
    let mut tx = WsTxFramer::new(true, &mut outgoing);
    tx.http_upgrade_request("a", "/", &[]).expect("it fits");
    let accept = tx.accept_key();
    let mut rx = WsRxFramer::new(&mut incoming);
    rx.read_buf()[..response.len()].copy_from_slice(response.as_bytes());
    rx.advance(response.len());
    let response = rx.http_response().expect("a whole head");
    !response.expect("a well-formed head").is_websocket_accepted(&accept)
}

fn embedded_websocket_fails(response: &str) -> bool {
    let (path, host, origin) = ("/", "a", "http://a");
    let options =
        WebSocketOptions { path, host, origin, sub_protocols: None, additional_headers: None };
    let mut ws = embedded_websocket::WebSocketClient::new_client(Zeros);
    let (_, key) = ws.client_connect(&options, &mut [0; 512]).expect("it fits");
    ws.client_accept(&key, response.as_bytes()).is_err()
}

fn edge_http_fails(response: &str) -> bool {
    let mut head = [0; 512];
    let mut headers = ResponseHeaders::<16>::new();
    ready(headers.receive(&mut head, response.as_bytes(), true)).expect("a well-formed head");
    !headers.is_ws_upgrade_accepted(&[0; 16], &mut [0; 33])
}

/// A generator of zeros.
struct Zeros;

impl rand_core::RngCore for Zeros {
    fn next_u32(&mut self) -> u32 {
        0
    }

    fn next_u64(&mut self) -> u64 {
        0
    }

    fn fill_bytes(&mut self, room: &mut [u8]) {
        room.fill(0);
    }

    fn try_fill_bytes(&mut self, room: &mut [u8]) -> Result<(), rand_core::Error> {
        room.fill(0);
        Ok(())
    }
}

#[test]
fn ws_framer_goes_on_after_a_violation() {
    let mut room = [0; 64];
    let mut rx = WsRxFramer::new(&mut room);
    let stream = [frame(0xC1, b"no"), frame(0x81, b"yes")].concat();
    rx.read_buf()[..stream.len()].copy_from_slice(&stream);
    rx.advance(stream.len());
    assert_eq!(rx.next_frame(), Some(Err(WsRxError::Protocol)));
    assert_eq!(rx.next_frame(), Some(Ok(WsFrame::Text("yes"))));
}

#[test]
fn ws_framer_and_edge_ws_refuse_a_frame_that_is_longer_than_their_buffer() {
    let mut room = [0; 64];
    let mut rx = WsRxFramer::new(&mut room);
    let stream = frame(0x82, &[0; 100]);
    rx.read_buf().copy_from_slice(&stream[..64]);
    rx.advance(64);
    assert_eq!(rx.next_frame(), Some(Err(WsRxError::Oversized { len: 100 })));
    assert!(ready(edge_ws::io::recv(&stream[..], &mut [0; 64])).is_err());
}

#[test]
fn ws_framer_masks_with_zeros_without_a_generator_of_the_operating_system() {
    let mut room = [0; 512];
    let mut tx = WsTxFramer::new(true, &mut room);
    assert_eq!(tx.text("Hi"), Some(&b"\x81\x82\0\0\0\0Hi"[..]));
    let request = tx.http_upgrade_request("a", "/", &[]).map(String::from_utf8_lossy);
    assert!(request.is_some_and(|request| request.contains("Key: AAAAAAAAAAAAAAAAAAAAAA==")));
}

#[test]
fn embedded_websocket_panics_at_a_key_of_25_bytes() {
    let read = || {
        let headers = [("Upgrade", &b"websocket"[..]), ("Sec-WebSocket-Key", &[b'A'; 25])];
        read_http_header(headers.into_iter()).is_ok()
    };
    assert!(catch_unwind(read).is_err());
}

#[test]
fn edge_http_panics_at_a_content_length_that_is_no_number() {
    let request = REQUEST.replace("\r\n\r\n", "\r\nContent-Length: x\r\n\r\n");
    let resolve = || {
        let mut head = [0; 512];
        let mut headers = RequestHeaders::<16>::new();
        let _ = ready(headers.receive(&mut head, request.as_bytes(), true));
        headers.resolve::<()>().is_ok()
    };
    assert!(catch_unwind(resolve).is_err());
}

#[test]
fn edge_http_takes_no_upgrade_beside_keep_alive_which_firefox_sends() {
    let headers = [("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket")];
    assert!(!is_upgrade_request(Method::Get, headers));
}
