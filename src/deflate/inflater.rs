//! What arrives compressed, inflated in bounded steps (RFC 7692 §7.2.2).

use core::fmt;

use zlib_rs::{Inflate, InflateError, InflateFlush, Status};

use crate::error::{ProtocolError, Violation};
use crate::event::{Chunk, Event};
use crate::fuel;
use crate::identity::Serves;
use crate::opcode::MessageKind;
use crate::receive::ReceiveHalf;
use crate::role::Role;
use crate::utf8::Utf8;

/// Inflates a peer's messages, beside the [`Connection`](crate::Connection) or its receiving half.
///
/// From an [`Agreement`](super::Agreement). Its memory is taken with the first compressed message,
/// is the same for all windows, and can be [released](Self::release) when the peer's messages do
/// not refer to each other.
///
/// It serves one connection, the first that it is used with, and that connection is served by no
/// other: their messages refer to what both have seen. Any other pair fails the connection with
/// [`Violation::Mispaired`].
pub struct Inflater {
    /// The connection that it serves.
    serves: Option<Serves>,
    context: Option<Inflate>,
    /// The peer's messages may refer to earlier ones.
    takeover: bool,
    max_ratio: u32,
    /// The open message, once its first step was made.
    open: bool,
    /// The last output was full: there may be more before more of the input is needed.
    full: bool,
    /// The context stands where a series of blocks has ended with BFINAL.
    ended: bool,
    /// Inflated bytes of the open message.
    produced: u64,
    /// Bytes at the front of the input that are unmasked and not yet taken.
    unmasked: usize,
    /// Payload bytes of the open message that were taken, of all its frames.
    taken: u64,
    /// The same of its current frame.
    frame_taken: u64,
    /// Where the text of the open message stands.
    utf8: Utf8,
    /// What will fail the connection, once what was right before it is delivered.
    failure: Option<Violation>,
}

/// What one step came to.
pub(crate) enum Step {
    /// So many bytes were put to the front of the output.
    Output { len: usize, last: bool },
    /// The next header is needed.
    FrameEnd,
    /// The input is used up.
    Starved,
}

/// Why no more was put to the output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Full,
    Starved,
    Frame,
    Message,
}

/// What a sender takes off the end of a message (§7.2.1), and a byte to see that it ends there.
const TAIL: [u8; 5] = [0x00, 0x00, 0xFF, 0xFF, 0xFF];
const TAIL_LEN: usize = 4;

/// All windows are inflated with the largest, which costs the same. So it never depends on the cuts
/// how far back a reference may reach.
const WINDOW: u8 = 15;

/// Where the ratio is bounded, payload is taken up to multiples of so many bytes of the message, and
/// counts up to the next one: not as it was declared, and the same however the stream was cut.
const RATIO_STEP: u64 = 1 << 10;

impl Inflater {
    pub(super) const fn new(takeover: bool, max_ratio: u32) -> Self {
        Self {
            serves: None,
            context: None,
            takeover,
            max_ratio,
            open: false,
            full: false,
            ended: false,
            produced: 0,
            unmasked: 0,
            taken: 0,
            frame_taken: 0,
            utf8: Utf8::new(),
            failure: None,
        }
    }

    /// Takes the next event off the front of `input`, as
    /// [`Connection::receive`](crate::Connection::receive) does, with what is compressed inflated
    /// into `out`; `Ok(None)` exactly when `input` is used up.
    ///
    /// A chunk of a message that is not compressed lies in the input, one of a compressed message
    /// in `out`, whose length is the longest that one has. Both are data like any other: unmasked,
    /// valid as far as they go if they are text, and with the bounds of
    /// [`Limits::max_message`](crate::Limits::max_message), which count inflated bytes too.
    /// RSV1 is allowed from the first call on.
    ///
    /// ```
    /// use rfc6455::deflate::{Params, Policy};
    /// use rfc6455::{Connection, Event, Limits};
    /// let agreement = Policy::DEFAULT.confirm(Params::default()).unwrap();
    /// let mut inflater = agreement.inflater();
    /// let keys = || [0; 4]; // a real client draws each key from a CSPRNG
    /// let mut ws = Connection::client(keys, Limits::DEFAULT);
    /// let mut bytes = *b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"; // RFC 7692 §7.2.3.1
    /// let (mut input, mut out) = (&mut bytes[..], [0; 64]);
    /// let event = inflater.receive(&mut ws, &mut input, &mut out)?;
    /// assert!(matches!(event, Some(Event::Data(chunk)) if *chunk == *b"Hello" && chunk.is_last()));
    /// # Ok::<(), rfc6455::ProtocolError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Connection::receive`](crate::Connection::receive);
    /// [`Violation::InvalidDeflate`] for data that cannot be inflated, [`Violation::RatioTooHigh`]
    /// where the policy has such a bound, and [`Violation::MessageTooBig`] also if `out` is empty.
    /// [`Violation::Mispaired`] if the two do not belong together.
    pub fn receive<'c, 'b: 'c, R: Role>(
        &mut self,
        ws: &mut impl AsMut<ReceiveHalf<R>>,
        input: &mut &'b mut [u8],
        out: &'c mut [u8],
    ) -> Result<Option<Event<'c>>, ProtocolError> {
        let ws = ws.as_mut();
        self.pair(ws, input)?;
        loop {
            let Some(kind) = ws.compressed() else {
                if let Some(chunk) = ws.receive_whole::<true>(input) {
                    return Ok(Some(Event::Data(chunk)));
                }
                match ws.receive_to_compressed::<true>(input)? {
                    None if ws.compressed().is_some() => continue,
                    event => return Ok(event),
                }
            };
            let (mut len, mut last) = match self.step(ws, input, out)? {
                Step::Output { len, last } => (len, last),
                Step::FrameEnd => continue,
                Step::Starved => return Ok(None),
            };
            let before = self.utf8;
            if kind == MessageKind::Text {
                if let Err(valid) = self.utf8.validate(out.get(..len).unwrap_or_default()) {
                    (len, last, self.failure) = (valid, false, Some(Violation::InvalidUtf8));
                } else if last && !self.utf8.is_boundary() {
                    (last, self.failure) = (false, Some(Violation::InvalidUtf8));
                }
            }
            if len == 0 && !last {
                continue; // to the failure
            }
            let first = ws.delivered();
            if last {
                self.end_message(ws);
            }
            let payload = out.get_mut(..len).unwrap_or_default();
            let utf8 = [before, self.utf8];
            return Ok(Some(Event::Data(Chunk { payload, kind, first, last, rsv1: false, utf8 })));
        }
    }

    /// Sees to it that this inflater serves this connection, and no other one.
    #[inline]
    pub(crate) fn pair<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
    ) -> Result<(), ProtocolError> {
        if ws.is_served_by(self.serves) { Ok(()) } else { self.pair_anew(ws, input) }
    }

    #[cold]
    fn pair_anew<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
    ) -> Result<(), ProtocolError> {
        if !ws.is_open() {
            return Ok(()); // nothing more will be inflated
        }
        if self.serves.is_none() {
            self.serves = ws.serve();
        }
        if ws.is_served_by(self.serves) { Ok(()) } else { Err(ws.mispaired(input)) }
    }

    /// Gives the memory back, if the next message does not need it: so it is between two messages
    /// of a peer that does not take its context over. Tells whether none is held now.
    pub fn release(&mut self) -> bool {
        if !self.takeover && !self.open {
            self.context = None;
        }
        self.context.is_none()
    }

    /// One step with the payload of a compressed frame, which is [there](ReceiveHalf::compressed).
    /// It ends when `out` is full, or when nothing more can be had.
    pub(crate) fn step<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
        out: &mut [u8],
    ) -> Result<Step, ProtocolError> {
        match self.failure.take() {
            None => self.inflate_into(ws, input, out),
            Some(violation) => Err(violation),
        }
        .map_err(|violation| self.fail(ws, input, violation))
    }

    /// The connection fails at the first payload byte of the frame: which of its bytes the inflater
    /// has looked at depends on the cuts, but not in which frame it was.
    #[cold]
    pub(crate) fn fail<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
        violation: Violation,
    ) -> ProtocolError {
        *input = &mut [];
        let offset = ws.position().wrapping_sub(self.frame_taken);
        let error = ProtocolError { offset, violation };
        ws.fail(error);
        self.context = None;
        error
    }

    /// The message is over, and all of it was right.
    pub(crate) fn end_message<R: Role>(&mut self, ws: &mut ReceiveHalf<R>) {
        ws.end_compressed();
        self.open = false;
        self.frame_taken = 0;
    }

    fn begin_message(&mut self) {
        // Without takeover (RFC 7692 §7.1.1), the peer has begun with an empty window: a reference
        // that reaches behind it is corrupt.
        if let (false, Some(context)) = (self.takeover, &mut self.context) {
            context.reset(false);
        }
        (self.open, self.full) = (true, false);
        (self.produced, self.taken, self.frame_taken) = (0, 0, 0);
        self.utf8 = Utf8::new();
    }

    fn inflate_into<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
        out: &mut [u8],
    ) -> Result<Step, Violation> {
        if !self.open {
            self.begin_message();
        }
        if out.is_empty() {
            return Err(Violation::MessageTooBig);
        }
        let mut filled = 0;
        let end = self.fill(ws, input, out, &mut filled);
        self.produced = self.produced.saturating_add(filled as u64);
        match end {
            // What is right before the failure is delivered, as if the input had been cut there.
            Err(violation) if filled == 0 => Err(violation),
            Err(violation) => {
                self.failure = Some(violation);
                Ok(Step::Output { len: filled, last: false })
            }
            Ok(End::Message) => Ok(Step::Output { len: filled, last: true }),
            Ok(End::Starved) if filled == 0 => Ok(Step::Starved),
            Ok(End::Frame) if filled == 0 => {
                ws.end_compressed();
                self.frame_taken = 0;
                Ok(Step::FrameEnd)
            }
            Ok(_) => Ok(Step::Output { len: filled, last: false }),
        }
    }

    /// How many inflated bytes the message may have so far, and what it is to have more.
    fn bound<R: Role>(&self, ws: &ReceiveHalf<R>) -> (u64, Violation) {
        let by_limit = ws.limits().max_message;
        let by_ratio = match self.step_end() {
            None => u64::MAX,
            Some(end) => end.min(ws.declared()).saturating_mul(u64::from(self.max_ratio)),
        };
        if by_ratio < by_limit {
            (by_ratio, Violation::RatioTooHigh)
        } else {
            (by_limit, Violation::MessageTooBig)
        }
    }

    /// Where the step of the payload ends that is being taken, if the ratio is bounded. The next
    /// one begins when nothing more comes out of this one.
    fn step_end(&self) -> Option<u64> {
        if self.max_ratio == u32::MAX {
            return None;
        }
        let inside = self.taken.saturating_sub(u64::from(self.full)) / RATIO_STEP;
        Some(inside.saturating_add(1).saturating_mul(RATIO_STEP))
    }

    /// How many bytes of payload may be taken at once.
    fn most(&self) -> usize {
        let left = self.step_end().map(|end| end.saturating_sub(self.taken));
        left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX)
    }

    /// Fills `out` until it is full or there is nothing to fill it from.
    fn fill<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
        out: &mut [u8],
        filled: &mut usize,
    ) -> Result<End, Violation> {
        loop {
            if !self.full && ws.frame_left() == 0 {
                if !ws.is_last_frame() {
                    return Ok(End::Frame);
                }
                return self.finish(out.get_mut(*filled..).unwrap_or_default());
            }
            if !self.full && input.is_empty() {
                return Ok(End::Starved);
            }
            let (bound, excess) = self.bound(ws);
            let room = bound.saturating_sub(self.produced).saturating_sub(*filled as u64);
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let rest = out.get_mut(*filled..).unwrap_or_default();
            // One byte more than may be is asked for, and proves the excess when it is there.
            let len = rest.len().min(room.saturating_add(1));
            let rest = rest.get_mut(..len).unwrap_or_default();
            let most = self.most();
            let mut unmasked = self.unmasked;
            let (taken, (len, verdict)) =
                ws.take_compressed(input, &mut unmasked, most, |piece| self.inflate(piece, rest));
            self.unmasked = unmasked;
            self.taken = self.taken.saturating_add(taken as u64);
            self.frame_taken = self.frame_taken.saturating_add(taken as u64);
            *filled = filled.saturating_add(len.min(room));
            self.full = len == rest.len();
            if len > room {
                return Err(excess);
            }
            verdict?;
            if self.full {
                return Ok(End::Full);
            }
        }
    }

    /// One call of the inflater: how many bytes it took and put, and what it said.
    fn inflate(&mut self, piece: &[u8], out: &mut [u8]) -> (usize, (usize, Result<(), Violation>)) {
        let context = self.context.get_or_insert_with(|| Inflate::new(false, WINDOW));
        let before = (context.total_in(), context.total_out());
        let status = context.decompress(piece, out, InflateFlush::NoFlush);
        let taken = count(before.0, context.total_in());
        let len = count(before.1, context.total_out());
        fuel::burn_inflating(taken, len);
        if taken > 0 {
            self.ended = false;
        }
        let verdict = match status {
            // RFC 7692 §7.2.3.4 has an example of "a DEFLATE block with "BFINAL" set to 1"; what
            // follows it is a series of its own, which refers to nothing before it.
            Ok(Status::StreamEnd) => {
                context.reset(false);
                self.ended = true;
                Ok(())
            }
            Ok(_) if taken == 0 && len == 0 && !piece.is_empty() => Err(Violation::InvalidDeflate),
            Ok(_) => Ok(()),
            Err(InflateError::MemError) => Err(Violation::MessageTooBig),
            Err(_) => Err(Violation::InvalidDeflate),
        };
        (taken, (len, verdict))
    }

    /// All of the payload was inflated: is it a message?
    fn finish(&mut self, room: &mut [u8]) -> Result<End, Violation> {
        // No payload at all is an empty message; and one that ends with BFINAL has nothing open.
        if self.taken == 0 || self.ended {
            return Ok(End::Message);
        }
        let Some(context) = &mut self.context else { return Ok(End::Message) };
        // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload
        // of the message." They complete an empty block, so that the inflater stands between two
        // blocks and does not take the byte behind them. If it does, or if they come to anything,
        // they have completed something else.
        let before = (context.total_in(), context.total_out());
        let status = context.decompress(&TAIL, room, InflateFlush::Block);
        let taken = count(before.0, context.total_in());
        let len = count(before.1, context.total_out());
        if matches!(status, Ok(Status::Ok)) && (taken, len) == (TAIL_LEN, 0) {
            Ok(End::Message)
        } else {
            Err(Violation::InvalidDeflate)
        }
    }
}

fn count(before: u64, after: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("takeover", &self.takeover)
            .field("open", &self.open)
            .field("produced", &self.produced)
            .finish_non_exhaustive()
    }
}
