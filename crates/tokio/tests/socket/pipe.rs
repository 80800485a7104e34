//! Transports for tests, and both ends of a connection over one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use rfc6455_tokio::{Config, Request, WebSocketStream, accept_with, client};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

/// Both ends of a connection over a pipe that holds so many bytes, after a real handshake.
pub(crate) async fn ends(
    capacity: usize,
    config: &Config,
) -> (WebSocketStream<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (near, far) = duplex(capacity);
    over(near, far, config).await
}

pub(crate) async fn over<S: AsyncRead + AsyncWrite + Unpin>(
    near: S,
    far: S,
    config: &Config,
) -> (WebSocketStream<S>, WebSocketStream<S>) {
    let request = Request::new("ws://localhost/").unwrap();
    let (client, server) = tokio::join!(
        client(near, request, config),
        accept_with(far, config, async |_| Ok(rfc6455_tokio::Accept::new())),
    );
    (client.unwrap().0, server.unwrap())
}

/// A server, and the pipe to it for bytes that a test writes by hand.
pub(crate) fn raw_server(config: &Config) -> (DuplexStream, WebSocketStream<DuplexStream>) {
    let (near, far) = duplex(1 << 16);
    (near, WebSocketStream::server(far, config))
}

/// A masked frame, as a client sends it; its key is zero.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).unwrap();
    assert!(len < 126);
    [&[first, 0x80 | len, 0, 0, 0, 0], payload].concat()
}

/// Moves one byte at a time, and is not ready every other time.
pub(crate) struct Bytewise<S> {
    inner: S,
    turns: [bool; 2],
}

impl<S> Bytewise<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, turns: [false; 2] }
    }

    fn is_ready(&mut self, direction: usize, cx: &Context<'_>) -> bool {
        self.turns[direction] ^= true;
        if self.turns[direction] {
            cx.waker().wake_by_ref();
        }
        !self.turns[direction]
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bytewise<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_ready(0, cx) {
            return Poll::Pending;
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        let result = Pin::new(&mut self.inner).poll_read(cx, &mut one);
        buf.put_slice(one.filled());
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bytewise<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.is_ready(1, cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_write(cx, &buf[..buf.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_ready(1, cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Counts the calls that moved bytes.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) reads: AtomicUsize,
    pub(crate) writes: AtomicUsize,
}

pub(crate) struct Counted<S>(pub(crate) S, pub(crate) Arc<Calls>);

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.0).poll_read(cx, buf);
        self.1.reads.fetch_add(usize::from(result.is_ready()), Ordering::Relaxed);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.0).poll_write(cx, buf);
        self.1.writes.fetch_add(usize::from(result.is_ready()), Ordering::Relaxed);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.0).poll_write_vectored(cx, bufs);
        self.1.writes.fetch_add(usize::from(result.is_ready()), Ordering::Relaxed);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
