//! WebSocket: a message for each packet.

use std::sync::Arc;

use rfc6455_axum::rfc6455::{CloseCode, Timeouts};
use rfc6455_axum::{Config, Error, WebSocket, WebSocketUpgrade};
use tokio::select;
use tokio::time::timeout;

use crate::engine::packet::{InvalidPacket, Packet};
use crate::engine::{self, Probe, Reason, Session};

/// Sets the limits of a session; its heartbeats are packets, so there are no Pings.
pub(crate) fn configure(upgrade: WebSocketUpgrade, config: &engine::Config) -> WebSocketUpgrade {
    let timeouts = Timeouts::DEFAULT.idle(None);
    upgrade
        .config(Config::DEFAULT.timeouts(timeouts).deflate(config.deflate))
        .max_message_size(config.max_payload)
        .max_frame_size(config.max_payload)
}

/// Carries a session until either end is gone.
pub(crate) async fn run(mut ws: WebSocket, session: Arc<Session>) {
    let reason = select! {
        reason = exchange(&mut ws, &session) => reason,
        () = session.closed() => session.reason(),
    };
    let reason = session.reason().or(reason).unwrap_or(Reason::TransportClose);
    session.end(reason);
    // The client may be gone already.
    let _ = ws.close(reason.code(), "").await;
}

/// Passes packets on in both directions; returns why that came to an end.
async fn exchange(ws: &mut WebSocket, session: &Session) -> Option<Reason> {
    loop {
        select! {
            received = receive(ws) => match received {
                // A failure ends the stream of packets to send, too.
                Ok(Some(Ok(packet))) => _ = session.receive(packet).await,
                Ok(Some(Err(InvalidPacket))) => return Some(Reason::ParseError),
                Ok(None) if ws.was_clean() => return Some(Reason::TransportClose),
                Ok(None) | Err(_) => return Some(Reason::TransportError),
            },
            packets = session.stream() => {
                if packets.is_empty() {
                    return session.reason();
                }
                if send(ws, packets).await.is_err() {
                    return Some(Reason::TransportError);
                }
            }
        }
    }
}

/// Takes over a session that polls, unless another WebSocket does.
pub(crate) async fn take_over(mut ws: WebSocket, probe: Option<Probe>) {
    if let Some(probe) = probe {
        let session = &probe.0;
        if let Ok(Ok(true)) =
            timeout(session.config.upgrade_timeout, upgrade(&mut ws, session)).await
        {
            return run(ws, session.clone()).await;
        }
    }
    // The session goes on, without this WebSocket.
    let _ = ws.close(CloseCode::NORMAL, "").await;
}

/// Answers a probe, and returns whether the client then changed to this WebSocket.
async fn upgrade(ws: &mut WebSocket, session: &Session) -> Result<bool, Error> {
    loop {
        match receive(ws).await? {
            Some(Ok(Packet::Ping(text))) if text.as_str() == "probe" => {
                ws.send(Packet::Pong(text).into_message()).await?;
                session.probed();
            }
            Some(Ok(Packet::Upgrade)) => return Ok(session.complete_probe()),
            _ => return Ok(false),
        }
    }
}

/// Receives the next packet; `None` after the end.
async fn receive(ws: &mut WebSocket) -> Result<Option<Result<Packet, InvalidPacket>>, Error> {
    while let Some(message) = ws.recv().await {
        if let Some(packet) = Packet::from_message(message?) {
            return Ok(Some(packet));
        }
    }
    Ok(None)
}

async fn send(ws: &mut WebSocket, packets: Vec<Packet>) -> Result<(), Error> {
    for packet in packets {
        ws.feed(packet.into_message()).await?;
    }
    ws.flush().await
}
