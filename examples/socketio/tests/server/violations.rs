//! Clients that break either protocol: each is answered as the protocol says, and nobody else
//! notices.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use rfc6455_socketio::engine::{self, Reason};
use rfc6455_socketio::socket::{Config, Disconnect, Namespace};
use rfc6455_tokio::rfc6455::CloseCode;
use rfc6455_tokio::rfc6455::deflate;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE, Pieces, serve};

const TRANSPORTS: [&str; 2] = ["polling", "websocket"];
const MAX_PAYLOAD: usize = 1000;
/// Where attachments belong.
const FIRST: &str = r#"{"_placeholder":true,"num":0}"#;
const SECOND: &str = r#"{"_placeholder":true,"num":1}"#;

/// A server that records what it obeys, with a client that behaves.
struct Server {
    address: SocketAddr,
    bystander: Client,
    obeyed: Arc<Mutex<Vec<String>>>,
    gone: mpsc::UnboundedReceiver<Disconnect>,
}

impl Server {
    async fn start() -> Self {
        let obeyed = Arc::new(Mutex::new(Vec::new()));
        let (log, (ends, gone)) = (obeyed.clone(), mpsc::unbounded_channel());
        let main = Namespace::new("/")
            .on("message", |socket, args, _| socket.emit("message-back", args))
            .on("attached", |_, args, ack| ack.send(args))
            .on("count", move |_, args, _| log.lock().unwrap().push(format!("{args:?}")))
            .on_disconnect(move |_, reason| _ = ends.send(reason));
        let mut engine = engine::Config::DEFAULT;
        engine.max_payload = MAX_PAYLOAD;
        engine.deflate = Some(deflate::Config::DEFAULT);
        let mut socket = Config::DEFAULT;
        (socket.recovery, socket.max_attached) = (None, 5);
        let address = serve(engine, socket, [main, Namespace::new("/other")]).await;
        let bystander = Client::enter(address, "websocket", "").await.0;
        Self { address, bystander, obeyed, gone }
    }

    async fn enter(&self, transport: &str) -> Client {
        Client::enter(self.address, transport, "").await.0
    }

    /// Checks that one client is gone, for this reason, and that the other one is still served.
    async fn lost_one(&mut self, reason: Reason, what: &str) {
        let gone = timeout(PATIENCE, self.gone.recv()).await.unwrap_or_else(|_| panic!("{what}"));
        assert_eq!(gone, Some(Disconnect::Session(reason)), "{what}");
        self.bystander.send("42[\"message\",1]").await;
        assert_eq!(self.bystander.recv().await, "42[\"message-back\",1]", "{what}");
        assert!(self.gone.try_recv().is_err(), "{what}");
    }
}

#[tokio::test]
async fn what_is_no_engine_packet_closes_a_websocket_with_1008() {
    let mut server = Server::start().await;
    for text in ["", "7", "abc", "1x", "0{}", "2", "2probe", "5", "5x", "6x", "b=", "\u{e9}"] {
        let mut client = server.enter("websocket").await;
        client.ws().send(text).await.unwrap();
        assert_eq!(client.closed().await, Some(CloseCode::POLICY_VIOLATION), "{text:?}");
        server.lost_one(Reason::ParseError, text).await;
    }
}

#[tokio::test]
async fn a_body_that_is_no_payload_is_refused_and_ends_the_session() {
    let mut server = Server::start().await;
    for body in [
        &b""[..],
        b"abc",
        b"\x1e",
        b"6\x1e",
        b"\x1e6",
        b"4\xff",
        b"2probe",
        b"0{}",
        b"5",
        b"b=",
        b"6\x1e6\x1eabc",
    ] {
        let what = String::from_utf8_lossy(body).into_owned();
        let client = server.enter("polling").await;
        let refusal = (400, "{\"code\":3,\"message\":\"Bad request\"}".into());
        assert_eq!(client.post(body.to_vec()).await, refusal, "{what:?}");
        let unknown = (400, "{\"code\":1,\"message\":\"Session ID unknown\"}".into());
        assert_eq!(client.poll().await, unknown, "{what:?}");
        server.lost_one(Reason::ParseError, &what).await;
    }
}

#[tokio::test]
async fn what_is_no_socket_packet_ends_the_session() {
    let deep = format!("42[\"count\",{}{}]", "[".repeat(200), "]".repeat(200));
    let no_type = ["4", "4abc", "47", "4-"];
    let no_data = ["42", "42{}", "42[]", "42[1]", "42[\"count\"", "42[\"count\"] x", &deep];
    let reserved = ["42[\"connect\"]", "42[\"disconnect\"]", "44{\"message\":\"no\"}", "41{}"];
    let identifiers = ["42a[\"count\"]", "429007199254740992[\"count\"]", "42-1[\"count\"]"];
    let acknowledgements = ["43[]", "431", "431{}"];
    let connections = ["40", "40[]", "40\"text\"", "40{"];
    let groups = [&no_type[..], &no_data, &reserved, &identifiers, &acknowledgements, &connections];
    for text in groups.concat() {
        violate(&[text]).await;
    }
}

#[tokio::test]
async fn packets_for_a_namespace_that_the_client_is_not_in_end_the_session() {
    for name in ["/unknown", "/other", "//", "/\u{e9}"] {
        for text in [
            format!("42{name},[\"count\"]"),
            format!("42{name}[\"count\"]"),
            format!("41{name},"),
            format!("431{name},[]"),
            format!("43{name},1[]"),
            format!("451-{name},[\"count\",{FIRST}]"),
        ] {
            violate(&[&text, "bAQID"]).await;
        }
    }
}

#[tokio::test]
async fn attachments_that_do_not_match_their_packet_end_the_session() {
    let one = &*format!("451-[\"count\",{FIRST}]");
    let two = &*format!("452-[\"count\",{FIRST},{SECOND}]");
    let twice = &*format!("452-[\"count\",{FIRST},{FIRST}]");
    let unannounced = &*format!("42[\"count\",{FIRST}]");
    let other = &*format!("451-[\"count\",{SECOND}]");
    let negative = &*one.replace("0}", "-1}");
    let half = &*one.replace("0}", "0.5}");
    let no_number = &*one.replace(",\"num\":0", "");
    let too_many = &*one.replace("51-", "565-");
    for packets in [
        &["451-[\"count\"]", "bAQID"][..],
        &[other, "bAQID"],
        &[negative, "bAQID"],
        &[half, "bAQID"],
        &[no_number, "bAQID"],
        &[twice, "bAQID", "bAQID"],
        &[unannounced],
        &[one, "42[\"count\"]"],
        &[one, "bAQID", "bAQID"],
        &["bAQID"],
        &["45[\"count\"]"],
        &["45-[\"count\"]"],
        &["45-1-[\"count\"]"],
        &["451"],
        // More than 64, and more than five bytes.
        &[too_many],
        &["4599999999999999999999-[\"count\"]"],
        &[two, "bAQID", "bAQID"],
    ] {
        violate(packets).await;
    }
}

/// Sends packets over either transport, and checks that they cost their sender the session, and
/// nobody else anything.
async fn violate(packets: &[&str]) {
    for transport in TRANSPORTS {
        let mut server = Server::start().await;
        let what = format!("{packets:?} over {transport}");
        let mut client = server.enter(transport).await;
        if transport == "polling" {
            let body = packets.join("\x1e");
            assert_eq!(client.post(body).await, (200, "ok".into()), "they are Engine.IO: {what}");
        } else {
            for packet in packets {
                client.send(packet).await;
            }
        }
        let code = (transport == "websocket").then_some(CloseCode::POLICY_VIOLATION);
        assert_eq!(client.closed().await, code, "{what}");
        server.lost_one(Reason::ParseError, &what).await;
        let obeyed = server.obeyed.lock().unwrap();
        // An attachment too many is behind a whole packet.
        let before = usize::from(packets.len() == 3 && packets[0].starts_with("451"));
        assert_eq!(obeyed.len(), before, "{what}: {obeyed:?}");
    }
}

#[tokio::test]
async fn nothing_behind_a_violation_is_obeyed() {
    let mut server = Server::start().await;
    for violation in ["4abc", "40", "bAQID", "42/other,[\"count\"]"] {
        let client = server.enter("polling").await;
        let body = format!("{violation}\x1e42[\"count\",1]\x1e42[\"count\",2]");
        assert_eq!(client.post(body).await, (200, "ok".into()));
        server.lost_one(Reason::ParseError, violation).await;
        assert_eq!(*server.obeyed.lock().unwrap(), [""; 0], "{violation}");
    }
}

#[tokio::test]
async fn what_is_odd_but_allowed_keeps_the_session() {
    for transport in TRANSPORTS {
        let mut server = Server::start().await;
        let mut client = server.enter(transport).await;
        for packet in ["6", "3", "3probe", "42[\"nobody listens\"]", "439[\"nobody asked\"]"] {
            client.send(packet).await;
        }
        for (name, refused) in [("/unknown", true), ("/other", false), ("/Other", true)] {
            client.send(&format!("40{name},")).await;
            let reply = client.recv().await;
            let refusal = format!("44{name},{{\"message\":\"Invalid namespace\"}}");
            assert_eq!(reply == refusal, refused, "{reply}");
        }
        client.send("41").await;
        client.send("42[\"count\"]").await; // It is no longer there.
        client.send("40").await;
        assert!(client.recv().await.starts_with("40{\"sid\""));
        client.send(&format!("452-1[\"attached\",{SECOND},{FIRST}]")).await;
        for attachment in ["bAQI=", "bAQID"] {
            client.send(attachment).await;
        }
        assert_eq!(client.recv().await, format!("462-1[{FIRST},{SECOND}]"));
        assert_eq!([client.recv().await, client.recv().await], ["bAQID", "bAQI="]);
        assert_eq!(server.gone.try_recv(), Ok(Disconnect::Client), "it left once");
        assert!(server.gone.try_recv().is_err() && server.obeyed.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_message_as_long_as_allowed_arrives_and_a_longer_one_ends_the_session() {
    let mut server = Server::start().await;
    let event = |len: usize| format!("42[\"message\",\"{}\"]", "x".repeat(len - 16));
    for transport in TRANSPORTS {
        let mut client = server.enter(transport).await;
        client.send(&event(MAX_PAYLOAD)).await;
        assert_eq!(client.recv().await.len(), MAX_PAYLOAD + "-back".len(), "{transport}");
    }
    let client = server.enter("polling").await;
    assert_eq!(client.post(event(MAX_PAYLOAD + 1)).await.0, 413);
    assert_eq!(client.poll().await.0, 400);
    let refused = Some(Disconnect::Session(Reason::ParseError));
    let gone = async { while server.gone.recv().await != refused {} };
    timeout(PATIENCE, gone).await.unwrap();

    let mut client = server.enter("websocket").await;
    client.ws().send(event(MAX_PAYLOAD + 1)).await.unwrap();
    assert_eq!(client.closed().await, Some(CloseCode::MESSAGE_TOO_BIG));
    server.lost_one(Reason::TransportError, "a long text").await;

    let mut client = server.enter("websocket").await;
    client.ws().send(vec![0; MAX_PAYLOAD + 1]).await.unwrap();
    assert_eq!(client.closed().await, Some(CloseCode::MESSAGE_TOO_BIG));
    server.lost_one(Reason::TransportError, "long data").await;
}

#[tokio::test]
async fn a_message_that_inflates_beyond_the_limit_ends_the_session() {
    let mut server = Server::start().await;
    let mut client = Client::open_compressed(server.address).await;
    client.send("40").await;
    assert!(client.recv().await.starts_with("40"));
    client.ws().send(vec![0; 500 * MAX_PAYLOAD]).await.unwrap();
    assert_eq!(client.closed().await, Some(CloseCode::MESSAGE_TOO_BIG));
    server.lost_one(Reason::TransportError, "a bomb").await;
}

#[tokio::test]
async fn a_body_without_an_end_is_refused_once_it_is_too_long() {
    let mut server = Server::start().await;
    let client = server.enter("polling").await;
    let (sender, receiver) = mpsc::channel(1);
    let flood =
        async move { while sender.send(Ok(Bytes::from_static(&[b'6'; 300]))).await.is_ok() {} };
    let posted = client.post(Body::from_stream(Pieces(receiver)));
    let (answer, ()) = tokio::join!(posted, flood);
    assert_eq!(answer.0, 413);
    assert_eq!(client.poll().await.0, 400);
    server.lost_one(Reason::ParseError, "a flood").await;
}
