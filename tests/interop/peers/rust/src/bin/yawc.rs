//! yawc, with its deflate.

use futures_util::SinkExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use yawc::{Frame, OpCode, Options, WebSocket, WebSocketError};

fn options() -> Options {
    // The length from which messages are compressed.
    let threshold = std::env::var("COMPRESSED_FROM").map_or(0, |bytes| bytes.parse().unwrap());
    let options = Options::default().with_limits(1 << 24, 1 << 25).with_utf8();
    options.with_balanced_compression().with_compression_threshold(threshold)
}

async fn echo<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(mut socket: WebSocket<S>) {
    let mut code = 1006;
    loop {
        let frame = match socket.next_frame().await {
            Ok(frame) => frame,
            Err(error) => {
                eprintln!("{error}");
                break;
            }
        };
        if frame.opcode() == OpCode::Close {
            code = frame.close_code().map_or(1005, u16::from);
            continue;
        }
        let text = if frame.opcode() == OpCode::Text { frame.as_str() } else { "" };
        let words: Vec<&str> = text.splitn(3, ' ').collect();
        let reply = match words[..] {
            ["!close", code, reason] => Frame::close(code.parse::<u16>().unwrap().into(), reason),
            ["!send", number] => Frame::binary(vec![0; number.parse().unwrap()]),
            _ if matches!(frame.opcode(), OpCode::Text | OpCode::Binary) => frame,
            _ => continue,
        };
        let _ = socket.send(reply).await;
    }
    println!("closed {code}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "client" {
        for number in 0..args[3].parse().unwrap() {
            let url = format!("{}{number}", args[2]).parse().unwrap();
            echo(WebSocket::connect(url).with_options(options()).await.unwrap()).await;
        }
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening {}", listener.local_addr().unwrap().port());
    loop {
        let stream = TokioIo::new(listener.accept().await.unwrap().0);
        let service = service_fn(async |mut request: Request<Incoming>| {
            let (response, socket) = WebSocket::upgrade_with_options(&mut request, options())?;
            tokio::spawn(async move { echo(socket.await.unwrap()).await });
            Ok::<_, WebSocketError>(response)
        });
        let connection = http1::Builder::new().serve_connection(stream, service).with_upgrades();
        if let Err(error) = connection.await {
            eprintln!("{error}");
        }
    }
}
