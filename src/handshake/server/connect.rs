//! Checks an extended CONNECT of HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220).
//!
//! RFC 9220 §3: "The semantics of the pseudo-header fields and setting are identical to those in
//! HTTP/2 as defined in [RFC8441]."

use super::request::{Request, is_authority, is_http, is_resource};
use crate::handshake::error::HandshakeError;
use crate::handshake::facts::Name;

impl Request<'_> {
    /// Checks what replaces the GET request of RFC 6455.
    // Never inlined: otherwise the checks of HTTP/1.1 would pay for its registers.
    #[inline(never)]
    pub(super) fn check_connect(&self) -> Result<(), HandshakeError> {
        // RFC 8441 §5: "The :protocol pseudo-header field MUST be included in the CONNECT request,
        // and it MUST have a value of "websocket" to initiate a WebSocket connection on an HTTP/2
        // stream."
        let protocol = self.protocol.ok_or(HandshakeError::NotAnUpgrade)?;
        if self.method != b"CONNECT" {
            return Err(HandshakeError::MethodNotConnect);
        }
        // RFC 9220 §3: "If a server advertises support for Extended CONNECT but receives an
        // Extended CONNECT request with a ":protocol" value that is unknown or is not supported,
        // the server SHOULD respond to the request with a 501 (Not Implemented) status code".
        if protocol != "websocket" {
            return Err(HandshakeError::UnsupportedProtocol);
        }
        // RFC 8441 §4: "On requests that contain the :protocol pseudo-header field, the :scheme and
        // :path pseudo-header fields of the target URI (see Section 5) MUST also be included."
        // RFC 8441 §5: "The scheme of the target URI (Section 5.1 of [RFC7230]) MUST be "https" for
        // "wss"-schemed WebSockets and "http" for "ws"-schemed WebSockets."
        if !self.scheme.is_some_and(|scheme| is_http(scheme.as_bytes())) {
            return Err(HandshakeError::InvalidScheme);
        }
        if !self.target.starts_with(b"/") || !is_resource(self.target) {
            return Err(HandshakeError::InvalidTarget);
        }
        // RFC 8441 §5: "The Host information is conveyed as part of the :authority pseudo-header
        // field, which is required on every HTTP/2 transaction."
        let authority = self.authority.ok_or(HandshakeError::MissingHost)?;
        if !is_authority(authority) {
            return Err(HandshakeError::InvalidHost);
        }
        // RFC 8441 §5: "[RFC6455] requires the use of Connection and Upgrade header fields that are
        // not part of HTTP/2. They MUST NOT be included in the CONNECT request defined here."
        if self.facts.connection || self.facts.seen(Name::Upgrade).first.is_some() {
            return Err(HandshakeError::ConnectionSpecificHeader);
        }
        // RFC 8441 §5: "Implementations using this extended CONNECT to bootstrap WebSockets do not
        // do the processing of the Sec-WebSocket-Key and Sec-WebSocket-Accept header fields of
        // [RFC6455]". They are ignored, therefore, and not refused.
        //
        // RFC 8441 §5: "The Origin [RFC6454], Sec-WebSocket-Version, Sec-WebSocket-Protocol, and
        // Sec-WebSocket-Extensions header fields are used in the CONNECT request and
        // response-header fields as defined in [RFC6455]."
        self.check_body_and_version()
    }
}
