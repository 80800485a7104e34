//! Compression, seen from the wire.

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
fn both_directions_are_compressed() {
    let server = Echo::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let wire = thread::spawn(move || {
        let client = listener.accept().unwrap().0;
        let server = TcpStream::connect(server.address).unwrap();
        let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let up = thread::spawn(move || passed_on(client, to_server));
        let down = passed_on(server, to_client);
        [up.join().unwrap(), down]
    });
    let line = "the same again, ".repeat(2000);
    let output = client(&[&url], format!("{line}\n").as_bytes());
    assert_eq!(output.stdout, format!("{line}\n").as_bytes(), "{}", errors(&output));
    for bytes in wire.join().unwrap() {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let (head, frames) = bytes.split_at(head + 4);
        let head = str::from_utf8(head).unwrap();
        assert!(head.contains("permessage-deflate"), "{head}");
        let (first, payload) = read_frame(&mut &frames[..]);
        assert!(first == 0xC1 && payload.len() < line.len() / 20, "{first:#X}");
    }
}
