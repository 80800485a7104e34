//! The transport in memory: always ready to read, always ready to write.
//!
//! Reading copies out of a pristine stream, which stands for `recv` and is the same for everyone;
//! unmasking in place can then destroy what was read. Writing costs nothing: what is measured ends
//! when a peer hands its bytes over.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::FutureExt;

/// The most that one read gives.
pub const READ_LEN: usize = 64 << 10;
/// A read that stays in the nearest cache, for who does not say how much it reads.
pub const SHORT_READ: usize = 8 << 10;

/// Where everything that is written goes: counted, and kept only while a result is verified.
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

    /// How many bytes have been written since this was last asked.
    pub fn take_count(&self) -> u64 {
        self.0.bytes.take()
    }

    /// All that `work` writes.
    pub fn record(&self, work: impl FnOnce()) -> Vec<u8> {
        self.0.recording.set(true);
        work();
        self.0.recording.set(false);
        self.0.bytes.set(0);
        self.0.record.take()
    }
}

/// A stream that begins anew when it is used up, so that a connection lives through all rounds.
#[derive(Clone)]
pub struct Source {
    stream: Rc<[u8]>,
    at: usize,
    /// No read goes over a multiple of this.
    cut: usize,
    most: usize,
    /// Messages in the stream, which is where a pass ends.
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

    /// With reads that stop at multiples of `cut`, such as one message.
    pub fn cut(self, cut: usize) -> Self {
        Self { cut, ..self }
    }

    /// With reads of at most so many bytes.
    pub fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    pub fn len(&self) -> usize {
        self.stream.len()
    }

    /// The next bytes, at most `max`; the caller copies them.
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
    future.now_or_never().expect("a future waits although all of its input is there")
}
