//! Requests that are no opening handshakes, and the statuses that answer them.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::any;
use http::{Request, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::ext::Protocol;
use rfc6455_axum::rfc6455::handshake::HandshakeError;
use rfc6455_axum::{WebSocketUpgrade, WebSocketUpgradeRejection};
use tower::ServiceExt;

type Test = Result<(), Box<dyn std::error::Error>>;

async fn upgrade(ws: WebSocketUpgrade) -> Response {
    ws.on_upgrade(async |_| ())
}

fn app() -> Router {
    Router::new().route("/", any(upgrade))
}

/// A valid handshake of HTTP/1.1 except for these headers, which are absent if they are empty.
fn http1(changes: &[(&str, &str)]) -> http::request::Builder {
    let mut headers = vec![
        ("Host", "example.com"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    headers.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    headers.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value))
}

/// A valid handshake of HTTP/2 but for `:protocol`.
fn http2() -> http::request::Builder {
    Request::connect("https://example.com/")
        .version(Version::HTTP_2)
        .header("sec-websocket-version", "13")
}

#[tokio::test]
async fn request_that_does_not_conform_is_answered_by_its_status_and_reason() -> Test {
    use HandshakeError as E;
    let websocket = Protocol::from_static("websocket");
    let cases = [
        (http1(&[("Upgrade", "")]), E::NotAnUpgrade, 426),
        (http1(&[("Upgrade", "h2c")]), E::NotAnUpgrade, 426),
        (http1(&[]).method("POST"), E::MethodNotGet, 405),
        (http1(&[]).version(Version::HTTP_10), E::UnsupportedHttpVersion, 505),
        (http1(&[("Connection", "keep-alive")]), E::MissingConnectionUpgrade, 400),
        (http1(&[("Host", "")]), E::MissingHost, 400),
        (http1(&[("Sec-WebSocket-Version", "8")]), E::UnsupportedVersion, 426),
        (http1(&[("Sec-WebSocket-Key", "")]), E::MissingKey, 400),
        (http1(&[("Sec-WebSocket-Key", "c2hvcnQ=")]), E::InvalidKey, 400),
        (http1(&[("Sec-WebSocket-Protocol", "chat, chat")]), E::InvalidSubprotocols, 400),
        (http1(&[("Sec-WebSocket-Extensions", "a; =")]), E::InvalidExtensions, 400),
        (http1(&[("Content-Length", "1")]), E::UnexpectedBody, 400),
        (http2(), E::NotAnUpgrade, 400),
        (http2().method("GET"), E::NotAnUpgrade, 400),
        (http2().extension(Protocol::from_static("connect-udp")), E::UnsupportedProtocol, 501),
        (http2().uri("/").extension(websocket.clone()), E::InvalidScheme, 400),
        (
            http2().header("connection", "upgrade").extension(websocket),
            E::ConnectionSpecificHeader,
            400,
        ),
    ];
    for (request, error, status) in cases {
        let response = app().oneshot(request.body(Body::empty())?).await?;
        assert_eq!(response.status(), status, "{error:?}");
        assert_eq!(response.headers().contains_key("upgrade"), status == 426, "{error:?}");
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(body, error.to_string(), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn response_says_what_the_server_supports() -> Test {
    let version = http1(&[("Sec-WebSocket-Version", "7")]).body(Body::empty())?;
    let response = app().oneshot(version).await?;
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    let method = http1(&[]).method("PUT").body(Body::empty())?;
    let response = app().oneshot(method).await?;
    assert_eq!(response.headers()["allow"], "GET");
    Ok(())
}

#[tokio::test]
async fn handler_can_look_at_the_rejection() -> Test {
    async fn handler(ws: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> StatusCode {
        match ws.map_err(|rejection| rejection.error()) {
            Err(HandshakeError::UnsupportedHttpVersion) => StatusCode::IM_A_TEAPOT,
            _ => StatusCode::OK,
        }
    }
    let app = Router::new().route("/", any(handler));
    let old = http1(&[]).version(Version::HTTP_10).body(Body::empty())?;
    assert_eq!(app.clone().oneshot(old).await?.status(), StatusCode::IM_A_TEAPOT);
    let valid = http1(&[]).body(Body::empty())?;
    assert_eq!(app.oneshot(valid).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn optional_extractor_passes_ordinary_requests_and_refuses_broken_handshakes() -> Test {
    async fn handler(ws: Option<WebSocketUpgrade>) -> Result<&'static str, Response> {
        match ws {
            None => Ok("a page"),
            Some(ws) => Err(upgrade(ws).await),
        }
    }
    let app = Router::new().route("/", any(handler));
    let page = Request::get("/").body(Body::empty())?;
    let response = app.clone().oneshot(page).await?;
    assert_eq!(response.into_body().collect().await?.to_bytes(), "a page");
    let broken = http1(&[("Sec-WebSocket-Key", "")]).body(Body::empty())?;
    assert_eq!(app.oneshot(broken).await?.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn origin_that_is_not_allowed_is_forbidden() -> Test {
    async fn handler(ws: WebSocketUpgrade) -> Result<StatusCode, WebSocketUpgradeRejection> {
        ws.require_origin(&["https://example.com", "https://example.net"]).map(|_| StatusCode::OK)
    }
    let app = Router::new().route("/", any(handler));
    let cases = [
        ("https://example.com", 200),
        ("https://EXAMPLE.net:443", 200),
        ("http://example.com", 403),
        ("https://example.com.evil.test", 403),
        ("null", 403),
        ("", 403),
    ];
    for (origin, status) in cases {
        let request = http1(&[("Origin", origin)]).body(Body::empty())?;
        assert_eq!(app.clone().oneshot(request).await?.status(), status, "{origin}");
    }
    Ok(())
}

/// No connection belongs to the request, so nothing can be upgraded.
#[tokio::test]
async fn handshake_without_a_connection_is_an_internal_error() -> Test {
    let response = app().oneshot(http1(&[]).body(Body::empty())?).await?;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    Ok(())
}
