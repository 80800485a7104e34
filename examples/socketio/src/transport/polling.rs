//! HTTP long-polling: a GET that waits for packets, and POSTs that bring some.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::select;

use crate::engine::server::Refusal;
use crate::engine::{Exchange, Reason, Session, payload};

/// Answers with packets, once there are some.
pub(crate) async fn poll(session: Arc<Session>) -> Result<Response, Refusal> {
    let guard = session.begin(Exchange::Poll).ok_or(Refusal::BadRequest)?;
    let packets = session.poll().await;
    guard.complete();
    if packets.is_empty() {
        Err(Refusal::UnknownSession)
    } else {
        Ok(text(payload::encode(&packets)))
    }
}

/// Receives packets.
pub(crate) async fn post(session: Arc<Session>, body: Body) -> Result<Response, Refusal> {
    let guard = session.begin(Exchange::Post).ok_or(Refusal::BadRequest)?;
    let body = select! {
        body = Limited::new(body, session.config.max_payload).collect() => body,
        () = session.closed() => return Err(Refusal::UnknownSession),
    };
    let body = match body {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            session.fail(Reason::ParseError);
            return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
        }
        Err(_) => return Err(Refusal::BadRequest),
    };
    let result = receive(&session, &body).await;
    guard.complete();
    match result {
        Ok(()) => Ok(text("ok".into())),
        Err(_) => Err(Refusal::BadRequest),
    }
}

async fn receive(session: &Session, body: &[u8]) -> Result<(), Reason> {
    let failed = || {
        session.fail(Reason::ParseError);
        Reason::ParseError
    };
    for packet in payload::decode(std::str::from_utf8(body).map_err(|_| failed())?) {
        session.receive(packet.map_err(|_| failed())?).await?;
    }
    Ok(())
}

fn text(body: String) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=UTF-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, body).into_response()
}
