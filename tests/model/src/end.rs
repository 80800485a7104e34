//! One end: the crate's own connection, and what the RFC requires of it.

use std::fmt::{self, Debug, Write};
use std::hash::{DefaultHasher, Hash, Hasher};

use rfc6455::{
    CloseCode, Connection, ControlFrame, Eof, Event, FixedRole, ForkKeys, FrameKind, MaskingKeys,
    MessageKind, SendError,
};

use crate::act::{Act, Bad, Budget};
use crate::wire::{Extent, Item, Payload, Wire};

mod checks;

/// An error says which expectation does not hold.
pub type Check<T = ()> = Result<T, String>;

macro_rules! ensure {
    ($holds:expr, $($says:tt)+) => {
        if !$holds {
            return Err(format!($($says)+));
        }
    };
}
pub(crate) use ensure;

const KEY: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// Yields one key for all frames: different keys would only multiply the states.
#[derive(Clone, Copy, Debug)]
pub struct OneKey;

impl MaskingKeys for OneKey {
    fn next_key(&mut self) -> [u8; 4] {
        KEY
    }
}

impl ForkKeys for OneKey {
    fn fork(&self) -> Self {
        *self
    }
}

/// What this end has sent and received so far, in terms of the RFC.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Told {
    close_sent: bool,
    message_open: bool,
    frame_open: bool,
    /// The latest unanswered Ping.
    ping: Option<Payload>,
    close_heard: Option<Option<u16>>,
    error: Option<u16>,
    eof: bool,
    dropped: bool,
    /// A message is being received.
    receiving: bool,
    /// This end has broken the protocol.
    bad: bool,
}

#[derive(Clone, Debug)]
pub struct End<R: FixedRole> {
    ws: Connection<R>,
    /// A hash of `ws`.
    print: u64,
    told: Told,
    pub budget: Budget,
}

/// Equal ends have equal hashes. `Connection` derives `Debug`, and so does each of its parts except
/// the status code, which prints its number. No field is omitted, so equal output means equal state.
impl<R: FixedRole> Hash for End<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.print, self.told, self.budget).hash(state);
    }
}

struct Printed(DefaultHasher);

impl Write for Printed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

fn print(value: &impl Debug) -> u64 {
    let mut printed = Printed(DefaultHasher::new());
    write!(printed, "{value:?}").expect("it writes anything");
    printed.0.finish()
}

impl<R: FixedRole + Clone + Debug> End<R> {
    pub fn new(ws: Connection<R>, budget: Budget) -> Self {
        Self { print: print(&ws), ws, told: Told::default(), budget }
    }

    /// Returns whether nothing but the pending answer may be sent.
    fn is_closing(&self) -> bool {
        let Told { close_sent, close_heard, error, eof, .. } = self.told;
        close_sent || close_heard.is_some() || error.is_some() || eof
    }

    pub fn is_done(&self) -> bool {
        self.told.dropped
    }

    pub fn is_bad(&self) -> bool {
        self.told.bad
    }

    /// Returns whether this end has sent and received a Close frame.
    pub fn is_clean(&self) -> bool {
        self.told.close_sent && self.told.close_heard.is_some()
    }

    /// Returns whether nothing more is received from the peer.
    pub fn is_deaf(&self) -> bool {
        self.told.close_heard.is_some() || self.told.error.is_some() || self.told.eof
    }

    /// Returns the number of one-time events that have happened.
    pub fn milestones(&self) -> usize {
        usize::from(self.told.eof) + usize::from(self.told.dropped)
    }

    /// Returns what must be sent next.
    fn pending(&self) -> Option<Item> {
        if self.told.frame_open || self.told.close_sent {
            None
        } else if let Some(code) = self.told.error {
            Some(Item::Close(Some(code)))
        } else if let Some(code) = self.told.close_heard {
            Some(Item::Close(code))
        } else {
            self.told.ping.map(Item::Pong)
        }
    }

    /// Returns all acts that are possible now.
    pub fn acts(&self, incoming: &Wire) -> Vec<Act> {
        let Self { told, budget, .. } = self;
        if told.dropped {
            return Vec::new();
        }
        let may_send = !self.is_closing() && !told.frame_open;
        let may_be_bad = budget.bad > 0 && !told.frame_open;
        let may_break = may_be_bad && !told.close_sent;
        let mut acts = Vec::new();
        let mut offer = |act, now| {
            if now {
                acts.push(act);
            }
        };
        offer(Act::Message, may_send && !told.message_open && budget.messages > 0);
        offer(Act::First, may_send && !told.message_open && budget.fragmented > 0);
        offer(Act::LastHeader, may_send && told.message_open);
        offer(Act::LastPayload, told.frame_open);
        offer(Act::Ping, may_send && budget.pings > 0);
        offer(Act::Close, may_send);
        offer(Act::CloseWithoutCode, may_send);
        offer(Act::Bad(Bad::Opcode), may_break);
        offer(Act::Bad(Bad::Text), may_break && !told.message_open);
        offer(Act::Bad(Bad::CloseCode), may_break);
        offer(Act::Bad(Bad::AfterClose), may_be_bad && told.close_sent);
        offer(Act::Poll, self.pending().is_some());
        offer(Act::Cut, budget.cuts > 0 && !incoming.lost);
        offer(Act::Eof, incoming.ended && incoming.is_empty() && !told.eof);
        offer(Act::Drop, self.ws.is_closed());
        acts.extend(incoming.extents().into_iter().map(Act::Read));
        acts
    }

    pub fn act(&mut self, act: Act, incoming: &mut Wire, outgoing: &mut Wire) -> Check {
        let mut out = [0; 128 + ControlFrame::MAX_LEN];
        let text = |byte| Item::Byte { text: true, byte };
        let refused = |error: SendError| format!("refused: {error}");
        match act {
            Act::Message => {
                self.budget.messages -= 1;
                let len = self.ws.send("hi", &mut out).map_err(refused)?;
                self.write(outgoing, &out[..len], &[text(b'h'), text(b'i'), Item::MessageEnd])?;
            }
            Act::First => {
                self.budget.fragmented -= 1;
                let kind = FrameKind::whole(MessageKind::Text).first();
                let mut frame = self.ws.begin_frame(kind, 1).map_err(refused)?.to_vec();
                let mut payload = [0xC3];
                self.ws.frame_payload(&mut payload).map_err(refused)?;
                frame.extend(payload);
                self.write(outgoing, &frame, &[text(0xC3)])?;
                self.told.message_open = true;
            }
            Act::LastHeader => {
                let kind = FrameKind::whole(MessageKind::Text).last();
                let header = self.ws.begin_frame(kind, 1).map_err(refused)?;
                ensure!(header[..2] == [0x80, mask_bit::<R>() | 1], "a header: {header:?}");
                outgoing.write(&header, &[]);
                self.told.frame_open = true;
            }
            Act::LastPayload => {
                let mut payload = [0xA9];
                self.ws.frame_payload(&mut payload).map_err(refused)?;
                let mask = if R::IS_SERVER { 0 } else { KEY[0] };
                ensure!(payload == [0xA9 ^ mask], "a payload: {payload:?}");
                outgoing.write(&payload, &[text(0xA9), Item::MessageEnd]);
                (self.told.frame_open, self.told.message_open) = (false, false);
            }
            Act::Ping => {
                let payload = Payload { name: self.budget.pings, len: self.budget.ping_len };
                self.budget.pings -= 1;
                let frame = self.ws.ping(&payload.bytes()).map_err(refused)?;
                self.write(outgoing, &frame, &[Item::Ping(payload)])?;
            }
            Act::Close => {
                // The two ends use different codes, so that their Close frames can be told apart.
                let code = if R::IS_SERVER { CloseCode::GOING_AWAY } else { CloseCode::NORMAL };
                let frame = self.ws.close(code, "").map_err(refused)?;
                self.write(outgoing, &frame, &[Item::Close(Some(code.get()))])?;
            }
            Act::CloseWithoutCode => {
                let frame = self.ws.close_without_code().map_err(refused)?;
                self.write(outgoing, &frame, &[Item::Close(None)])?;
            }
            Act::Bad(bad) => self.misbehave(bad, outgoing),
            Act::Poll => self.poll(outgoing)?,
            Act::Read(extent) => self.read(extent, incoming)?,
            Act::Cut => {
                self.budget.cuts -= 1;
                incoming.lose();
                incoming.ended = true;
            }
            Act::Eof => {
                let clean = self.ws.receive_eof() == Eof::Clean;
                ensure!(
                    clean == self.told.close_heard.is_some(),
                    "the end of the stream is clean: {clean}"
                );
                self.told.eof = true;
            }
            Act::Drop => {
                self.told.dropped = true;
                incoming.lose();
                outgoing.ended = true;
            }
        }
        self.print = print(&self.ws);
        Ok(())
    }

    /// Writes a frame that the connection made, which must mean these items.
    fn write(&mut self, outgoing: &mut Wire, frame: &[u8], items: &[Item]) -> Check {
        ensure!(!self.told.close_sent, "a frame after the Close: {frame:02X?}");
        ensure!(frame[1] & 0x80 == mask_bit::<R>(), "the mask of {frame:02X?}");
        let read = parse(frame);
        ensure!(read == items, "{read:?} was written instead of {items:?}");
        self.told.close_sent = frame[0] == 0x88;
        outgoing.write(frame, items);
        Ok(())
    }

    /// Writes bytes that the connection never would.
    fn misbehave(&mut self, bad: Bad, outgoing: &mut Wire) {
        self.budget.bad -= 1;
        self.told.bad = true;
        let byte = Item::Byte { text: true, byte: b'a' };
        let (first, payload, items) = match bad {
            Bad::Opcode => {
                outgoing.write(&[0x83], &[Item::Violation(1002)]);
                return;
            }
            Bad::Text => (0x81, &b"a\xFF"[..], &[byte, Item::Violation(1007)][..]),
            Bad::CloseCode => (0x88, &[0x03, 0xED][..], &[Item::Violation(1002)][..]),
            Bad::AfterClose => (0x89, &b"late"[..], &[][..]),
        };
        let mut frame = vec![first, mask_bit::<R>() | u8::try_from(payload.len()).unwrap_or(0)];
        if !R::IS_SERVER {
            frame.extend(KEY);
        }
        let key = if R::IS_SERVER { [0; 4] } else { KEY };
        frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        outgoing.write(&frame, items);
    }

    fn poll(&mut self, outgoing: &mut Wire) -> Check {
        let Some(pending) = self.pending() else { return Ok(()) };
        let mut twin = self.ws.clone();
        let mut room = [0; ControlFrame::MAX_LEN];
        let short = twin.poll_transmit_into(&mut room[1..]);
        ensure!(short.is_err() && print(&twin) == self.print, "a poll without room: {short:?}");
        let len = twin.poll_transmit_into(&mut room).map_err(|error| error.to_string())?;
        let frame = self.ws.poll_transmit().ok_or_else(|| format!("{pending:?} was lost"))?;
        ensure!(
            *frame == room[..len],
            "poll_transmit: {frame:?}, poll_transmit_into: {:?}",
            &room[..len]
        );
        self.write(outgoing, &frame, &[pending])?;
        self.told.ping = None;
        Ok(())
    }

    fn read(&mut self, extent: Extent, incoming: &mut Wire) -> Check {
        let mut bytes = incoming.read(extent);
        let mut input = &mut bytes[..];
        loop {
            match self.ws.receive(&mut input) {
                Ok(None) => break,
                Ok(Some(event)) => self.hear(&event, incoming)?,
                Err(error) => {
                    let code = error.close_code().get();
                    if self.told.error.is_none() {
                        let expected = incoming.items.pop_front();
                        ensure!(expected == Some(Item::Violation(code)), "{error}, {expected:?}");
                        ensure!(self.told.close_heard.is_none(), "{error} after the Close");
                        self.told.error = Some(code);
                    }
                    ensure!(self.told.error == Some(code), "another error: {error}");
                    break;
                }
            }
        }
        ensure!(input.is_empty(), "input is left over");
        // "the endpoint MAY elect to send a Pong frame for only the most recently processed Ping
        // frame" (RFC 6455 §5.5.3): a pending Pong is dropped if a Ping needs its room.
        if let (Some(waits), Some(len)) = (self.told.ping, incoming.ping_under_way())
            && waits.len + len > 125
            && !self.is_deaf()
        {
            self.told.ping = None;
        }
        Ok(())
    }

    fn hear(&mut self, event: &Event<'_>, incoming: &mut Wire) -> Check {
        ensure!(!self.is_deaf(), "{event:?} after the end");
        let mut expect = |item: Item| -> Check {
            let expected = incoming.items.pop_front();
            ensure!(expected == Some(item), "{item:?} was heard and not {expected:?}");
            Ok(())
        };
        let payload = self.ws.control_payload();
        let whole = |payload: &[u8]| Payload {
            name: payload.first().copied().unwrap_or(0),
            len: u8::try_from(payload.len()).unwrap_or(u8::MAX),
        };
        match event {
            Event::Data(chunk) => {
                let text = chunk.kind() == MessageKind::Text;
                ensure!(chunk.is_first() != self.told.receiving, "the first chunk: {chunk:?}");
                for byte in &**chunk {
                    expect(Item::Byte { text, byte: *byte })?;
                }
                if chunk.is_last() {
                    expect(Item::MessageEnd)?;
                }
                self.told.receiving = !chunk.is_last();
            }
            Event::Ping => {
                expect(Item::Ping(whole(payload)))?;
                self.told.ping = Some(whole(payload));
            }
            Event::Pong => {
                let sent = incoming.items.pop_front();
                let Some(Item::Pong(sent)) = sent else { return Err(format!("{sent:?}, a Pong")) };
                // A pending Pong may have left no room for its payload.
                let dropped = payload.is_empty() && 2 * sent.len > 125;
                ensure!(dropped || payload == sent.bytes(), "a Pong with {payload:?}");
            }
            Event::Close(code) => {
                let code = code.map(CloseCode::get);
                expect(Item::Close(code))?;
                self.told.close_heard = Some(code);
            }
        }
        Ok(())
    }
}

/// Returns the mask bit of the frames that this end writes (§5.1).
const fn mask_bit<R: FixedRole>() -> u8 {
    if R::IS_SERVER { 0 } else { 0x80 }
}

/// Returns what a frame means. It knows only the frames of this model.
fn parse(frame: &[u8]) -> Vec<Item> {
    let masked = frame[1] & 0x80 != 0;
    let (key, body) = if masked { (&frame[2..6], &frame[6..]) } else { (&[0; 4][..], &frame[2..]) };
    let body: Vec<u8> = body.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    assert_eq!(body.len(), usize::from(frame[1] & 0x7F), "{frame:02X?}");
    let name = body.first().copied().unwrap_or(0);
    let payload = Payload { name, len: frame[1] & 0x7F };
    match frame[0] {
        0x89 => vec![Item::Ping(payload)],
        0x8A => vec![Item::Pong(payload)],
        0x88 => vec![Item::Close(body.first_chunk().map(|code| u16::from_be_bytes(*code)))],
        first @ (0x01 | 0x81) => {
            let bytes = body.iter().map(|byte| Item::Byte { text: true, byte: *byte });
            bytes.chain((first == 0x81).then_some(Item::MessageEnd)).collect()
        }
        _ => Vec::new(),
    }
}
