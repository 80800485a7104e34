//! Whole messages (RFC 6455 §5.4, §5.6), borrowed from where they are.

use crate::bytes::copy;
use crate::close::CloseCode;
use crate::error::{ProtocolError, Violation};
use crate::event::{Chunk, Event};
use crate::fragment::Fragment;
use crate::identity::Serves;
use crate::opcode::MessageKind;
use crate::receive::ReceiveHalf;
use crate::role::Role;
use crate::utf8::{Utf8, split_open_code_point, to_str};

#[cfg(feature = "deflate")]
mod inflated;
mod storage;

#[cfg(feature = "alloc")]
pub use storage::Heap;
pub use storage::{InSlice, Storage};

/// A whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'m> {
    /// A text message.
    Text(&'m str),
    /// A binary message.
    Binary(&'m [u8]),
}

impl<'m> Message<'m> {
    /// The payload.
    #[inline]
    #[must_use]
    pub const fn as_bytes(self) -> &'m [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl<'m> From<Message<'m>> for Fragment<'m> {
    #[inline]
    fn from(message: Message<'m>) -> Self {
        match message {
            Message::Text(text) => text.into(),
            Message::Binary(bytes) => bytes.into(),
        }
    }
}

/// What [`MessageBuffer::receive`] found: as [`Event`], with messages in place of their chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'m> {
    /// A whole message, valid if it is text.
    Message(Message<'m>),
    /// A Ping (RFC 6455 §5.5.2), see [`Event::Ping`].
    Ping,
    /// A Pong (§5.5.3), see [`Event::Pong`].
    Pong,
    /// The peer's Close frame (§5.5.1), see [`Event::Close`].
    Close(Option<CloseCode>),
}

/// Puts messages together that do not arrive in one piece.
///
/// One that does is handed out where it lies, in the input, without a copy; of any other, each
/// byte is copied once. Text is scanned once for both its validity and its type, and fails at its
/// first impossible byte as it does in the tier below.
///
/// It stands beside its [`Connection`](crate::Connection), not around it, so that what it hands out can be sent back
/// while it is borrowed.
///
/// A message that is not complete belongs to the connection that it came from. When the buffer is
/// used with another connection, it is discarded; a connection whose open message began in another
/// buffer, or was discarded, fails with [`Violation::Mispaired`]. What two connections sent is
/// never joined.
///
/// Over a slice, without an allocator; the connection's
/// [`max_message`](crate::Limits::max_message) is lowered to the length of the slice:
///
/// ```
/// use rfc6455::{Connection, Incoming, Limits, Message, MessageBuffer};
/// let keys = || [0; 4]; // a real client draws each key from a CSPRNG
/// let mut ws = Connection::client(keys, Limits::DEFAULT);
/// let mut storage = [0; 64];
/// let mut messages = MessageBuffer::in_slice(&mut storage);
///
/// let mut bytes = *b"\x01\x04two \x80\x05parts";
/// let mut input = &mut bytes[..];
/// let incoming = messages.receive(&mut ws, &mut input)?;
/// assert_eq!(incoming, Some(Incoming::Message(Message::Text("two parts"))));
/// # Ok::<(), rfc6455::ProtocolError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MessageBuffer<S> {
    storage: S,
    /// The open message's text: where it stands, and the first bytes of an open code point.
    utf8: Utf8,
    carry: [u8; 4],
    carried: u8,
    state: State,
}

/// What the storage holds.
#[derive(Clone, Copy, Debug)]
enum State {
    Empty,
    /// The beginning of a message: what this connection has received of it before this offset.
    Part {
        serves: Serves,
        before: u64,
    },
    HandedOut,
}

impl State {
    #[inline(always)]
    const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    fn part_of<R: Role>(ws: &mut ReceiveHalf<R>) -> Self {
        Self::Part { serves: ws.identity(), before: ws.position() }
    }
}

impl<'s> MessageBuffer<InSlice<'s>> {
    /// Over `slice`, which is as long as the longest message.
    #[must_use]
    pub const fn in_slice(slice: &'s mut [u8]) -> Self {
        Self::over(InSlice::new(slice))
    }
}

#[cfg(feature = "alloc")]
impl MessageBuffer<Heap> {
    /// On the heap: memory is taken as bytes arrive, whatever a header declares: never more than
    /// twice what has arrived of a message, and half as much again while it moves. It is given back
    /// but for what is to be [retained](Self::retain) as soon as nothing is left of the input and no
    /// message is open, and when the connection has failed or was closed.
    ///
    /// ```
    /// use rfc6455::{Connection, Incoming, Limits, Message, MessageBuffer};
    /// let keys = || [0; 4]; // a real client draws each key from a CSPRNG
    /// let mut ws = Connection::client(keys, Limits::DEFAULT);
    /// let mut messages = MessageBuffer::new();
    /// let mut bytes = *b"\x81\x02Hi";
    /// let (mut one, mut other) = bytes.split_at_mut(3);
    /// assert_eq!(messages.receive(&mut ws, &mut one)?, None);
    /// let incoming = messages.receive(&mut ws, &mut other)?;
    /// assert_eq!(incoming, Some(Incoming::Message(Message::Text("Hi"))));
    /// # Ok::<(), rfc6455::ProtocolError>(())
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::over(Heap::new())
    }

    /// With at most `bytes` of memory kept while nothing arrives; by default 16 KiB.
    #[must_use]
    pub const fn retain(mut self, bytes: usize) -> Self {
        self.storage.set_retained(bytes);
        self
    }

    /// Bytes of memory that are held now.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.storage.capacity()
    }
}

#[cfg(feature = "alloc")]
impl Default for MessageBuffer<Heap> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Storage> MessageBuffer<S> {
    const fn over(storage: S) -> Self {
        Self { storage, utf8: Utf8::new(), carry: [0; 4], carried: 0, state: State::Empty }
    }

    /// Takes the next message or control frame off the front of `input`; `Ok(None)` exactly when
    /// `input` is used up.
    ///
    /// It is [`Connection::receive`](crate::Connection::receive) with the same contract, for a
    /// connection or for its receiving half. A message that is handed out from
    /// the storage stays there until the next call. Memory that is not to be retained is given back
    /// when the input is used up and no message is open.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit; nothing of the message that did is handed out.
    /// [`Violation::MessageTooBig`] also if memory cannot be had; [`Violation::Mispaired`] if the
    /// open message began elsewhere.
    #[inline(always)]
    pub fn receive<'m, 'b: 'm, R: Role>(
        &'m mut self,
        ws: &mut impl AsMut<ReceiveHalf<R>>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Incoming<'m>>, ProtocolError> {
        let ws = ws.as_mut();
        if !self.state.is_empty() || S::BOUNDED {
            self.prepare(ws, input)?;
        }
        match ws.receive_whole::<false>(input) {
            Some(chunk) => match hand_out(ws, input, chunk) {
                Ok(message) => Ok(Some(Incoming::Message(message))),
                Err(error) => self.end(ws, error),
            },
            None if input.is_empty() => {
                if self.state.is_empty() {
                    self.storage.release();
                }
                Ok(None)
            }
            None => self.receive_in_parts(ws, input),
        }
    }

    /// Hands over what was found, when it is settled what the storage holds and whose it is.
    #[inline]
    fn hand_over<'m, 'b: 'm, R: Role>(
        &'m mut self,
        ws: &ReceiveHalf<R>,
        found: Result<Option<Found<'b>>, ProtocolError>,
    ) -> Result<Option<Incoming<'m>>, ProtocolError> {
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.end(ws, error),
        };
        self.settle(ws);
        Ok(found.map(|found| match found {
            Found::InStorage => Incoming::Message(self.storage.message()),
            Found::InInput(incoming) => incoming,
        }))
    }

    /// The connection has failed.
    #[cold]
    fn end<T, R: Role>(
        &mut self,
        ws: &ReceiveHalf<R>,
        error: ProtocolError,
    ) -> Result<T, ProtocolError> {
        self.settle(ws);
        Err(error)
    }

    /// A part of a message is that of a connection which may go on with it; nothing else is kept.
    fn settle<R: Role>(&mut self, ws: &ReceiveHalf<R>) {
        match &mut self.state {
            State::Part { before, .. } if ws.is_open() => *before = ws.position(),
            State::Part { .. } => self.state = State::Empty,
            State::HandedOut | State::Empty => {}
        }
        if self.state.is_empty() {
            self.storage.release();
        }
    }

    /// Where the next bytes of the stream belong, if that is known: a long binary message is under
    /// way. Who reads into it and calls [`receive_spare`](Self::receive_spare) saves that message a
    /// copy; who does not loses nothing.
    ///
    /// It lends memory that it has, and takes more as [`receive`](Self::receive) does.
    ///
    /// ```
    /// use rfc6455::{Connection, Incoming, Limits, Message, MessageBuffer};
    /// use std::io::Read;
    /// let mut stream = &b"\x82\x0A0123456789"[..];
    /// let keys = || [0; 4]; // a real client draws each key from a CSPRNG
    /// let mut ws = Connection::client(keys, Limits::DEFAULT);
    /// let (mut storage, mut buf) = ([0; 64], [0; 6]);
    /// let mut messages = MessageBuffer::in_slice(&mut storage);
    ///
    /// assert!(messages.spare(&mut ws).is_none()); // nothing is under way
    /// let n = stream.read(&mut buf)?;
    /// assert_eq!(messages.receive(&mut ws, &mut &mut buf[..n])?, None);
    ///
    /// let spare = messages.spare(&mut ws).unwrap();
    /// let n = stream.read(spare)?;
    /// let incoming = messages.receive_spare(&mut ws, n)?;
    /// assert_eq!(incoming, Some(Incoming::Message(Message::Binary(b"0123456789"))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn spare<R: Role>(&mut self, ws: &mut impl AsMut<ReceiveHalf<R>>) -> Option<&mut [u8]> {
        match self.state {
            State::Part { serves, before } => {
                let ws = ws.as_mut();
                let left = ws.binary_left();
                let is_ours = ws.is(serves) && ws.position() == before;
                if left > 0 && is_ours { self.storage.spare(left) } else { None }
            }
            State::Empty | State::HandedOut => None,
        }
    }

    /// As [`receive`](Self::receive), of the next `len` bytes of the stream, which the caller has
    /// read into [`spare`](Self::spare) room.
    ///
    /// # Errors
    /// The connection has failed: with [`Violation::Mispaired`] if there is less room than that.
    pub fn receive_spare<R: Role>(
        &mut self,
        ws: &mut impl AsMut<ReceiveHalf<R>>,
        len: usize,
    ) -> Result<Option<Incoming<'_>>, ProtocolError> {
        let ws = ws.as_mut();
        let spare = self.spare(ws).unwrap_or_default();
        let Some(mut input) = spare.get_mut(..len) else {
            return Err(ws.error().unwrap_or_else(|| ws.mispaired(&mut &mut [][..])));
        };
        let event = ws.receive_unvalidated(&mut input)?;
        let last = matches!(event, Some(Event::Data(chunk)) if chunk.is_last());
        self.storage.extend(len);
        if last {
            self.state = State::HandedOut;
        }
        self.settle(ws);
        Ok(if last { Some(Incoming::Message(self.storage.message())) } else { None })
    }

    /// What is not a whole message in one piece.
    #[inline(never)]
    fn receive_in_parts<'m, 'b: 'm, R: Role>(
        &'m mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Incoming<'m>>, ProtocolError> {
        let found = self.find_in_parts(ws, input);
        self.hand_over(ws, found)
    }

    #[inline(always)]
    fn find_in_parts<'b, R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Found<'b>>, ProtocolError> {
        self.check_beginning(ws, input)?;
        loop {
            let Some(event) = ws.receive_unvalidated(input)? else { return Ok(None) };
            let found = self.take(event, ws, input)?;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The beginning of the open message must be here, unless it has none.
    fn check_beginning<R: Role>(
        &self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
    ) -> Result<(), ProtocolError> {
        if self.state.is_empty() && ws.is_inside_of_message() && ws.is_open() {
            return Err(ws.mispaired(input));
        }
        Ok(())
    }

    /// Takes the next event. Nothing is found if it is a part of a message, and not the last.
    #[inline]
    fn take<'b, R: Role>(
        &mut self,
        event: Event<'b>,
        ws: &mut ReceiveHalf<R>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Found<'b>>, ProtocolError> {
        let chunk = match event {
            Event::Ping => return Ok(Some(Found::InInput(Incoming::Ping))),
            Event::Pong => return Ok(Some(Found::InInput(Incoming::Pong))),
            Event::Close(code) => return Ok(Some(Found::InInput(Incoming::Close(code)))),
            Event::Data(chunk) => chunk,
        };
        if chunk.is_first() && chunk.is_last() {
            let message = hand_out(ws, input, chunk)?;
            return Ok(Some(Found::InInput(Incoming::Message(message))));
        }
        let (first, last, kind) = (chunk.is_first(), chunk.is_last(), chunk.kind());
        if first {
            self.storage.begin(kind);
            (self.utf8, self.carried) = (Utf8::new(), 0);
            self.state = State::part_of(ws);
        }
        let left = if last { 0 } else { ws.text_left() };
        let pushed = match kind {
            MessageKind::Text => self.push_text(&chunk, left),
            MessageKind::Binary => self.push_binary(&chunk),
        };
        if let Err((violation, unread)) = pushed {
            return Err(fail(ws, input, violation, unread));
        }
        if last {
            self.state = State::HandedOut;
            return Ok(Some(Found::InStorage));
        }
        ws.set_utf8(self.utf8);
        Ok(None)
    }

    /// Lets go of the last message, and of a part of one that another connection has sent, and holds
    /// the connection to the storage's bound.
    fn prepare<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
    ) -> Result<(), ProtocolError> {
        match self.state {
            State::Part { serves, before } if ws.is(serves) && ws.position() == before => {}
            State::Part { .. } if ws.is_inside_of_message() && ws.is_open() => {
                return Err(ws.mispaired(input));
            }
            _ => self.state = State::Empty,
        }
        let limits = *ws.limits();
        if self.storage.bound() < limits.max_message {
            ws.set_limits(limits.max_message(self.storage.bound()));
        }
        Ok(())
    }

    fn push_binary(&mut self, bytes: &[u8]) -> Result<(), (Violation, usize)> {
        if self.storage.push(bytes) { Ok(()) } else { Err((Violation::MessageTooBig, bytes.len())) }
    }

    /// Appends text of which `left` bytes are known to follow; an error tells how many bytes of
    /// the piece stand from the offending one on.
    #[inline(never)]
    fn push_text(&mut self, piece: &[u8], left: u64) -> Result<(), (Violation, usize)> {
        let mut rest = piece;
        while let ([byte, after @ ..], false) = (rest, self.utf8.is_boundary()) {
            self.carry(&[*byte], left.saturating_add(after.len() as u64), rest.len())?;
            rest = after;
        }
        let (body, tail) = split_open_code_point(rest);
        let Some(text) = to_str(body) else {
            let valid = self.utf8.validate_before(rest, left).err().unwrap_or_default();
            return Err((Violation::InvalidUtf8, rest.len().saturating_sub(valid)));
        };
        if !self.storage.push_str(text) {
            return Err((Violation::MessageTooBig, rest.len()));
        }
        self.carry(tail, left, tail.len())
    }

    /// Takes bytes of a code point that is not in one piece.
    fn carry(&mut self, bytes: &[u8], left: u64, unread: usize) -> Result<(), (Violation, usize)> {
        if let Err(valid) = self.utf8.validate_before(bytes, left) {
            return Err((Violation::InvalidUtf8, unread.saturating_sub(valid)));
        }
        let carried = usize::from(self.carried);
        let more = copy(bytes, self.carry.get_mut(carried..).unwrap_or_default());
        self.carried = u8::try_from(carried.saturating_add(more)).unwrap_or(self.carried);
        if self.utf8.is_boundary() {
            let code_point = self.carry.get(..usize::from(self.carried)).unwrap_or_default();
            self.carried = 0;
            if !self.storage.push_str(core::str::from_utf8(code_point).unwrap_or_default()) {
                return Err((Violation::MessageTooBig, unread));
            }
        }
        Ok(())
    }
}

/// What was found: in the input, or a whole message in the storage.
enum Found<'b> {
    InInput(Incoming<'b>),
    InStorage,
}

/// Hands out a message in one piece, where it lies.
#[inline(always)]
fn hand_out<'b, R: Role>(
    ws: &mut ReceiveHalf<R>,
    input: &mut &'b mut [u8],
    chunk: Chunk<'b>,
) -> Result<Message<'b>, ProtocolError> {
    let kind = chunk.kind();
    let payload: &[u8] = chunk.into_payload();
    if kind == MessageKind::Binary {
        return Ok(Message::Binary(payload));
    }
    if let Some(text) = to_str(payload) {
        return Ok(Message::Text(text));
    }
    let valid = Utf8::new().validate_before(payload, 0).err().unwrap_or_default();
    Err(fail(ws, input, Violation::InvalidUtf8, payload.len().saturating_sub(valid)))
}

/// Fails the connection at the byte that stands `unread` before the end of what was received.
#[cold]
fn fail<R: Role>(
    ws: &mut ReceiveHalf<R>,
    input: &mut &mut [u8],
    violation: Violation,
    unread: usize,
) -> ProtocolError {
    *input = &mut [];
    let offset = ws.position().wrapping_sub(unread as u64);
    let error = ProtocolError { offset, violation };
    ws.fail(error);
    error
}
