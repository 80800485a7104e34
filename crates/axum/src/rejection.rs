//! Why a request was not upgraded.

use std::error::Error;
use std::fmt;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::Version;
use rfc6455_tokio::Reject;
use rfc6455_tokio::rfc6455::handshake::HandshakeError;

/// Why a request was not upgraded: it is no opening handshake, or its origin is not allowed.
///
/// As a response it has the status that RFC 6455 and the RFCs of HTTP ask for, and its text is the
/// body.
#[derive(Clone, Copy, Debug)]
pub struct WebSocketUpgradeRejection {
    pub(crate) error: HandshakeError,
    pub(crate) version: Version,
}

impl WebSocketUpgradeRejection {
    /// Returns what is wrong with the request.
    ///
    /// [`HandshakeError::NotAnUpgrade`] means that it does not ask for a WebSocket, but perhaps for
    /// a page.
    #[must_use]
    pub const fn error(&self) -> HandshakeError {
        self.error
    }
}

impl IntoResponse for WebSocketUpgradeRejection {
    fn into_response(self) -> Response {
        Reject::from(self.error).into_response(self.version).map(Body::from)
    }
}

impl fmt::Display for WebSocketUpgradeRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for WebSocketUpgradeRejection {}
