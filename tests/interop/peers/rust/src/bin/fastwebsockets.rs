//! fastwebsockets.

use fastwebsockets::{
    FragmentCollector, Frame, OpCode, WebSocket, WebSocketError, handshake, upgrade,
};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::rt::Executor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

struct Spawn;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawn {
    fn execute(&self, task: F) {
        tokio::spawn(task);
    }
}

async fn echo(socket: WebSocket<TokioIo<Upgraded>>) {
    let (mut socket, mut code) = (FragmentCollector::new(socket), 1006);
    loop {
        let frame = match socket.read_frame().await {
            Ok(frame) => frame,
            Err(error) => {
                eprintln!("{error}");
                break;
            }
        };
        if frame.opcode == OpCode::Close {
            code = frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
            break;
        }
        let text = if frame.opcode == OpCode::Text { &frame.payload[..] } else { b"" };
        let words: Vec<&str> = std::str::from_utf8(text).unwrap().splitn(3, ' ').collect();
        let reply = match words[..] {
            ["!close", code, reason] => Frame::close(code.parse().unwrap(), reason.as_bytes()),
            ["!send", number] => Frame::binary(vec![0; number.parse().unwrap()].into()),
            _ if matches!(frame.opcode, OpCode::Text | OpCode::Binary) => frame,
            _ => continue,
        };
        let _ = socket.write_frame(reply).await;
    }
    println!("closed {code}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "client" {
        let host = args[2].trim_start_matches("ws://").trim_end_matches('/');
        for number in 0..args[3].parse().unwrap() {
            let request = Request::get(format!("/{number}"))
                .header(header::HOST, host)
                .header(header::UPGRADE, "websocket")
                .header(header::CONNECTION, "upgrade")
                .header(header::SEC_WEBSOCKET_KEY, handshake::generate_key())
                .header(header::SEC_WEBSOCKET_VERSION, "13")
                .body(Empty::<Bytes>::new());
            let stream = TcpStream::connect(host).await.unwrap();
            echo(handshake::client(&Spawn, request.unwrap(), stream).await.unwrap().0).await;
        }
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening {}", listener.local_addr().unwrap().port());
    loop {
        let stream = TokioIo::new(listener.accept().await.unwrap().0);
        let service = service_fn(async |mut request: Request<Incoming>| {
            let (response, socket) = upgrade::upgrade(&mut request)?;
            tokio::spawn(async move { echo(socket.await.unwrap()).await });
            Ok::<_, WebSocketError>(response)
        });
        let connection = http1::Builder::new().serve_connection(stream, service).with_upgrades();
        if let Err(error) = connection.await {
            eprintln!("{error}");
        }
    }
}
