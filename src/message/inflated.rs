//! Whole messages that may arrive compressed (RFC 7692 §7.2.2).

use super::{Found, Incoming, MessageBuffer, State, Storage, hand_out};
use crate::deflate::{Inflater, Step};
use crate::error::{ProtocolError, Violation};
use crate::halves::{Internal, Receiver};
use crate::opcode::MessageKind;
use crate::receive::ReceiveHalf;
use crate::role::Role;
use crate::utf8::Utf8;

impl<S: Storage> MessageBuffer<S> {
    /// Takes the next message or control frame off the front of `input`, inflated if compressed.
    ///
    /// Compressed messages are inflated into the storage; everything else is as for
    /// [`receive`](Self::receive).
    ///
    /// The storage allocates memory as bytes are inflated. It stops at
    /// [`Limits::max_message`](crate::Limits::max_message), or at the end of its slice, however
    /// much the rest of the input would inflate to.
    ///
    /// ```
    /// use rfc6455::deflate::{Config, Params};
    /// use rfc6455::{Connection, Incoming, Limits, Message, MessageBuffer};
    /// let negotiated = Config::DEFAULT.confirm(Params::default()).unwrap();
    /// let (mut inflater, mut messages) = (negotiated.inflater(), MessageBuffer::new());
    /// let keys = || [0; 4]; // a real client draws each key from a CSPRNG
    /// let mut ws = Connection::client(keys, Limits::DEFAULT);
    /// let mut bytes = *b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"; // RFC 7692 §7.2.3.1
    /// let incoming = messages.receive_inflated(&mut inflater, &mut ws, &mut &mut bytes[..])?;
    /// assert_eq!(incoming, Some(Incoming::Message(Message::Text("Hello"))));
    /// # Ok::<(), rfc6455::ProtocolError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`receive`](Self::receive) and [`Inflater::receive`].
    pub fn receive_inflated<'m, 'b: 'm, R: Role>(
        &'m mut self,
        inflater: &mut Inflater,
        ws: &mut impl Receiver<R>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Incoming<'m>>, ProtocolError> {
        let ws = ws.receive_half(Internal(()));
        if !self.state.is_empty() || S::BOUNDED {
            self.prepare(ws, input)?;
        }
        if let Err(error) = inflater.pair(ws, input) {
            return self.end(ws, error);
        }
        if let Some(chunk) = ws.receive_whole::<false>(input) {
            return match hand_out(ws, input, chunk) {
                Ok(message) => Ok(Some(Incoming::Message(message))),
                Err(error) => self.end(ws, error),
            };
        }
        let found = self.receive_in_parts_inflated(inflater, ws, input);
        self.hand_over(ws, found)
    }

    fn receive_in_parts_inflated<'b, R: Role>(
        &mut self,
        inflater: &mut Inflater,
        ws: &mut ReceiveHalf<R>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Found<'b>>, ProtocolError> {
        self.check_beginning(ws, input)?;
        loop {
            if let Some(kind) = ws.compressed() {
                match self.inflate(kind, inflater, ws, input)? {
                    Inflated::Message => return Ok(Some(Found::InStorage)),
                    Inflated::Frame => {}
                    Inflated::Starved => return Ok(None),
                }
            }
            let found = match ws.receive_to_compressed::<false>(input)? {
                None if ws.compressed().is_some() => continue,
                None => return Ok(None),
                Some(event) => self.take(event, ws, input)?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Inflates the buffered part of a compressed frame into the storage.
    #[inline(never)]
    fn inflate<R: Role>(
        &mut self,
        kind: MessageKind,
        inflater: &mut Inflater,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
    ) -> Result<Inflated, ProtocolError> {
        if self.state.is_empty() {
            self.storage.begin_in_place(kind);
            (self.utf8, self.carried) = (Utf8::new(), 0);
        }
        loop {
            let mut beyond = [0];
            let room = match self.storage.room() {
                None => return Err(inflater.fail(ws, input, Violation::MessageTooBig)),
                // A full slice can still hold the whole message.
                Some([]) => &mut beyond,
                Some(room) => room,
            };
            let (len, last) = match inflater.step(ws, input, room)? {
                Step::Output { len, last } => (len, last),
                Step::FrameEnd => return Ok(Inflated::Frame),
                Step::Starved => return Ok(Inflated::Starved),
            };
            let piece = room.get(..len).unwrap_or_default();
            if self.state.is_empty() {
                ws.delivered();
                self.state = State::part_of(ws);
            }
            if kind == MessageKind::Text
                && (self.utf8.validate(piece).is_err() || last && !self.utf8.is_boundary())
            {
                return Err(inflater.fail(ws, input, Violation::InvalidUtf8));
            }
            self.storage.extend(len);
            if last {
                inflater.end_message(ws);
                self.state = State::HandedOut;
                return Ok(Inflated::Message);
            }
        }
    }
}

enum Inflated {
    /// A whole message is in the storage.
    Message,
    /// The next header is needed.
    Frame,
    Starved,
}
