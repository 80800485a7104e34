//! tokio-websockets.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_websockets::{ClientBuilder, CloseCode, Limits, Message, ServerBuilder, WebSocketStream};

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) {
    let mut code = 1006;
    while let Some(Ok(message)) = socket.next().await {
        if let Some((closed, _)) = message.as_close() {
            code = closed.into();
            continue;
        }
        let text = message.as_text().unwrap_or_default();
        let words: Vec<&str> = text.splitn(3, ' ').collect();
        let reply = match words[..] {
            ["!close", code, reason] => {
                let code = CloseCode::try_from(code.parse::<u16>().unwrap()).unwrap();
                Message::close(Some(code), reason)
            }
            ["!send", number] => Message::binary(vec![0; number.parse().unwrap()]),
            _ if message.is_text() || message.is_binary() => message,
            _ => continue,
        };
        let _ = socket.send(reply).await;
    }
    println!("closed {code}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let limits = Limits::default().max_payload_len(Some(1 << 24));
    if args[1] == "client" {
        for number in 0..args[3].parse().unwrap() {
            let url = format!("{}{number}", args[2]);
            let builder = ClientBuilder::new().uri(&url).unwrap().limits(limits);
            echo(builder.connect().await.unwrap().0).await;
        }
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening {}", listener.local_addr().unwrap().port());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok((_, socket)) = ServerBuilder::new().limits(limits).accept(stream).await {
            echo(socket).await;
        }
    }
}
