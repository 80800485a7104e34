//! tokio-websockets.

use std::io;

use tokio_websockets::{Message, ServerBuilder};

pub fn serve() -> io::Result<()> {
    super::accept(|stream| async {
        if let Ok((_, ws)) = ServerBuilder::new().accept(stream).await {
            super::echo(ws, |message: &Message| message.is_binary() || message.is_text()).await;
        }
    })
}
