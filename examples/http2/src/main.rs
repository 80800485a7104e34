//! An echo server over HTTP/2 without TLS: `cargo run -- 127.0.0.1:9001`.

use std::env;
use std::io;

use h2::server;
use rfc6455_http2::{H2Stream, Result, accept};
use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::{Config, WebSocketStream};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening: {}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn serve(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = server::Builder::new().enable_connect_protocol().handshake(stream).await?;
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        match accept(request, respond, &config) {
            Ok(ws) => _ = tokio::spawn(echo(ws)),
            Err(error) => eprintln!("refused: {error}"),
        }
    }
    Ok(())
}

async fn echo(mut ws: WebSocketStream<H2Stream>) -> rfc6455_tokio::Result<()> {
    while let Some(message) = ws.recv().await {
        let message = message?;
        if message.is_data() {
            ws.feed(message).await?;
        }
    }
    Ok(())
}
