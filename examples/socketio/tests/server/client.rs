//! A client of our own, over either transport, and a server for it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rfc6455_socketio::engine::packet::Packet;
use rfc6455_socketio::engine::{self, Engine, payload};
use rfc6455_socketio::socket::{self, Io, Namespace};
use rfc6455_tokio::rfc6455::{CloseCode, deflate};
use rfc6455_tokio::{MaybeTlsStream, Message, WebSocketStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Serves these namespaces on a free port of loopback.
pub(crate) async fn serve(
    engine: engine::Config,
    socket: socket::Config,
    namespaces: impl IntoIterator<Item = Namespace>,
) -> SocketAddr {
    let io = Io::new(socket, namespaces);
    let engine = Engine::new(engine, move |connection| io.serve(connection));
    let app = Router::new().route("/socket.io/", engine.into_route());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// One session.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) sid: String,
    http: Http<HttpConnector, Body>,
    ws: Option<WebSocketStream<MaybeTlsStream>>,
    received: Vec<Packet>,
}

impl Client {
    /// Opens a session.
    pub(crate) async fn open(address: SocketAddr, transport: &str) -> Self {
        let http = Http::builder(TokioExecutor::new()).build_http();
        let mut client = Self { address, sid: String::new(), http, ws: None, received: Vec::new() };
        if transport == "websocket" {
            client.ws = Some(client.connect().await);
        }
        let Packet::Open(open) = client.packet().await else { panic!("no session") };
        let open: serde_json::Value = serde_json::from_str(open.as_str()).unwrap();
        client.sid = open["sid"].as_str().unwrap().into();
        client
    }

    /// Opens a session over a WebSocket that compresses.
    pub(crate) async fn open_compressed(address: SocketAddr) -> Self {
        let mut client = Self::open(address, "websocket").await;
        let config = rfc6455_tokio::Config::DEFAULT.deflate(deflate::Config::DEFAULT);
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let request = rfc6455_tokio::Request::new(&url).unwrap();
        client.ws = Some(rfc6455_tokio::connect_with(request, &config).await.unwrap().0);
        assert!(client.recv().await.starts_with('0'));
        client
    }

    /// Opens a session, and connects to the main namespace; returns the reply too.
    pub(crate) async fn enter(address: SocketAddr, transport: &str, auth: &str) -> (Self, String) {
        let mut client = Self::open(address, transport).await;
        client.send(&format!("40{auth}")).await;
        let reply = client.recv().await;
        (client, reply)
    }

    /// Opens a WebSocket of the session, or a new one.
    pub(crate) async fn connect(&self) -> WebSocketStream<MaybeTlsStream> {
        let sid = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket{sid}", self.address);
        rfc6455_tokio::connect(url).await.unwrap()
    }

    /// Polls the same session from elsewhere.
    pub(crate) fn twin(&self) -> Self {
        let (sid, http) = (self.sid.clone(), self.http.clone());
        Self { address: self.address, sid, http, ws: None, received: Vec::new() }
    }

    /// Opens a WebSocket of a session of its own.
    pub(crate) async fn connect_new(&self) -> WebSocketStream<MaybeTlsStream> {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", self.address);
        rfc6455_tokio::connect(url).await.unwrap()
    }

    /// Changes a polling session to WebSocket.
    pub(crate) async fn upgrade(&mut self) {
        let mut ws = self.connect().await;
        ws.send("2probe").await.unwrap();
        assert_eq!(text(&mut ws).await.as_deref(), Some("3probe"));
        ws.send("5").await.unwrap();
        self.ws = Some(ws);
    }

    /// Returns its WebSocket, to send what is no packet.
    pub(crate) fn ws(&mut self) -> &mut WebSocketStream<MaybeTlsStream> {
        self.ws.as_mut().expect("its transport is WebSocket")
    }

    /// Waits for the end of the session; returns the code with which a WebSocket is closed.
    pub(crate) async fn closed(&mut self) -> Option<CloseCode> {
        if let Some(mut ws) = self.ws.take() {
            loop {
                if let Message::Close(close) = timeout(PATIENCE, ws.recv()).await.unwrap()?.unwrap()
                {
                    return close.map(|close| close.code);
                }
            }
        }
        let mut answer = self.poll().await;
        if answer == (200, "1".into()) {
            answer = self.poll().await;
        }
        assert_eq!(answer, (400, "{\"code\":1,\"message\":\"Session ID unknown\"}".into()));
        None
    }

    /// Sends a packet; binary data goes through a WebSocket as it is.
    pub(crate) async fn send(&mut self, packet: &str) {
        match (&mut self.ws, Packet::parse(packet)) {
            (Some(ws), Ok(Packet::Binary(bytes))) => ws.send(bytes).await.unwrap(),
            (Some(ws), _) => ws.send(packet.to_owned()).await.unwrap(),
            (None, _) => assert_eq!(self.post(packet.to_owned()).await, (200, "ok".into())),
        }
    }

    /// Receives the next packet as text; heartbeats are answered.
    pub(crate) async fn recv(&mut self) -> String {
        loop {
            match self.packet().await {
                Packet::Ping(_) => self.send("3").await,
                packet => return packet.to_text(),
            }
        }
    }

    async fn packet(&mut self) -> Packet {
        while self.received.is_empty() {
            self.received = match &mut self.ws {
                Some(ws) => match timeout(PATIENCE, ws.recv()).await.unwrap().unwrap().unwrap() {
                    Message::Text(text) => vec![Packet::parse(text.as_str()).unwrap()],
                    Message::Binary(bytes) => vec![Packet::Binary(bytes)],
                    _ => continue,
                },
                None => match self.poll().await {
                    (200, body) => payload::decode(&body).map(Result::unwrap).collect(),
                    other => panic!("{other:?}"),
                },
            };
        }
        self.received.remove(0)
    }

    pub(crate) async fn poll(&self) -> (u16, String) {
        self.request(Method::GET, Body::empty()).await
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> (u16, String) {
        self.request(Method::POST, body.into()).await
    }

    async fn request(&self, method: Method, body: Body) -> (u16, String) {
        let sid = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        request(
            &self.http,
            self.address,
            method,
            &format!("EIO=4&transport=polling{sid}"),
            "",
            body,
        )
        .await
    }
}

/// A body in pieces.
pub(crate) struct Pieces(pub(crate) mpsc::Receiver<Result<Bytes, std::io::Error>>);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

/// Sends a request with this query, and perhaps an origin; returns the status and the body.
pub(crate) async fn request(
    http: &Http<HttpConnector, Body>,
    address: SocketAddr,
    method: Method,
    query: &str,
    origin: &str,
    body: Body,
) -> (u16, String) {
    let url = format!("http://{address}/socket.io/?{query}");
    let mut request = Request::builder().method(method).uri(url);
    if !origin.is_empty() {
        request = request.header("Origin", origin);
    }
    let response = http.request(request.body(body).unwrap());
    let response = timeout(PATIENCE, response).await.unwrap().unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

/// Receives a text; `None` after the end of the connection.
pub(crate) async fn text(ws: &mut WebSocketStream<MaybeTlsStream>) -> Option<String> {
    loop {
        match timeout(PATIENCE, ws.recv()).await.unwrap().transpose().unwrap()? {
            Message::Text(text) => return Some(text.to_string()),
            Message::Close(_) => return None,
            _ => (),
        }
    }
}
