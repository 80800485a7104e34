//! The adapter of this crate to tokio. It flushes when there is nothing more to read.

use std::io;
use std::sync::LazyLock;

use rfc6455::deflate;
use rfc6455_tokio::{Accept, Config, accept_with};
use tokio::net::TcpStream;

pub fn serve() -> io::Result<()> {
    super::accept(echo)
}

async fn echo(stream: TcpStream) {
    // One for all: a task that owned it would be larger by its size.
    static CONFIG: LazyLock<Config> =
        LazyLock::new(|| Config::DEFAULT.deflate(deflate::Config::DEFAULT));
    // Whatever goes wrong, the client notices.
    let Ok(mut ws) = accept_with(stream, &CONFIG, async |_| Ok(Accept::new())).await else {
        return;
    };
    while let Some(Ok(message)) = ws.recv().await {
        if message.is_data() && ws.feed(message).await.is_err() {
            return;
        }
    }
}
