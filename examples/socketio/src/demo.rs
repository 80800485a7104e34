//! What the server does: echoes, rooms, questions, and a namespace for those with a token.

use std::time::Duration;

use rfc6455_socketio::engine::Connection;
use rfc6455_socketio::socket::{Ack, Handshake, Io, Namespace, Refusal, Socket, Value};

use crate::args::Settings;

/// How long a client may think about a question.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends each message of a session back.
pub(crate) async fn echo(mut connection: Connection) {
    while let Some(message) = connection.recv().await {
        connection.send(message);
    }
}

pub(crate) fn io(settings: &Settings) -> Io {
    let main = Namespace::new("/")
        .on_connect(|socket| send_auth(&socket))
        .on("message", |socket, args, _| socket.emit("message-back", args))
        .on("message-with-ack", |_, args, ack| ack.send(args))
        .on("join", |socket, args, ack| with_room(&args, ack, |room| socket.join(room)))
        .on("leave", |socket, args, ack| {
            with_room(&args, ack, |room| {
                socket.leave(room);
                true
            });
        })
        .on("say", |socket, args, ack| say(&socket, args, ack))
        .on("ask-me", ask)
        .on("disconnect-me", |socket, _, _| socket.disconnect());
    let mut namespaces =
        vec![main, Namespace::new("/custom").on_connect(|socket| send_auth(&socket))];
    if let Some(token) = settings.token.clone() {
        let check = move |handshake: &Handshake| {
            let claimed = handshake.auth().get("token").and_then(Value::as_str);
            if claimed == Some(&token) { Ok(()) } else { Err(Refusal::new("Not authorized")) }
        };
        let admin = Namespace::new("/admin")
            .middleware(move |handshake| std::future::ready(check(&handshake)))
            .on_connect(|socket| send_auth(&socket));
        namespaces.push(admin);
    }
    Io::new(settings.socket.clone(), namespaces)
}

/// Tells a client its credentials.
fn send_auth(socket: &Socket) {
    socket.emit("auth", [socket.handshake().auth().clone()]);
}

/// Handles an event whose argument is a room; it is acknowledged if that succeeds.
fn with_room(args: &[Value], ack: Ack, handle: impl FnOnce(&str) -> bool) {
    if let [room, ..] = args
        && let Some(room) = room.as_str()
        && handle(room)
    {
        ack.send([room.into()]);
    }
}

/// Passes a message on to everybody else in a room.
fn say(socket: &Socket, mut args: Vec<Value>, ack: Ack) {
    if args.is_empty() {
        return;
    }
    if let Value::String(room) = args.remove(0) {
        socket.others().to(room).emit("said", args);
        ack.send([]);
    }
}

/// Asks the client a question, and acknowledges with its answer.
fn ask(socket: Socket, args: Vec<Value>, ack: Ack) {
    tokio::spawn(async move {
        if let Ok(answer) = socket.ask("question", args, PATIENCE).await {
            ack.send(answer);
        }
    });
}
