//! The server's side of the opening handshake: from a browser's request to the response 101.

use super::measure;
use crate::measure::{Contender, Settings};
use crate::peer::Accept;
use crate::source::Source;
use crate::table::{Row, Section};

/// A browser's request, with the key of RFC 6455 §1.3.
const REQUEST: &str = "GET /chat/rooms/42?token=6f9619ff8b86d011b42d00c04fc964ff HTTP/1.1\r\n\
    Host: chat.example.com\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/142.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: https://chat.example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
    Cookie: session=0a1b2c3d4e5f60718293a4b5c6d7e8f9; theme=dark; consent=essential\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-Fetch-Mode: websocket\r\n\
    \r\n";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const BATCH: u64 = 64;

fn contender<A: Accept + 'static>(source: &Source) -> Contender {
    let mut peer = A::new(source.clone());
    let response = String::from_utf8(source.output.record(|| peer.accept())).unwrap();
    let name = A::ABOUT.name;
    assert!(response.starts_with("HTTP/1.1 101 "), "{name}: {response}");
    assert!(response.ends_with("\r\n\r\n"), "{name}: {response}");
    assert!(response.contains(ACCEPT), "{name}: {response}");

    let (output, len) = (source.output.clone(), response.len() as u64);
    let pass = Box::new(move || {
        for _ in 0..BATCH {
            peer.accept();
        }
        assert_eq!(output.take_count(), BATCH * len, "{name}");
    });
    Contender { about: A::ABOUT, pass }
}

pub fn run(settings: Settings) -> Section {
    use crate::peer::*;
    let title = "Server handshake: a request with 14 headers in, 101 out";
    let mut section = Section::new("handshake", title, ours::HANDSHAKE);
    let source = &Source::new(REQUEST.into(), 1);
    let mut contenders = [
        contender::<ours::Handshake>(source),
        contender::<tungstenite::Handshake>(source),
        contender::<tokio_websockets::Handshake>(source),
        contender::<soketto::Handshake>(source),
        contender::<sockudo::Handshake>(source),
    ];
    measure(&mut section, "one", (BATCH, 0), &mut contenders, settings);
    section.rows.push(Row { about: fastwebsockets::NO_HANDSHAKE, cells: vec![None] });
    section
}
