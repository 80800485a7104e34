//! The requests, and their answers.

use std::sync::Arc;

use super::{Answered, Session, bad, expiry, forbidden};
use crate::backplane::{self, Body, Post, Signal, Topic};
use crate::outbox::Item;
use crate::protocol::{Code, Event, Id, Position, Refusal, Request, is_key, is_name};
use crate::recovery::missed;
use crate::room::{self, Member};
use crate::settings::Sabotage;
use crate::token::TokenError;

/// The most rooms that one connection may be in.
const MAX_ROOMS: usize = 256;
/// The most messages of a page, and the most bytes.
const MAX_PAGE: usize = 100;
const MAX_PAGE_BYTES: usize = 512 << 10;

const NOT_JOINED: &str = "join the room first";
const BAD_KEY: &str = "`key` has 1 to 64 bytes, without controls";

impl Session {
    /// Answers a request; a refusal is left to the caller.
    pub(super) async fn request(&mut self, re: Option<Id>, request: Request) -> Answered {
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
    pub(super) fn topic(&self, room: &str) -> Result<Topic, Refusal> {
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
                let mut end = position.clone();
                if self.app.settings.makes(Sabotage::Merge) {
                    end.offset = self.app.hub.backplane.head(&topic, None).await?.top;
                }
                let missed = missed(&*self.app.hub.backplane, &topic, since, &end).await?;
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

    pub(super) async fn publish(
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
