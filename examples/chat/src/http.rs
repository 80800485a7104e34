//! HTTP: the page, upgrades, tokens, files, health and figures.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use rfc6455_axum::{WebSocketUpgrade, WebSocketUpgradeRejection};
use rust_embed::RustEmbed;
use serde::Deserialize;
use serde_json::json;
use tokio_util::io::ReaderStream;

use crate::app::App;
use crate::connection::serve;
use crate::feeds::{events, poll};
use crate::protocol::is_name;
use crate::token::{Claims, TokenError};

/// The subprotocol of the service; offered beside one with a token, the answer need not repeat that.
const PROTOCOL: &str = "rooms";
/// A subprotocol that carries a token.
const BEARER: &str = "bearer.";

/// Routes requests.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(async || asset("index.html")))
        .route("/compare", get(async || asset("compare.html")))
        .route("/{file}", get(async |Path(file): Path<String>| asset(&file)))
        .route("/ws", any(upgrade))
        .route("/events", get(events))
        .route("/poll", get(poll))
        .route("/token", get(token))
        .route("/files/{name}", get(file))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// The page and its modules, which are part of the program.
#[derive(RustEmbed)]
#[folder = "web"]
#[include = "*.html"]
#[include = "*.css"]
#[include = "*.js"]
#[exclude = "test/*"]
struct Web;

fn asset(name: &str) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    // The page itself says where its scripts may come from.
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    match Web::get(name) {
        Some(file) => (headers, file.data).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
pub(crate) struct TokenQuery {
    token: Option<String>,
}

/// Accepts a WebSocket.
async fn upgrade(
    State(app): State<Arc<App>>,
    Query(query): Query<TokenQuery>,
    headers: HeaderMap,
    ws: WebSocketUpgrade,
) -> Result<Response, Response> {
    let ws = same_origin(&app, &headers, ws).map_err(|rejection| {
        if app.may_log() {
            tracing::info!("an upgrade came from an origin that is not allowed");
        }
        rejection.into_response()
    })?;
    if app.hub.is_draining() {
        return Err(StatusCode::SERVICE_UNAVAILABLE.into_response());
    }
    let bearer = ws.requested_protocols().find(|protocol| protocol.starts_with(BEARER));
    let bearer = bearer.map(str::to_owned);
    let token = bearer.as_deref().and_then(|protocol| protocol.strip_prefix(BEARER));
    let token = token.or(query.token.as_deref()).or_else(|| cookie(&headers));
    let claims = match token {
        Some(token) => Some(verify(&app, token).map_err(IntoResponse::into_response)?),
        None => None,
    };
    // A browser gives up if none of the subprotocols that it offers is selected.
    let protocols = [Some(PROTOCOL.to_owned()), bearer].into_iter().flatten();
    let ws = ws.config(app.websocket()).protocols(protocols);
    Ok(ws.on_upgrade(move |ws| serve(app, ws, claims)))
}

/// Allows the origins of the settings; if there are none, only that of the request itself.
fn same_origin(
    app: &App,
    headers: &HeaderMap,
    ws: WebSocketUpgrade,
) -> Result<WebSocketUpgrade, WebSocketUpgradeRejection> {
    if !headers.contains_key(header::ORIGIN) {
        return Ok(ws); // not a browser
    }
    let mut allowed = app.settings.origin.clone();
    if allowed.is_empty()
        && let Some(Ok(host)) = headers.get(header::HOST).map(|host| host.to_str())
    {
        allowed.extend([format!("http://{host}"), format!("https://{host}")]);
    }
    let allowed: Vec<_> = allowed.iter().map(String::as_str).collect();
    ws.require_origin(&allowed)
}

/// Returns the value of the cookie `token`.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix("token="))
}

/// A response that refuses a request.
pub(crate) type Refused = (StatusCode, String);

/// Returns what a token says, or the response that refuses it.
pub(crate) fn verify(app: &App, token: &str) -> Result<Claims, Refused> {
    app.tokens.verify(token).map_err(|error: TokenError| {
        app.metrics.refusals.with_label_values(&["unauthorized"]).inc();
        if app.may_log() {
            tracing::info!(%error, "a request was refused");
        }
        (StatusCode::UNAUTHORIZED, format!("{error}\n"))
    })
}

/// Authenticates a request that is no upgrade: by `Authorization`, `?token=` or a cookie.
pub(crate) fn authenticate(
    app: &App,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Claims, Refused> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.strip_prefix("Bearer "));
    verify(app, bearer.or(query).or_else(|| cookie(headers)).unwrap_or_default())
}

#[derive(Deserialize)]
struct User {
    user: String,
}

/// Gives a token to everyone, if no other service gives them.
async fn token(State(app): State<Arc<App>>, Query(User { user }): Query<User>) -> Response {
    if !is_name(&user) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match app.tokens.issue(&user) {
        Some((token, claims)) => {
            let body = json!({ "token": token, "userId": claims.sub, "expires": claims.exp });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Sends a file to whoever knows its name, and lets no browser interpret it.
async fn file(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let Some((file, len)) = app.files.read(&name).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, len.to_string()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CACHE_CONTROL, "private, immutable".to_owned()),
    ];
    (headers, Body::from_stream(ReaderStream::new(file))).into_response()
}

/// Says whether a load balancer should send clients here.
async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.hub.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response()
    } else if app.hub.backplane.is_up() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the backplane is not available\n").into_response()
    }
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.text())
}
