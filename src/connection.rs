//! Both halves together: automatic replies and the closing handshake (RFC 6455 §5.5, §7).

use crate::close::CloseCode;
use crate::close_frame::CloseFrame;
use crate::error::{ProtocolError, SendError};
use crate::event::{Eof, Event};
use crate::fragment::{Fragment, FrameKind};
use crate::frame::EncodedHeader;
use crate::limits::Limits;
use crate::receive::ReceiveHalf;
use crate::role::{Client, ClientSide, MaskingKeys, Role, Server, ServerSide};
use crate::send::{ControlFrame, PreparedMessage, SendHalf};

/// One end of a WebSocket connection after its handshake: a value without I/O, clock or heap.
///
/// Its methods fall into four groups:
/// - Bytes from the peer go into [`receive`](Self::receive) and [`receive_eof`](Self::receive_eof).
/// - Your own actions are verbs: [`send`](Self::send), [`ping`](Self::ping), [`close`](Self::close)
///   and so on.
/// - Frames that the protocol itself requires come out of [`poll_transmit`](Self::poll_transmit).
/// - The rest are getters and settings.
///
/// You do the reading and writing, and you decide when. Set deadlines, or you may wait forever: for
/// the handshake, for the answer to a Ping, and for the answer to a Close.
/// [`Timers`](crate::Timers) keeps track of them.
///
/// ```
/// use rfc6455::{Connection, Event, Limits};
/// let mut ws = Connection::server(Limits::DEFAULT);
/// let mut bytes = *b"\x81\x82\x01\x02\x03\x04\x49\x6B\x89\x80\x00\x00\x00\x00";
/// let mut input = &mut bytes[..];
/// let Some(Event::Data(chunk)) = ws.receive(&mut input)? else { panic!() };
/// assert_eq!(&*chunk, b"Hi");
/// assert!(matches!(ws.receive(&mut input)?, Some(Event::Ping)));
/// assert_eq!(&*ws.poll_transmit().unwrap(), b"\x8A\x00");
/// assert!(matches!(ws.receive(&mut input)?, None));
/// # Ok::<(), rfc6455::ProtocolError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Connection<R: Role> {
    receiver: ReceiveHalf<R>,
    sender: SendHalf<R>,
}

impl Connection<Server> {
    /// Creates the server's end of a connection whose handshake is done.
    #[must_use]
    pub const fn server(limits: Limits) -> Self {
        Self::with(ServerSide, Server, limits)
    }
}

impl<K: MaskingKeys> Connection<Client<K>> {
    /// Creates the client's end of a connection whose handshake is done.
    ///
    /// `keys` is the source of its masking keys: a cryptographic generator, see [`MaskingKeys`].
    /// The connection can be cloned only if that source can be [forked](crate::ForkKeys), so no
    /// clone can repeat the keys of another.
    #[must_use]
    pub const fn client(keys: K, limits: Limits) -> Self {
        Self::with(ClientSide, Client::new(keys), limits)
    }
}

impl<R: Role> Connection<R> {
    /// Creates one end of a connection whose handshake is done, with a role that may have been
    /// chosen at run time.
    #[must_use]
    pub fn new(role: R, limits: Limits) -> Self {
        Self::with(role.side(), role, limits)
    }

    const fn with(side: R::Side, role: R, limits: Limits) -> Self {
        Self { receiver: ReceiveHalf::new(side, limits), sender: SendHalf::new(role) }
    }

    /// Takes the next event off the front of `input`; `Ok(None)` exactly when `input` is exhausted.
    ///
    /// The slice advances past the bytes that were read, and data is unmasked in place: never pass
    /// the same bytes again. Data is yielded as it arrives, before its frame is complete. The
    /// events are the same under every chunking of the stream, except for where one chunk of data
    /// ends and the next begins.
    ///
    /// A Ping or a Close leaves a pending answer in [`poll_transmit`](Self::poll_transmit). Call it
    /// after each event, or before each read.
    ///
    /// # Errors
    /// The peer broke the protocol or exceeded a limit. If a frame's header is wrong, nothing of
    /// that frame has been yielded; if its payload is wrong, nothing from the offending byte on has
    /// been. The Close frame that reports the error to the peer is pending in
    /// [`poll_transmit`](Self::poll_transmit). All further input is discarded and returns the same
    /// error again, so a loop that ignores errors still ends with its input.
    #[inline(always)]
    pub fn receive<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        self.receiver.receive(input)
    }

    /// Records the end of the stream, and returns how it ended; any later input is discarded.
    pub fn receive_eof(&mut self) -> Eof {
        self.receiver.receive_eof()
    }

    /// Returns the next frame that the protocol requires, to be written whole.
    ///
    /// This is the Pong that answers the latest Ping, or the one Close that answers the peer's
    /// Close or reports its violation.
    ///
    /// Memory is constant: a Pong that you have not taken yet gives way to the next Ping, or to a
    /// Close, as soon as the newer payload needs its room (§5.5.3).
    ///
    /// Returns `None` while a frame is [open](Self::begin_frame), because no frame can be sent
    /// inside another. To abandon the open frame, drop the transport.
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<ControlFrame> {
        if self.sender.is_frame_open() {
            return None;
        }
        let pending = self.receiver.take_pending()?;
        self.sender.answer(&pending)
    }

    /// Writes the next pending frame to the front of `out` and returns its length.
    ///
    /// Returns 0 if there is none. This is [`poll_transmit`](Self::poll_transmit) for callers that
    /// already have an output buffer; the frame is encoded in place.
    ///
    /// ```
    /// use rfc6455::{Connection, Limits};
    /// let mut ws = Connection::server(Limits::DEFAULT);
    /// let mut out = [0; 256];
    /// ws.receive(&mut &mut b"\x89\x80\0\0\0\0".clone()[..])?;
    /// assert_eq!(ws.poll_transmit_into(&mut out)?, 2);
    /// assert_eq!(out[..2], *b"\x8A\x00");
    /// assert_eq!(ws.poll_transmit_into(&mut out)?, 0);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SendError::BufferTooSmall`] if a frame is pending and `out` is shorter than
    /// [`ControlFrame::MAX_LEN`] bytes. The frame stays pending.
    #[inline]
    pub fn poll_transmit_into(&mut self, out: &mut [u8]) -> Result<usize, SendError> {
        if self.sender.is_frame_open() || !self.receiver.has_pending() {
            return Ok(0);
        }
        if out.len() < ControlFrame::MAX_LEN {
            return Err(SendError::BufferTooSmall { needed: ControlFrame::MAX_LEN });
        }
        let written =
            self.receiver.take_pending().and_then(|pending| self.sender.answer_into(&pending, out));
        Ok(written.unwrap_or_default())
    }

    /// Returns whether you can close the transport now: there is nothing left to read or write.
    ///
    /// This holds after the end of the stream; after a failure, once you have taken this end's
    /// Close frame; and, for a server, once both ends have sent a Close frame. A client that has
    /// completed the closing handshake waits for the end of the stream, though not forever:
    ///
    /// > In abnormal cases (such as not having received a TCP Close from the server after a
    /// > reasonable amount of time) a client MAY initiate the TCP Close. (§7.1.1)
    #[inline]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let failed = self.receiver.error().is_some();
        let answered = self.receiver.is_close_received() && self.sender.is_server();
        self.receiver.is_eof() || self.sender.is_close_sent() && (failed || answered)
    }

    /// Writes a data frame to the front of `out` and returns its length.
    ///
    /// The frame is at most [`FrameHeader::MAX_LEN`](crate::FrameHeader::MAX_LEN) bytes longer than
    /// its payload. You can send a whole message (`&str`, `&[u8]`), a [`Chunk`](crate::Chunk) of a
    /// message that you received, or any other [`Fragment`].
    ///
    /// # Errors
    /// - [`SendError::BufferTooSmall`] gives the length that `out` must have.
    /// - [`SendError::MessageOpen`], [`SendError::NoMessageOpen`] and [`SendError::FrameOpen`] mean
    ///   that the fragment cannot come now.
    /// - [`SendError::InvalidUtf8`] means that a chunk of text does not continue where the last one
    ///   stopped.
    /// - [`SendError::Closed`] means that the closing handshake has begun.
    ///
    /// In all these cases nothing is written, and nothing changes.
    #[inline]
    pub fn send<'a>(
        &mut self,
        fragment: impl Into<Fragment<'a>>,
        out: &mut [u8],
    ) -> Result<usize, SendError> {
        self.check_open()?;
        self.sender.send(fragment, out)
    }

    /// Begins a data frame of `len` bytes and returns its header, to be written first.
    ///
    /// The payload is produced later, or stays where it is. Pass it through
    /// [`frame_payload`](Self::frame_payload), in as many pieces as you like. No other frame can be
    /// sent until all of the payload has been passed.
    ///
    /// A client must choose the payload before it sends the header. An attacker who chooses the
    /// payload afterwards, and has seen the key on the wire, also chooses the bytes on the wire.
    ///
    /// > It is also necessary that once the transmission of a frame from a client has begun, the
    /// > payload (application-supplied data) of that frame must not be capable of being modified by
    /// > the application. (§10.3)
    ///
    /// ```
    /// use rfc6455::{Connection, FrameKind, Limits, MaskingKey, MessageKind, mask};
    /// let keys = || [1, 2, 3, 4]; // a real client draws each key from a CSPRNG
    /// let mut ws = Connection::client(keys, Limits::DEFAULT);
    /// let header = ws.begin_frame(FrameKind::whole(MessageKind::Binary), 6)?;
    /// assert_eq!(&*header, b"\x82\x86\x01\x02\x03\x04");
    /// let mut payload = *b"abcdef";
    /// ws.frame_payload(&mut payload)?; // then write both, say with `writev`
    /// assert_eq!(payload, [b'a' ^ 1, b'b' ^ 2, b'c' ^ 3, b'd' ^ 4, b'e' ^ 1, b'f' ^ 2]);
    /// mask(&mut payload, header.masking_key().unwrap()); // masking again undoes it
    /// assert_eq!(&payload, b"abcdef");
    /// # Ok::<(), rfc6455::SendError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`SendError::TooLong`] if `len` is 2^63 or more.
    pub fn begin_frame(&mut self, kind: FrameKind, len: u64) -> Result<EncodedHeader, SendError> {
        self.check_open()?;
        self.sender.begin_frame(kind, len)
    }

    /// Prepares the next piece of the open frame's payload, to be written afterwards.
    ///
    /// Text is checked; a client masks the piece in place.
    ///
    /// # Errors
    /// [`SendError::TooLong`] if the piece is longer than what the frame still lacks,
    /// [`SendError::InvalidUtf8`] for bytes that the text cannot have there; neither changes
    /// anything. You can complete a frame even after the peer's Close or violation, so that the
    /// answer can follow it.
    pub fn frame_payload(&mut self, piece: &mut [u8]) -> Result<(), SendError> {
        self.sender.frame_payload(piece)
    }

    /// Returns a Ping frame (§5.5.2) to write; `payload` has at most 125 bytes.
    ///
    /// # Errors
    /// [`SendError::TooLong`], [`SendError::FrameOpen`], [`SendError::Closed`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.ping(payload)
    }

    /// Returns an unsolicited Pong frame (§5.5.3) to write.
    ///
    /// The Pongs that answer Pings come from [`poll_transmit`](Self::poll_transmit).
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.pong(payload)
    }

    /// Begins the closing handshake (§7.1.2): returns the Close frame to write.
    ///
    /// Keep receiving until [`is_closed`](Self::is_closed), with a deadline.
    ///
    /// # Errors
    /// [`SendError::TooLong`] for a reason of more than 123 bytes, [`SendError::FrameOpen`], and
    /// [`SendError::Closed`] if a Close frame was already sent or is pending in
    /// [`poll_transmit`](Self::poll_transmit).
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.close(code, reason)
    }

    /// Begins the closing handshake like [`close`](Self::close), but without a status code.
    ///
    /// # Errors
    /// As for [`close`](Self::close).
    pub fn close_without_code(&mut self) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.close_without_code()
    }

    /// Returns the payload of the control frame that the latest event reported.
    ///
    /// It stays available until you receive more. A Pong's payload is empty if the Pong arrived
    /// while a pending answer to a Ping left no room for it: the two share 125 bytes.
    #[inline]
    #[must_use]
    pub fn control_payload(&self) -> &[u8] {
        self.receiver.control_payload()
    }

    /// Returns the peer's Close frame, once [`Event::Close`] has reported one with a status code.
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame<'_>> {
        self.receiver.close_frame()
    }

    /// Returns whether the peer's Close frame was received.
    #[must_use]
    pub const fn is_close_received(&self) -> bool {
        self.receiver.is_close_received()
    }

    /// Returns whether you were given this end's Close frame: nothing may be sent after it.
    #[must_use]
    pub const fn is_close_sent(&self) -> bool {
        self.sender.is_close_sent()
    }

    /// Returns whether this end is the server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.sender.is_server()
    }

    /// Returns the violation that failed the connection, if one has.
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        self.receiver.error()
    }

    /// Returns how many payload bytes of the frame that is being received have not arrived.
    ///
    /// It is 0 between frames, and while a header is incomplete. A read of so many bytes at most
    /// stops at the end of the frame.
    #[inline]
    #[must_use]
    pub const fn frame_left(&self) -> u64 {
        self.receiver.frame_left()
    }

    /// Returns whether a message is being received: its first header has arrived, its last byte has
    /// not.
    #[inline]
    #[must_use]
    pub const fn is_message_open(&self) -> bool {
        self.receiver.is_message_open()
    }

    /// Returns whether [`poll_transmit`](Self::poll_transmit) has a frame to send.
    #[inline]
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        self.receiver.has_pending() && !self.sender.is_frame_open() && !self.sender.is_close_sent()
    }

    /// Returns how many bytes of the stream were taken and not discarded.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.receiver.position()
    }

    /// Returns the number of control frames since the last data frame.
    ///
    /// Use it to measure their rate.
    #[must_use]
    pub const fn control_frames_since_data(&self) -> u32 {
        self.receiver.control_frames_since_data()
    }

    /// Returns the limits in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        self.receiver.limits()
    }

    /// Changes the limits from the next header on, including a header that is still being received.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.receiver.set_limits(limits);
    }

    /// Allows or forbids RSV1 on a message's first frame.
    ///
    /// Allow it if you negotiated an extension that defines this bit, as RFC 7692 does. Text with
    /// the bit set is not checked to be UTF-8: the extension interprets it.
    pub const fn allow_rsv1(&mut self, allow: bool) {
        self.receiver.allow_rsv1(allow);
        self.sender.allow_rsv1(allow);
    }

    /// Sets whether Pings are answered automatically, as they are by default.
    ///
    /// If not, you answer them.
    pub const fn answer_pings(&mut self, answer: bool) {
        self.receiver.answer_pings(answer);
    }

    /// Splits the connection into two halves, for two tasks that share nothing.
    ///
    /// The receiving half asks the sending half to send something by a value: see
    /// [`ReceiveHalf::poll_reply`] and [`SendHalf::reply`].
    #[must_use]
    pub fn into_split(self) -> (ReceiveHalf<R>, SendHalf<R>) {
        (self.receiver, self.sender)
    }

    /// Checks that the peer has neither sent a Close nor broken a rule: only the answer may follow.
    #[inline]
    fn check_open(&self) -> Result<(), SendError> {
        if self.receiver.is_open() { Ok(()) } else { Err(SendError::Closed) }
    }
}

impl Connection<Server> {
    /// Returns the header of a data frame; write the payload unchanged right after it.
    ///
    /// Use this with `writev` to send without a copy.
    ///
    /// # Errors
    /// As for [`send`](Self::send), except [`SendError::BufferTooSmall`].
    #[inline]
    pub fn send_header<'a>(
        &mut self,
        fragment: impl Into<Fragment<'a>>,
    ) -> Result<EncodedHeader, SendError> {
        self.check_open()?;
        self.sender.send_header(fragment)
    }

    /// Returns the bytes of a [prepared](PreparedMessage) message, if it may be sent now.
    ///
    /// # Errors
    /// [`SendError::Closed`], [`SendError::MessageOpen`], [`SendError::FrameOpen`].
    #[inline]
    pub fn send_prepared<'p>(
        &mut self,
        message: &PreparedMessage<'p>,
    ) -> Result<&'p [u8], SendError> {
        self.check_open()?;
        self.sender.send_prepared(message)
    }
}
