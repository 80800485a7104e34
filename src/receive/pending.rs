//! The frame that the protocol itself wants to be sent: at most one at a time.

use core::mem;

use super::ReceiveHalf;
use crate::close::CloseCode;
use crate::control::PendingReply;
use crate::role::Role;

/// What is pending, in two bytes: a number below all status codes, or the status code of a Close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending(u16);

impl Pending {
    pub(super) const NOTHING: Self = Self(0);
    const PONG: Self = Self(1);
    const CLOSE_WITHOUT_CODE: Self = Self(2);
}

impl<R: Role> ReceiveHalf<R> {
    /// Makes room in the control buffer for so many bytes. With `displace`, a pending Pong gives way
    /// to them if it has to.
    #[inline]
    pub(super) fn make_room_for_control(&mut self, len: u64, displace: bool) {
        if self.control.begin(len, displace) {
            self.pending = Pending::NOTHING;
        }
    }

    /// Leaves a Pong pending, whose payload the control buffer holds.
    #[inline(always)]
    pub(super) fn set_pending_pong(&mut self) {
        self.pending = Pending::PONG;
    }

    /// Leaves a Close pending, in place of anything else.
    pub(super) fn set_pending_close(&mut self, code: Option<CloseCode>) {
        self.pending = code.map_or(Pending::CLOSE_WITHOUT_CODE, |code| Pending(code.get()));
    }

    /// Returns whether a frame is pending.
    #[inline]
    pub(crate) const fn has_pending(&self) -> bool {
        self.pending.0 != Pending::NOTHING.0
    }

    /// Returns whether a Close is pending.
    #[inline]
    pub(crate) const fn has_pending_close(&self) -> bool {
        self.pending.0 > Pending::PONG.0
    }

    /// Takes the pending frame, without copying its payload.
    #[inline]
    pub(crate) fn take_pending(&mut self) -> Option<PendingReply<'_>> {
        match mem::replace(&mut self.pending, Pending::NOTHING) {
            Pending::NOTHING => None,
            Pending::PONG => Some(PendingReply::Pong(self.control.take_pending())),
            Pending(code) => Some(PendingReply::Close(CloseCode::new(code))),
        }
    }
}
