//! The smallest echo server on tokio: every message is sent back, compressed for clients that
//! offer it. `echo [--listen ADDR]`

use std::env;
use std::error::Error;
use std::sync::LazyLock;

use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::{Accept, Config, accept_with};
use tokio::net::{TcpListener, TcpStream};

/// One for all connections: a task that owned it would be larger by its size.
static CONFIG: LazyLock<Config> =
    LazyLock::new(|| Config::DEFAULT.deflate(deflate::Config::DEFAULT));

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let address = match (args.next().as_deref(), args.next()) {
        (None, _) => "127.0.0.1:9001".into(),
        (Some("--listen"), Some(address)) => address,
        _ => return Err("usage: echo [--listen ADDR]".into()),
    };
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
    let mut ws = accept_with(stream, &CONFIG, async |_| Ok(Accept::new())).await?;
    while let Some(message) = ws.recv().await {
        let message = message?;
        if message.is_data() {
            ws.feed(message).await?;
        }
    }
    Ok(())
}
