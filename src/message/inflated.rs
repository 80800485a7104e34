//! Whole messages that may have come compressed (RFC 7692 §7.2.2).

use super::{Incoming, MessageBuffer, State, Storage, hand_out};
use crate::deflate::{Inflater, Step};
use crate::error::{ProtocolError, Violation};
use crate::event::Event;
use crate::opcode::MessageKind;
use crate::receive::ReceiveHalf;
use crate::role::Role;

/// Bytes that one step inflates, on the stack, before they are put to the message: few if
/// little is there, as they have to be zeroed, and many if much is, as each step has its price.
const FEW: usize = 4 << 10;
const MANY: usize = 20 << 10;
/// Less compressed data than this is little.
const SHORT: u64 = 1 << 10;

impl<S: Storage> MessageBuffer<S> {
    /// As [`receive`](Self::receive), with an extension: messages that were compressed are
    /// inflated, into the storage, and all else is as if there were none.
    ///
    /// The storage takes memory as bytes are inflated, and stops at
    /// [`Limits::max_message`](crate::Limits::max_message), or at the end of its slice, however
    /// much the rest of the input would come to.
    ///
    /// ```
    /// use rfc6455::deflate::{Params, Policy};
    /// use rfc6455::{Connection, Incoming, Limits, Message, MessageBuffer};
    /// let agreement = Policy::DEFAULT.confirm(Params::default()).unwrap();
    /// let (mut inflater, mut messages) = (agreement.inflater(), MessageBuffer::new());
    /// let mut ws = Connection::client(|| [0; 4], Limits::DEFAULT);
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
        ws: &mut impl AsMut<ReceiveHalf<R>>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Incoming<'m>>, ProtocolError> {
        let ws = ws.as_mut();
        ws.allow_rsv1(true);
        if self.state != State::Empty || S::BOUNDED {
            self.prepare(ws);
        }
        loop {
            if let Some(kind) = ws.compressed() {
                let step = if ws.frame_left().min(input.len() as u64) < SHORT {
                    self.inflate::<R, FEW>(kind, inflater, ws, input)
                } else {
                    self.inflate::<R, MANY>(kind, inflater, ws, input)
                };
                match step? {
                    Inflated::Message => {
                        return Ok(Some(Incoming::Message(self.storage.message())));
                    }
                    Inflated::Again => {}
                    Inflated::Starved => return Ok(None),
                }
            }
            if let Some(chunk) = ws.receive_whole::<false>(input) {
                return Ok(Some(Incoming::Message(hand_out(ws, input, chunk)?)));
            }
            match ws.receive_to_compressed::<false>(input)? {
                None if ws.compressed().is_some() => {}
                None => {
                    if self.state == State::Empty {
                        self.storage.release();
                    }
                    return Ok(None);
                }
                Some(Event::Ping) => return Ok(Some(Incoming::Ping)),
                Some(Event::Pong) => return Ok(Some(Incoming::Pong)),
                Some(Event::Close(code)) => return Ok(Some(Incoming::Close(code))),
                Some(Event::Data(chunk)) => match self.take(chunk, ws, input)? {
                    None => {}
                    Some(Some(message)) => return Ok(Some(Incoming::Message(message))),
                    Some(None) => return Ok(Some(Incoming::Message(self.storage.message()))),
                },
            }
        }
    }

    /// Inflates what is there of a compressed frame.
    #[inline(never)]
    fn inflate<R: Role, const SCRATCH: usize>(
        &mut self,
        kind: MessageKind,
        inflater: &mut Inflater,
        ws: &mut ReceiveHalf<R>,
        input: &mut &mut [u8],
    ) -> Result<Inflated, ProtocolError> {
        if self.state != State::Part {
            self.begin(kind);
        }
        let mut scratch = [0; SCRATCH];
        loop {
            let (len, last) = match inflater.step(ws, input, &mut scratch)? {
                Step::Output { len, last } => (len, last),
                Step::FrameEnd => return Ok(Inflated::Again),
                Step::Starved => return Ok(Inflated::Starved),
            };
            let piece = scratch.get(..len).unwrap_or_default();
            let pushed = match kind {
                MessageKind::Text => self.push_text(piece, u64::MAX),
                MessageKind::Binary => self.push_binary(piece),
            };
            if let Err((violation, _)) = pushed {
                return Err(inflater.fail(ws, input, violation));
            }
            if last {
                if !self.utf8.is_boundary() {
                    return Err(inflater.fail(ws, input, Violation::InvalidUtf8));
                }
                inflater.end_message(ws);
                self.state = State::HandedOut;
                return Ok(Inflated::Message);
            }
        }
    }
}

enum Inflated {
    /// A message is whole, and in the storage.
    Message,
    /// The next header is needed.
    Again,
    Starved,
}
