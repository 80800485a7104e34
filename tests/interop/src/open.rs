//! From TCP to an open connection, in both roles.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use rfc6455::handshake::{
    Acceptance, ClientHandshake, HandshakeLimits, HandshakeSendError, Offer, ServerHandshake,
};
use rfc6455::{Client, Server, WebSocket};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::scenario::Scenario;
use crate::talk::{Stream, Talk};

pub(crate) type Keys = fn() -> [u8; 4];

/// Where to connect.
pub(crate) struct Target {
    authority: String,
    path: String,
    tls: Option<Arc<ClientConfig>>,
}

impl Target {
    pub(crate) fn parse(url: &str, ca: Option<PathBuf>) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let tls = match (scheme, ca) {
            ("ws", _) => None,
            ("wss", Some(ca)) => {
                let mut trusted = RootCertStore::empty();
                let certificate = CertificateDer::from_pem_file(ca).map_err(|e| e.to_string())?;
                trusted.add(certificate).map_err(|error| error.to_string())?;
                let config = ClientConfig::builder().with_root_certificates(trusted);
                Some(Arc::new(config.with_no_client_auth()))
            }
            _ => return Err("the URL is not ws:, or wss: with --ca".to_string()),
        };
        Ok(Self { authority: authority.to_string(), path: format!("/{path}"), tls })
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random generator");
    bytes
}

fn prepare(socket: &TcpStream, scenario: &Scenario) -> io::Result<TcpStream> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(scenario.patience))?;
    socket.set_write_timeout(Some(scenario.patience))?;
    socket.try_clone()
}

/// Connects to a server; an error says what went wrong.
pub(crate) fn connect(target: &Target, scenario: &Scenario) -> Result<Talk<Client<Keys>>, String> {
    let text = |error: io::Error| error.to_string();
    let socket = TcpStream::connect(&target.authority).map_err(text)?;
    let copy = prepare(&socket, scenario).map_err(text)?;
    let mut stream: Box<dyn Stream> = match &target.tls {
        None => Box::new(copy),
        Some(config) => {
            let host = target.authority.split(':').next().unwrap_or_default().to_string();
            let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
            let tls = ClientConnection::new(Arc::clone(config), name);
            Box::new(StreamOwned::new(tls.map_err(|error| error.to_string())?, copy))
        }
    };
    let ws = WebSocket::client(random as Keys, scenario.config);
    let extensions = scenario.deflate.map(|config| config.offer());
    let offer = Offer::new(&target.authority, &target.path).extensions(extensions.as_deref());
    let mut storage = [0; 16384];
    let mut handshake =
        ClientHandshake::new(offer, random(), &mut storage, HandshakeLimits::DEFAULT)
            .map_err(|error| error.to_string())?;
    let mut request = Vec::new();
    while let Err(error) = handshake.write_request(&mut request) {
        let HandshakeSendError::BufferTooSmall { needed } = error else {
            return Err(error.to_string());
        };
        request.resize(needed, 0);
    }
    stream.write_all(&request).and_then(|()| stream.flush()).map_err(text)?;
    let mut buf = [0; 4096];
    loop {
        let n = stream.read(&mut buf).map_err(text)?;
        if n == 0 {
            return Err("the server ends TCP during the handshake".to_string());
        }
        let mut input = &mut buf[..n];
        if let Some(response) = handshake.receive(&mut input).map_err(|error| error.to_string())? {
            let established = response.upgrade().map_err(|error| error.to_string())?;
            let negotiated = match scenario.deflate {
                Some(config) => config.confirm_response(&established).map_err(|e| e.to_string())?,
                None => None,
            };
            let windows = negotiated.map(|it| [it.send_window(), it.receive_window()]);
            let mut ws = ws.deflate(negotiated);
            ws.feed(input);
            let (patience, piece) = (scenario.patience, scenario.piece);
            return Ok(Talk { ws, stream, socket, patience, piece, windows });
        }
    }
}

/// Accepts a client; an error says what went wrong.
pub(crate) fn accept(socket: TcpStream, scenario: &Scenario) -> Result<Talk<Server>, String> {
    let text = |error: io::Error| error.to_string();
    let mut stream = prepare(&socket, scenario).map_err(text)?;
    let (mut storage, mut buf, mut out) = ([0; 16384], [0; 4096], [0; 1024]);
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    loop {
        let n = stream.read(&mut buf).map_err(text)?;
        if n == 0 {
            return Err("the client ends TCP during the handshake".to_string());
        }
        let mut input = &mut buf[..n];
        if let Some(request) = handshake.receive(&mut input).map_err(|error| error.to_string())? {
            let upgrade = request.upgrade().map_err(|error| error.to_string())?;
            let negotiated = scenario.deflate.and_then(|config| config.accept_offer(&upgrade));
            let response = negotiated.map(|negotiated| negotiated.response());
            let acceptance = Acceptance::DEFAULT.extensions(response.as_deref());
            let len = upgrade.accept(&acceptance, &mut out).map_err(|error| error.to_string())?;
            stream.write_all(&out[..len]).map_err(text)?;
            let windows = negotiated.map(|it| [it.send_window(), it.receive_window()]);
            let mut ws = WebSocket::server(scenario.config).deflate(negotiated);
            ws.feed(input);
            let (stream, patience, piece) = (Box::new(stream), scenario.patience, scenario.piece);
            return Ok(Talk { ws, stream, socket, patience, piece, windows });
        }
    }
}
