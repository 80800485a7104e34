//! The transport in memory, which is always ready to read and to write.
//!
//! A read copies from a pristine stream, which simulates `recv` and costs every contender the same.
//! Unmasking in place thus always gets fresh bytes. Writing costs nothing: the measurement ends
//! when a contender hands its bytes over.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::FutureExt;

/// The most bytes that one read returns.
pub const READ_LEN: usize = 64 << 10;
/// The length of reads that stay in the nearest cache, for contenders without their own length.
pub const SHORT_READ: usize = 8 << 10;

/// The destination of all writes: counts the bytes, and keeps them only while a result is verified.
#[derive(Clone, Default)]
pub struct Output(Rc<Written>);

#[derive(Default)]
struct Written {
    bytes: Cell<u64>,
    recording: Cell<bool>,
    record: RefCell<Vec<u8>>,
}

impl Output {
    #[inline]
    pub fn write(&self, bytes: &[u8]) {
        std::hint::black_box(bytes.as_ptr());
        self.0.bytes.set(self.0.bytes.get() + bytes.len() as u64);
        if self.0.recording.get() {
            self.0.record.borrow_mut().extend_from_slice(bytes);
        }
    }

    /// Returns the bytes written since the last call.
    pub fn take_count(&self) -> u64 {
        self.0.bytes.take()
    }

    /// Returns everything that `work` writes.
    pub fn record(&self, work: impl FnOnce()) -> Vec<u8> {
        self.0.recording.set(true);
        work();
        self.0.recording.set(false);
        self.0.bytes.set(0);
        self.0.record.take()
    }
}

/// A stream that restarts at its end, so that a connection persists across all rounds.
#[derive(Clone)]
pub struct Source {
    stream: Rc<[u8]>,
    at: usize,
    /// No read crosses a multiple of this.
    cut: usize,
    most: usize,
    /// The number of messages in the stream; a pass ends after them.
    pub messages: u64,
    pub output: Output,
}

impl Source {
    pub fn new(stream: Vec<u8>, messages: u64) -> Self {
        Self {
            stream: stream.into(),
            at: 0,
            cut: READ_LEN,
            most: READ_LEN,
            messages,
            output: Output::default(),
        }
    }

    /// Makes reads stop at multiples of `cut`, such as the length of a message.
    pub fn cut(self, cut: usize) -> Self {
        Self { cut, ..self }
    }

    /// Limits the length of a read.
    pub fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    pub fn len(&self) -> usize {
        self.stream.len()
    }

    /// Returns the next bytes, at most `max`; the caller copies them.
    #[inline]
    pub fn next(&mut self, max: usize) -> &[u8] {
        let to_cut = self.cut - self.at % self.cut;
        let len = max.min(self.most).min(to_cut).min(self.stream.len() - self.at);
        let start = self.at;
        self.at = if start + len == self.stream.len() { 0 } else { start + len };
        &self.stream[start..start + len]
    }

    #[inline]
    pub fn read_into(&mut self, buf: &mut [u8]) -> usize {
        let bytes = self.next(buf.len());
        buf[..bytes.len()].copy_from_slice(bytes);
        bytes.len()
    }

    fn write_all_of(&self, bufs: &[IoSlice<'_>]) -> usize {
        bufs.iter().map(|buf| (self.output.write(buf), buf.len()).1).sum()
    }
}

impl Read for Source {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_into(buf))
    }
}

impl Write for Source {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.output.write(buf);
        Ok(buf.len())
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(self.write_all_of(bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tokio::io::AsyncRead for Source {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buf.put_slice(self.next(buf.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncWrite for Source {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.output.write(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.write_all_of(bufs)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures_util::AsyncRead for Source {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.read_into(buf)))
    }
}

impl futures_util::AsyncWrite for Source {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.output.write(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a future that never has to wait, because its transport never does.
#[inline]
pub fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("the future waits, although all of its input is available")
}
