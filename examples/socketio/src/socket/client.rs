//! A session: one client in any number of namespaces.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::timeout;

use super::ack::Ack;
use super::decoder::Decoder;
use super::handle::{Disconnect, Handshake, Socket};
use super::io::Io;
use super::namespace::{Live, Refusal};
use super::packet::{Body, InvalidPacket, Packet};
use super::value::Value;
use crate::engine::{Connection, Incoming, Reason};

pub(super) struct Client {
    io: Io,
    connection: Connection,
    decoder: Decoder,
    /// One for each namespace that it has connected to.
    sockets: HashMap<String, Socket>,
}

impl Client {
    pub(super) fn new(io: Io, connection: Connection) -> Self {
        let decoder = Decoder::new(&io.config);
        Self { io, connection, decoder, sockets: HashMap::new() }
    }

    /// Serves the client until the end of the session.
    pub(super) async fn run(mut self) {
        let first = timeout(self.io.config.connect_timeout, self.connect_first()).await;
        if first == Ok(true) {
            while self.receive().await {}
        }
        self.connection.session.close();
        let reason = self.connection.reason().unwrap_or(Reason::ServerClose);
        for socket in self.sockets.values() {
            socket.gone(Disconnect::Session(reason));
        }
    }

    /// Serves the client until it is in a namespace; `false` if the session ends before.
    async fn connect_first(&mut self) -> bool {
        while self.sockets.is_empty() {
            if !self.receive().await {
                return false;
            }
        }
        true
    }

    /// Obeys the next message; `false` if there is none, or it broke the protocol.
    async fn receive(&mut self) -> bool {
        let Some(message) = self.connection.recv().await else { return false };
        let packet = match message {
            Incoming::Text(text) => self.decoder.text(text.as_str()),
            Incoming::Binary(bytes) => self.decoder.binary(bytes),
        };
        let obeyed = match packet {
            Ok(Some(packet)) => self.obey(packet).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if obeyed.is_err() {
            self.connection.session.fail(Reason::ParseError);
        }
        obeyed.is_ok()
    }

    async fn obey(&mut self, packet: Packet) -> Result<(), InvalidPacket> {
        let socket = self.sockets.get(&packet.namespace);
        if let Body::Connect(auth) = packet.body {
            return match socket {
                Some(socket) if socket.is_connected() => Err(InvalidPacket),
                _ => self.connect(packet.namespace, auth).await,
            };
        }
        let socket = socket.ok_or(InvalidPacket)?;
        match packet.body {
            // What crosses a disconnection by the server is dropped.
            _ if !socket.is_connected() => (),
            Body::Disconnect => socket.gone(Disconnect::Client),
            Body::Event(mut args) => {
                let name = args.remove(0);
                let rules = &self.io.namespaces[&packet.namespace].rules;
                if let Some(handler) = name.as_str().and_then(|name| rules.on_event.get(name)) {
                    handler(socket.clone(), args, Ack::new(socket, packet.id));
                }
            }
            Body::Ack(args) => socket.acks().resolve(packet.id.ok_or(InvalidPacket)?, args),
            Body::Connect(_) | Body::ConnectError(_) => return Err(InvalidPacket),
        }
        Ok(())
    }

    async fn connect(&mut self, name: String, auth: Option<Value>) -> Result<(), InvalidPacket> {
        let auth = auth.unwrap_or(Value::Object(Vec::new()));
        let handshake = Handshake { request: self.connection.request.clone(), auth };
        match self.admit(&name, Arc::new(handshake)).await {
            Ok(socket) => _ = self.sockets.insert(name, socket),
            Err(refusal) => {
                let mut error = vec![("message".to_owned(), refusal.message.into())];
                error.extend(refusal.data.map(|data| ("data".to_owned(), data)));
                self.send(&Packet::new(&name, Body::ConnectError(Value::Object(error))));
            }
        }
        Ok(())
    }

    async fn admit(&self, name: &str, handshake: Arc<Handshake>) -> Result<Socket, Refusal> {
        let invalid = || Refusal::new("Invalid namespace");
        let namespace = self.io.namespaces.get(name).ok_or_else(invalid)?;
        for check in &namespace.rules.middleware {
            check(handshake.clone()).await?;
        }
        let socket = self.enter(namespace, handshake);
        (namespace.rules.on_connect)(socket.clone());
        Ok(socket)
    }

    /// Adds the client to a namespace, and sends the events that it has missed, without a gap.
    fn enter(&self, namespace: &Arc<Live>, handshake: Arc<Handshake>) -> Socket {
        let mut rooms = namespace.rooms();
        let claim = |name| handshake.auth.get(name).and_then(Value::as_str);
        let resumed = claim("pid").zip(claim("offset"));
        let resumed = resumed.and_then(|(pid, offset)| rooms.resume(pid, offset));
        let pid = if resumed.is_some() { claim("pid").map(Into::into) } else { None };
        let pid = pid.or_else(|| rooms.recovers().then(crate::random_id));
        let is_recovered = resumed.is_some();
        let (id, membership, missed) = match resumed {
            Some(resumed) => (resumed.id, Some(resumed.membership), resumed.missed),
            None => (crate::random_id().into(), None, Vec::new()),
        };
        let mut reply = vec![("sid".to_owned(), Value::from(&*id))];
        reply.extend(pid.clone().map(|pid| ("pid".to_owned(), pid.into())));
        self.send(&Packet::new(&namespace.name, Body::Connect(Some(Value::Object(reply)))));
        let session = self.connection.session.clone();
        let socket = Socket::new(id, pid, namespace.clone(), session, handshake, is_recovered);
        for event in missed {
            socket.push(&event);
        }
        rooms.add(&socket, membership);
        socket
    }

    fn send(&self, packet: &Packet) {
        self.connection.session.push(packet.encode().messages());
    }
}
