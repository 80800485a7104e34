//! Answers the HTTP request: checks who may connect, and serves the page.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rfc6455::handshake::{
    Acceptance, HandshakeError, HandshakeLimits, Rejection, Request, ServerHandshake, Upgrade,
};

use crate::args::{NAMED_ORIGINS, Settings};
use crate::echo::WebSocket;
use crate::output::Output;
use crate::read;

/// The page, which loads nothing else.
const PAGE: &str = include_str!("../server.html");

/// How long the whole head of a request may take to arrive.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_HEAD: usize = 8 << 10;

/// Reads a request and answers it; without settings, refuses it.
///
/// If the connection is then a WebSocket, returns it, with the bytes that it has already received.
pub(crate) fn shake_hands(
    stream: &TcpStream,
    output: &mut Output<'_>,
    settings: Option<&Settings>,
) -> io::Result<Option<(Box<WebSocket>, Vec<u8>)>> {
    let deadline = Instant::now() + HANDSHAKE_TIMEOUT;
    let (mut storage, mut buf) = (vec![0; MAX_HEAD], vec![0; MAX_HEAD]);
    let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
    // The deadline applies to the whole head: a byte now and then does not extend it.
    while Instant::now() < deadline {
        let n = match read(stream, &mut buf)? {
            None => continue,
            Some(0) => return Ok(None),
            Some(n) => n,
        };
        let mut input = &mut buf[..n];
        match handshake.receive(&mut input) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let (response, ws) = answer(&request, settings);
                output.write_all(&response)?;
                // Bytes after the head belong to the WebSocket.
                return Ok(ws.map(|ws| (ws, input.to_vec())));
            }
            Err(error) => {
                output.write_all(error.response())?;
                return Ok(None);
            }
        }
    }
    output.write_all(&response(408, &[], ""))?;
    Ok(None)
}

/// Returns the response to a request, and the WebSocket if it opens one.
fn answer(request: &Request<'_>, settings: Option<&Settings>) -> (Vec<u8>, Option<Box<WebSocket>>) {
    let Some(settings) = settings else {
        return (response(503, &[("Retry-After", "5")], "too many clients\n"), None);
    };
    let upgrade = match request.upgrade() {
        Ok(upgrade) => upgrade,
        Err(HandshakeError::NotAnUpgrade) => return (page(request), None),
        Err(error) => return (error.response().to_vec(), None),
    };
    if request.origin().is_some_and(|origin| !is_allowed(&upgrade, origin, &settings.origins)) {
        return (HandshakeError::OriginNotAllowed.response().to_vec(), None);
    }
    let (acceptance, ws) = (Acceptance::DEFAULT, WebSocket::server(settings.config()));
    #[cfg(feature = "deflate")]
    let negotiated = settings.deflate.accept_offer(&upgrade);
    #[cfg(feature = "deflate")]
    let extensions = negotiated.map(|negotiated| negotiated.response());
    #[cfg(feature = "deflate")]
    let (acceptance, ws) = (acceptance.extensions(extensions.as_deref()), ws.deflate(negotiated));
    let mut out = vec![0; 512];
    match upgrade.accept(&acceptance, &mut out) {
        Ok(len) => {
            out.truncate(len);
            // Each move on the stack would take memory that the thread keeps.
            (out, Some(Box::new(ws)))
        }
        Err(_) => (response(500, &[], ""), None),
    }
}

/// Returns whether a page from `origin` may connect.
///
/// Any page can have its visitor's browser connect to this server, with the server's cookies and
/// from inside the visitor's network; only `Origin` shows it. A client without `Origin` is not a
/// browser.
///
/// The server's own page comes from the host that it connects to. Comparing the two is enough for
/// an echo, which has no secrets. A server with secrets must only accept origins from its
/// configuration, because an attacker's host name may resolve to this server.
fn is_allowed(upgrade: &Upgrade<'_>, origin: &[u8], allowed: &[String]) -> bool {
    let host = upgrade.request().host().unwrap_or_default();
    upgrade.origin_is(&format!("http://{host}"))
        || allowed.iter().any(|allowed| {
            // These have no host to compare, so they are compared byte by byte.
            let named = NAMED_ORIGINS.contains(&allowed.as_str());
            if named { origin == allowed.as_bytes() } else { upgrade.origin_is(allowed) }
        })
}

/// Returns the response to a request that does not ask for a WebSocket.
fn page(request: &Request<'_>) -> Vec<u8> {
    if request.method() != "GET" {
        return HandshakeError::MethodNotGet.response().to_vec();
    }
    if request.path() != "/" {
        return response(404, &[("Content-Type", "text/plain")], "There is only one page: /\n");
    }
    let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-cache"),
        (
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
             connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
        ("X-Content-Type-Options", "nosniff"),
    ];
    response(200, &headers, PAGE)
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut out = vec![0; 1024 + body.len()];
    let len = Rejection::new(status)
        .headers(headers)
        .body(body.as_bytes())
        .write(&mut out)
        .expect("our own headers are valid and fit");
    out.truncate(len);
    out
}
