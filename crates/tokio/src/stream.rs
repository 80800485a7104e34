//! A WebSocket as a stream and a sink of messages.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use rfc6455::websocket::Broadcast;
use rfc6455::{AnyRole, CloseCode, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::Config;
use crate::connection::{Codec, Connection};
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::message::Message;
use crate::split::{Receiver, Sender, split};

/// A WebSocket over a transport: one end of a connection whose handshake is done.
///
/// [`accept`](crate::accept) and [`connect`](crate::connect) open one. Pings, the peer's Close and
/// its violations are answered, and heartbeats and deadlines are kept, while [`recv`](Self::recv)
/// is awaited: so await it always, if need be beside other futures in a `select!`.
///
/// It is also a [`Stream`] and a [`Sink`] of [`Message`]s.
///
/// ```
/// # async fn chat(stream: tokio::net::TcpStream) -> rfc6455_tokio::Result<()> {
/// let mut ws = rfc6455_tokio::accept(stream).await?;
/// while let Some(message) = ws.recv().await {
///     let message = message?;
///     if message.is_data() {
///         ws.feed(message).await?; // `recv` writes it, before it waits
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
/// Every future of this type can be dropped at any time, in a `select!` for example. Progress is
/// kept in the stream: no byte is lost or sent twice, and no frame is cut. A message was either
/// queued whole, and will be written by the next call that writes, or it was not.
#[derive(Debug)]
pub struct WebSocketStream<S> {
    /// On the heap, so that a stream is small to move, and so are the futures that hold it.
    pub(crate) connection: Box<Connection<S>>,
    subprotocol: Option<Box<str>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketStream<S> {
    /// Joins the transport of a server with the codec's end, after a handshake of your own.
    #[must_use]
    pub fn server(transport: S, config: &Config) -> Self {
        let codec = WebSocket::over_bytes(AnyRole::Server, config.websocket);
        Self::from_codec(transport, codec, config)
    }

    /// Joins the transport of a client with the codec's end, after a handshake of your own.
    #[must_use]
    pub fn client(transport: S, config: &Config) -> Self {
        let codec = WebSocket::over_bytes(AnyRole::client(Keys), config.websocket);
        Self::from_codec(transport, codec, config)
    }

    /// Joins a transport with a codec, which may compress, or have been fed with what was read
    /// together with the handshake.
    #[must_use]
    pub fn from_codec(transport: S, codec: Codec, config: &Config) -> Self {
        let connection = Box::new(Connection::new(transport, codec, config));
        Self { connection, subprotocol: None }
    }

    pub(crate) fn with_subprotocol(mut self, subprotocol: Option<&str>) -> Self {
        self.subprotocol = subprotocol.map(Into::into);
        self
    }

    /// Receives the next message; `None` after the end of the connection.
    ///
    /// It writes what is queued before it waits. So a loop that answers messages needs no
    /// [`flush`](Self::flush): it answers all that arrived together with one write.
    ///
    /// # Errors
    /// - [`Error::Protocol`], after the Close frame that reports it was sent;
    /// - [`Error::TimedOut`] if the peer is silent, or does not complete a message or the closing
    ///   handshake in time;
    /// - [`Error::Io`].
    ///
    /// The connection has then ended. A stream that ends without a Close frame is no error:
    /// networks fail. [`was_clean`](Self::was_clean) tells the two ends apart.
    pub async fn recv(&mut self) -> Option<Result<Message>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        Poll::Ready(ready!(self.connection.poll_event(cx)).map(|event| event.map(Message::from)))
    }

    /// Sends a message: queues it, and writes everything that is queued.
    ///
    /// # Errors
    /// [`Error::Send`] if it cannot be sent, with nothing changed; [`Error::Io`].
    pub fn send(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<()>> {
        let message = message.into();
        async move {
            self.ready(message.len()).await?;
            self.connection.queue(message)?;
            self.flush().await
        }
    }

    /// Queues a message; waits only while [`Config::backpressure`] bytes are queued.
    ///
    /// The next [`recv`](Self::recv) or [`flush`](Self::flush) writes it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<()>> {
        let message = message.into();
        async move {
            self.ready(message.len()).await?;
            self.connection.queue(message)
        }
    }

    /// Queues a message that many connections share, like [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`send`](Self::send). A client cannot: [`rfc6455::SendError`] says why.
    pub async fn feed_broadcast(&mut self, message: &Broadcast) -> Result<()> {
        self.ready(message.len()).await?;
        self.connection.queue_broadcast(message)
    }

    fn ready(&mut self, len: usize) -> impl Future<Output = Result<()>> {
        poll_fn(move |cx| self.connection.poll_ready(cx, len))
    }

    /// Writes everything that is queued.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn flush(&mut self) -> Result<()> {
        poll_fn(|cx| self.connection.poll_flush_all(cx)).await
    }

    /// Closes the connection: sends a Close frame behind what is queued, and waits for the peer's.
    ///
    /// Messages that still arrive are discarded. To use them, send [`Message::Close`], and await
    /// [`recv`](Self::recv) until `None`.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv); [`Error::TimedOut`] if the peer does not close in time.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<()> {
        self.connection.queue_close(code, reason)?;
        poll_fn(|cx| self.poll_closed(cx)).await
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while let Some(event) = ready!(self.connection.poll_event(cx)) {
            event?;
        }
        Poll::Ready(Ok(()))
    }

    /// Splits the stream for two tasks.
    ///
    /// The receiver keeps the heartbeats and deadlines, so it has to be awaited. The halves share
    /// the connection by a lock that is never held while one of them waits.
    #[must_use]
    pub fn into_split(self) -> (Receiver<S>, Sender<S>) {
        split(self)
    }
}

impl<S> WebSocketStream<S> {
    /// Returns the subprotocol that both ends agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Returns how many bytes wait to be written.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.connection.queued()
    }

    /// Returns whether the peer's Close frame has arrived (RFC 6455 §7.1.4).
    #[must_use]
    pub fn was_clean(&self) -> bool {
        self.connection.is_close_received()
    }

    /// Returns the transport.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.connection.transport
    }

    /// Returns the transport, whose bytes are not yours to read or write.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.connection.transport
    }

    /// Drops the connection, and returns the transport.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.connection.transport
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocketStream<S> {
    type Item = Result<Message>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_recv(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocketStream<S> {
    fn is_terminated(&self) -> bool {
        self.connection.is_over()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocketStream<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().connection.poll_ready(cx, 0)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<()> {
        self.get_mut().connection.queue(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().connection.poll_flush_all(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        this.connection.queue_close(CloseCode::NORMAL, "")?;
        this.poll_closed(cx)
    }
}
