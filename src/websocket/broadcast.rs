//! Messages that are encoded, and compressed, once for many clients.

use bytes::Bytes;

use super::sender::Sender;
use super::storage::Storage;
#[cfg(feature = "deflate")]
use crate::deflate::{Config, Deflater};
use crate::error::SendError;
use crate::fragment::{Fragment, FrameKind};
use crate::frame::EncodedHeader;
use crate::role::{Role, Server};
use crate::send::SendHalf;
use crate::utf8::Utf8;

/// A message that a server encodes once, and sends to any number of clients by reference count.
///
/// It can be cloned and sent between tasks at the cost of a counter.
///
/// ```
/// use rfc6455::WebSocket;
/// use rfc6455::websocket::{Broadcast, Config};
/// let news = Broadcast::new("news".repeat(300))?;
/// let mut clients = [(); 3].map(|()| WebSocket::server(Config::DEFAULT));
/// for ws in &mut clients {
///     ws.sender().broadcast(&news)?;
///     assert_eq!(ws.queued(), 4 + 1200);
/// }
/// # Ok::<(), rfc6455::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Broadcast {
    kind: FrameKind,
    plain: Frame,
    #[cfg(feature = "deflate")]
    compressed: Option<Compressed>,
}

/// A frame in two parts.
#[derive(Clone, Debug)]
struct Frame {
    header: EncodedHeader,
    payload: Bytes,
}

/// The same message as DEFLATE data that refers to nothing before it.
#[cfg(feature = "deflate")]
#[derive(Clone, Debug)]
struct Compressed {
    frame: Frame,
    /// How far back it refers, as a base-2 logarithm.
    window: u8,
}

impl Broadcast {
    /// Encodes a whole message.
    ///
    /// # Errors
    /// [`SendError::TooLong`] if it has 2^63 bytes or more, which no memory has.
    pub fn new(message: impl Into<super::OwnedMessage>) -> Result<Self, SendError> {
        let message = message.into();
        let fragment = Fragment::from(&message);
        let kind = fragment.kind;
        let header = SendHalf::new(Server).send_header(fragment)?;
        Ok(Self {
            kind,
            plain: Frame { header, payload: message.into_bytes() },
            #[cfg(feature = "deflate")]
            compressed: None,
        })
    }

    /// Compresses the message too, with an empty window: for the clients with which that was
    /// negotiated.
    ///
    /// A client gets the compressed form if its connection's window is at least as large as
    /// [`Config::send_window`] here, and if no message that was compressed for it alone would have
    /// to be forgotten. All others get the message as it is.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn compress(mut self, config: &Config) -> Self {
        let window = config.window();
        let mut deflater = Deflater::new(config, window, false);
        let payload = &self.plain.payload;
        let mut body = alloc::vec![0; Deflater::bound(payload.len())];
        let Some(len) = deflater.compress(payload, true, &mut body) else { return self };
        if len < payload.len() {
            body.truncate(len);
            body.shrink_to_fit();
            let header = SendHalf::new(Server).header_of_compressed(self.kind, len as u64);
            let frame = Frame { header, payload: body.into() };
            self.compressed = Some(Compressed { frame, window });
        }
        self
    }

    /// Returns the length of the message in bytes, before compression.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.plain.payload.len()
    }

    /// Returns whether the message is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn fragment(&self) -> Fragment<'_> {
        let Self { kind, plain: Frame { payload, .. }, .. } = self;
        Fragment { payload, kind: *kind, rsv1: false, utf8: [Utf8::new(); 2] }
    }

    /// Returns the frame for a connection whose deflater is this one, if it has any.
    #[cfg(feature = "deflate")]
    fn frame_for(&self, deflater: Option<&Deflater>) -> &Frame {
        match (&self.compressed, deflater) {
            (Some(Compressed { frame, window }), Some(deflater)) if deflater.passes_on(*window) => {
                frame
            }
            _ => &self.plain,
        }
    }
}

impl<R: Role, S: Storage> Sender<R, S> {
    /// Queues a message that was encoded once for many clients.
    ///
    /// A client has to mask a copy, and does not compress it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn broadcast(&mut self, message: &Broadcast) -> Result<(), SendError> {
        if !self.is_server() {
            return self.send_plain(message.fragment());
        }
        #[cfg(feature = "deflate")]
        let frame = message.frame_for(self.deflater());
        #[cfg(not(feature = "deflate"))]
        let frame = &message.plain;
        self.send_frame(message.kind, &frame.header, &frame.payload)
    }
}
