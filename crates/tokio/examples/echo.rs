//! The smallest echo server on tokio: every message is sent back, compressed for clients that
//! offer it.

use std::env;
use std::error::Error;

use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::{Accept, Config, accept_with};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening: ws://{}/", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(stream: TcpStream) -> rfc6455_tokio::Result<()> {
    stream.set_nodelay(true)?;
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    let mut ws = accept_with(stream, &config, async |_| Ok(Accept::new())).await?;
    while let Some(message) = ws.recv().await {
        let message = message?;
        if message.is_data() {
            ws.feed(message).await?;
        }
    }
    Ok(())
}
