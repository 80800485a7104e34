//! What the loop needs of a protocol.

use crate::Output;

/// One connection's end of a protocol that does no I/O.
///
/// `now` is the time in whole seconds since the reactor started.
pub trait Protocol {
    /// Creates the state of a connection that has just been accepted.
    fn new(now: u32) -> Self;

    /// Handles the bytes of one read, and answers them.
    fn receive<'b>(&mut self, input: &'b mut [u8], output: &mut Output<'b>, now: u32);

    /// Handles the passing of time, about once a second; `false` drops the connection.
    ///
    /// It is not called while the connection waits to write.
    fn tick(&mut self, output: &mut Output<'_>, now: u32) -> bool;

    /// Returns whether this end has nothing more to say: what it has said is still written.
    fn is_closed(&self) -> bool;
}
