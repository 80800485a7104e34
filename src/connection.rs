//! Both halves together: automatic replies and the closing handshake (RFC 6455 §5.5, §7).

use crate::close::{CloseCode, CloseFrame};
use crate::error::{ProtocolError, SendError};
use crate::event::{Eof, Event};
use crate::fragment::{Fragment, Part};
use crate::frame::EncodedHeader;
use crate::limits::Limits;
use crate::receive::ReceiveHalf;
use crate::role::{Client, MaskingKeys, Role, Server};
use crate::send::{ControlFrame, PreparedMessage, SendHalf};

/// One end of a WebSocket connection after its handshake: a value, without I/O, clock or heap.
///
/// Its methods are of four sorts:
/// - what comes from the peer goes into [`receive`](Self::receive) and
///   [`receive_eof`](Self::receive_eof);
/// - what the caller wants is a verb: [`send`](Self::send), [`ping`](Self::ping),
///   [`close`](Self::close), ...;
/// - what the protocol itself wants to be sent comes out of
///   [`poll_transmit`](Self::poll_transmit);
/// - the rest are getters and settings.
///
/// Reads and writes are the caller's, and so is the moment of each. A caller who may wait for the
/// peer forever has not set a deadline: for the handshake, for the answer to a Ping and for the
/// answer to a Close.
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
pub struct Connection<R> {
    receiver: ReceiveHalf<R>,
    sender: SendHalf<R>,
}

impl Connection<Server> {
    /// The server's end of a connection whose handshake is done.
    #[must_use]
    pub const fn server(limits: Limits) -> Self {
        Self::new(Server, limits)
    }
}

impl<K: MaskingKeys> Connection<Client<K>> {
    /// The client's end of a connection whose handshake is done, and where its masking keys come
    /// from: a cryptographic generator, see [`MaskingKeys`]. It can be cloned if the source can be
    /// [forked](crate::ForkKeys): a clone that repeats the keys of another cannot be had.
    #[must_use]
    pub const fn client(keys: K, limits: Limits) -> Self {
        Self::new(Client::new(keys), limits)
    }
}

impl<R: Role> Connection<R> {
    const fn new(role: R, limits: Limits) -> Self {
        Self { receiver: ReceiveHalf::new(limits), sender: SendHalf::new(role) }
    }

    /// Takes the next event off the front of `input`; `Ok(None)` exactly when `input` is used up.
    ///
    /// The bytes that were read are taken off the slice, and data is unmasked in place: never show
    /// the same bytes again. Data is delivered as it arrives, before its frame is complete, and the
    /// events are the same however the stream is cut, but for the cuts between chunks.
    ///
    /// A Ping and a Close leave an answer in [`poll_transmit`](Self::poll_transmit). Ask for it
    /// after each event, or before each read.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. Nothing of a frame whose header is wrong has been
    /// delivered, and nothing from the offending byte on of one whose payload is. The Close frame
    /// that tells the peer waits in [`poll_transmit`](Self::poll_transmit); all further input is
    /// discarded, and returns the same error once more. A loop that passes errors over ends with its
    /// input.
    #[inline(always)]
    pub fn receive<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        self.receiver.receive(input)
    }

    /// Says that the stream has ended; what comes after that is discarded.
    pub fn receive_eof(&mut self) -> Eof {
        self.receiver.receive_eof()
    }

    /// The next frame that the protocol asks for: the Pong to the latest Ping, or the one Close
    /// that answers the peer's or reports its violation. Write all of it.
    ///
    /// Memory is constant: a Pong that is not asked for gives way to the next Ping, and to a Close,
    /// as soon as their payload needs its room (§5.5.3).
    ///
    /// `None` while a frame is [open](Self::begin_frame): nothing can stand inside of it. Who does
    /// not want to complete it has to drop the transport.
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<ControlFrame> {
        if self.sender.is_frame_open() {
            return None;
        }
        let owed = self.receiver.take_owed()?;
        self.sender.answer(&owed)
    }

    /// As [`poll_transmit`](Self::poll_transmit), written to the front of `out`; tells how many bytes
    /// that were, 0 if nothing is owed. For who has a buffer to write to anyway: the frame is made
    /// where it leaves from.
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
    /// [`SendError::BufferTooSmall`], with nothing taken, if something is owed and `out` has not
    /// [`ControlFrame::MAX_LEN`] bytes.
    #[inline]
    pub fn poll_transmit_into(&mut self, out: &mut [u8]) -> Result<usize, SendError> {
        if self.sender.is_frame_open() || !self.receiver.owes() {
            return Ok(0);
        }
        if out.len() < ControlFrame::MAX_LEN {
            return Err(SendError::BufferTooSmall { needed: ControlFrame::MAX_LEN });
        }
        let written =
            self.receiver.take_owed().and_then(|owed| self.sender.answer_into(&owed, out));
        Ok(written.unwrap_or_default())
    }

    /// Whether the transport can be closed now: nothing more is to be read or written.
    ///
    /// This is so after the end of the stream; after our Close frame was taken if the connection
    /// has failed; and, for a server, when both Close frames have crossed. A client whose closing
    /// handshake is complete waits for the end of the stream, though not forever:
    ///
    /// > In abnormal cases (such as not having received a TCP Close from the server after a
    /// > reasonable amount of time) a client MAY initiate the TCP Close. (§7.1.1)
    #[inline]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let failed = self.receiver.error().is_some();
        let answered = self.receiver.is_close_received() && R::IS_SERVER;
        self.receiver.is_eof() || self.sender.is_close_sent() && (failed || answered)
    }

    /// Writes a data frame to the front of `out`, and tells its length: at most
    /// [`FrameHeader::MAX_LEN`](crate::FrameHeader::MAX_LEN) more than the payload's.
    ///
    /// What is sent is a whole message (`&str`, `&[u8]`), a [`Chunk`](crate::Chunk) of one that was
    /// received, or any other [`Fragment`].
    ///
    /// # Errors
    /// [`SendError::BufferTooSmall`] tells the length that `out` must have.
    /// [`SendError::MessageOpen`], [`SendError::NoMessageOpen`] and [`SendError::FrameOpen`] for a
    /// fragment that cannot come now, [`SendError::InvalidUtf8`] for a chunk of text that does not
    /// go on where the last one stopped, [`SendError::Closed`] once the closing handshake has
    /// begun. Nothing is written then, and nothing has changed.
    #[inline]
    pub fn send<'a>(
        &mut self,
        fragment: impl Into<Fragment<'a>>,
        out: &mut [u8],
    ) -> Result<usize, SendError> {
        self.check_open()?;
        self.sender.send(fragment, out)
    }

    /// Begins a data frame of `len` bytes whose payload is produced later, or stays where it is:
    /// gives the header, to be written first. The payload goes through
    /// [`frame_payload`](Self::frame_payload), in as many pieces as there are.
    ///
    /// Until all of it has, no other frame can be sent.
    ///
    /// A client's payload is to be chosen before its header is sent: who chooses it afterwards, and
    /// can see the key on the wire, chooses what is on the wire.
    ///
    /// > It is also necessary that once the transmission of a frame from a client has begun, the
    /// > payload (application-supplied data) of that frame must not be capable of being modified by
    /// > the application. (§10.3)
    ///
    /// ```
    /// use rfc6455::{Connection, Limits, MaskingKey, MessageKind, Part, mask};
    /// let keys = || [1, 2, 3, 4]; // a real client draws each key from a CSPRNG
    /// let mut ws = Connection::client(keys, Limits::DEFAULT);
    /// let header = ws.begin_frame(Part::whole(MessageKind::Binary), 6)?;
    /// assert_eq!(&*header, b"\x82\x86\x01\x02\x03\x04");
    /// let mut payload = *b"abcdef";
    /// ws.frame_payload(&mut payload)?; // then write both, say with `writev`
    /// assert_eq!(payload, [b'a' ^ 1, b'b' ^ 2, b'c' ^ 3, b'd' ^ 4, b'e' ^ 1, b'f' ^ 2]);
    /// mask(&mut payload, header.masking_key().unwrap()); // masking again takes it back
    /// assert_eq!(&payload, b"abcdef");
    /// # Ok::<(), rfc6455::SendError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`SendError::TooLong`] from 2^63 bytes on.
    pub fn begin_frame(&mut self, part: Part, len: u64) -> Result<EncodedHeader, SendError> {
        self.check_open()?;
        self.sender.begin_frame(part, len)
    }

    /// Takes the next piece of the open frame's payload: checks text, and masks in place if this
    /// is a client. Write it then.
    ///
    /// # Errors
    /// [`SendError::TooLong`] for more than the frame lacks, [`SendError::InvalidUtf8`] for bytes
    /// that a text cannot have there; neither changes anything. A frame can be completed after the
    /// peer's Close or violation, so that the answer can follow it.
    pub fn frame_payload(&mut self, piece: &mut [u8]) -> Result<(), SendError> {
        self.sender.frame_payload(piece)
    }

    /// A Ping (§5.5.2) with at most 125 bytes, to be written.
    ///
    /// # Errors
    /// [`SendError::TooLong`], [`SendError::FrameOpen`], [`SendError::Closed`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.ping(payload)
    }

    /// A Pong (§5.5.3) that answers nothing, to be written. The answers come from
    /// [`poll_transmit`](Self::poll_transmit).
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.pong(payload)
    }

    /// Begins the closing handshake (§7.1.2): the Close frame, to be written. Go on receiving
    /// until [`is_closed`](Self::is_closed), with a deadline.
    ///
    /// # Errors
    /// [`SendError::TooLong`] for a reason of more than 123 bytes, [`SendError::FrameOpen`], and
    /// [`SendError::Closed`] if a Close frame was sent or waits in
    /// [`poll_transmit`](Self::poll_transmit).
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.close(code, reason)
    }

    /// As [`close`](Self::close), without a status code.
    ///
    /// # Errors
    /// As for [`close`](Self::close).
    pub fn close_without_code(&mut self) -> Result<ControlFrame, SendError> {
        self.check_open()?;
        self.sender.close_without_code()
    }

    /// The payload of the control frame that the latest event reported, until more is received.
    ///
    /// A Pong's is empty if it arrived while an answer to a Ping waited that left no room for it:
    /// the two share 125 bytes.
    #[inline]
    #[must_use]
    pub fn control_payload(&self) -> &[u8] {
        self.receiver.control_payload()
    }

    /// The peer's Close frame, once [`Event::Close`] has reported one that has a status code.
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame<'_>> {
        self.receiver.close_frame()
    }

    /// Whether the peer's Close frame was received.
    #[must_use]
    pub const fn is_close_received(&self) -> bool {
        self.receiver.is_close_received()
    }

    /// Whether our Close frame was given out to be written: nothing may be sent after it.
    #[must_use]
    pub const fn is_close_sent(&self) -> bool {
        self.sender.is_close_sent()
    }

    /// The violation that failed the connection.
    #[must_use]
    pub const fn error(&self) -> Option<ProtocolError> {
        self.receiver.error()
    }

    /// Control frames since the last data frame, for a caller who measures their rate.
    #[must_use]
    pub const fn controls(&self) -> u32 {
        self.receiver.controls()
    }

    /// The limits in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        self.receiver.limits()
    }

    /// Changes the limits, from the next header on: one that is not complete counts as that.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.receiver.set_limits(limits);
    }

    /// Whether an extension was negotiated that defines RSV1 on a message's first frame, as
    /// RFC 7692 does. Text that has it is not checked: what its bytes mean, the extension knows.
    pub const fn allow_rsv1(&mut self, allow: bool) {
        self.receiver.allow_rsv1(allow);
        self.sender.allow_rsv1(allow);
    }

    /// Whether each Ping is to be answered, as it is by default; without, the caller does it.
    pub const fn answer_pings(&mut self, answer: bool) {
        self.receiver.answer_pings(answer);
    }

    /// The two halves, for two tasks that share nothing. What one must tell the other is a value:
    /// [`ReceiveHalf::poll_reply`], [`SendHalf::reply`].
    #[must_use]
    pub fn into_split(self) -> (ReceiveHalf<R>, SendHalf<R>) {
        (self.receiver, self.sender)
    }

    /// The sending half, if data may be sent.
    #[cfg(feature = "deflate")]
    #[inline]
    pub(crate) fn open_sender(&mut self) -> Result<&mut SendHalf<R>, SendError> {
        self.check_open()?;
        Ok(&mut self.sender)
    }

    /// Nothing but the answer follows the peer's Close, or its violation.
    #[inline]
    fn check_open(&self) -> Result<(), SendError> {
        if self.receiver.is_open() { Ok(()) } else { Err(SendError::Closed) }
    }
}

/// The receiving half, for [`MessageBuffer::receive`](crate::MessageBuffer::receive).
impl<R> AsMut<ReceiveHalf<R>> for Connection<R> {
    #[inline]
    fn as_mut(&mut self) -> &mut ReceiveHalf<R> {
        &mut self.receiver
    }
}

impl Connection<Server> {
    /// The header of a data frame whose payload is sent as it is, right behind it: for `writev`,
    /// without a copy.
    ///
    /// # Errors
    /// As for [`send`](Self::send), without a buffer.
    #[inline]
    pub fn send_header<'a>(
        &mut self,
        fragment: impl Into<Fragment<'a>>,
    ) -> Result<EncodedHeader, SendError> {
        self.check_open()?;
        self.sender.send_header(fragment)
    }

    /// The bytes of a message that was [prepared](PreparedMessage) for many, if it may be sent now.
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
