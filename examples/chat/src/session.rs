//! What one authenticated connection may ask, and how much.

mod requests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rfc6455_axum::rfc6455::CloseCode;
use tokio::time::{Instant, sleep};

use crate::app::App;
use crate::backplane::{self, Topic, Unavailable};
use crate::connection::{End, PATIENCE, refusal, unauthorized};
use crate::files::{Chunk, Upload, Uploads};
use crate::hub::Membership;
use crate::outbox::{Item, Outbox};
use crate::protocol::{Code, Event, Id, Malformed, Refusal, parse};
use crate::room::Member;
use crate::token::{Claims, TokenError, now};

/// Shorter chunks of files count as messages.
const SHORT_CHUNK: usize = 4 << 10;

/// The state of one authenticated connection.
pub(crate) struct Session {
    app: Arc<App>,
    outbox: Arc<Outbox>,
    user: Arc<str>,
    connection: Arc<str>,
    claims: Claims,
    /// When the token expires, and whether a new one was asked for.
    expires: Instant,
    is_renewal_asked: bool,
    rooms: HashMap<Arc<str>, Membership>,
    /// The private messages of the user.
    private: Membership,
    uploads: Uploads,
    limiter: DefaultDirectRateLimiter,
    /// Limits the refusals for that, to as many a minute: a client that goes on has its connection
    /// closed.
    excess: DefaultDirectRateLimiter,
    not_json: u32,
    refused: u64,
}

type Answered = Result<(), Refusal>;

impl From<Unavailable> for Refusal {
    fn from(_: Unavailable) -> Self {
        Self::new(Code::Unavailable, "the service is degraded: try again")
    }
}

fn bad(why: &'static str) -> Refusal {
    Refusal::new(Code::BadRequest, why)
}

fn forbidden(why: &'static str) -> Refusal {
    Refusal::new(Code::Forbidden, why)
}

impl Session {
    /// Opens a session: the user gets private messages from now on.
    pub(crate) async fn open(
        app: Arc<App>,
        outbox: Arc<Outbox>,
        claims: Claims,
    ) -> backplane::Result<Self> {
        let (user, connection): (Arc<str>, _) = (claims.sub.as_str().into(), app.connection_name());
        let member = Member {
            user: user.clone(),
            connection: connection.clone(),
            outbox: outbox.clone(),
            is_present: false,
        };
        let private = app.hub.join(&Topic::User(user.clone()), member).await?.membership;
        let settings = &app.settings;
        let limiter = |quota: Quota| RateLimiter::direct(quota.allow_burst(settings.burst));
        let session = Self {
            limiter: limiter(Quota::per_second(settings.rate)),
            excess: limiter(Quota::per_minute(settings.rate)),
            expires: expiry(&claims),
            is_renewal_asked: false,
            rooms: HashMap::new(),
            uploads: Uploads::default(),
            not_json: 0,
            refused: 0,
            private,
            app,
            outbox,
            user,
            connection,
            claims,
        };
        session.greet(None);
        if !session.app.hub.backplane.is_up() {
            session.outbox.push(Event::Degraded { on: true }.text());
        }
        session.private.answered([]);
        Ok(session)
    }

    fn greet(&self, re: Option<&Id>) {
        let ready = Event::Ready {
            user_id: &self.user,
            connection: &self.connection,
            node: &self.app.node,
            heartbeat: self.app.settings.timing.heartbeat.as_secs(),
        };
        self.outbox.push(ready.answer(re));
    }

    /// Returns how many messages of the client were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// Ends the connection behind everything that is queued.
    pub(crate) fn close(&self, code: CloseCode, why: &'static str) {
        self.outbox.push(Item::Close(code, why));
    }

    /// Returns when [`expire`](Self::expire) has to be called.
    pub(crate) fn deadline(&self) -> Instant {
        if self.is_renewal_asked {
            self.expires
        } else {
            let renew = self.expires.checked_sub(self.app.settings.timing.renew);
            renew.unwrap_or(self.expires)
        }
    }

    /// Asks for a new token if this one expires soon, or ends the connection if it has expired.
    pub(crate) fn expire(&mut self) -> Option<End> {
        if Instant::now() >= self.expires {
            return Some(unauthorized(TokenError::Expired));
        }
        self.is_renewal_asked = true;
        self.outbox.push(Event::Renew { expires: self.claims.exp }.text());
        None
    }

    fn refuse(&mut self, re: Option<&Id>, refusal: &Refusal) {
        self.refused += 1;
        self.app.metrics.refusals.with_label_values(&[refusal.code.label()]).inc();
        self.outbox.push(Event::Error(refusal).answer(re));
    }

    /// Counts a message against the limit. After one over the limit, nothing is read until the next
    /// one is within it, so a flood costs no more than that and fills the buffers of its sender.
    async fn limit(&mut self, re: impl FnOnce() -> Option<Id>) -> Result<(), Option<End>> {
        let Err(not_before) = self.limiter.check() else { return Ok(()) };
        let wait = not_before.wait_time_from(DefaultClock::default().now());
        let mut refusal = Refusal::new(Code::RateLimited, "too many messages");
        refusal.retry_after = Some(round_up(wait));
        self.refuse(re().as_ref(), &refusal);
        if self.excess.check().is_err() {
            let why = "rate_limited: too many messages, for too long";
            return Err(Some(End::Close(CloseCode::POLICY_VIOLATION, why)));
        }
        sleep(wait).await;
        Err(None)
    }

    /// Answers a text message.
    pub(crate) async fn text(&mut self, text: &str) -> Option<End> {
        let id = || match parse(text) {
            Ok((id, _)) | Err(Malformed::NoRequest(id, _)) => id,
            Err(Malformed::NotJson) => None,
        };
        if let Err(end) = self.limit(id).await {
            return end;
        }
        let (re, refusal) = match parse(text) {
            Ok((re, request)) => match self.request(re.clone(), request).await {
                Ok(()) => return None,
                Err(refusal) => (re, refusal),
            },
            Err(malformed) => {
                self.not_json += u32::from(matches!(malformed, Malformed::NotJson));
                refusal(malformed)
            }
        };
        self.refuse(re.as_ref(), &refusal);
        let why = "bad_request: not JSON";
        (self.not_json >= PATIENCE).then_some(End::Close(CloseCode::POLICY_VIOLATION, why))
    }

    /// Takes a part of a file. It counts against the limit of messages if it is so short that the
    /// disk does not limit it.
    pub(crate) async fn binary(&mut self, bytes: &[u8]) -> Option<End> {
        if bytes.len() < SHORT_CHUNK {
            let re = self.uploads.request(bytes);
            if let Err(end) = self.limit(|| re).await {
                self.uploads.abort(bytes);
                return end;
            }
        }
        let (re, refusal) = match self.uploads.write(bytes).await {
            Ok(Chunk::Taken) => return None,
            Ok(Chunk::Progress { key, received, size }) => {
                self.outbox.push(Event::Progress { key: &key, received, size }.text());
                return None;
            }
            Ok(Chunk::Complete(upload)) => {
                let re = upload.re.clone();
                match self.keep(*upload).await {
                    Ok(()) => return None,
                    Err(refusal) => (re, refusal),
                }
            }
            Err((re, refusal)) => (re, refusal),
        };
        self.refuse(re.as_ref(), &refusal);
        None
    }

    /// Publishes a file that has arrived.
    async fn keep(&mut self, upload: Upload) -> Answered {
        // It may have left the room meanwhile.
        self.topic(&upload.room)?;
        let (re, room) = (upload.re.clone(), upload.room.clone());
        let (key, body) = upload.keep(&self.app.files, &self.user).await?;
        self.publish(room, key, body, re).await
    }
}

/// Returns when a token expires, by the clock of timers.
fn expiry(claims: &Claims) -> Instant {
    // Timers reach less far than tokens may.
    let left = claims.exp.saturating_sub(now()).min(365 * 24 * 3600);
    Instant::now() + Duration::from_secs(left)
}

/// Returns a wait in seconds, rounded up to milliseconds.
fn round_up(wait: Duration) -> f64 {
    (wait.as_secs_f64() * 1000.0).ceil() / 1000.0
}
