//! A stream of HTTP/2 as a transport.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Both directions of a stream of HTTP/2, within the windows of its flow control.
///
/// RFC 8441 §5 compares it to a TCP connection: `END_STREAM` is an orderly end, and `RST_STREAM`,
/// which dropping the stream sends, a reset.
#[derive(Debug)]
pub struct H2Stream {
    send: SendStream<Bytes>,
    is_shut_down: bool,
    recv: RecvStream,
    /// What has arrived and was not read.
    unread: Bytes,
}

impl H2Stream {
    /// Joins both directions.
    #[must_use]
    pub const fn new(send: SendStream<Bytes>, recv: RecvStream) -> Self {
        Self { send, is_shut_down: false, recv, unread: Bytes::new() }
    }
}

impl AsyncRead for H2Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.recv.poll_data(cx)) {
                Some(data) => self.unread = data.map_err(io_error)?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let len = buf.remaining().min(self.unread.len());
        buf.put_slice(&self.unread.split_to(len));
        // Only what was read opens the window again: so a slow reader stops its peer.
        self.recv.flow_control().release_capacity(len).map_err(io_error)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for H2Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.send.reserve_capacity(buf.len());
        while self.send.capacity() == 0 {
            match ready!(self.send.poll_capacity(cx)) {
                Some(capacity) => _ = capacity.map_err(io_error)?,
                None => return Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
            }
        }
        let data = &buf[..buf.len().min(self.send.capacity())];
        self.send.send_data(Bytes::copy_from_slice(data), false).map_err(io_error)?;
        Poll::Ready(Ok(data.len()))
    }

    /// The task that drives the connection writes.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut_down {
            self.send.send_data(Bytes::new(), true).map_err(io_error)?;
            self.is_shut_down = true;
        }
        Poll::Ready(Ok(()))
    }
}

/// Keeps the kind of a transport's error.
fn io_error(error: h2::Error) -> io::Error {
    if error.is_io() {
        error.into_io().unwrap_or(ErrorKind::Other.into())
    } else {
        io::Error::other(error)
    }
}
