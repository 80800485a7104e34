//! sockudo-ws, with its stream for compressed messages if the client wants those.

use std::io;

use bytes::{Buf, BytesMut};
use sockudo_ws::deflate::{DeflateNegotiation, negotiate_server_deflate};
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use sockudo_ws::{
    CompressedWebSocketStream, Config, DeflateConfig, Message, Role, WebSocketStream,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub fn serve() -> io::Result<()> {
    super::accept(|stream| async {
        // Whatever went wrong, the client notices.
        let _ = handle(stream).await;
    })
}

async fn handle(mut stream: TcpStream) -> sockudo_ws::Result<()> {
    let mut head = BytesMut::new();
    let negotiated = loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
        if let Some((request, len)) = parse_request(&head)? {
            // The level that our server has by default.
            let policy = DeflateConfig { compression_level: 1, ..DeflateConfig::default() };
            let offers = request.extensions.unwrap_or_default();
            let negotiated = negotiate_server_deflate(offers, &policy);
            let extension = negotiated.as_ref().map(DeflateNegotiation::to_response_header);
            let accept = generate_accept_key(request.key);
            stream.write_all(&build_response(&accept, None, extension.as_deref())).await?;
            head.advance(len);
            break negotiated;
        }
    };
    let (config, early) = (Config::default(), Some(head.freeze()));
    let is_data = |message: &Message| matches!(message, Message::Text(_) | Message::Binary(_));
    match negotiated {
        None => {
            let ws = WebSocketStream::from_raw_with_leftover(stream, Role::Server, config, early);
            super::echo(ws, is_data).await;
        }
        Some(negotiated) => {
            let deflate = negotiated.config;
            let ws =
                CompressedWebSocketStream::server_with_leftover(stream, config, deflate, early);
            super::echo(ws, is_data).await;
        }
    }
    Ok(())
}
