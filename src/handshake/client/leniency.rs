//! Deviations of real servers that a client can tolerate.

/// What a client tolerates in a response, although the RFCs forbid it.
///
/// By default it tolerates nothing. Each field allows one deviation, and nothing else: the rest of
/// the response is checked as before.
///
/// ```
/// use rfc6455::handshake::{ClientHandshake, HandshakeLimits, Leniency, Offer};
///
/// const OLD_SERVER: Leniency = Leniency::NONE.missing_reason_space(true);
///
/// let mut storage = [0; 4096];
/// let offer = Offer::new("server.example.com", "/chat");
/// let nonce = *b"the sample nonce"; // Sixteen bytes from a cryptographic random generator.
/// let mut handshake =
///     ClientHandshake::new(offer, nonce, &mut storage, HandshakeLimits::DEFAULT)?;
/// handshake.set_leniency(OLD_SERVER);
///
/// let mut received = *b"HTTP/1.1 404\r\n\r\n";
/// let response = handshake.receive(&mut &mut received[..])?.expect("it has arrived whole");
/// assert_eq!(response.status(), 404);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Leniency {
    /// Treats one empty `Sec-WebSocket-Protocol` as a missing one (RFC 6455 §4.2.2).
    ///
    /// The server then chose no subprotocol. If not tolerated, the error is
    /// [`UnofferedSubprotocol`](crate::handshake::HandshakeError::UnofferedSubprotocol).
    pub empty_subprotocol: bool,
    /// Accepts a status line without the space before an empty reason (RFC 9112 §4).
    ///
    /// The line then ends with its status. If not tolerated, the error is
    /// [`InvalidStartLine`](crate::handshake::HandshakeError::InvalidStartLine).
    pub missing_reason_space: bool,
}

impl Leniency {
    /// Tolerates no deviation: the default.
    pub const NONE: Self = Self { empty_subprotocol: false, missing_reason_space: false };

    /// Sets [`empty_subprotocol`](Self::empty_subprotocol).
    #[must_use]
    pub const fn empty_subprotocol(mut self, allow: bool) -> Self {
        self.empty_subprotocol = allow;
        self
    }

    /// Sets [`missing_reason_space`](Self::missing_reason_space).
    #[must_use]
    pub const fn missing_reason_space(mut self, allow: bool) -> Self {
        self.missing_reason_space = allow;
        self
    }
}
