//! Two halves of a stream, for two tasks.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use atomic_waker::AtomicWaker;
use futures_core::Stream;
use futures_sink::Sink;
use rfc6455::CloseCode;
use rfc6455::websocket::Broadcast;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, Result};
use crate::message::Message;
use crate::stream::WebSocketStream;

/// The half of a [`WebSocketStream`] that receives, and keeps the deadlines.
///
/// Also a [`Stream`].
pub struct Receiver<S>(Arc<Shared<S>>);

/// The half of a [`WebSocketStream`] that sends.
///
/// Also a [`Sink`].
pub struct Sender<S>(Arc<Shared<S>>);

struct Shared<S> {
    stream: Mutex<WebSocketStream<S>>,
    wakers: Arc<Wakers>,
    /// The same, as the transport needs it.
    waker: Waker,
}

/// The tasks of both halves. A transport remembers one task for each direction, but either half
/// may have to write.
#[derive(Default)]
struct Wakers {
    receiver: AtomicWaker,
    sender: AtomicWaker,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.receiver.wake();
        self.sender.wake();
    }
}

pub(crate) fn split<S>(stream: WebSocketStream<S>) -> (Receiver<S>, Sender<S>) {
    let wakers = Arc::new(Wakers::default());
    let waker = Waker::from(wakers.clone());
    let shared = Arc::new(Shared { stream: Mutex::new(stream), wakers, waker });
    (Receiver(shared.clone()), Sender(shared))
}

impl<S> Shared<S> {
    /// Locks the stream, which has no state that a panic could leave half done.
    fn lock(&self) -> MutexGuard<'_, WebSocketStream<S>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls the stream for the half whose waker this is.
    fn poll<T>(
        &self,
        waker: &AtomicWaker,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut WebSocketStream<S>, &mut Context<'_>) -> T,
    ) -> T {
        waker.register(cx.waker());
        poll(&mut self.lock(), &mut Context::from_waker(&self.waker))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receiver<S> {
    /// Receives the next message: see [`WebSocketStream::recv`].
    ///
    /// # Errors
    /// As for [`WebSocketStream::recv`].
    pub async fn recv(&mut self) -> Option<Result<Message>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<S> Receiver<S> {
    /// Returns whether the peer's Close frame has arrived.
    #[must_use]
    pub fn was_clean(&self) -> bool {
        self.0.lock().was_clean()
    }

    /// Makes one stream of the two halves again.
    ///
    /// # Errors
    /// Returns both halves if they are not of the same stream.
    pub fn reunite(
        self,
        sender: Sender<S>,
    ) -> std::result::Result<WebSocketStream<S>, (Self, Sender<S>)> {
        if !Arc::ptr_eq(&self.0, &sender.0) {
            return Err((self, sender));
        }
        drop(sender);
        match Arc::try_unwrap(self.0) {
            Ok(shared) => Ok(shared.stream.into_inner().unwrap_or_else(PoisonError::into_inner)),
            // There are no more than two halves.
            Err(shared) => Err((Self(shared.clone()), Sender(shared))),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sender<S> {
    fn poll<T>(
        &self,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut WebSocketStream<S>, &mut Context<'_>) -> T,
    ) -> T {
        self.0.poll(&self.0.wakers.sender, cx, poll)
    }

    async fn ready(&self, len: usize) -> Result<()> {
        poll_fn(|cx| self.poll(cx, |stream, cx| stream.connection.poll_ready(cx, len))).await
    }

    /// Sends a message: see [`WebSocketStream::send`].
    ///
    /// # Errors
    /// As for [`WebSocketStream::send`].
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<()> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues a message: see [`WebSocketStream::feed`].
    ///
    /// # Errors
    /// As for [`WebSocketStream::send`].
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<()> {
        let message = message.into();
        self.ready(message.len()).await?;
        self.0.lock().connection.queue(message)
    }

    /// Queues a message that many connections share: see [`WebSocketStream::feed_broadcast`].
    ///
    /// # Errors
    /// As for [`WebSocketStream::feed_broadcast`].
    pub async fn feed_broadcast(&mut self, message: &Broadcast) -> Result<()> {
        self.ready(message.len()).await?;
        self.0.lock().connection.queue_broadcast(message)
    }

    /// Writes everything that is queued.
    ///
    /// # Errors
    /// As for [`WebSocketStream::send`].
    pub async fn flush(&mut self) -> Result<()> {
        poll_fn(|cx| self.poll(cx, |stream, cx| stream.connection.poll_flush_all(cx))).await
    }

    /// Sends a Close frame behind what is queued; the receiver completes the closing handshake.
    ///
    /// # Errors
    /// As for [`WebSocketStream::send`].
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<()> {
        self.0.lock().connection.queue_close(code, reason)?;
        self.flush().await
    }
}

impl<S> Sender<S> {
    /// Returns how many bytes wait to be written.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.0.lock().queued()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Receiver<S> {
    type Item = Result<Message>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let shared = &self.0;
        shared.poll(&shared.wakers.receiver, cx, |stream, cx| Pin::new(stream).poll_next(cx))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for Sender<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll(cx, |stream, cx| stream.connection.poll_ready(cx, 0))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<()> {
        self.0.lock().connection.queue(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll(cx, |stream, cx| stream.connection.poll_flush_all(cx))
    }

    /// Sends a Close frame; the receiver completes the closing handshake.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.lock().connection.queue_close(CloseCode::NORMAL, "")?;
        self.poll_flush(cx)
    }
}

impl<S> fmt::Debug for Receiver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Sender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
