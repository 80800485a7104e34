//! What this crate and another codec make of the same stream.

use crate::common::messages::Report;
use crate::common::oracle::Seen;

/// What is allowed of a frame and of a message, here and there: short enough to be exceeded.
pub const MAX_FRAME: u16 = 600;
pub const MAX_MESSAGE: u16 = 900;

/// How a stream ended for its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// More could follow.
    Open,
    /// With a Close frame.
    Closed,
    /// The peer broke a rule.
    Failed,
}

/// What another codec made of a stream: whole messages and control frames, in order.
#[derive(Debug)]
pub struct Verdict {
    pub events: Vec<Seen>,
    pub end: End,
}

/// A stream on which the two do not agree at once.
#[derive(Debug)]
pub struct Compared<'a> {
    pub stream: &'a [u8],
    pub ours: &'a Report,
    pub theirs: &'a Verdict,
}

impl Compared<'_> {
    pub fn our_end(&self) -> End {
        match (self.ours.error, self.ours.events.last()) {
            (Some(_), _) => End::Failed,
            (None, Some(Seen::Close(_))) => End::Closed,
            (None, _) => End::Open,
        }
    }

    pub(crate) fn is_same(&self) -> bool {
        self.our_end() == self.theirs.end && self.ours.events == self.theirs.events
    }
}
