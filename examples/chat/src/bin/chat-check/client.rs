//! A client that trusts nothing: it checks the place of every message that it gets.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use rand::RngExt;
use rand::rngs::StdRng;
use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::{Config, MaybeTlsStream, Message, Request, WebSocketStream, connect_with};
use rooms::Claims;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Result;
use super::report::Report;

pub(crate) const SECRET: &str = "the secret of the checker";
/// How long a connection, and each answer on the way to it, may take.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long a message may be without an answer before it is sent again: longer than a node takes that
/// has to catch up, because whoever asks again too soon keeps it from that.
const RESEND: Duration = Duration::from_secs(10);
/// How long after a refusal it is sent again.
const RETRY: Duration = Duration::from_secs(1);
/// How many messages a client publishes without an ack.
const WINDOW: usize = 20;

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Publish and follow.
    Publish,
    /// Publish only what was not acked, and follow.
    Settle,
    /// End.
    End,
}

/// A place in the order of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) room: String,
    pub(crate) epoch: String,
    pub(crate) offset: u64,
}

impl Place {
    /// Returns the place that a message of the server names.
    fn of(message: &Value) -> Result<Self> {
        let text = |field: &str| message[field].as_str().ok_or(format!("no {field}: {message}"));
        let offset = message["offset"].as_u64().ok_or(format!("no offset: {message}"))?;
        Ok(Self { room: text("roomId")?.into(), epoch: text("epoch")?.into(), offset })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}", self.room, self.epoch, self.offset)
    }
}

/// Returns the name of a room.
pub(crate) fn room(number: usize) -> String {
    format!("room {number}")
}

type Socket = WebSocketStream<MaybeTlsStream>;

/// Opens a connection of a user.
async fn open(address: SocketAddr, user: &str) -> Result<Socket> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = Claims { sub: user.into(), exp: now + 3600, rooms: None };
    let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))?;
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    let request = Request::new(&format!("ws://{address}/ws?token={token}"))?;
    let (mut ws, _) = timeout(PATIENCE, connect_with(request, &config)).await??;
    loop {
        match timeout(PATIENCE, receive(&mut ws)).await?? {
            Some(message) if message["type"] == "ready" => return Ok(ws),
            Some(_) => {}
            None => return Err("closed before it was ready".into()),
        }
    }
}

/// Returns the next message; `None` at the end.
async fn receive<S>(ws: &mut WebSocketStream<S>) -> Result<Option<Value>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match ws.recv().await.transpose()? {
            Some(Message::Text(text)) => return Ok(Some(serde_json::from_str(text.as_str())?)),
            Some(Message::Close(_)) | None => return Ok(None),
            Some(_) => {}
        }
    }
}

/// Returns the end of a room, and all of its history. What is published while that is read belongs
/// to both.
pub(crate) async fn history(
    address: SocketAddr,
    room: &str,
) -> Result<(Place, HashMap<Place, String>)> {
    let mut ws = open(address, "verifier").await?;
    ws.send(json!({ "type": "join", "roomId": room }).to_string()).await?;
    let mut top = None;
    let mut entries = HashMap::new();
    while let Some(message) = timeout(PATIENCE, receive(&mut ws)).await?? {
        let before = match message["type"].as_str() {
            Some("joined") => {
                top = Some(Place::of(&message)?);
                None
            }
            Some("message") => {
                let place = Place::of(&message)?;
                let content = message["content"].as_str().unwrap_or_default();
                entries.insert(place.clone(), content.to_owned());
                top = Some(place);
                continue;
            }
            Some("error") => return Err(message.to_string().into()),
            Some("page") => {
                let page = message["messages"].as_array().ok_or("no messages")?;
                for entry in page {
                    let content = entry["content"].as_str().unwrap_or_default();
                    entries.insert(Place::of(entry)?, content.to_owned());
                }
                match (page.first(), &top) {
                    (Some(first), _) if message["more"] == true => first["offset"].as_u64(),
                    (_, Some(top)) => return Ok((top.clone(), entries)),
                    (_, None) => return Err("a page came before its room".into()),
                }
            }
            _ => continue,
        };
        let mut request = json!({ "type": "history", "roomId": room, "limit": 100 });
        if let Some(before) = before {
            request["before"] = before.into();
        }
        ws.send(request.to_string()).await?;
    }
    Err("the verifier was closed".into())
}

/// A user who follows all rooms and publishes to them.
pub(crate) struct Client {
    number: usize,
    proxies: [SocketAddr; 2],
    random: StdRng,
    report: Arc<Report>,
    /// The rooms, and how far each was followed.
    rooms: BTreeMap<String, Option<Place>>,
    /// What was not acked, by its key: the room, and when it is due to be sent again.
    pending: BTreeMap<String, (String, Instant)>,
    published: u64,
}

/// One connection of a client.
struct Session<'a> {
    client: &'a mut Client,
    ws: Socket,
    /// The rooms that have answered the join.
    joined: HashMap<String, Place>,
}

impl Client {
    pub(crate) fn new(
        number: usize,
        rooms: usize,
        proxies: [SocketAddr; 2],
        random: StdRng,
        report: Arc<Report>,
    ) -> Self {
        let rooms = (0..rooms).map(|number| (room(number), None)).collect();
        let pending = BTreeMap::new();
        Self { number, proxies, random, report, rooms, pending, published: 0 }
    }

    /// Connects again and again, until the end.
    pub(crate) async fn run(mut self, mut phases: watch::Receiver<Phase>) {
        while *phases.borrow() != Phase::End {
            let proxy = self.proxies[self.random.random_range(0..2)];
            // Users have several connections: each two clients are one.
            let user = format!("user {}", self.number / 2);
            if let Ok(ws) = open(proxy, &user).await {
                self.report.count(|counts| counts.connections += 1);
                let mut session = Session { client: &mut self, ws, joined: HashMap::new() };
                let now = phases.clone();
                tokio::select! {
                    // Its connection was lost, as connections are here.
                    _ = session.follow(&now) => {}
                    _ = phases.wait_for(|phase| *phase == Phase::End) => return,
                }
            }
            let pause = self.random.random_range(10..300);
            sleep(Duration::from_millis(pause)).await;
        }
    }
}

impl Session<'_> {
    async fn send(&mut self, message: Value) -> Result {
        Ok(timeout(PATIENCE, self.ws.send(message.to_string())).await??)
    }

    fn broken(&self, how: &str) {
        self.client.report.broken(format!("client {}: {how}", self.client.number));
    }

    /// Joins all rooms, publishes and follows.
    async fn follow(&mut self, phases: &watch::Receiver<Phase>) -> Result {
        for (room, place) in self.client.rooms.clone() {
            let mut join = json!({ "type": "join", "roomId": room });
            if let Some(Place { epoch, offset, .. }) = place {
                join["since"] = json!({ "epoch": epoch, "offset": offset });
            }
            self.send(join).await?;
        }
        // What the last connection was asked, this one may know nothing of.
        let mut alive = Instant::now();
        self.client.pending.values_mut().for_each(|(_, due)| *due = alive);
        loop {
            let pause = Duration::from_millis(self.client.random.random_range(5..150));
            let next = Instant::now() + pause;
            while let Some(message) = tokio::select! {
                message = receive(&mut self.ws) => Some(message?.ok_or("closed")?),
                () = sleep_until(next) => None,
            } {
                alive = Instant::now();
                self.take(&message)?;
            }
            if alive.elapsed() > PATIENCE {
                return Err("silent".into());
            }
            if self.joined.len() == self.client.rooms.len() {
                if *phases.borrow() == Phase::Publish && self.client.pending.len() < WINDOW {
                    self.publish().await?;
                }
                self.resend().await?;
            }
            self.send(json!({ "type": "ping" })).await?;
        }
    }

    async fn publish(&mut self) -> Result {
        let rooms = self.client.rooms.len();
        let room = room(self.client.random.random_range(0..rooms));
        self.client.published += 1;
        let key = format!("{}/{}", self.client.number, self.client.published);
        self.client.pending.insert(key.clone(), (room.clone(), Instant::now() + RESEND));
        self.client.report.pending(self.client.number, self.client.pending.len());
        // Now and then, as clients do that have lost patience.
        let times = if self.client.random.random_ratio(1, 10) { 2 } else { 1 };
        for _ in 0..times {
            self.transmit(&room, &key).await?;
        }
        Ok(())
    }

    async fn transmit(&mut self, room: &str, key: &str) -> Result {
        let message =
            json!({ "type": "message", "id": key, "roomId": room, "key": key, "content": key });
        self.send(message).await
    }

    /// Publishes again what was not acked.
    async fn resend(&mut self) -> Result {
        let now = Instant::now();
        let due = self.client.pending.iter_mut().filter_map(|(key, (room, due))| {
            let is_due = *due <= now;
            if is_due {
                *due = now + RESEND;
            }
            is_due.then(|| (room.clone(), key.clone()))
        });
        let due: Vec<(String, String)> = due.collect();
        for (room, key) in due {
            self.transmit(&room, &key).await?;
        }
        Ok(())
    }

    fn take(&mut self, message: &Value) -> Result {
        match message["type"].as_str() {
            Some("joined") => self.join(message),
            Some("message") => {
                let content = message["content"].as_str().unwrap_or_default();
                self.next(Place::of(message)?, content)
            }
            Some("ack") => {
                let place = Place::of(message)?;
                let key = message["key"].as_str().unwrap_or_default();
                self.client.report.count(|counts| counts.acks += 1);
                self.client.report.acked(&place, key);
                self.client.pending.remove(key);
                self.client.report.pending(self.client.number, self.client.pending.len());
                if message["duplicate"] == true {
                    self.client.report.count(|counts| counts.duplicates += 1);
                    return Ok(());
                }
                self.next(place, key)
            }
            Some("error") if message["code"] == "unavailable" => {
                self.client.report.count(|counts| counts.unavailable += 1);
                let key = message["re"].as_str().unwrap_or_default();
                if let Some((_, due)) = self.client.pending.get_mut(key) {
                    *due = Instant::now() + RETRY;
                }
                // A room that was not joined is joined in the next connection.
                if self.joined.len() < self.client.rooms.len() {
                    return Err("a room is unavailable".into());
                }
                Ok(())
            }
            Some("error") => {
                self.broken(&format!("an error that nothing explains: {message}"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes the answer to a join: guarantee 3.
    fn join(&mut self, message: &Value) -> Result {
        let end = Place::of(message)?;
        let since = self.client.rooms.get(&end.room).cloned().flatten();
        let recovered = message["recovered"] == true;
        let from = match since {
            Some(since) if recovered => {
                if since.epoch != end.epoch || since.offset > end.offset {
                    self.broken(&format!("recovered from {since} to {end}"));
                }
                self.client.report.count(|counts| counts.recovered += 1);
                since
            }
            Some(_) => {
                self.client.report.count(|counts| counts.not_recovered += 1);
                end
            }
            None => end,
        };
        self.joined.insert(from.room.clone(), from.clone());
        self.followed(from);
        Ok(())
    }

    fn followed(&mut self, place: Place) {
        self.client.report.followed(self.client.number, &place);
        self.client.rooms.insert(place.room.clone(), Some(place));
    }

    /// Takes what is next in a room: guarantees 1, 2 and 6.
    fn next(&mut self, place: Place, content: &str) -> Result {
        self.client.report.count(|counts| counts.delivered += 1);
        self.client.report.seen(&place, content);
        let Some(last) = self.joined.get(&place.room).cloned() else {
            self.broken(&format!("{place} came before the answer to the join"));
            return Ok(());
        };
        if place.epoch != last.epoch {
            // The position is void. The next join says where it goes on.
            self.client.report.count(|counts| counts.epochs_changed += 1);
            return Err("a new epoch".into());
        }
        if place.offset != last.offset + 1 {
            self.broken(&format!("{place} came after {last}"));
        }
        self.joined.insert(place.room.clone(), place.clone());
        self.followed(place);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rfc6455_tokio::accept;
    use tokio::net::TcpListener;

    use super::*;

    /// Returns a message as a node sends it.
    fn message(offset: u64) -> Value {
        json!({ "type": "message", "roomId": "a", "epoch": "e", "offset": offset, "content": "x" })
    }

    /// A node that gets one more message while it is asked for its history.
    async fn node(listener: TcpListener) -> Result {
        let mut ws = accept(listener.accept().await?.0).await?;
        ws.send(json!({ "type": "ready" }).to_string()).await?;
        while let Some(request) = receive(&mut ws).await? {
            if request["type"] == "join" {
                let joined = json!({ "type": "joined", "roomId": "a", "epoch": "e", "offset": 2 });
                ws.send(joined.to_string()).await?;
            } else {
                let page = json!({ "type": "page", "messages": [message(1), message(2)] });
                ws.send(message(3).to_string()).await?;
                ws.send(page.to_string()).await?;
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_history_ends_with_what_came_while_it_was_read() -> Result {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let node = tokio::spawn(node(listener));
        let (end, entries) = history(address, "a").await?;
        assert_eq!(end.offset, 3);
        assert_eq!(entries.len(), 3);
        node.await?
    }
}
