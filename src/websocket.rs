//! One object for a whole connection: messages, compression, buffers, replies and deadlines.
//!
//! A [`WebSocket`] owns everything that a connection needs between its handshake and its end: the
//! [`Connection`], the buffer that is read into, the inflater and deflater if compression was
//! negotiated, the frames that wait to be written, and the deadlines. It performs no I/O. You read
//! into the room that it lends, and write the bytes that it wants written:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```ignore")]
//! use rfc6455::websocket::{Config, Event};
//! use rfc6455::WebSocket;
//! use std::io::{Read, Write};
//!
//! fn echo(mut stream: impl Read + Write) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut ws = WebSocket::server(Config::DEFAULT);
//!     while !ws.is_closed() {
//!         match stream.read(ws.read_buf())? {
//!             0 => _ = ws.receive_eof(),
//!             n => ws.received(n)?,
//!         }
//!         while let Ok(Some((event, tx))) = ws.next() {
//!             if let Event::Message(message) = event {
//!                 tx.send(message)?;
//!             }
//!         }
//!         ws.write_to(&mut stream)?; // echoes, Pongs, or the Close that reports a violation
//!     }
//!     ws.error().map_or(Ok(()), |error| Err(error.into()))
//! }
//! ```
//!
//! # One buffer
//! What you read into is where a message stays until you have seen it. A message in one frame is
//! unmasked and checked where it lies, piece by piece as it arrives; the fragments of a message are
//! joined in place. [`read_buf`](WebSocket::read_buf) lends as much as fits the nearest cache, and
//! memory grows with what has arrived, never with what a header declares.
//!
//! # Answers
//! Pings, the peer's Close, and violations are answered automatically, behind what was queued
//! before. [`Sender::close`] right after an event replaces the
//! answer to a Close or a violation.
//!
//! # Backpressure
//! What you send waits until you write it. If more than [`Config::high_water`] bytes would wait,
//! [`Sender::send`] refuses with [`SendError::Full`], and nothing changes.

use core::time::Duration;

#[cfg(feature = "bytes")]
mod broadcast;
mod buffer;
mod clock;
mod config;
mod event;
mod found;
#[cfg(target_has_atomic = "32")]
mod identity;
#[cfg(feature = "deflate")]
mod inflated;
mod memory;
#[cfg(feature = "bytes")]
mod next_owned;
mod outbox;
#[cfg(feature = "bytes")]
mod owned;
mod receiver;
mod sender;
#[cfg(feature = "bytes")]
mod shared;
mod storage;
mod surplus;
#[cfg(not(feature = "bytes"))]
mod unshared;
mod validated;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

#[cfg(feature = "bytes")]
pub use broadcast::Broadcast;
pub use config::Config;
pub use event::{Event, Message, Text};
#[cfg(feature = "bytes")]
pub use owned::{OwnedChunk, OwnedCloseFrame, OwnedEvent, OwnedMessage, Utf8Bytes};
pub use receiver::{Receiver, TooMany};
pub use sender::Sender;
pub use storage::Storage;

#[cfg(target_has_atomic = "32")]
use identity::Identity;

use crate::close::CloseCode;
use crate::connection::Connection;
#[cfg(feature = "deflate")]
use crate::deflate::Negotiated;
use crate::error::{ProtocolError, SendError};
use crate::event::Eof;
use crate::fragment::Fragment;
use crate::limits::Limits;
use crate::role::Role;
#[cfg(feature = "alloc")]
use crate::role::{Client, MaskingKeys, Server};
use crate::timers::Timer;

/// One end of a connection after its handshake, with its buffers: whole messages in and out.
///
/// See the [module](self) for a loop that drives it.
#[derive(Debug)]
pub struct WebSocket<R: Role, S> {
    receiver: Receiver<R, S>,
    sender: Sender<R, S>,
}

#[cfg(feature = "alloc")]
impl WebSocket<Server, Vec<u8>> {
    /// Creates the server's end of a connection whose handshake is done, on the heap.
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(Server, config, Vec::new(), Vec::new())
    }
}

#[cfg(feature = "alloc")]
impl<K: MaskingKeys> WebSocket<Client<K>, Vec<u8>> {
    /// Creates the client's end of a connection whose handshake is done, on the heap.
    ///
    /// `keys` is the source of its masking keys: a cryptographic generator, see [`MaskingKeys`].
    #[must_use]
    pub fn client(keys: K, config: Config) -> Self {
        Self::new(Client::new(keys), config, Vec::new(), Vec::new())
    }
}

impl<R: Role, S: Storage> WebSocket<R, S> {
    /// Creates one end of a connection over memory of your choice: `read` is read into, and `write`
    /// holds the frames that wait to be written.
    ///
    /// Over slices, the longest message that can be received is one byte shorter than `read`, and
    /// `write` takes what fits: it must hold 131 bytes, the longest control frame. Nothing is
    /// allocated, but with the feature `alloc` a control frame that goes ahead of a queue of 16 KiB
    /// or more is.
    ///
    /// ```
    /// use rfc6455::websocket::{Config, Event};
    /// use rfc6455::{Server, WebSocket};
    /// let (mut read, mut write) = ([0; 512], [0; 512]);
    /// let mut ws = WebSocket::new(Server, Config::DEFAULT, &mut read[..], &mut write[..]);
    ///
    /// let arrived = b"\x81\x82\x01\x02\x03\x04\x49\x6B";
    /// ws.read_buf()[..8].copy_from_slice(arrived);
    /// ws.received(8)?;
    /// let Some((Event::Message(message), tx)) = ws.next()? else { panic!() };
    /// tx.send(message)?;
    /// assert_eq!(ws.transmit(), b"\x81\x02Hi");
    /// ws.transmitted(4)?;
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(role: R, config: Config, read: S, write: S) -> Self {
        let (receiver, sender) = Connection::new(role, config.limits).into_split();
        Self {
            receiver: Receiver::new(receiver, &config, read),
            sender: Sender::new(sender, &config, write),
        }
    }

    /// Compresses and inflates messages as was negotiated; `None` changes nothing.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, negotiated: Option<Negotiated>) -> Self {
        if let Some(negotiated) = negotiated {
            self.receiver.inflate_with(negotiated.inflater());
            self.sender.deflate_with(negotiated.deflater());
        }
        self
    }

    /// Returns room for the next bytes of the stream: read into it, then call
    /// [`received`](Self::received).
    ///
    /// It is 8 KiB, or up to 16 KiB if the last message was so long, so that one more is read at once.
    /// The rest of a long message is read in parts, so that the next one begins at the front again:
    /// 16 KiB at a time, the last 64 KiB at once if there is memory for them. Over a
    /// slice it is what is left of that. It is empty only if there is no memory, or if the slice is
    /// full of bytes that [`next`](Self::next) has not been asked for.
    ///
    /// The room is initialised, and stays so: nothing is filled twice.
    #[inline]
    pub fn read_buf(&mut self) -> &mut [u8] {
        self.receiver.read_buf()
    }

    /// Reports that so many bytes were read into the front of [`read_buf`](Self::read_buf).
    ///
    /// # Errors
    /// [`TooMany`], with nothing changed, if there is room for fewer.
    #[inline]
    pub fn received(&mut self, len: usize) -> Result<(), TooMany> {
        self.receiver.received(len)
    }

    /// Copies `bytes` into the read buffer, as if they had been read; returns how many.
    ///
    /// Use it for bytes that were read with the handshake, or into memory that many connections
    /// share. Over a slice, fewer may fit: call it again with the rest after [`next`](Self::next)
    /// has returned `Ok(None)`. On the heap, all are taken unless there is no memory, and held until
    /// `next` has used them up: feed it a few KiB at a time.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        self.receiver.feed(bytes)
    }

    /// Returns how many bytes of payload the open frame still lacks; 0 between frames.
    ///
    /// If they are many, read them into [`read_buf`](Self::read_buf), where they stay.
    #[must_use]
    pub const fn frame_left(&self) -> u64 {
        self.receiver.half.frame_left()
    }

    /// Reports the end of the stream, and returns how it ended.
    ///
    /// Call it after [`next`](Self::next) has returned `Ok(None)`: what was received and not asked
    /// for is discarded. Nothing can be sent any more.
    pub fn receive_eof(&mut self) -> Eof {
        self.sender.failed = true;
        self.receiver.receive_eof()
    }

    /// Returns the next event, with the sender to reply by; `Ok(None)` when everything that was
    /// received is used up.
    ///
    /// The event borrows the buffer. Memory beyond [`Config::retain`] is freed when `Ok(None)` is
    /// returned with no message open; if you report the time before each wait, a second after it
    /// was last needed.
    ///
    /// # Errors
    /// The peer broke the protocol or exceeded a limit; nothing of the offending message is
    /// yielded. The Close frame that reports it waits to be transmitted, unless you send
    /// [another](Sender::close). Each further call is `Ok(None)`, until more is received.
    #[inline(always)]
    #[allow(clippy::type_complexity, reason = "two halves, one borrowed by the event")]
    #[allow(clippy::should_implement_trait, reason = "it lends: the event borrows the buffer")]
    pub fn next(&mut self) -> Result<Option<(Event<'_>, &mut Sender<R, S>)>, ProtocolError> {
        // The answer to a Ping goes before what answers later messages, and makes room for the payload
        // of the next control frame.
        self.answer();
        let event = match self.receiver.find_whole() {
            Some(whole) => self.receiver.next_whole(&whole),
            None => self.receiver.next_in_parts(),
        };
        if event.is_err() {
            self.sender.failed = true;
        }
        Ok(event?.map(|event| (event, &mut self.sender)))
    }

    /// Queues the pending answer, if there is one and room for it.
    #[inline(always)]
    fn answer(&mut self) {
        if self.receiver.half.has_pending() {
            self.queue_answer();
        }
    }

    #[inline(never)]
    fn queue_answer(&mut self) {
        if self.sender.takes_answer(self.receiver.half.is_close_pending())
            && let Some(reply) = self.receiver.half.take_pending()
        {
            self.sender.answer(&reply);
        }
    }

    /// Returns the sender, to send without an event.
    #[inline]
    pub const fn sender(&mut self) -> &mut Sender<R, S> {
        &mut self.sender
    }

    /// Queues a message: see [`Sender::send`].
    ///
    /// # Errors
    /// See [`Sender::send`].
    #[inline]
    pub fn send<'a>(&mut self, message: impl Into<Fragment<'a>>) -> Result<(), SendError> {
        self.sender.send(message)
    }

    /// Queues a Ping: see [`Sender::ping`].
    ///
    /// # Errors
    /// See [`Sender::ping`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.sender.ping(payload)
    }

    /// Begins the closing handshake: see [`Sender::close`].
    ///
    /// # Errors
    /// See [`Sender::close`].
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), SendError> {
        self.sender.close(code, reason)
    }

    /// Returns the next bytes to write; empty if nothing waits.
    #[inline]
    pub fn transmit(&mut self) -> &[u8] {
        self.answer();
        self.sender.transmit()
    }

    /// Returns all bytes that wait to be written, slice by slice: see
    /// [`Sender::transmit_slices`].
    pub fn transmit_slices(&mut self) -> impl Iterator<Item = &[u8]> {
        self.answer();
        self.sender.transmit_slices()
    }

    /// Reports that so many of the bytes to write were written.
    ///
    /// # Errors
    /// [`TooMany`], with nothing changed, if fewer wait.
    #[inline]
    pub fn transmitted(&mut self, len: usize) -> Result<(), TooMany> {
        self.sender.transmitted(len)
    }

    /// Writes everything that waits to be written.
    ///
    /// # Errors
    /// Those of the stream; what was not written still waits.
    #[cfg(feature = "std")]
    pub fn write_to(&mut self, stream: &mut impl std::io::Write) -> std::io::Result<()> {
        self.answer();
        self.sender.write_to(stream)
    }

    /// Returns how many bytes wait to be written, but for the answer to what was received last.
    #[inline]
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.sender.queued()
    }

    /// Returns whether anything waits to be written.
    #[inline]
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        self.queued() > 0 || self.receiver.half.has_pending() && !self.sender.is_close_sent()
    }

    /// Returns whether you can drop the transport now: there is nothing left to read or write.
    ///
    /// See [`Connection::is_closed`]; here, the last Close frame was also written.
    #[inline]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let half = &self.receiver.half;
        let answered = half.error().is_some() || half.is_close_received() && half.is_server();
        let done = answered && self.sender.is_close_sent() && !self.wants_transmit();
        half.is_eof() || self.sender.clock.is_over || done
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout) at the latest; `None` for
    /// never. What has happened since the time was last reported does not count yet.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let (next, review) = (self.sender.clock.deadline(), self.receiver.surplus.deadline());
        review.min(next).or(next).or(review)
    }

    /// Reports the time: call it before each wait, after you have received and sent.
    ///
    /// `now` is the time since a fixed moment, such as the start of the program: silence counts from
    /// the first report on. Returns the timer that has expired, if one has:
    /// - [`Timer::Ping`]: a Ping was queued;
    /// - [`Timer::Message`]: a Close with status code 1008 was queued;
    /// - [`Timer::Pong`] and [`Timer::Close`]: the connection [is closed](Self::is_closed).
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Timer> {
        self.receiver.review(now);
        let closing = self.sender.is_close_sent();
        let expired = self.sender.clock.tick(&mut self.receiver, closing, now)?;
        match expired {
            // If the queue has no room for it, the peer reads nothing, and will miss nothing.
            Timer::Ping => {
                self.release();
                let _ = self.sender.ping(&[]);
            }
            Timer::Message => {
                let _ = self.sender.close(CloseCode::POLICY_VIOLATION, "");
                self.sender.clock.close(now);
            }
            Timer::Handshake | Timer::Pong | Timer::Close => {
                self.sender.clock.is_over = true;
                self.sender.failed = true;
            }
        }
        Some(expired)
    }

    /// Returns whether the peer's Close frame was received.
    #[must_use]
    pub const fn is_close_received(&self) -> bool {
        self.receiver.half.is_close_received()
    }

    /// Returns whether this end is the server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.receiver.half.is_server()
    }

    /// Returns the violation that failed the connection, if one has.
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        self.receiver.half.error()
    }

    /// Returns the limits in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        self.receiver.half.limits()
    }

    /// Returns how many bytes of memory the buffers hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.receiver.capacity().saturating_add(self.sender.capacity())
    }

    /// Frees all memory that is not needed now: empty buffers whatever they may
    /// [retain](Config::retain), and the windows of compression that later messages can do without.
    ///
    /// This is done automatically when a connection is so quiet that a Ping is sent. The next
    /// messages allocate again, and compress a little worse.
    pub fn release(&mut self) {
        self.receiver.release_to(0);
        self.sender.release();
    }

    /// Splits into two halves for two tasks that share nothing.
    ///
    /// The receiving half asks the sending half to send something by a value: see
    /// [`Receiver::poll_reply`] and [`Sender::reply`]. Time stands still until the two are
    /// [reunited](Self::reunite).
    #[must_use]
    pub fn into_split(mut self) -> (Receiver<R, S>, Sender<R, S>) {
        self.receiver.stop_clock();
        #[cfg(target_has_atomic = "32")]
        {
            let identity = Identity::new();
            self.receiver.split = Some(identity);
            self.sender.split = Some(identity);
        }
        (self.receiver, self.sender)
    }

    /// Makes a whole of the two halves of one connection again.
    ///
    /// It needs a target with atomic operations on 32 bits, as a counter in the process identifies
    /// the halves that belong together.
    ///
    /// # Errors
    /// Returns both halves, unchanged, if they are not of the same connection.
    #[allow(
        clippy::result_large_err,
        clippy::type_complexity,
        reason = "it gives both halves back"
    )]
    #[cfg(target_has_atomic = "32")]
    pub fn reunite(
        receiver: Receiver<R, S>,
        mut sender: Sender<R, S>,
    ) -> Result<Self, (Receiver<R, S>, Sender<R, S>)> {
        match (receiver.split, sender.split) {
            (Some(one), Some(other)) if one == other => {
                sender.failed |= receiver.half.error().is_some();
                Ok(Self { receiver, sender })
            }
            _ => Err((receiver, sender)),
        }
    }
}
