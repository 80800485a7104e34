//! A chat room: a page, and a WebSocket for each of its visitors.
//!
//! `cargo run --example chat`, and open the address that it prints.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{env, io};

use axum::Router;
use axum::extract::State;
use axum::response::{Html, Response};
use axum::routing::{any, get};
use rfc6455_axum::rfc6455::websocket::Broadcast;
use rfc6455_axum::rfc6455::{CloseCode, deflate};
use rfc6455_axum::{Error, Message, WebSocket, WebSocketUpgrade};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, error::RecvError};

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening: http://{}/", listener.local_addr()?);
    axum::serve(listener, app()).await
}

/// The page, and the room.
pub(crate) fn app() -> Router {
    let room = Room { names: Mutex::default(), news: broadcast::Sender::new(100) };
    Router::new()
        .route("/", get(async || Html(include_str!("chat.html"))))
        .route("/chat", any(enter))
        .with_state(Arc::new(room))
}

async fn enter(ws: WebSocketUpgrade, State(room): State<Arc<Room>>) -> Response {
    ws.max_message_size(4 << 10).deflate(deflate::Config::DEFAULT).on_upgrade(async move |ws| {
        if let Err(error) = visit(ws, &room).await {
            eprintln!("a visitor is gone: {error}");
        }
    })
}

/// Serves one visitor, whose first message is a name.
async fn visit(mut ws: WebSocket, room: &Room) -> Result<(), Error> {
    let Some(Message::Text(name)) = ws.recv().await.transpose()? else { return Ok(()) };
    if !room.names().insert(name.to_string()) {
        return ws.close(CloseCode::POLICY_VIOLATION, "this name is taken").await;
    }
    let news = room.news.subscribe();
    room.say(format!("{name} joined"));
    let result = talk(ws, name.as_str(), room, news).await;
    room.names().remove(name.as_str());
    room.say(format!("{name} left"));
    result
}

/// Passes on what the visitor and the others say.
async fn talk(
    mut ws: WebSocket,
    name: &str,
    room: &Room,
    mut news: broadcast::Receiver<Broadcast>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            message = ws.recv() => match message.transpose()? {
                Some(Message::Text(text)) => room.say(format!("{name}: {text}")),
                Some(_) => {}
                None => return Ok(()),
            },
            line = news.recv() => match line {
                Ok(line) => ws.feed_broadcast(&line).await?, // `recv` writes it
                Err(RecvError::Lagged(_)) => {}              // too slow to read everything
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

struct Room {
    names: Mutex<HashSet<String>>,
    news: broadcast::Sender<Broadcast>,
}

impl Room {
    fn names(&self) -> MutexGuard<'_, HashSet<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes a line once, for everyone.
    fn say(&self, line: String) {
        if let Ok(line) = Broadcast::new(line) {
            let _ = self.news.send(line.compress(&deflate::Config::DEFAULT)); // or nobody is there
        }
    }
}
