//! Whole messages (RFC 6455 §5.4, §5.6), borrowed in place.

use crate::bytes::copy;
use crate::close::CloseCode;
use crate::error::{ProtocolError, Violation};
use crate::event::{Chunk, Event};
use crate::fragment::Fragment;
use crate::halves::{Internal, Receiver};
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
    /// Returns the payload.
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

/// A message or control frame that [`MessageBuffer::receive`] found.
///
/// It is an [`Event`] with whole messages in place of their chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'m> {
    /// A whole message; valid UTF-8 if it is text.
    Message(Message<'m>),
    /// A Ping (RFC 6455 §5.5.2), see [`Event::Ping`].
    Ping,
    /// A Pong (§5.5.3), see [`Event::Pong`].
    Pong,
    /// The peer's Close frame (§5.5.1), see [`Event::Close`].
    Close(Option<CloseCode>),
}

/// Assembles messages that do not arrive in one piece.
///
/// A message that arrives in one piece is returned in place, from the input, without a copy; in any
/// other message, each byte is copied once. One scan both validates text and makes it a `str`. Text
/// fails at its first impossible byte, as it does in
/// [`Connection::receive`](crate::Connection::receive).
///
/// The buffer sits beside its [`Connection`](crate::Connection), not around it, so you can send a
/// message back while it is still borrowed.
///
/// An incomplete message belongs to the connection that it came from. If you use the buffer with
/// another connection, the message is discarded. A connection whose open message began in another
/// buffer, or was discarded, fails with [`Violation::Mispaired`]. Data from two connections is
/// never joined.
///
/// Over a slice, the buffer needs no allocator, and lowers the connection's
/// [`max_message`](crate::Limits::max_message) to the length of the slice:
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
    /// The open message's text: its validation state, and the first bytes of a split code point.
    utf8: Utf8,
    carry: [u8; 4],
    carried: u8,
    state: State,
}

/// The contents of the storage.
#[derive(Clone, Copy, Debug)]
enum State {
    Empty,
    /// The beginning of a message: the part that this connection received before this offset.
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

    /// Returns whether the storage holds all that this connection received of its open message.
    #[inline]
    fn is_part_of<R: Role>(&self, ws: &ReceiveHalf<R>) -> bool {
        matches!(*self, Self::Part { serves, before } if ws.is(serves) && ws.position() == before)
    }

    fn part_of<R: Role>(ws: &mut ReceiveHalf<R>) -> Self {
        Self::Part { serves: ws.identity(), before: ws.position() }
    }
}

impl<'s> MessageBuffer<InSlice<'s>> {
    /// Creates a buffer over `slice`, which is as long as the longest message.
    #[must_use]
    pub const fn in_slice(slice: &'s mut [u8]) -> Self {
        Self::over(InSlice::new(slice))
    }
}

#[cfg(feature = "alloc")]
impl MessageBuffer<Heap> {
    /// Creates a buffer on the heap.
    ///
    /// Memory is allocated as bytes arrive, whatever a header declares: never more than twice what
    /// has arrived of a message, and half as much again while it moves. Memory beyond the
    /// [retained](Self::retain) amount is freed as soon as the input is exhausted with no message
    /// open, and when the connection has failed or was closed.
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

    /// Sets how many bytes of memory to keep, at most, while nothing arrives; by default 16 KiB.
    #[must_use]
    pub const fn retain(mut self, bytes: usize) -> Self {
        self.storage.set_retained(bytes);
        self
    }

    /// Returns how many bytes of memory are held now.
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

    /// Takes the next message or control frame off the front of `input`.
    ///
    /// Returns `Ok(None)` exactly when `input` is exhausted. The contract is that of
    /// [`Connection::receive`](crate::Connection::receive), for a connection or for its receiving
    /// half. A message that is returned from the storage stays there until the next call. Memory
    /// beyond the retained amount is freed when the input is exhausted and no message is open.
    ///
    /// # Errors
    /// The peer broke the protocol or exceeded a limit; nothing of the offending message is
    /// returned. [`Violation::MessageTooBig`] also if memory cannot be allocated;
    /// [`Violation::Mispaired`] if the open message began elsewhere.
    #[inline(always)]
    pub fn receive<'m, 'b: 'm, R: Role>(
        &'m mut self,
        ws: &mut impl Receiver<R>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Incoming<'m>>, ProtocolError> {
        let ws = ws.receive_half(Internal(()));
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

    /// Returns what was found, once the contents of the storage are settled.
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

    /// Returns the error of a failed connection, once the contents of the storage are settled.
    #[cold]
    fn end<T, R: Role>(
        &mut self,
        ws: &ReceiveHalf<R>,
        error: ProtocolError,
    ) -> Result<T, ProtocolError> {
        self.settle(ws);
        Err(error)
    }

    /// Keeps part of a message only for a connection that may continue it.
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

    /// Returns room for the next bytes of the stream while a long binary message is arriving.
    ///
    /// Read into it and call [`receive_spare`](Self::receive_spare) to save that message a copy.
    /// This is optional: if you do not, nothing is lost. Returns `None` when it is not known where
    /// the next bytes belong.
    ///
    /// The buffer lends memory that it already has, and allocates more as
    /// [`receive`](Self::receive) does.
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
    /// assert!(messages.spare(&mut ws).is_none()); // no message is arriving
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
    pub fn spare<R: Role>(&mut self, ws: &mut impl Receiver<R>) -> Option<&mut [u8]> {
        let ws = ws.receive_half(Internal(()));
        let left = ws.binary_left();
        if left > 0 && self.state.is_part_of(ws) { self.storage.spare(left) } else { None }
    }

    /// Receives the next `len` bytes of the stream, which are in the spare room.
    ///
    /// You have read them into [`spare`](Self::spare). Otherwise this is the same as
    /// [`receive`](Self::receive).
    ///
    /// # Errors
    /// The connection has failed; with [`Violation::Mispaired`] if there is room for fewer than
    /// `len` bytes.
    pub fn receive_spare<R: Role>(
        &mut self,
        ws: &mut impl Receiver<R>,
        len: usize,
    ) -> Result<Option<Incoming<'_>>, ProtocolError> {
        let ws = ws.receive_half(Internal(()));
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

    /// Receives anything but a whole message in one piece.
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

    /// Checks that the beginning of the open message, if it has one, is in this buffer.
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

    /// Takes the next event; nothing is found if it is part of a message, but not the last.
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

    /// Releases the last message, or part of one from another connection.
    ///
    /// Lowers the connection's limit to the storage's bound.
    fn prepare<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
    ) -> Result<(), ProtocolError> {
        match self.state {
            State::Part { .. } if self.state.is_part_of(ws) => {}
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

    /// Appends text, of which `left` bytes are known to follow.
    ///
    /// The error gives the number of bytes in the piece from the offending one on.
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

    /// Appends bytes of a code point that is split between pieces.
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

/// The outcome of a search: something in the input, or a whole message in the storage.
enum Found<'b> {
    InInput(Incoming<'b>),
    InStorage,
}

/// Returns a message in one piece, in place.
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

/// Fails the connection at the byte that is `unread` bytes before the end of what was received.
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
