//! The sessions of a server, and the requests that lead to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use rfc6455_axum::WebSocketUpgrade;
use rfc6455_axum::rfc6455::websocket::Utf8Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tower_http::cors::{AllowHeaders, CorsLayer};

use super::Config;
use super::connection::Connection;
use super::packet::Packet;
use super::session::Session;
use crate::transport::{origin, polling, websocket};

/// Messages of one session that wait for the application; more than these wait in the network.
const INCOMING: usize = 4;

/// A server of Engine.IO, which hands each new session to an application.
pub struct Engine {
    config: Arc<Config>,
    accept: Box<dyn Fn(Connection) + Send + Sync>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "EIO")]
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
}

/// What is wrong with a request, with the number that the reference implementation gives it.
#[derive(Clone, Copy)]
pub(crate) enum Refusal {
    UnknownTransport = 0,
    UnknownSession = 1,
    BadMethod = 2,
    BadRequest = 3,
    Forbidden = 4,
    UnsupportedVersion = 5,
}

impl Engine {
    /// Creates a server; the application runs in a task of its own for each session.
    pub fn new<F>(
        config: Config,
        application: impl Fn(Connection) -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Arc::new(Self {
            config: Arc::new(config),
            accept: Box::new(move |connection| _ = tokio::spawn(application(connection))),
            sessions: Mutex::default(),
        })
    }

    /// Returns the route that serves both transports.
    pub fn into_route(self: Arc<Self>) -> MethodRouter {
        let origins =
            self.config.origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        let cors = CorsLayer::new()
            .allow_origin(origins.collect::<Vec<_>>())
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(AllowHeaders::mirror_request())
            .allow_credentials(true);
        any(handle).with_state(self).layer(cors)
    }

    /// Closes all sessions.
    pub fn shut_down(&self) {
        for session in self.sessions().values() {
            session.close();
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, sid: &str) -> Option<Arc<Session>> {
        let session = self.sessions().get(sid).cloned()?;
        session.is_alive().then_some(session)
    }

    /// Opens a session; `None` if there are too many.
    fn open(self: &Arc<Self>, request: Parts, is_websocket: bool) -> Option<Arc<Session>> {
        let (sender, receiver) = mpsc::channel(INCOMING);
        let sid = crate::random_id();
        let session =
            Arc::new(Session::new(sid.clone(), self.config.clone(), is_websocket, sender));
        {
            let mut sessions = self.sessions();
            if sessions.len() >= self.config.max_sessions {
                return None;
            }
            sessions.insert(sid.clone(), session.clone());
        }
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).ok();
        let open = json!({
            "sid": sid,
            "upgrades": if is_websocket { &[][..] } else { &["websocket"] },
            "pingInterval": millis(self.config.ping_interval),
            "pingTimeout": millis(self.config.ping_timeout),
            "maxPayload": self.config.max_payload,
        });
        session.push([Packet::Open(Utf8Bytes::from(open.to_string()))]);
        (self.accept)(Connection::new(session.clone(), request, receiver));
        let (engine, clock) = (self.clone(), session.clone());
        tokio::spawn(async move {
            clock.run().await;
            engine.sessions().remove(&clock.sid);
        });
        Some(session)
    }
}

async fn handle(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    route(&engine, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn route(engine: &Arc<Engine>, request: Request) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    if !origin::is_allowed(&parts.headers, &engine.config.origins) {
        return Err(Refusal::Forbidden);
    }
    let Query(parameters) =
        Query::<Parameters>::try_from_uri(&parts.uri).or(Err(Refusal::BadRequest))?;
    let is_websocket = match parameters.transport.as_deref() {
        Some("polling") => false,
        Some("websocket") => true,
        _ => return Err(Refusal::UnknownTransport),
    };
    let session = match &parameters.sid {
        Some(sid) => Some(engine.find(sid).ok_or(Refusal::UnknownSession)?),
        None if parts.method != Method::GET => return Err(Refusal::BadMethod),
        None if parameters.version.as_deref() != Some("4") => {
            return Err(Refusal::UnsupportedVersion);
        }
        None => None,
    };
    if is_websocket {
        let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => websocket::configure(upgrade, &engine.config),
            Err(rejection) => return Ok(rejection.into_response()),
        };
        return Ok(match session {
            Some(session) => {
                // Decided before the response: another WebSocket may be faster afterwards.
                let probe = session.begin_probe();
                upgrade.on_upgrade(|ws| websocket::take_over(ws, probe))
            }
            None => match engine.open(parts, true) {
                Some(session) => upgrade.on_upgrade(|ws| websocket::run(ws, session)),
                None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            },
        });
    }
    match (session, parts.method.clone()) {
        (None, _) => match engine.open(parts, false) {
            Some(session) => polling::poll(session).await,
            None => Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        },
        (Some(session), Method::GET) => polling::poll(session).await,
        (Some(session), Method::POST) => polling::post(session, body).await,
        _ => Err(Refusal::BadRequest),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let message = match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedVersion => "Unsupported protocol version",
        };
        let status = match self {
            Self::Forbidden => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "code": self as u8, "message": message }).to_string();
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
