//! Traits for what has a half of a connection: a connection has both, and each half has itself.

use crate::connection::Connection;
use crate::error::{ProtocolError, SendError};
use crate::event::Event;
use crate::fragment::Fragment;
use crate::receive::ReceiveHalf;
use crate::role::Role;
use crate::send::SendHalf;

/// A [`Connection`] or a [`ReceiveHalf`]: what messages can be received from.
///
/// [`MessageBuffer`](crate::MessageBuffer) and the inflater work with either, and so can a function
/// of yours that is generic over this trait. No other type implements it.
///
/// ```
/// use rfc6455::{Connection, Event, Limits, ProtocolError, Receiver, Role};
/// fn count_pings<R: Role>(
///     ws: &mut impl Receiver<R>,
///     mut input: &mut [u8],
/// ) -> Result<usize, ProtocolError> {
///     let mut pings = 0;
///     while let Some(event) = ws.receive(&mut input)? {
///         pings += usize::from(matches!(event, Event::Ping));
///     }
///     Ok(pings)
/// }
/// let (mut receiver, _sender) = Connection::server(Limits::DEFAULT).into_split();
/// assert_eq!(count_pings(&mut receiver, &mut b"\x89\x80\0\0\0\0".clone())?, 1);
/// # Ok::<(), ProtocolError>(())
/// ```
pub trait Receiver<R: Role>: sealed::HasReceiveHalf<R> {
    /// Takes the next event off the front of `input`: see [`Connection::receive`].
    ///
    /// # Errors
    /// As for [`Connection::receive`].
    #[inline(always)]
    fn receive<'b>(
        &mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        self.receive_half(Internal(())).receive(input)
    }
}

/// A [`Connection`] or a [`SendHalf`]: what messages can be sent through.
///
/// The deflater works with either, and so can a function of yours that is generic over this trait.
/// No other type implements it.
pub trait Sender<R: Role>: sealed::HasSendHalf<R> {
    /// Writes a data frame to the front of `out` and returns its length: see [`Connection::send`].
    ///
    /// # Errors
    /// As for [`Connection::send`].
    #[inline(always)]
    fn send<'a>(
        &mut self,
        fragment: impl Into<Fragment<'a>>,
        out: &mut [u8],
    ) -> Result<usize, SendError> {
        self.send_half(Internal(()))?.send(fragment, out)
    }
}

impl<R: Role> Receiver<R> for Connection<R> {}
impl<R: Role> Receiver<R> for ReceiveHalf<R> {}
impl<R: Role> Sender<R> for Connection<R> {}
impl<R: Role> Sender<R> for SendHalf<R> {}

/// Permission to borrow a half, which only this crate has.
///
/// Whoever holds `&mut` to a half of a connection can take its pending Close, or replace the half.
/// Sealed traits alone do not prevent that: a bound makes the methods of a private supertrait
/// callable, although nobody outside can name that trait. So these methods take a value that nobody
/// outside can create or obtain, as these errors show:
///
/// ```compile_fail,E0061
/// # use rfc6455::{ReceiveHalf, Receiver, Role};
/// fn steal<R: Role>(ws: &mut impl Receiver<R>) -> &mut ReceiveHalf<R> {
///     ws.receive_half() // an argument is missing
/// }
/// ```
///
/// ```compile_fail,E0603
/// # use rfc6455::{ReceiveHalf, Receiver, Role};
/// fn steal<R: Role>(ws: &mut impl Receiver<R>) -> &mut ReceiveHalf<R> {
///     ws.receive_half(rfc6455::halves::Internal(())) // the module is private
/// }
/// ```
///
/// ```compile_fail,E0277
/// # use rfc6455::{ReceiveHalf, Receiver, Role};
/// fn steal<R: Role>(ws: &mut impl Receiver<R>) -> &mut ReceiveHalf<R> {
///     ws.receive_half(Default::default()) // there is no default
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use rfc6455::{Connection, Limits, ReceiveHalf, Server};
/// let mut ws = Connection::server(Limits::DEFAULT);
/// let half: &mut ReceiveHalf<Server> = ws.as_mut(); // there is no such method
/// ```
///
/// ```compile_fail,E0061
/// # use rfc6455::{Role, SendError, SendHalf, Sender};
/// fn steal<R: Role>(ws: &mut impl Sender<R>) -> Result<&mut SendHalf<R>, SendError> {
///     ws.send_half() // an argument is missing
/// }
/// ```
pub struct Internal(pub(crate) ());

pub(crate) mod sealed {
    use super::Internal;
    use crate::error::SendError;
    use crate::receive::ReceiveHalf;
    use crate::send::SendHalf;

    pub trait HasReceiveHalf<R> {
        fn receive_half(&mut self, _: Internal) -> &mut ReceiveHalf<R>;
    }

    pub trait HasSendHalf<R> {
        /// Returns the sending half, if data may be sent.
        fn send_half(&mut self, _: Internal) -> Result<&mut SendHalf<R>, SendError>;
    }
}

impl<R> sealed::HasReceiveHalf<R> for ReceiveHalf<R> {
    #[inline(always)]
    fn receive_half(&mut self, _: Internal) -> &mut Self {
        self
    }
}

impl<R> sealed::HasSendHalf<R> for SendHalf<R> {
    #[inline(always)]
    fn send_half(&mut self, _: Internal) -> Result<&mut Self, SendError> {
        Ok(self)
    }
}
