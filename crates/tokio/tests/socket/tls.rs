//! `wss`: TLS over TCP, with a certificate made for the run.

use std::sync::Arc;

use rfc6455_tokio::rfc6455::CloseCode;
use rfc6455_tokio::{Config, Error, Message, Request, accept, connect, connect_with};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::exchange::echo;

#[tokio::test]
async fn a_wss_url_is_opened_over_tls_and_a_stranger_is_refused() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        echo(Box::pin(accept(stream)).await.unwrap()).await;
        let (stream, _) = listener.accept().await.unwrap();
        assert!(acceptor.accept(stream).await.is_err());
    });

    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let trusting = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let config = Config::DEFAULT.tls(Arc::new(trusting));
    let request = Request::new(&url).unwrap();
    let (mut ws, _) = connect_with(request, &config).await.unwrap();
    assert!(ws.get_ref().tcp().nodelay().unwrap());
    for len in [0, 5, 100_000] {
        let message = Message::from("x".repeat(len));
        ws.send(message.clone()).await.unwrap();
        assert_eq!(ws.recv().await.unwrap().unwrap(), message);
    }
    ws.close(CloseCode::NORMAL, "").await.unwrap();

    // Its issuer is unknown to the roots of the web.
    assert!(matches!(connect(url).await, Err(Error::Io(_))));
    server.await.unwrap();
}
