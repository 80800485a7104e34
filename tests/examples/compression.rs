//! Compression between the two, seen from the wire.

use super::*;

/// Passes on what comes, and gives a copy of it in the end.
fn passed_on(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = from.read(&mut buf) {
        all.extend_from_slice(&buf[..n]);
        if to.write_all(&buf[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    all
}

#[test]
fn client_and_server_agree_on_it_and_do_it() {
    let server = Running::server(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let wire = thread::spawn(move || {
        let (client, server) = (listener.accept().unwrap().0, server.connect());
        let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let up = thread::spawn(move || passed_on(client, to_server));
        let down = passed_on(server, to_client);
        [up.join().unwrap(), down]
    });
    let line = "the same again, ".repeat(2000);
    let output = client::client(&[&url], format!("{line}\n").as_bytes());
    assert_eq!(output.stdout, format!("{line}\n").as_bytes(), "{}", client::errors(&output));
    for bytes in wire.join().unwrap() {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (head, frames) = bytes.split_at(head + 4);
        let head = str::from_utf8(head).unwrap();
        let named = head.contains("permessage-deflate");
        assert_eq!(named, cfg!(feature = "deflate"), "{head}");
        let (first, payload) = read_frame(&mut &frames[..]);
        if named {
            assert!(first == 0xC1 && payload.len() < line.len() / 20, "{first:#X}");
        } else {
            assert_eq!((first, payload.len()), (TEXT, line.len()));
        }
    }
}

/// The server compresses a long message in fragments, which part between two code points.
#[test]
fn long_texts_come_back_as_they_were() {
    let server = Running::server(&[]);
    let url = format!("ws://{}/", server.address);
    let long = "👋 wörld ".repeat(40_000);
    let lines = format!("{long}\nx{long}\nxx{long}\nxxx{long}\n");
    let output = client::client(&[&url], lines.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", client::errors(&output));
    assert!(output.stdout == lines.as_bytes());
}
