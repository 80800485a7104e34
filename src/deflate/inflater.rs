//! Inflating incoming messages, in bounded steps (RFC 7692 §7.2.2).

use core::fmt;

use zlib_rs::{Inflate, InflateError, InflateFlush, Status};

use crate::error::{ProtocolError, Violation};
use crate::fuel;
use crate::receive::ReceiveHalf;
use crate::role::Role;

/// Inflates the messages of one connection.
///
/// Its memory is allocated for the first compressed message, and is the same for all windows. It
/// can be [released](Self::release) if the peer's messages do not refer to each other.
pub(crate) struct Inflater {
    context: Option<Inflate>,
    /// The peer's messages may refer to earlier ones.
    takeover: bool,
    max_ratio: u32,
    /// The first step of the open message was made.
    open: bool,
    /// The last output was full: there may be more before more input is needed.
    full: bool,
    /// The context is at the end of a series of blocks that BFINAL ended.
    ended: bool,
    /// Inflated bytes of the open message.
    produced: u64,
    /// Bytes at the front of the input that are unmasked but not yet consumed.
    unmasked: usize,
    /// Payload bytes of the open message that were consumed, over all its frames.
    taken: u64,
    /// The same for its current frame.
    frame_taken: u64,
    /// The violation that will fail the connection once the valid data before it is yielded.
    failure: Option<Violation>,
}

/// The outcome of one step.
pub(crate) enum Step {
    /// `len` bytes were written to the front of the output.
    Output { len: usize, last: bool },
    /// The next header is needed.
    FrameEnd,
    /// The input is exhausted.
    Starved,
}

/// The reason why no more was written to the output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Full,
    Starved,
    Frame,
    Message,
}

/// The bytes that a sender removes from a message (§7.2.1), and one to check that it ends there.
const TAIL: [u8; 5] = [0x00, 0x00, 0xFF, 0xFF, 0xFF];
const TAIL_LEN: usize = 4;

/// The window to inflate with: the largest, which costs no more than a smaller one.
///
/// So how far back a reference may reach never depends on the chunking.
const WINDOW: u8 = 15;

/// The step in which payload counts if the ratio is bounded, in bytes of the message.
///
/// Payload is consumed up to multiples of this step, and counts up to the next one. So the count
/// does not grow with what a header declares, and does not depend on the chunking.
const RATIO_STEP: u64 = 1 << 10;

impl Inflater {
    pub(super) const fn new(takeover: bool, max_ratio: u32) -> Self {
        Self {
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
            failure: None,
        }
    }

    /// Frees the memory if the next message does not need it: between two messages of a peer that
    /// does not use context takeover.
    pub(crate) fn release(&mut self) {
        if !self.takeover && !self.open {
            self.context = None;
        }
    }

    /// Makes one step with the payload of a compressed frame.
    ///
    /// There must be such a [frame](ReceiveHalf::compressed). The step ends when `out` is full, or
    /// when nothing more can be inflated.
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

    /// Fails the connection at the first payload byte of the frame.
    ///
    /// Which of its bytes the inflater has examined depends on the chunking; the frame does not.
    #[cold]
    pub(crate) fn fail<R: Role>(
        &mut self,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
        violation: Violation,
    ) -> ProtocolError {
        *input = &mut [];
        let offset = ws.position().wrapping_sub(self.frame_taken);
        let error = ProtocolError::new(offset, violation);
        ws.fail(error);
        self.context = None;
        error
    }

    /// Ends the message, all of which was valid.
    pub(crate) fn end_message<R: Role>(&mut self, ws: &mut ReceiveHalf<R>) {
        ws.end_compressed();
        self.open = false;
        self.frame_taken = 0;
    }

    fn begin_message(&mut self) {
        // Without takeover (RFC 7692 §7.1.1), the peer has started with an empty window: a
        // reference beyond it is corrupt.
        if let (false, Some(context)) = (self.takeover, &mut self.context) {
            context.reset(false);
        }
        (self.open, self.full) = (true, false);
        (self.produced, self.taken, self.frame_taken) = (0, 0, 0);
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
            // Valid data before the failure is yielded first, as if the input had been split there.
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

    /// Returns how many inflated bytes the message may have by now, and the violation beyond that.
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

    /// Returns where the current step of the payload ends, if the ratio is bounded.
    ///
    /// The next step begins when nothing more comes out of this one.
    fn step_end(&self) -> Option<u64> {
        if self.max_ratio == u32::MAX {
            return None;
        }
        let inside = self.taken.saturating_sub(u64::from(self.full)) / RATIO_STEP;
        Some(inside.saturating_add(1).saturating_mul(RATIO_STEP))
    }

    /// Returns how many bytes of payload may be consumed at once.
    fn most(&self) -> usize {
        let left = self.step_end().map(|end| end.saturating_sub(self.taken));
        left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX)
    }

    /// Fills `out` until it is full, or there is nothing left to fill it from.
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
            // One byte more than allowed is asked for; if it comes, it proves the excess.
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

    /// Calls the inflater once; returns the bytes consumed, the bytes produced, and the verdict.
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
            // RFC 7692 §7.2.3.4 has an example of "a DEFLATE block with "BFINAL" set to 1"; the
            // blocks after it are a separate series, which refers to nothing before it.
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

    /// Checks, when all of the payload is inflated, that it is a whole message.
    fn finish(&mut self, room: &mut [u8]) -> Result<End, Violation> {
        // An empty payload is an empty message; a message that ends with BFINAL has no open block.
        if self.taken == 0 || self.ended {
            return Ok(End::Message);
        }
        let Some(context) = &mut self.context else { return Ok(End::Message) };
        // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload
        // of the message." They complete an empty block, so that the inflater is between two blocks
        // and does not consume the byte after them. If it does, or if they produce any output, they
        // have completed something else.
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
