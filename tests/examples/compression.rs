//! Compression of the server, seen from the wire.

use rfc6455::websocket::{Config, Event, Message};
use rfc6455::{Client, WebSocket};

use super::*;

type Ws = WebSocket<Client<fn() -> [u8; 4]>, Vec<u8>>;

/// A client that offers compression, and whether the server accepted it.
fn open(server: &Running) -> (TcpStream, Ws, bool) {
    let mut stream = server.connect();
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    stream.write_all(format!("{REQUEST}{offer}").as_bytes()).unwrap();
    let head = read_head(&mut stream);
    let accepted = head.contains("Sec-WebSocket-Extensions: permessage-deflate\r\n");
    let ws = WebSocket::client((|| [1, 2, 3, 4]) as fn() -> [u8; 4], Config::DEFAULT);
    #[cfg(feature = "deflate")]
    let ws = {
        use rfc6455::deflate;
        let negotiated = deflate::Config::DEFAULT.confirm(deflate::Params::default());
        ws.deflate(accepted.then_some(negotiated).flatten())
    };
    (stream, ws, accepted)
}

#[test]
fn the_server_compresses_if_it_can() {
    let server = Running::server(&[]);
    let (mut stream, mut ws, accepted) = open(&server);
    assert_eq!(accepted, cfg!(feature = "deflate"));
    let text = "the same again, ".repeat(2000);
    ws.send(&*text).unwrap();
    ws.write_to(&mut stream).unwrap();
    let (first, payload) = read_frame(&mut stream);
    if accepted {
        assert!(first == 0xC1 && payload.len() < text.len() / 20, "{first:#X}");
    } else {
        assert_eq!((first, payload), (TEXT, text.into_bytes()));
    }
}

/// The server compresses a long message in fragments, which part between two code points.
#[test]
fn long_texts_come_back_as_they_were() {
    let server = Running::server(&[]);
    let (mut stream, mut ws, _) = open(&server);
    let long = "👋 wörld ".repeat(40_000);
    for before in ["", "x", "xx", "xxx"] {
        let text = format!("{before}{long}");
        ws.send(&*text).unwrap();
        ws.write_to(&mut stream).unwrap();
        let mut is_echoed = false;
        while !is_echoed {
            let n = stream.read(ws.read_buf()).unwrap();
            ws.received(n).unwrap();
            while let Some((event, _)) = ws.next().unwrap() {
                let Event::Message(Message::Text(echo)) = event else { panic!("{event:?}") };
                assert!(echo.as_bytes() == text.as_bytes());
                is_echoed = true;
            }
        }
    }
}
