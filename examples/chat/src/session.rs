//! What one authenticated connection may ask, and the answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rfc6455_axum::rfc6455::CloseCode;
use tokio::time::Instant;

use crate::app::App;
use crate::backplane::{self, Body, Post, Signal, Topic, Unavailable};
use crate::connection::{End, PATIENCE, refusal, unauthorized};
use crate::files::{Chunk, Uploads};
use crate::hub::Membership;
use crate::outbox::{Item, Outbox};
use crate::protocol::{
    Code, Event, Id, Malformed, Position, Refusal, Request, is_key, is_name, parse,
};
use crate::recovery::missed;
use crate::room::{self, Member};
use crate::token::{Claims, TokenError, now};

/// The most rooms that one connection may be in.
const MAX_ROOMS: usize = 256;
/// The most messages of a page, and the most bytes.
const MAX_PAGE: usize = 100;
const MAX_PAGE_BYTES: usize = 512 << 10;

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
    /// Limits the messages over the limit: a client that goes on has its connection closed.
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
        let limiter =
            || RateLimiter::direct(Quota::per_second(settings.rate).allow_burst(settings.burst));
        let session = Self {
            limiter: limiter(),
            excess: limiter(),
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
            self.expires - self.app.settings.timing.renew
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

    /// Counts a message against the limit.
    fn limit(&mut self, re: impl FnOnce() -> Option<Id>) -> Result<(), Option<End>> {
        let Err(not_before) = self.limiter.check() else { return Ok(()) };
        let wait = not_before.wait_time_from(DefaultClock::default().now());
        let mut refusal = Refusal::new(Code::RateLimited, "too many messages");
        refusal.retry_after = Some(round_up(wait));
        self.refuse(re().as_ref(), &refusal);
        let is_flood = self.excess.check().is_err();
        let why = "rate_limited: too many messages, for too long";
        Err(is_flood.then_some(End::Close(CloseCode::POLICY_VIOLATION, why)))
    }

    /// Answers a text message.
    pub(crate) async fn text(&mut self, text: &str) -> Option<End> {
        let id = || match parse(text) {
            Ok((id, _)) | Err(Malformed::NoRequest(id, _)) => id,
            Err(Malformed::NotJson) => None,
        };
        if let Err(end) = self.limit(id) {
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

    /// Takes a part of a file. It counts against the limit of messages only if nothing waits for it:
    /// the disk limits the rest.
    pub(crate) async fn binary(&mut self, bytes: &[u8]) -> Option<End> {
        let (re, refusal) = match self.uploads.write(bytes).await {
            Ok(Chunk::Taken) => return None,
            Ok(Chunk::Progress { key, received, size }) => {
                self.outbox.push(Event::Progress { key: &key, received, size }.text());
                return None;
            }
            Ok(Chunk::Complete(upload)) => {
                let (re, room) = (upload.re.clone(), upload.room.clone());
                let stored = match upload.keep().await {
                    Ok((key, body)) => self.publish(room, key, body, re.clone()).await,
                    Err(refusal) => Err(refusal),
                };
                match stored {
                    Ok(()) => return None,
                    Err(refusal) => (re, refusal),
                }
            }
            Err((re, refusal)) => (re, refusal),
        };
        if let Err(end) = self.limit(|| re.clone()) {
            return end;
        }
        self.refuse(re.as_ref(), &refusal);
        None
    }

    async fn request(&mut self, re: Option<Id>, request: Request) -> Answered {
        match request {
            Request::Auth { token } => self.auth(re.as_ref(), &token),
            Request::Renew { token } => self.renew(re.as_ref(), &token),
            Request::Join { room_id, since } => self.join(re, room_id.into(), since).await,
            Request::Leave { room_id } => {
                self.rooms.remove(&*room_id).ok_or(forbidden(NOT_JOINED))?;
                self.outbox.push(Event::Ok { expires: None }.answer(re.as_ref()));
                Ok(())
            }
            Request::Message { room_id, key, content } => {
                if !is_key(&key) {
                    return Err(bad(BAD_KEY));
                }
                self.publish(room_id.into(), key, Body::Text { content }, re).await
            }
            Request::Private { to, key, content } => self.private(re, &to, key, content).await,
            Request::Typing { room_id, on } => {
                let topic = self.topic(&room_id)?;
                let signal = Signal::Typing { user: self.user.clone(), on };
                // Best effort, as the protocol says.
                let _ = self.app.hub.backplane.tell(&topic, signal).await;
                Ok(())
            }
            Request::History { room_id, before, limit } => {
                self.history(re, &room_id, before, limit).await
            }
            Request::File { room_id, key, name, size } => {
                self.topic(&room_id)?;
                self.uploads.begin(&self.app, re, room_id.into(), key, name, size).await
            }
            Request::Ping { t } => {
                self.outbox.push(Event::Pong { t }.answer(re.as_ref()));
                Ok(())
            }
        }
    }

    /// Returns the topic of a room that was joined.
    fn topic(&self, room: &str) -> Result<Topic, Refusal> {
        let membership = self.rooms.get(room).ok_or(forbidden(NOT_JOINED))?;
        Ok(membership.room.topic.clone())
    }

    /// Takes the token of a client that was authenticated by the upgrade already.
    fn auth(&mut self, re: Option<&Id>, token: &str) -> Answered {
        self.replace(token)?;
        self.greet(re);
        Ok(())
    }

    fn renew(&mut self, re: Option<&Id>, token: &str) -> Answered {
        self.replace(token)?;
        self.outbox.push(Event::Ok { expires: Some(self.claims.exp) }.answer(re));
        Ok(())
    }

    /// Replaces the token, and leaves the rooms that the new one does not allow.
    fn replace(&mut self, token: &str) -> Answered {
        let refused = |error: TokenError| Refusal::new(Code::Unauthorized, error.to_string());
        let claims = self.app.tokens.verify(token).map_err(refused)?;
        if *claims.sub != *self.user {
            return Err(forbidden("the token is another user's"));
        }
        self.expires = expiry(&claims);
        self.is_renewal_asked = false;
        self.claims = claims;
        let lost: Vec<_> =
            self.rooms.keys().filter(|room| !self.claims.allows(room)).cloned().collect();
        for room in lost {
            self.rooms.remove(&room);
            let why = format!("the new token does not allow the room {room}");
            self.refuse(None, &Refusal::new(Code::Forbidden, why));
        }
        Ok(())
    }

    async fn join(&mut self, re: Option<Id>, room: Arc<str>, since: Option<Position>) -> Answered {
        if !is_name(&room) {
            return Err(bad("`roomId` has 1 to 64 characters, without controls and braces"));
        }
        if !self.claims.allows(&room) {
            return Err(forbidden("the token does not allow this room"));
        }
        let earlier = self.rooms.remove(&room);
        if earlier.is_none() && self.rooms.len() >= MAX_ROOMS {
            return Err(forbidden("a connection may be in 256 rooms"));
        }
        if let Some(earlier) = &earlier {
            earlier.mute();
        }
        let topic = Topic::Room(room.clone());
        let member = Member {
            user: self.user.clone(),
            connection: self.connection.clone(),
            outbox: self.outbox.clone(),
            is_present: true,
        };
        let joined = self.app.hub.join(&topic, member).await?;
        let position = &joined.position;
        let missed = match since {
            Some(since) => {
                let missed = missed(&*self.app.hub.backplane, &topic, since, position).await?;
                let recovered = if missed.is_some() { "true" } else { "false" };
                self.app.metrics.recoveries.with_label_values(&[recovered]).inc();
                missed
            }
            None => None,
        };
        let answer = Event::Joined {
            room_id: &room,
            position,
            recovered: missed.is_some(),
            members: &joined.members,
        };
        let answer = answer.answer(re.as_ref());
        let items = [answer].into_iter().chain(missed.unwrap_or_default()).map(Item::from);
        joined.membership.answered(items);
        self.rooms.insert(room, joined.membership);
        Ok(())
    }

    async fn publish(
        &mut self,
        room: Arc<str>,
        key: String,
        body: Body,
        re: Option<Id>,
    ) -> Answered {
        let membership = self.rooms.get(&room).ok_or(forbidden(NOT_JOINED))?;
        let head = membership.room.head();
        let post = self.post(key.clone(), body);
        self.outbox.publishing(&room, &post, re);
        let timer = self.app.metrics.publish.start_timer();
        let backplane = &self.app.hub.backplane;
        let stored = backplane.publish(&membership.room.topic, post, Some(&head)).await;
        timer.observe_duration();
        match stored {
            Ok(stored) if stored.duplicate => {
                self.outbox.push(self.outbox.own(&room, &key, &stored));
                Ok(())
            }
            Ok(stored) => {
                self.outbox.published(&room, &key, stored);
                Ok(())
            }
            Err(unavailable) => {
                self.outbox.not_published(&room, &key);
                Err(unavailable.into())
            }
        }
    }

    fn post(&self, key: String, body: Body) -> Post {
        Post { user: self.user.clone(), origin: self.connection.clone(), key, body }
    }

    async fn private(
        &mut self,
        re: Option<Id>,
        to: &str,
        key: String,
        content: String,
    ) -> Answered {
        if !is_name(to) {
            return Err(bad("`to` has 1 to 64 characters, without controls and braces"));
        }
        if !is_key(&key) {
            return Err(bad(BAD_KEY));
        }
        let post = self.post(key.clone(), Body::Text { content });
        let backplane = &self.app.hub.backplane;
        let stored = backplane.publish(&Topic::User(to.into()), post, None).await?;
        let ack = Event::Ack {
            key: &key,
            room_id: None,
            position: None,
            ts: stored.ts,
            duplicate: stored.duplicate,
            url: None,
        };
        self.outbox.push(ack.answer(re.as_ref()));
        Ok(())
    }

    async fn history(
        &mut self,
        re: Option<Id>,
        room: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Answered {
        let topic = self.topic(room)?;
        let limit = usize::try_from(limit).unwrap_or(MAX_PAGE).min(MAX_PAGE);
        if limit == 0 {
            return Err(bad("`limit` is at least 1"));
        }
        let page = self.app.hub.backplane.page(&topic, before, limit).await?;
        let mut bytes = 0;
        let fits = |entry: &&backplane::Entry| {
            bytes += room::text(&topic, &page.epoch, entry).len();
            bytes <= MAX_PAGE_BYTES
        };
        let kept = page.entries.iter().rev().take_while(fits).count();
        let from = page.entries.len() - kept;
        let entries = page.entries.iter().skip(from);
        let answer = Event::Page {
            room_id: room,
            epoch: &page.epoch,
            messages: entries.map(|entry| room::event(&topic, &page.epoch, entry)).collect(),
            more: page.more || from > 0,
        };
        self.outbox.push(answer.answer(re.as_ref()));
        Ok(())
    }
}

const NOT_JOINED: &str = "join the room first";
const BAD_KEY: &str = "`key` has 1 to 64 bytes, without controls";

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
