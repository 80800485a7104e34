//! The messages of a room without a WebSocket: server-sent events, and long polling.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until, timeout};

use crate::app::App;
use crate::backplane::Topic;
use crate::http::authenticate;
use crate::hub::{Listed, Membership};
use crate::outbox::{Item, Outbox, Queue, queue};
use crate::protocol::{Position, is_name};
use crate::recovery::missed;
use crate::room::Member;
use crate::token::{Claims, now};

/// How long a poll waits for a message.
const POLL: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
pub(crate) struct FeedQuery {
    room: String,
    /// `EPOCH:OFFSET`.
    since: Option<String>,
    token: Option<String>,
}

/// A reader of a room, whom the others do not see.
struct Reader {
    items: Queue,
    outbox: Arc<Outbox>,
    position: Position,
    /// Whether it gets everything since the position it asked for.
    is_recovered: bool,
    /// When its token expires.
    expires: Instant,
    _membership: Membership,
    _listed: Listed,
}

async fn open(app: &App, headers: &HeaderMap, query: FeedQuery) -> Result<Reader, Response> {
    let claims =
        authenticate(app, headers, query.token.as_deref()).map_err(IntoResponse::into_response)?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let since = match last.or(query.since.as_deref()).filter(|since| !since.is_empty()) {
        Some(text) => Some(position(text).ok_or(StatusCode::BAD_REQUEST.into_response())?),
        None => None,
    };
    if !is_name(&query.room) {
        return Err(StatusCode::BAD_REQUEST.into_response());
    }
    if !claims.allows(&query.room) {
        return Err(StatusCode::FORBIDDEN.into_response());
    }
    if app.hub.is_draining() {
        return Err(StatusCode::SERVICE_UNAVAILABLE.into_response());
    }
    let unavailable = |_| StatusCode::SERVICE_UNAVAILABLE.into_response();
    follow(app, &claims, &query.room, since).await.map_err(unavailable)
}

async fn follow(
    app: &App,
    claims: &Claims,
    room: &str,
    since: Option<Position>,
) -> crate::backplane::Result<Reader> {
    let (outbox, items) = queue(app.metrics.clone());
    let member = Member {
        user: claims.sub.as_str().into(),
        connection: app.connection_name(),
        outbox: outbox.clone(),
        is_present: false,
    };
    let topic = Topic::Room(room.into());
    let joined = app.hub.join(&topic, member).await?;
    let missed = match since {
        Some(since) => missed(&*app.hub.backplane, &topic, since, &joined.position).await?,
        None => None,
    };
    let is_recovered = missed.is_some();
    joined.membership.answered(missed.unwrap_or_default().into_iter().map(Item::from));
    let left = claims.exp.saturating_sub(now()).min(365 * 24 * 3600);
    Ok(Reader {
        items,
        _listed: app.hub.list(&outbox),
        outbox,
        position: joined.position,
        is_recovered,
        expires: Instant::now() + Duration::from_secs(left),
        _membership: joined.membership,
    })
}

impl Reader {
    /// Returns the next text; `None` if the feed ends.
    async fn next(&mut self) -> Option<String> {
        tokio::select! {
            biased;
            () = self.outbox.overflowed() => None,
            () = sleep_until(self.expires) => None,
            item = self.items.next() => text_of(item?),
        }
    }
}

fn text_of(item: Item) -> Option<String> {
    match item {
        Item::Text(text) => Some(text.into()),
        Item::Shared(prepared) => Some(prepared.text.as_str().to_owned()),
        Item::Close(..) => None,
    }
}

/// Parses `EPOCH:OFFSET`.
fn position(text: &str) -> Option<Position> {
    let (epoch, offset) = text.rsplit_once(':')?;
    Some(Position { epoch: epoch.into(), offset: offset.parse().ok()? })
}

/// Streams the messages of a room, each as an event whose id is its position.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<FeedQuery>,
) -> Result<Response, Response> {
    let reader = open(&app, &headers, query).await?;
    let start = hello(&reader);
    let events = stream::unfold((Some(start), reader), |(start, mut reader)| async move {
        let text = match start {
            Some(start) => start,
            None => reader.next().await?,
        };
        let id = id(&text);
        let event = SseEvent::default().data(text);
        let event = if let Some(id) = id { event.id(id) } else { event };
        Some((Ok::<_, Infallible>(event), (None, reader)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Returns the position, and whether what was missed follows.
fn hello(reader: &Reader) -> String {
    let Reader { position: Position { epoch, offset }, is_recovered, .. } = reader;
    serde_json::json!({
        "type": "joined", "epoch": epoch, "offset": offset, "recovered": is_recovered,
    })
    .to_string()
}

/// Returns `EPOCH:OFFSET` of a message.
fn id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Placed {
        #[serde(rename = "type")]
        kind: String,
        #[serde(flatten)]
        position: Position,
        #[serde(default)]
        recovered: bool,
    }
    let placed: Placed = serde_json::from_str(text).ok()?;
    // If messages follow that were missed, the position is not reached yet.
    let is_reached = placed.kind != "joined" || !placed.recovered;
    is_reached.then(|| format!("{}:{}", placed.position.epoch, placed.position.offset))
}

/// Returns the messages since a position, as soon as there is one.
///
/// The body is `{epoch, offset, recovered, messages}`; the next poll continues at `EPOCH:OFFSET`.
pub(crate) async fn poll(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<FeedQuery>,
) -> Result<Response, Response> {
    let is_first = query.since.is_none();
    let mut reader = open(&app, &headers, query).await?;
    let mut texts = Vec::new();
    if !is_first
        && reader.is_recovered
        && let Ok(Some(text)) = timeout(POLL, reader.next()).await
    {
        texts.push(text);
        while let Some(text) = reader.items.next_now().and_then(text_of) {
            texts.push(text);
        }
    }
    let texts: Vec<_> = texts.into_iter().filter(|text| id(text).is_some()).collect();
    let last = texts.last().and_then(|text| id(text)).and_then(|id| position(&id));
    let Position { epoch, offset } = last.unwrap_or(reader.position);
    let messages = texts.join(",");
    let recovered = reader.is_recovered;
    let epoch = serde_json::Value::from(&*epoch);
    let body = format!(
        r#"{{"epoch":{epoch},"offset":{offset},"recovered":{recovered},"messages":[{messages}]}}"#
    );
    Ok(([(axum::http::header::CONTENT_TYPE, "application/json")], body).into_response())
}
