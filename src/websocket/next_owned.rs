//! Receiving over `BytesMut`: events that are owned, and reads that need no initialised memory.

use bytes::{BufMut, Bytes, BytesMut};

use super::WebSocket;
use super::config::Config;
use super::found::{Found, Part};
#[cfg(feature = "deflate")]
use super::inflated::Inflated;
use super::owned::{OwnedChunk, OwnedEvent, OwnedMessage};
use super::receiver::{Joining, Receiver};
use super::sender::Sender;
use crate::error::ProtocolError;
use crate::fragment::FrameKind;
use crate::role::Role;

impl<R: Role> WebSocket<R, BytesMut> {
    /// Creates one end of a connection whose handshake is done, whose messages can be
    /// [owned](Self::next_owned).
    #[must_use]
    pub fn over_bytes(role: R, config: Config) -> Self {
        Self::new(role, config, BytesMut::new(), BytesMut::new())
    }

    /// Returns room for the next bytes of the stream like [`read_buf`](Self::read_buf), but as a
    /// `BufMut`, which need not be initialised: put bytes into it, then call
    /// [`received_buf_mut`](Self::received_buf_mut).
    ///
    /// ```
    /// use bytes::BufMut;
    /// use rfc6455::websocket::{Config, OwnedEvent, OwnedMessage};
    /// use rfc6455::{Client, WebSocket};
    /// let keys = || [0; 4]; // a real client draws each key from a CSPRNG
    /// let mut ws = WebSocket::over_bytes(Client::new(keys), Config::DEFAULT);
    /// ws.read_buf_mut().put_slice(b"\x81\x02Hi"); // or `stream.read_buf(&mut ws.read_buf_mut())`
    /// ws.received_buf_mut();
    /// let (event, _) = ws.next_owned()?.unwrap();
    /// assert_eq!(event, OwnedEvent::Message(OwnedMessage::from("Hi")));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[inline]
    pub fn read_buf_mut(&mut self) -> impl BufMut {
        self.receiver.read_buf_mut()
    }

    /// Reports that bytes were put into [`read_buf_mut`](Self::read_buf_mut); returns how many.
    #[inline]
    pub fn received_buf_mut(&mut self) -> usize {
        self.receiver.received_buf_mut()
    }

    /// Returns the next event like [`next`](Self::next), but owned.
    ///
    /// A message of 1 KiB or more is split off the buffer without a copy. It then holds on to all
    /// of the buffer that it was read into, as long as it lives. A shorter message is copied.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    #[inline(always)]
    #[allow(clippy::type_complexity, reason = "as for next")]
    pub fn next_owned(
        &mut self,
    ) -> Result<Option<(OwnedEvent, &mut Sender<R, BytesMut>)>, ProtocolError> {
        self.answer();
        let event = self.receiver.next_owned();
        if event.is_err() {
            self.sender.failed = true;
        }
        Ok(event?.map(|event| (event, &mut self.sender)))
    }
}

impl<R: Role> Receiver<R, BytesMut> {
    /// Returns room for the next bytes that need not be initialised: see
    /// [`WebSocket::read_buf_mut`](super::WebSocket::read_buf_mut).
    pub fn read_buf_mut(&mut self) -> impl BufMut {
        self.commit();
        self.lent_uninitialised = true;
        self.discard_stale();
        let open = self.joining == Joining::Message;
        self.buffer.room_mut(open, self.half.frame_left())
    }

    /// Reports that bytes were put into [`read_buf_mut`](Self::read_buf_mut); returns how many.
    pub fn received_buf_mut(&mut self) -> usize {
        self.commit()
    }

    /// Returns the next event, owned: see
    /// [`WebSocket::next_owned`](super::WebSocket::next_owned).
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    #[inline(always)]
    pub fn next_owned(&mut self) -> Result<Option<OwnedEvent>, ProtocolError> {
        let Some(whole) = self.find_whole() else { return self.next_owned_in_parts() };
        if self.next_whole(&whole)?.is_none() {
            return Ok(None);
        }
        let payload = self.buffer.take_owned(self.buffer.latest(whole.len));
        Ok(Some(OwnedEvent::Message(OwnedMessage::new(whole.kind, payload))))
    }

    #[inline(never)]
    pub(super) fn next_owned_in_parts(&mut self) -> Result<Option<OwnedEvent>, ProtocolError> {
        if self.rest() {
            return Ok(None);
        }
        self.next_owned_found()
    }

    #[inline(never)]
    fn next_owned_found(&mut self) -> Result<Option<OwnedEvent>, ProtocolError> {
        let Some(found) = self.find()? else { return Ok(None) };
        let copied = Bytes::copy_from_slice;
        let chunk = |Part { kind: message, first, last, utf8 }, payload| {
            let kind = FrameKind { message, first, last };
            OwnedEvent::Chunk(OwnedChunk { kind, payload, utf8 })
        };
        Ok(Some(match found {
            Found::Message(kind, place) => {
                OwnedEvent::Message(OwnedMessage::new(kind, self.buffer.take_owned(place)))
            }
            Found::Chunk(part, place) => chunk(part, self.buffer.take_owned(place)),
            #[cfg(feature = "deflate")]
            Found::Inflated(kind) => {
                let payload =
                    self.inflated.as_deref_mut().map(Inflated::take_owned).unwrap_or_default();
                OwnedEvent::Message(OwnedMessage::new(kind, payload))
            }
            #[cfg(feature = "deflate")]
            Found::InflatedChunk(part) => {
                let payload = self.inflated.as_deref_mut().map(Inflated::take_owned);
                chunk(part, payload.unwrap_or_default())
            }
            Found::Ping => OwnedEvent::Ping(copied(self.half.control_payload())),
            Found::Pong => OwnedEvent::Pong(copied(self.half.control_payload())),
            Found::Close => OwnedEvent::Close(self.half.close_frame().map(Into::into)),
        }))
    }
}
