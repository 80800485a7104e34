//! tokio-tungstenite.

use std::io;

use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

pub fn serve(read_buffer: Option<usize>) -> io::Result<()> {
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = read_buffer.unwrap_or(config.read_buffer_size);
    super::accept(move |stream| async move {
        if let Ok(ws) = accept_async_with_config(stream, Some(config)).await {
            super::echo(ws, |message: &Message| message.is_binary() || message.is_text()).await;
        }
    })
}
