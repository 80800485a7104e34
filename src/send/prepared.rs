//! Messages that are encoded once for many clients.

use super::SendHalf;
use crate::error::SendError;
use crate::fragment::{Fragment, FrameKind};
use crate::role::Server;

/// A message that a server encodes once and sends to any number of clients.
///
/// ```
/// use rfc6455::{Connection, Limits, PreparedMessage};
/// let mut storage = [0; 16];
/// let news = PreparedMessage::new("news", &mut storage)?;
/// let mut one = Connection::server(Limits::DEFAULT);
/// let mut other = Connection::server(Limits::DEFAULT);
/// assert_eq!(one.send_prepared(&news)?, b"\x81\x04news");
/// assert_eq!(other.send_prepared(&news)?, b"\x81\x04news");
/// # Ok::<(), rfc6455::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PreparedMessage<'p> {
    pub(super) frame: &'p [u8],
}

impl<'p> PreparedMessage<'p> {
    /// Encodes a whole message into `storage`.
    ///
    /// # Errors
    /// [`SendError::BufferTooSmall`]; [`SendError::NoMessageOpen`] for a part of a message;
    /// [`SendError::Rsv1NotAllowed`].
    pub fn new<'a>(
        message: impl Into<Fragment<'a>>,
        storage: &'p mut [u8],
    ) -> Result<Self, SendError> {
        let message = message.into();
        if message.kind != FrameKind::whole(message.kind.message) {
            return Err(SendError::NoMessageOpen);
        }
        let len = SendHalf::new(Server).send(message, storage)?;
        Ok(Self { frame: storage.get(..len).unwrap_or_default() })
    }

    /// Returns the length of its frame in bytes.
    #[inline]
    #[must_use]
    pub const fn frame_len(&self) -> usize {
        self.frame.len()
    }
}
