//! What the options put into the request, and TLS.

use std::fs;
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::server::Echo;
use super::{client, errors, file};

#[test]
fn protocols_headers_and_the_origin_are_sent() {
    let server = Echo::start();
    let output = client(
        &[
            "--protocol",
            "mqtt",
            "--protocol",
            "chat",
            "--header",
            "Authorization: Bearer a:b",
            "--header",
            "Cookie:session=1",
            "--origin",
            "https://app.example",
            &server.url(),
        ],
        b"hello\n",
    );
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(output.stdout, b"hello\n");
    assert!(errors(&output).contains("subprotocol chat"), "{}", errors(&output));
    let request = server.requests.recv().unwrap();
    for line in [
        "Sec-WebSocket-Protocol: mqtt, chat\n",
        "Authorization: Bearer a:b\n",
        "Cookie: session=1\n",
        "Origin: https://app.example\n",
    ] {
        assert!(request.contains(line), "{request}");
    }
}

#[test]
fn a_request_that_would_break_the_protocol_is_not_sent() {
    let server = Echo::start();
    for (option, value, status) in [
        ("--header", "no colon", 2),
        ("--header", "Sec-WebSocket-Key: x", 5),
        ("--header", "X: a\r\nY: b", 5),
        ("--header", "Host: other", 5),
        ("--protocol", "two words", 5),
        ("--origin", "example.com", 5),
    ] {
        let output = client(&[option, value, &server.url()], b"");
        assert_eq!(output.status.code(), Some(status), "{value}: {}", errors(&output));
    }
    assert!(server.requests.try_recv().is_err());
}

/// An echo server over TLS, and its certificate as PEM.
fn secure() -> (Echo, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_string()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |stream: TcpStream| {
        StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream)
    };
    (Echo::over(wrap), cert.pem())
}

#[test]
fn speaks_tls_with_a_server_that_it_trusts() {
    let (server, certificate) = secure();
    let path = file("rfc6455-client-ca", certificate.as_bytes());
    let url = format!("wss://localhost:{}/", server.address.port());
    // More than the buffers of TLS hold, in each direction.
    let input = format!("{}\nzwölf\n", "0123456789abcdef".repeat(64 << 10)).repeat(4);
    let output = client(&["--ca", path.to_str().unwrap(), "--ping", &url], input.as_bytes());
    fs::remove_file(path).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(output.stdout == input.as_bytes());
    assert!(errors(&output).contains("Pong after "), "{}", errors(&output));
    assert!(errors(&output).contains("closed: 1000 NORMAL"), "{}", errors(&output));
    assert!(
        server.requests.recv().unwrap().contains(&format!("Host: {}\n", &url[6..url.len() - 1]))
    );
}

#[test]
fn sends_nothing_to_a_server_that_it_does_not_trust() {
    let (server, certificate) = secure();
    let path = file("rfc6455-client-other-ca", certificate.as_bytes());
    let (localhost, address) = (
        format!("wss://localhost:{}/", server.address.port()),
        format!("wss://{}/", server.address),
    );
    for args in [
        &[&*localhost][..],
        // The certificate is for another name.
        &["--ca", path.to_str().unwrap(), &address],
        &["--ca", "/nonexistent/file", &localhost],
        &["--ca", "Cargo.toml", &localhost],
    ] {
        let output = client(args, b"secret\n");
        assert_eq!(output.status.code(), Some(4), "{args:?}: {}", errors(&output));
    }
    fs::remove_file(path).unwrap();
    assert!(server.requests.try_recv().is_err());
}
