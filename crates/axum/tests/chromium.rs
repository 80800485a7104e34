//! The chat example, visited by a browser over HTTP/2.

mod common;
#[path = "../examples/chat.rs"]
#[allow(dead_code)] // its `main`
mod example;

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Html;
use axum::routing::get;
use axum::serve::Listener;
use common::{Test, serve};
use http::Version;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rfc6455_tokio::connect;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// Accepts TLS, and offers HTTP/2.
struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Tls {
    async fn bind() -> Test<Self> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".into()])?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".into(), b"http/1.1".into()];
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self { tcp, acceptor: Arc::new(config).into() })
    }
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((tcp, address)) = self.tcp.accept().await else { continue };
            // A browser also opens connections that it does not use.
            let tls = timeout(Duration::from_secs(5), self.acceptor.accept(tcp)).await;
            if let Ok(Ok(tls)) = tls {
                return (tls, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// Skipped, and says so, where `chromium` is not installed; `CHROMIUM` names another binary.
#[tokio::test]
async fn chromium_chats_over_http2_with_compression() -> Test {
    let chromium = std::env::var("CHROMIUM").unwrap_or("chromium".into());
    let version = Command::new(&chromium).arg("--version").stdout(Stdio::null()).status().await;
    if version.is_err() {
        println!("skipped: {chromium} is not installed");
        return Ok(());
    }
    let (versions, mut seen) = mpsc::unbounded_channel();
    let note = move |request: Request, next: Next| {
        let _ = versions.send((request.uri().path().to_owned(), request.version()));
        next.run(request)
    };
    let chat = example::app();
    let app = Router::new()
        .route("/test", get(async || Html(include_str!("browser.html"))))
        .merge(chat.clone())
        .layer(from_fn(note));
    let tls = Tls::bind().await?;
    let url = format!("https://localhost:{}/test", tls.local_addr()?.port());
    tokio::spawn(async move { axum::serve(tls, app).await });

    let mut ws = connect(format!("ws://{}/chat", serve(chat).await?)).await?;
    ws.send("Test").await?;
    let profile = tempfile::tempdir()?;
    let mut browser = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--ignore-certificate-errors", &url])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = Vec::new();
    timeout(Duration::from_secs(120), async {
        while let Some(message) = ws.recv().await.transpose()? {
            let Some(line) = message.as_str() else { continue };
            lines.push(line.to_owned());
            match line {
                "Chromium joined" => ws.send("hello").await?,
                "Chromium left" => break,
                _ => {}
            }
        }
        rfc6455_tokio::Result::Ok(())
    })
    .await??;
    browser.kill().await?;
    let said = lines.iter().find(|line| line.starts_with("Chromium: ")).ok_or("it said nothing")?;
    assert!(said.starts_with("Chromium: 11 characters, permessage-deflate"), "{said}");
    assert!(said.ends_with(&"long ".repeat(500)), "{said}");
    let request = std::iter::from_fn(|| seen.try_recv().ok()).find(|(path, _)| path == "/chat");
    assert_eq!(request, Some(("/chat".into(), Version::HTTP_2)));
    Ok(())
}
