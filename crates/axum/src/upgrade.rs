//! The extractor.

use std::fmt;
use std::future::Future;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::Response;
use http::Request;
use http::request::Parts;
use rfc6455_tokio::rfc6455::handshake::{HandshakeError, Upgrade};
use rfc6455_tokio::{Accept, Config, Error, check_upgrade};

use crate::WebSocket;
use crate::rejection::WebSocketUpgradeRejection;

type Rejected<T> = std::result::Result<T, WebSocketUpgradeRejection>;

/// Extracts the opening handshake of a WebSocket: of HTTP/1.1, and of HTTP/2.
///
/// The method is GET in HTTP/1.1 and CONNECT in HTTP/2, so route it by `any`.
///
/// ```
/// use axum::{Router, response::Response, routing::any};
/// use rfc6455_axum::{WebSocket, WebSocketUpgrade};
///
/// let app: Router = Router::new().route("/ws", any(handler));
///
/// async fn handler(ws: WebSocketUpgrade) -> Response {
///     ws.max_message_size(64 << 10).protocols(["chat.v2", "chat"]).on_upgrade(echo)
/// }
///
/// async fn echo(mut ws: WebSocket) {
///     while let Some(Ok(message)) = ws.recv().await {
///         if message.is_data() && ws.feed(message).await.is_err() {
///             break;
///         }
///     }
/// }
/// ```
///
/// An `Option<WebSocketUpgrade>` is `None` for a request that does not ask for a WebSocket, so one
/// route can serve a page too.
#[must_use = "the request is accepted by `on_upgrade`"]
pub struct WebSocketUpgrade {
    request: Request<()>,
    config: Config,
    protocol: Option<String>,
    on_failed: Box<dyn FnOnce(Error) + Send>,
}

impl WebSocketUpgrade {
    /// Sets limits, deadlines, buffers and compression. It replaces what was set before.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the length of the longest message to receive, in bytes. Default: 16 MiB.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.config.websocket.limits.max_message = bytes as u64;
        self
    }

    /// Sets the length of the longest frame to receive, in bytes. Default: 16 MiB.
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        self.config.websocket.limits.max_frame = bytes as u64;
        self
    }

    /// Accepts compression (permessage-deflate) if the client offers it. Default: not.
    ///
    /// Do not compress secrets together with what an attacker chooses: the lengths of messages
    /// then reveal the secrets.
    ///
    /// ```
    /// # use axum::response::Response;
    /// # use rfc6455_axum::WebSocketUpgrade;
    /// use rfc6455_axum::rfc6455::deflate;
    /// async fn handler(ws: WebSocketUpgrade) -> Response {
    ///     ws.deflate(deflate::Config::DEFAULT).on_upgrade(async |mut ws| {
    ///         let _ = ws.send("compressed").await;
    ///     })
    /// }
    /// ```
    pub fn deflate(
        mut self,
        config: impl Into<Option<rfc6455_tokio::rfc6455::deflate::Config>>,
    ) -> Self {
        self.config.deflate = config.into();
        self
    }

    /// Selects a subprotocol: the first of these that the client requests, if there is one.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.protocol = protocols
            .into_iter()
            .map(Into::into)
            .find(|protocol| self.requested_protocols().any(|requested| requested == protocol));
        self
    }

    /// Returns the subprotocols that the client requests, in order of its preference.
    pub fn requested_protocols(&self) -> impl Iterator<Item = &str> {
        self.upgrade().into_iter().flat_map(|upgrade| upgrade.subprotocols())
    }

    /// Selects one of the subprotocols that the client requests.
    ///
    /// Any other is an error, and the response has status 500.
    pub fn set_selected_protocol(&mut self, protocol: impl Into<String>) {
        self.protocol = Some(protocol.into());
    }

    /// Returns the selected subprotocol.
    #[must_use]
    pub fn selected_protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Refuses a request that is not from one of these origins, with status 403.
    ///
    /// Browsers let every page open a WebSocket to every server, and send the user's cookies with
    /// it, so a server that authenticates by cookies needs this.
    /// [`Upgrade::origin_is`] says what is compared.
    ///
    /// ```
    /// # use axum::response::Response;
    /// use rfc6455_axum::{WebSocketUpgrade, WebSocketUpgradeRejection};
    /// async fn handler(ws: WebSocketUpgrade) -> Result<Response, WebSocketUpgradeRejection> {
    ///     let ws = ws.require_origin(&["https://example.com"])?;
    ///     Ok(ws.on_upgrade(async |mut ws| _ = ws.send("welcome").await))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`HandshakeError::OriginNotAllowed`].
    pub fn require_origin(self, allowed: &[&str]) -> Rejected<Self> {
        match self.upgrade().and_then(|upgrade| upgrade.require_origin(allowed)) {
            Ok(()) => Ok(self),
            Err(error) => Err(self.rejection(error)),
        }
    }

    /// Sets what is called if the request could not be upgraded after all: because the connection
    /// failed, or because the response was not sent, or was replaced by one that does not accept.
    ///
    /// A replaced response is known at once in HTTP/2. In HTTP/1.1 it is known when the connection
    /// ends, and at the latest after the deadline of the handshake.
    pub fn on_failed_upgrade(mut self, callback: impl FnOnce(Error) + Send + 'static) -> Self {
        self.on_failed = Box::new(callback);
        self
    }

    /// Accepts the request, and returns the response. The callback then runs in a task of its own.
    #[must_use = "the response has to be returned"]
    pub fn on_upgrade<C, F>(mut self, callback: C) -> Response
    where
        C: FnOnce(WebSocket) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let accept = match self.protocol {
            Some(protocol) => Accept::new().subprotocol(protocol),
            None => Accept::new(),
        };
        let (response, socket) =
            rfc6455_tokio::upgrade(&mut self.request, &self.config, |_| Ok(accept));
        tokio::spawn(async move {
            match socket.await {
                Ok(ws) => callback(ws).await,
                Err(error) => (self.on_failed)(error),
            }
        });
        response.map(Body::from)
    }

    fn upgrade(&self) -> std::result::Result<Upgrade<'_>, HandshakeError> {
        check_upgrade(&self.request)
    }

    fn rejection(&self, error: HandshakeError) -> WebSocketUpgradeRejection {
        WebSocketUpgradeRejection { error, version: self.request.version() }
    }
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = WebSocketUpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Rejected<Self> {
        let this = Self {
            request: Request::from_parts(parts.clone(), ()),
            config: Config::DEFAULT,
            protocol: None,
            on_failed: Box::new(|_| ()),
        };
        match this.upgrade() {
            Ok(_) => Ok(this),
            Err(error) => Err(this.rejection(error)),
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for WebSocketUpgrade {
    type Rejection = WebSocketUpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Rejected<Option<Self>> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(ws) => Ok(Some(ws)),
            Err(rejection) if rejection.error == HandshakeError::NotAnUpgrade => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl fmt::Debug for WebSocketUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade")
            .field("request", &self.request)
            .field("config", &self.config)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}
