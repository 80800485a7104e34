//! The adapter of this crate to tokio. It flushes when there is nothing more to read.

use std::io;

use rfc6455::deflate;
use rfc6455_tokio::{Accept, Config, Result, accept_with};
use tokio::net::TcpStream;

pub fn serve() -> io::Result<()> {
    super::accept(|stream| async {
        // Whatever went wrong, the client notices.
        let _ = handle(stream).await;
    })
}

async fn handle(stream: TcpStream) -> Result<()> {
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
