//! One WebSocket, from its upgrade to its end.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use rfc6455_axum::rfc6455::CloseCode;
use rfc6455_axum::{Error, Message, WebSocket};
use rfc6455_axum::{Receiver, Sender};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::info;

use crate::app::App;
use crate::outbox::{Item, Queue, queue};
use crate::protocol::{Code, Event, Id, Malformed, Refusal, Request, parse};
use crate::session::Session;
use crate::token::{Claims, TokenError};

/// The frames that a client may send before its token, or that are no JSON.
pub(crate) const PATIENCE: u32 = 3;
/// How long a client may take to read what explains its end.
const UNREAD: Duration = Duration::from_secs(5);

/// Why a connection ends.
pub(crate) enum End {
    /// The client has closed it, or is gone.
    Client,
    /// The client broke the protocol below ours, or was silent.
    Failed(Error),
    /// The server closes it.
    Close(CloseCode, &'static str),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl End {
    /// Returns a label for the metrics.
    fn label(&self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Failed(Error::Protocol(_)) => "protocol",
            Self::Failed(Error::TimedOut(_)) => "silent",
            Self::Failed(_) => "transport",
            Self::Close(CloseCode::TRY_AGAIN_LATER, _) => "slow",
            Self::Close(CloseCode::SERVICE_RESTART, _) => "restart",
            Self::Close(CloseCode::POLICY_VIOLATION, _) => "policy",
            Self::Close(..) => "server",
        }
    }
}

/// Counts a WebSocket until it is closed.
struct Open(IntGauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Serves a WebSocket, whose user may be known by the upgrade.
pub(crate) async fn serve(app: Arc<App>, mut ws: WebSocket, claims: Option<Claims>) {
    app.metrics.open.inc();
    let _open = Open(app.metrics.open.clone());
    let claims = match claims {
        Some(claims) => Ok(claims),
        None => authenticate(&app, &mut ws).await,
    };
    let claims = match claims {
        Ok(claims) => claims,
        Err(end) => return finish(&app, ws, end, "", 0).await,
    };
    let user = claims.sub.clone();
    let (outbox, mut items) = queue(app.metrics.clone());
    let listed = app.hub.list(&outbox);
    let Ok(mut session) = Session::open(app.clone(), outbox.clone(), claims).await else {
        let end = End::Close(CloseCode::TRY_AGAIN_LATER, "unavailable: try again");
        return finish(&app, ws, end, &user, 0).await;
    };
    if app.hub.is_draining() {
        session.close(CloseCode::SERVICE_RESTART, "the server restarts");
    }
    let (mut receiver, mut sender) = ws.into_split();
    let end = tokio::select! {
        biased;
        () = outbox.overflowed() => {
            End::Close(CloseCode::TRY_AGAIN_LATER, "too slow: more than 1 MiB was waiting")
        }
        end = send(&app, &mut items, &mut sender) => end,
        end = receive(&app, &mut session, &mut receiver) => end,
    };
    // Whatever waits for the client is dropped now, and the others see it leave.
    let refused = session.refused();
    drop((session, items, listed));
    if let Ok(ws) = receiver.reunite(sender) {
        finish(&app, ws, end, &user, refused).await;
    }
}

/// Closes the connection, if that is the server's part, and notes why.
async fn finish(app: &App, mut ws: WebSocket, end: End, user: &str, refused: u64) {
    app.metrics.ends.with_label_values(&[end.label()]).inc();
    let blamed = !matches!(end, End::Client | End::Close(CloseCode::SERVICE_RESTART, _));
    if (blamed || refused > 0) && app.may_log() {
        match &end {
            End::Close(code, why) => info!(user, refused, code = code.get(), why, "closed"),
            End::Failed(error) => info!(user, refused, %error, "failed"),
            End::Client => info!(user, refused, "left after refusals"),
        }
    }
    if let End::Close(code, why) = end {
        // The client may be gone, or never answer: that ends the connection as well.
        let _ = ws.close(code, why).await;
    }
}

/// Waits for the token.
async fn authenticate(app: &App, ws: &mut WebSocket) -> Result<Claims, End> {
    let late = End::Close(CloseCode::POLICY_VIOLATION, "unauthorized: no token came in time");
    let deadline = Instant::now() + app.settings.timing.auth;
    let mut left = PATIENCE;
    loop {
        let message = match timeout_at(deadline, ws.recv()).await {
            Ok(Some(message)) => message?,
            Ok(None) => return Err(End::Client),
            Err(_) => return Err(late),
        };
        let (re, refusal) = match &message {
            Message::Text(text) => match parse(text.as_str()) {
                Ok((_, Request::Auth { token })) => {
                    return app.tokens.verify(&token).map_err(unauthorized);
                }
                Ok((re, _)) => (re, Refusal::new(Code::Unauthorized, "send `auth` first")),
                Err(malformed) => refusal(malformed),
            },
            Message::Binary(_) => (None, Refusal::new(Code::Unauthorized, "send `auth` first")),
            _ => continue,
        };
        app.metrics.refusals.with_label_values(&[refusal.code.label()]).inc();
        ws.feed(Event::Error(&refusal).answer(re.as_ref())).await?;
        left -= 1;
        if left == 0 {
            let why = "unauthorized: other messages came before the token";
            return Err(End::Close(CloseCode::POLICY_VIOLATION, why));
        }
    }
}

pub(crate) fn unauthorized(error: TokenError) -> End {
    let why = match error {
        TokenError::Expired => "unauthorized: the token has expired",
        TokenError::Invalid => "unauthorized: the token is invalid",
    };
    End::Close(CloseCode::POLICY_VIOLATION, why)
}

pub(crate) fn refusal(malformed: Malformed) -> (Option<Id>, Refusal) {
    match malformed {
        Malformed::NotJson => (None, Refusal::new(Code::BadRequest, "this is not JSON")),
        Malformed::NoRequest(re, why) => (re, Refusal::new(Code::BadRequest, why)),
    }
}

type Io = rfc6455_axum::HyperIo;

/// Sends what is queued.
async fn send(app: &App, items: &mut Queue, sender: &mut Sender<Io>) -> End {
    match try_send(app, items, sender).await {
        Ok((code, why)) => End::Close(code, why),
        // The receiver knows whose fault it is.
        Err(_) => pending().await,
    }
}

async fn try_send(
    app: &App,
    items: &mut Queue,
    sender: &mut Sender<Io>,
) -> Result<(CloseCode, &'static str), Error> {
    while let Some(item) = items.next().await {
        let mut next = Some(item);
        while let Some(item) = next {
            let len = match item {
                Item::Text(text) => {
                    let len = text.len();
                    sender.feed(Message::Text(text)).await?;
                    len
                }
                Item::Shared(prepared) => {
                    sender.feed_broadcast(&prepared.broadcast).await?;
                    prepared.text.len()
                }
                Item::Close(code, why) => return Ok((code, why)),
            };
            app.metrics.messages_out.inc();
            app.metrics.bytes_out.inc_by(len as u64);
            next = items.next_now();
        }
        sender.flush().await?;
    }
    Ok((CloseCode::INTERNAL_ERROR, "the server has failed"))
}

/// Receives requests, and keeps the deadlines of the token.
async fn receive(app: &App, session: &mut Session, receiver: &mut Receiver<Io>) -> End {
    loop {
        let message = tokio::select! {
            message = receiver.recv() => message,
            () = sleep_until(session.deadline()) => match session.expire() {
                Some(end) => return end,
                None => continue,
            },
        };
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return End::Failed(error),
            None => return End::Client,
        };
        if message.is_data() {
            app.metrics.messages_in.inc();
            app.metrics.bytes_in.inc_by(message.len() as u64);
        }
        let end = match message {
            Message::Text(text) => session.text(text.as_str()).await,
            Message::Binary(bytes) => session.binary(&bytes).await,
            _ => None,
        };
        if let Some(End::Close(code, why)) = end {
            // Behind the errors that explain it, unless the client does not read them.
            session.close(code, why);
            sleep(UNREAD).await;
            return End::Close(code, why);
        }
    }
}
