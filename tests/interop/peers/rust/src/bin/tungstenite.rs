//! tungstenite.

use std::net::TcpListener;

use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

fn echo<S: std::io::Read + std::io::Write>(mut socket: WebSocket<S>) {
    let mut code = 1006;
    loop {
        let message = match socket.read() {
            Ok(message) => message,
            Err(_) => break,
        };
        let reply = match message {
            Message::Close(frame) => {
                code = frame.map_or(1005, |frame| frame.code.into());
                continue;
            }
            Message::Text(text) if text.starts_with('!') => {
                let words: Vec<&str> = text.split(' ').collect();
                let number: u32 = words[1].parse().unwrap();
                if words[0] == "!close" {
                    let code = u16::try_from(number).unwrap().into();
                    let _ = socket.close(Some(CloseFrame { code, reason: words[2].into() }));
                    continue;
                }
                Message::binary(vec![0; number as usize])
            }
            Message::Text(_) | Message::Binary(_) => message,
            _ => continue,
        };
        let _ = socket.send(reply);
    }
    println!("closed {code}");
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "client" {
        for number in 0..args[3].parse().unwrap() {
            let url = format!("{}{number}", args[2]);
            echo(tungstenite::connect(url).unwrap().0);
        }
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("listening {}", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        if let Ok(socket) = tungstenite::accept(stream.unwrap()) {
            echo(socket);
        }
    }
}
