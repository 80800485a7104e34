//! The server.

use super::*;

#[test]
fn serves_its_page_and_no_other() {
    let server = Running::server(&[]);
    let response = server.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("Content-Type: text/html; charset=utf-8\r\n"), "{response}");
    assert!(response.ends_with(include_str!("../../examples/server.html")), "{response}");
    for (request, status) in [
        ("GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi", "405"),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "400"),
    ] {
        let response = server.ask(request);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    }
}

#[test]
fn echoes_a_message_as_one_message() {
    let server = Running::server(&[]);
    let mut stream = server.open(b"");
    let long = vec![0xA5; 1 << 20];
    for payload in [&b""[..], b"a", &long] {
        stream.write_all(&frame(BINARY, payload)).unwrap();
        assert_eq!(read_frame(&mut stream), (BINARY, payload.to_vec()));
    }
    for part in [frame(0x01, b"in "), frame(PING, b"?"), frame(0x00, b""), frame(0x80, b"parts")] {
        stream.write_all(&part).unwrap();
    }
    assert_eq!(read_frame(&mut stream), (PONG, b"?".to_vec()));
    assert_eq!(read_frame(&mut stream), (TEXT, b"in parts".to_vec()));
    stream.write_all(&frame(CLOSE, &[0x0F, 0xA0, b'!'])).unwrap();
    assert_closes(&mut stream, 4000);
}

#[test]
fn takes_frames_that_come_with_the_head() {
    let server = Running::server(&[]);
    let mut early = [frame(TEXT, b"one"), frame(TEXT, b"two"), frame(TEXT, b"three")].concat();
    let rest = early.split_off(early.len() - 2);
    let mut stream = server.open(&early);
    assert_eq!(read_frame(&mut stream), (TEXT, b"one".to_vec()));
    assert_eq!(read_frame(&mut stream), (TEXT, b"two".to_vec()));
    stream.write_all(&rest).unwrap();
    assert_eq!(read_frame(&mut stream), (TEXT, b"three".to_vec()));
}

#[test]
fn decides_on_the_origin() {
    let server = Running::server(&[]);
    for (host, origin, status) in [
        ("127.0.0.1:9001", "http://127.0.0.1:9001", "101"),
        ("localhost:9001", "http://LOCALHOST:9001", "101"),
        ("127.0.0.1:9001", "http://127.0.0.1:9002", "403"),
        ("127.0.0.1:9001", "http://127.0.0.1:9001.evil.example", "403"),
        ("127.0.0.1:9001", "https://evil.example", "403"),
        ("127.0.0.1:9001", "null", "403"),
        ("127.0.0.1:9001", "", "403"),
    ] {
        let request = REQUEST.replace("Host: 127.0.0.1", &format!("Host: {host}"));
        let mut stream = server.connect();
        write!(stream, "{request}Origin: {origin}\r\n\r\n").unwrap();
        let head = read_head(&mut stream);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}: {head}");
    }
}

#[test]
fn allows_the_origins_that_it_is_told_and_no_others() {
    let server = Running::server(&[
        "--origin",
        "https://echo.example",
        "--origin",
        "http://localhost:8080",
        "--origin=null",
    ]);
    let files = Running::server(&["--origin", "file://"]);
    for (server, origin, status) in [
        (&server, "https://echo.example", "101"),
        (&server, "https://ECHO.example:443", "101"),
        (&server, "http://localhost:8080", "101"),
        (&server, "null", "101"),
        (&server, "http://127.0.0.1", "101"),
        (&server, "http://echo.example", "403"),
        (&server, "https://echo.example:8443", "403"),
        (&server, "https://www.echo.example", "403"),
        (&server, "https://echo.example.evil.example", "403"),
        (&server, "https://echo.example/", "403"),
        (&server, "Null", "403"),
        (&server, "nul", "403"),
        (&server, "file://", "403"),
        (&files, "file://", "101"),
        (&files, "file:///", "403"),
        (&files, "file://evil.example", "403"),
        (&files, "null", "403"),
        (&files, "", "403"),
    ] {
        let mut stream = server.connect();
        write!(stream, "{REQUEST}Origin: {origin}\r\n\r\n").unwrap();
        let head = read_head(&mut stream);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}: {head}");
    }
}

/// It would allow nobody, and nobody would know why.
#[test]
fn refuses_an_option_that_is_no_origin() {
    for wrong in ["https://echo.example/", "echo.example", "*", "https://*.example", "file:///", ""]
    {
        let output = example("server").args(["--listen", "x", "--origin", wrong]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {}", errors(&output));
    }
}

#[test]
fn tells_a_client_how_it_broke_the_protocol() {
    let server = Running::server(&[]);
    // Much that will never be read follows, and must not cost the client the Close.
    let flood = vec![0; 4 << 20];
    for (wrong, code) in [
        (server_frame(TEXT, b"not masked"), 1002_u16),
        (frame(0x83, b"reserved"), 1002),
        (frame(TEXT, b"\xFF"), 1007),
    ] {
        let mut stream = server.open(b"");
        stream.write_all(&wrong).unwrap();
        stream.write_all(&flood).unwrap();
        assert_closes(&mut stream, code);
    }
    server.assert_alive();
}

#[test]
fn keeps_to_the_longest_message() {
    let server = Running::server(&["--max-message", "1000"]);
    let mut stream = server.open(&frame(BINARY, &[1; 1000]));
    assert_eq!(read_frame(&mut stream), (BINARY, vec![1; 1000]));
    stream.write_all(&frame(0x02, &[1; 1000])).unwrap();
    stream.write_all(&frame(0x80, &[1; 1])).unwrap();
    assert_closes(&mut stream, 1009);
}

#[test]
fn refuses_what_is_not_http() {
    let server = Running::server(&[]);
    for (garbage, status) in [
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_string(), "400"),
        ("GET / HTTP/1.1\nHost: a\n\n".to_string(), "400"),
        (format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(10_000)), "431"),
    ] {
        let response = server.ask(&garbage);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    }
    server.assert_alive();
}

#[test]
fn does_not_wait_forever_for_a_head() {
    let server = Running::server(&[]);
    let start = Instant::now();
    let mut stream = server.connect();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut response = Vec::new();
    // A byte now and then does not help.
    for byte in REQUEST.bytes().cycle() {
        let _ = stream.write(&[byte]);
        match stream.read_to_end(&mut response) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            _ => break,
        }
        assert!(start.elapsed() < 2 * PATIENCE);
    }
    assert!(response.starts_with(b"HTTP/1.1 408 "));
    server.assert_alive();
}

#[test]
fn serves_many_at_once() {
    let server = Running::server(&[]);
    let mut streams: Vec<_> = (0..200).map(|_| server.open(b"")).collect();
    for round in 0..3_u8 {
        for (stream, at) in streams.iter_mut().zip(0_u8..) {
            stream.write_all(&frame(BINARY, &[round, at])).unwrap();
        }
        for (stream, at) in streams.iter_mut().zip(0_u8..) {
            assert_eq!(read_frame(stream), (BINARY, vec![round, at]));
        }
    }
}

#[test]
fn is_not_held_up_by_one_that_does_not_read() {
    let server = Running::server(&[]);
    let mut stalled = server.open(b"");
    stalled.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let message = frame(BINARY, &vec![0; 1 << 20]);
    while stalled.write_all(&message).is_ok() {}
    server.assert_alive();
}

#[test]
fn has_a_limit_on_clients() {
    let server = Running::server(&["--max-connections", "2"]);
    let clients = [server.open(b""), server.open(b"")];
    let response = server.ask(&format!("{REQUEST}\r\n"));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    drop(clients);
    let start = Instant::now();
    while !server.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 200 ") {
        assert!(start.elapsed() < PATIENCE, "the places are not free again");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn pings_and_then_drops_a_silent_client() {
    let server = Running::server(&["--idle", "1"]);
    let mut alive = server.open(b"");
    for _ in 0..2 {
        assert_eq!(read_frame(&mut alive), (PING, vec![]));
        alive.write_all(&frame(PONG, b"")).unwrap();
    }
    assert_eq!(read_frame(&mut alive), (PING, vec![]));
    assert_eq!(alive.read(&mut [0]).unwrap(), 0);
}

#[cfg(unix)]
#[test]
fn says_goodbye_when_it_is_stopped() {
    for signal in ["-INT", "-TERM"] {
        let mut server = Running::server(&[]);
        let mut polite: Vec<_> = (0..20).map(|_| server.open(b"")).collect();
        // One that does not answer is not waited for in vain.
        let _silent = server.open(b"");
        let pid = server.child.id().to_string();
        let start = Instant::now();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        for stream in &mut polite {
            assert_eq!(read_frame(stream), (CLOSE, 1001_u16.to_be_bytes().to_vec()));
            stream.write_all(&frame(CLOSE, &1001_u16.to_be_bytes())).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(4));
    }
}

#[test]
fn explains_its_options() {
    let help = example("server").arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(help.stdout.starts_with(b"Usage: server"));
    for wrong in [&["--max-message", "many"][..], &["--listen"], &["--idle", "0"], &["what"]] {
        assert_eq!(example("server").args(wrong).output().unwrap().status.code(), Some(2));
    }
}

/// Reads the reply at 500 KB/s for longer than the server lets a client stall.
fn assert_serves_a_slow_reader(server: &Running, request: &str, message: &[u8], reply_first: u8) {
    let mut stream = server.connect();
    stream.write_all(format!("{REQUEST}{request}\r\n").as_bytes()).unwrap();
    read_head(&mut stream);
    let mut writer = stream.try_clone().unwrap();
    let bytes = message.to_vec();
    let sent = thread::spawn(move || writer.write_all(&bytes));
    // 500 KB/s for four seconds, and then the rest.
    let (mut reply, mut piece) = (Vec::new(), vec![0; 50_000]);
    for _ in 0..40 {
        stream.read_exact(&mut piece).unwrap();
        reply.extend_from_slice(&piece);
        thread::sleep(Duration::from_millis(100));
    }
    sent.join().unwrap().unwrap();
    let mut reply = reply.chain(&mut stream);
    let mut len = 0;
    loop {
        let (first, payload) = read_frame(&mut reply);
        let rsv1 = if len == 0 { reply_first & 0x40 } else { 0 };
        assert_eq!(first & 0x70, rsv1, "{first:#X} after {len} bytes");
        len += payload.len();
        if first & 0x80 != 0 {
            break;
        }
    }
    assert!(len >= NOISE, "{len}");
}

/// Bytes of a message that no compression makes shorter, and that no socket's buffers hold.
const NOISE: usize = 15 << 20;

fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let mut noise = Vec::with_capacity(NOISE);
    while noise.len() < NOISE {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.extend_from_slice(&state.to_be_bytes()[..4]);
    }
    noise
}

#[test]
fn serves_a_slow_reader_of_a_plain_reply() {
    let server = Running::server(&["--stall", "2"]);
    assert_serves_a_slow_reader(&server, "", &frame(BINARY, &noise()), BINARY);
}

#[cfg(feature = "deflate")]
#[test]
fn serves_a_slow_reader_of_a_compressed_reply() {
    let server = Running::server(&["--stall", "2"]);
    let request = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    assert_serves_a_slow_reader(&server, request, &frame(BINARY, &noise()), 0xC2);
}

#[test]
fn drops_a_client_that_takes_nothing() {
    let server = Running::server(&["--stall", "1"]);
    let mut stream = server.open(b"");
    let message = frame(BINARY, &vec![0; 1 << 20]);
    let start = Instant::now();
    while stream.write_all(&message).is_ok() {
        assert!(start.elapsed() < PATIENCE, "it is still read from");
    }
}

/// Neither Pings, however many, nor a byte of it now and then put off its end.
#[test]
fn closes_a_message_that_takes_too_long() {
    let server = Running::server(&["--message-timeout", "1"]);
    let flood = frame(PING, &[b'?'; 125]).repeat(20);
    for more in [frame(PING, b"?"), frame(0x00, b"."), vec![], flood] {
        let mut stream = server.open(&frame(0x01, b"begun, "));
        let mut writer = stream.try_clone().unwrap();
        let start = Instant::now();
        let drip = thread::spawn(move || {
            while writer.write_all(&more).is_ok() && start.elapsed() < 2 * PATIENCE {
                thread::sleep(Duration::from_millis(50));
            }
        });
        let (code, took) = loop {
            match read_frame(&mut stream) {
                (PONG, _) => assert!(start.elapsed() < PATIENCE),
                (CLOSE, payload) => break (payload, start.elapsed()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(code[..2], 1008_u16.to_be_bytes());
        assert!(took > Duration::from_millis(900), "{took:?}");
        drop(stream);
        drip.join().unwrap();
    }
    server.assert_alive();
}

#[test]
fn waits_for_a_long_message_in_proportion() {
    let server = Running::server(&["--message-timeout", "1"]);
    let mut stream = server.open(b"");
    let message = frame(BINARY, &vec![7; 300_000]);
    for piece in message.chunks(10_000) {
        stream.write_all(piece).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(read_frame(&mut stream), (BINARY, vec![7; 300_000]));
}

/// The deadline is for messages: a Ping in two pieces begins none, and the end of one ends it.
#[test]
fn lets_a_client_be_silent_between_messages() {
    let server = Running::server(&["--message-timeout", "1"]);
    let ping = frame(PING, b"in pieces");
    let mut first = server.open(&ping[..1]);
    let mut second = server.open(&[&frame(0x01, b"in "), &ping[..9]].concat());
    thread::sleep(Duration::from_millis(300));
    first.write_all(&ping[1..]).unwrap();
    second.write_all(&[&ping[9..], &frame(0x80, b"parts")].concat()).unwrap();
    for stream in [&mut first, &mut second] {
        assert_eq!(read_frame(stream), (PONG, b"in pieces".to_vec()));
    }
    assert_eq!(read_frame(&mut second), (TEXT, b"in parts".to_vec()));
    thread::sleep(Duration::from_millis(2500));
    for stream in [&mut first, &mut second] {
        stream.write_all(&frame(TEXT, b"here")).unwrap();
        assert_eq!(read_frame(stream), (TEXT, b"here".to_vec()));
    }
}
