//! A client that speaks the protocol, and remembers what it has received.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::{
    CloseFrame, Config, MaybeTlsStream, Message, Request, WebSocketStream, connect_with,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{SOON, Test, token};

pub(crate) struct Client {
    pub(crate) ws: WebSocketStream<MaybeTlsStream>,
    seen: VecDeque<Value>,
    requests: u64,
}

impl Client {
    /// Opens a connection without a token.
    pub(crate) async fn open(address: SocketAddr) -> Test<Self> {
        Self::request(Request::new(&format!("ws://{address}/ws"))?).await
    }

    pub(crate) async fn request(request: Request) -> Test<Self> {
        let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
        let (ws, _) = connect_with(request, &config).await?;
        Ok(Self { ws, seen: VecDeque::new(), requests: 0 })
    }

    /// Opens a connection of a user.
    pub(crate) async fn connect(address: SocketAddr, user: &str) -> Test<Self> {
        let mut client = Self::open(address).await?;
        client.send(json!({ "type": "auth", "token": token(user, 3600, None) })).await?;
        let ready = client.next("ready").await?;
        assert_eq!(ready["userId"], user);
        Ok(client)
    }

    /// Opens a connection of a user who joins a room.
    pub(crate) async fn in_room(address: SocketAddr, user: &str, room: &str) -> Test<Self> {
        let mut client = Self::connect(address, user).await?;
        client.join(room, None).await?;
        Ok(client)
    }

    pub(crate) async fn send(&mut self, message: Value) -> Test {
        self.ws.send(message.to_string()).await?;
        Ok(())
    }

    /// Sends a request, and returns its answer.
    pub(crate) async fn ask(&mut self, mut request: Value) -> Test<Value> {
        self.requests += 1;
        let id = self.requests;
        request["id"] = id.into();
        self.send(request).await?;
        self.find(&format!("the answer to {id}"), |message| message["re"] == id).await
    }

    /// Sends a request that is refused; returns the code.
    pub(crate) async fn refused(&mut self, request: Value) -> Test<String> {
        let answer = self.ask(request).await?;
        assert_eq!(answer["type"], "error", "{answer}");
        assert!(answer["message"].is_string(), "{answer}");
        Ok(answer["code"].as_str().ok_or("no code")?.to_owned())
    }

    /// Joins a room; returns the answer.
    pub(crate) async fn join(&mut self, room: &str, since: Option<&Value>) -> Test<Value> {
        let mut request = json!({ "type": "join", "roomId": room });
        if let Some(since) = since {
            request["since"] = json!({ "epoch": since["epoch"], "offset": since["offset"] });
        }
        let answer = self.ask(request).await?;
        assert_eq!(answer["type"], "joined", "{answer}");
        Ok(answer)
    }

    /// Publishes to a room; returns the answer.
    pub(crate) async fn publish(&mut self, room: &str, key: &str, content: &str) -> Test<Value> {
        self.ask(json!({ "type": "message", "roomId": room, "key": key, "content": content })).await
    }

    /// Publishes to a room, which succeeds.
    pub(crate) async fn say(&mut self, room: &str, content: &str) -> Test<Value> {
        let ack = self.publish(room, content, content).await?;
        assert_eq!(ack["type"], "ack", "{ack}");
        Ok(ack)
    }

    /// Returns the next message of a type; others stay.
    pub(crate) async fn next(&mut self, kind: &str) -> Test<Value> {
        self.find(kind, |message| message["type"] == kind).await
    }

    /// Returns the next message that is sought; others stay.
    pub(crate) async fn find(
        &mut self,
        what: &str,
        is_sought: impl Fn(&Value) -> bool,
    ) -> Test<Value> {
        if let Some(at) = self.seen.iter().position(&is_sought) {
            return Ok(self.seen.remove(at).unwrap_or_default());
        }
        let wait = async {
            loop {
                let message = self.receive().await?;
                if is_sought(&message) {
                    return Ok(message);
                }
                self.seen.push_back(message);
            }
        };
        timeout(SOON, wait).await.map_err(|_| format!("{what} never came"))?
    }

    /// Returns the next message of all, whatever it is.
    pub(crate) async fn receive(&mut self) -> Test<Value> {
        loop {
            match self.ws.recv().await.transpose()? {
                Some(Message::Text(text)) => return Ok(serde_json::from_str(text.as_str())?),
                Some(Message::Close(frame)) => return Err(format!("closed: {frame:?}").into()),
                Some(_) => {}
                None => return Err("the connection has ended".into()),
            }
        }
    }

    /// Returns everything that has come before the answer to a ping, without answers.
    pub(crate) async fn all(&mut self) -> Test<Vec<Value>> {
        self.ask(json!({ "type": "ping", "t": 1 })).await?;
        Ok(std::mem::take(&mut self.seen).into())
    }

    /// Returns the contents of the next messages, as many as that.
    pub(crate) async fn contents(&mut self, count: usize) -> Test<Vec<String>> {
        let mut contents = Vec::new();
        for _ in 0..count {
            let message = self.next("message").await?;
            contents.push(message["content"].as_str().ok_or("no content")?.to_owned());
        }
        Ok(contents)
    }

    /// Waits for the server to close the connection.
    pub(crate) async fn closed(&mut self) -> Test<CloseFrame> {
        let wait = async {
            loop {
                match self.ws.recv().await.transpose()? {
                    Some(Message::Close(frame)) => return Ok(frame.ok_or("closed without a code")?),
                    Some(Message::Text(text)) => {
                        self.seen.push_back(serde_json::from_str(text.as_str())?);
                    }
                    Some(_) => {}
                    None => return Err("the connection has ended without a Close".into()),
                }
            }
        };
        timeout(SOON + Duration::from_secs(5), wait).await.map_err(|_| "it was not closed")?
    }
}
