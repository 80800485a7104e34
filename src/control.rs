//! The one buffer for control payloads: the one that is arriving, and the one that is pending.

use core::fmt;
use core::mem;
use core::ops::Deref;

use crate::bytes::{copy, move_to_front};
use crate::close::CloseCode;
use crate::frame::MAX_CONTROL;

/// Room for the payload of the latest control frame, after that of a Pong that is still pending.
///
/// > If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to
/// > previous Ping frame(s), the endpoint MAY elect to send a Pong frame for only the most
/// > recently processed Ping frame. (RFC 6455 §5.5.3)
///
/// So a Ping may displace the pending Pong, and so may a Close, but not a Pong. If both do not fit,
/// an arriving Pong loses its payload: it is the only payload that no answer needs.
#[derive(Clone, Debug)]
pub(crate) struct ControlBuffer {
    bytes: [u8; MAX_CONTROL],
    /// `bytes[..pending]` is the pending Pong's payload; 0 if it is empty or none is pending.
    pending: u8,
    /// `bytes[start..end]` is what has arrived of the latest control frame.
    start: u8,
    end: u8,
    /// The arriving payload is dropped.
    dropped: bool,
}

impl ControlBuffer {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; MAX_CONTROL], pending: 0, start: 0, end: 0, dropped: false }
    }

    /// Makes room for `len` bytes after the pending Pong's payload.
    ///
    /// If they do not fit, `displace` drops the pending payload; returns whether it was dropped.
    pub(crate) fn begin(&mut self, len: u64, displace: bool) -> bool {
        let fits = u64::from(self.pending).saturating_add(len) <= self.bytes.len() as u64;
        let displaced = !fits && displace;
        if displaced {
            self.pending = 0;
        }
        self.dropped = !fits && !displace;
        (self.start, self.end) = (self.pending, self.pending);
        displaced
    }

    /// Appends a piece that has arrived.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.dropped {
            return;
        }
        let end = usize::from(self.end);
        let taken = copy(piece, self.bytes.get_mut(end..).unwrap_or_default());
        self.end = u8::try_from(end.saturating_add(taken)).unwrap_or(self.end);
    }

    /// Returns what has arrived of the latest control frame.
    #[inline]
    pub(crate) fn payload(&self) -> &[u8] {
        self.bytes.get(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }

    /// Replaces the pending payload with the one that has arrived.
    #[inline]
    pub(crate) fn make_pending(&mut self) {
        let arrived = self.bytes.get_mut(..usize::from(self.end)).unwrap_or_default();
        move_to_front(arrived, usize::from(self.start));
        let len = self.end.saturating_sub(self.start);
        (self.start, self.end, self.pending) = (0, len, len);
    }

    /// Replaces the pending payload with this one, the latest.
    #[inline]
    pub(crate) fn set_pending(&mut self, payload: &[u8]) {
        let len = u8::try_from(copy(payload, &mut self.bytes)).unwrap_or(0);
        (self.start, self.end, self.pending) = (0, len, len);
    }

    /// Takes the pending Pong's payload; the latest payload stays.
    #[inline]
    pub(crate) fn take_pending(&mut self) -> &[u8] {
        let len = usize::from(mem::take(&mut self.pending));
        self.bytes.get(..len).unwrap_or_default()
    }
}

/// A pending reply to the peer, with its payload still in the buffer.
pub(crate) enum PendingReply<'r> {
    Pong(&'r [u8]),
    Close(Option<CloseCode>),
}

/// A request from the receiving half to the sending half: a value that you can pass between tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A Pong with this payload (§5.5.3).
    Pong(ControlPayload),
    /// A Close frame with this status code, or without one (§5.5.1, §7.1.7).
    Close(Option<CloseCode>),
}

/// The payload of a control frame by value; dereferences to its bytes, at most 125.
#[derive(Clone, Copy)]
pub struct ControlPayload {
    bytes: [u8; MAX_CONTROL],
    len: u8,
}

impl ControlPayload {
    /// Copies the first 125 bytes of `payload`.
    #[inline]
    pub(crate) fn new(payload: &[u8]) -> Self {
        let mut bytes = [0; MAX_CONTROL];
        let len = copy(payload, &mut bytes);
        Self { bytes, len: u8::try_from(len).unwrap_or(0) }
    }
}

impl Deref for ControlPayload {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Debug for ControlPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X?}", &**self)
    }
}

impl PartialEq for ControlPayload {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for ControlPayload {}
