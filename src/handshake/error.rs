//! Errors of a handshake: the peer's, and the caller's.

use core::error::Error;
use core::fmt;

use super::http::error::{HeadError, OutputTooSmall};

/// An error of the peer. (An error of the caller is a [`HandshakeSendError`].)
///
/// On the server side, every error has an HTTP response: see [`status`](Self::status) and
/// [`response`](Self::response). Send the response, and close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The head does not end within its storage.
    HeadTooLarge,
    /// There are more header lines than the limit allows.
    TooManyHeaders,
    /// The target of the request is longer than the limit allows.
    TargetTooLong,
    /// The request line or the status line is malformed (RFC 9112 §3, §4).
    InvalidStartLine,
    /// A line ends with LF alone, or a CR is not followed by LF (RFC 9112 §2.2).
    InvalidLineEnding,
    /// The head contains a NUL or another control character.
    ControlCharacter,
    /// A header line begins with whitespace: obsolete line folding (RFC 9112 §5.2).
    FoldedHeader,
    /// A header's name is not a token directly followed by a colon (RFC 9112 §5.1).
    InvalidHeaderName,
    /// A header's value contains a byte that no value may contain (RFC 9110 §5.5).
    InvalidHeaderValue,
    /// The HTTP version is not 1.1, or not that of the request. (This includes a malformed version that begins with a digit of
    /// another version.)
    UnsupportedHttpVersion,

    /// The request does not ask for a WebSocket (RFC 6455 §4.2.1 item 3), but perhaps for a page.
    NotAnUpgrade,
    /// The method is not GET (RFC 6455 §4.2.1 item 1).
    MethodNotGet,
    /// The target is not a resource name (RFC 6455 §4.2.1 item 1, §3).
    InvalidTarget,
    /// There is no `Host` (RFC 6455 §4.2.1 item 2), or no `:authority` (RFC 8441 §5).
    MissingHost,
    /// There is more than one `Host` (RFC 9112 §3.2).
    DuplicateHost,
    /// `Host` or `:authority` is not a host with an optional port (RFC 9112 §3.2).
    InvalidHost,
    /// `Sec-WebSocket-Version` is not present exactly once, with the value 13
    /// (RFC 6455 §4.2.1 item 6).
    UnsupportedVersion,
    /// There is no `Sec-WebSocket-Key` (RFC 6455 §4.2.1 item 5).
    MissingKey,
    /// There is more than one `Sec-WebSocket-Key` (RFC 6455 §11.3.1).
    DuplicateKey,
    /// `Sec-WebSocket-Key` is not the base64 of 16 bytes (RFC 6455 §4.2.1 item 5).
    InvalidKey,
    /// There is more than one `Origin` (RFC 6455 §4.2.1 item 7).
    DuplicateOrigin,
    /// The `Origin` is not one that the server allows (RFC 6455 §10.2).
    OriginNotAllowed,
    /// The method of an extended CONNECT is not CONNECT (RFC 8441 §4).
    MethodNotConnect,
    /// `:protocol` is not `websocket` (RFC 8441 §5).
    UnsupportedProtocol,
    /// `:scheme` is neither `https` nor `http` (RFC 8441 §5).
    InvalidScheme,
    /// A head of HTTP/2 or HTTP/3 has `Connection` or `Upgrade` (RFC 8441 §5).
    ConnectionSpecificHeader,
    /// The offered subprotocols are not a list of 1 to 32 different tokens (RFC 6455 §4.1 item 10).
    InvalidSubprotocols,

    /// `Connection` does not list `Upgrade` (RFC 6455 §4.2.1 item 4, §4.1).
    MissingConnectionUpgrade,
    /// `Sec-WebSocket-Extensions` does not conform to its grammar (RFC 6455 §9.1).
    InvalidExtensions,
    /// The head announces a body, where none is possible.
    UnexpectedBody,

    /// The server answered with this status, not with 101 (RFC 6455 §4.1), or in HTTP/2 and HTTP/3
    /// not with 2xx (RFC 9110 §9.3.6).
    Status(u16),
    /// `Upgrade` in the response is not, exactly once, `websocket` (RFC 6455 §4.1).
    InvalidUpgrade,
    /// There is no `Sec-WebSocket-Accept` (RFC 6455 §4.1).
    MissingAccept,
    /// There is more than one `Sec-WebSocket-Accept` (RFC 6455 §11.3.3).
    DuplicateAccept,
    /// `Sec-WebSocket-Accept` does not match our key (RFC 6455 §4.1).
    AcceptMismatch,
    /// The server chose a subprotocol that was not offered (RFC 6455 §4.1).
    UnofferedSubprotocol,
    /// The server chose more than one subprotocol (RFC 6455 §11.3.4).
    DuplicateSubprotocol,
    /// The server uses an extension that was not offered (RFC 6455 §4.1).
    UnofferedExtension,
    /// The server uses an extension twice.
    DuplicateExtension,
    /// The server uses an extension with parameters that do not match the offer
    /// (RFC 7692 §7).
    UnacceptableExtensionParams,
}

impl HandshakeError {
    /// Returns the HTTP status of the response to this error.
    ///
    /// Errors of a response are never answered; for these it is 502, which a gateway would report.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::OriginNotAllowed => 403,
            Self::MethodNotGet => 405,
            Self::TargetTooLong => 414,
            Self::NotAnUpgrade | Self::UnsupportedVersion => 426,
            Self::HeadTooLarge | Self::TooManyHeaders => 431,
            Self::UnsupportedProtocol => 501,
            Self::UnsupportedHttpVersion => 505,
            Self::Status(_)
            | Self::InvalidUpgrade
            | Self::MissingAccept
            | Self::DuplicateAccept
            | Self::AcceptMismatch
            | Self::UnofferedSubprotocol
            | Self::DuplicateSubprotocol
            | Self::UnofferedExtension
            | Self::DuplicateExtension
            | Self::UnacceptableExtensionParams => 502,
            _ => 400,
        }
    }

    /// Returns a complete response with this error's [`status`](Self::status), ready to send.
    ///
    /// It has no body and closes the connection. To send more, write a
    /// [`Rejection`](super::Rejection).
    #[must_use]
    pub const fn response(self) -> &'static [u8] {
        match self.status() {
            403 => b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405
            // response containing a list of the target resource's currently supported methods."
            405 => {
                b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n\
                  Connection: close\r\nContent-Length: 0\r\n\r\n"
            }
            414 => b"HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            // RFC 6455 §4.4: "If the server doesn't support the requested version, it MUST respond
            // with a |Sec-WebSocket-Version| header field [...] containing all versions it is
            // willing to use."
            // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
            426 => {
                b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n\
                  Sec-WebSocket-Version: 13\r\n\
                  Connection: close, Upgrade\r\nContent-Length: 0\r\n\r\n"
            }
            431 => {
                b"HTTP/1.1 431 Request Header Fields Too Large\r\n\
                  Connection: close\r\nContent-Length: 0\r\n\r\n"
            }
            501 => {
                b"HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            }
            502 => b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            505 => {
                b"HTTP/1.1 505 HTTP Version Not Supported\r\n\
                  Connection: close\r\nContent-Length: 0\r\n\r\n"
            }
            _ => b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeadTooLarge => "the head does not fit its storage",
            Self::TooManyHeaders => "there are more headers than the limit allows",
            Self::TargetTooLong => "the request target is longer than the limit allows",
            Self::InvalidStartLine => "the first line is not one of HTTP/1.1",
            Self::InvalidLineEnding => "a line does not end with CR LF",
            Self::ControlCharacter => "the head contains a control character",
            Self::FoldedHeader => "a header is folded over several lines",
            Self::InvalidHeaderName => "a header's name is invalid",
            Self::InvalidHeaderValue => "a header's value is invalid",
            Self::UnsupportedHttpVersion => "the version of HTTP is not 1.1",
            Self::NotAnUpgrade => "the request asks for no upgrade to WebSocket",
            Self::MethodNotGet => "the method of the request is not GET",
            Self::InvalidTarget => "the request target is not a resource name",
            Self::MethodNotConnect => "the method of an extended CONNECT is not CONNECT",
            Self::UnsupportedProtocol => ":protocol is not websocket",
            Self::InvalidScheme => ":scheme is neither https nor http",
            Self::ConnectionSpecificHeader => {
                "Connection and Upgrade are not allowed in HTTP/2 and HTTP/3"
            }
            Self::MissingHost => "Host is missing",
            Self::DuplicateHost => "there is more than one Host",
            Self::InvalidHost => "Host is invalid",
            Self::UnsupportedVersion => "Sec-WebSocket-Version is not 13",
            Self::MissingKey => "Sec-WebSocket-Key is missing",
            Self::DuplicateKey => "there is more than one Sec-WebSocket-Key",
            Self::InvalidKey => "Sec-WebSocket-Key is not the base64 of 16 bytes",
            Self::DuplicateOrigin => "there is more than one Origin",
            Self::OriginNotAllowed => "the Origin is not allowed",
            Self::InvalidSubprotocols => "Sec-WebSocket-Protocol is not a list of different tokens",
            Self::MissingConnectionUpgrade => "Connection does not list Upgrade",
            Self::InvalidExtensions => "Sec-WebSocket-Extensions is malformed",
            Self::UnexpectedBody => "a body is announced",
            Self::Status(status) => return write!(f, "the server answered with status {status}"),
            Self::InvalidUpgrade => "Upgrade in the response is not websocket",
            Self::MissingAccept => "Sec-WebSocket-Accept is missing",
            Self::DuplicateAccept => "there is more than one Sec-WebSocket-Accept",
            Self::AcceptMismatch => "Sec-WebSocket-Accept does not answer the key",
            Self::UnofferedSubprotocol => "the server chose a subprotocol that was not offered",
            Self::DuplicateSubprotocol => "the server chose more than one subprotocol",
            Self::UnofferedExtension => "the server uses an extension that was not offered",
            Self::DuplicateExtension => "the server uses an extension twice",
            Self::UnacceptableExtensionParams => {
                "the parameters of an extension do not answer what was offered"
            }
        })
    }
}

impl Error for HandshakeError {}

impl From<HeadError> for HandshakeError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::HeadTooLarge => Self::HeadTooLarge,
            HeadError::TooManyHeaders => Self::TooManyHeaders,
            HeadError::TargetTooLong => Self::TargetTooLong,
            HeadError::InvalidStartLine => Self::InvalidStartLine,
            HeadError::InvalidLineEnding => Self::InvalidLineEnding,
            HeadError::ControlCharacter => Self::ControlCharacter,
            HeadError::FoldedHeader => Self::FoldedHeader,
            HeadError::InvalidHeaderName => Self::InvalidHeaderName,
            HeadError::InvalidHeaderValue => Self::InvalidHeaderValue,
            HeadError::UnsupportedHttpVersion => Self::UnsupportedHttpVersion,
        }
    }
}

/// An error of the caller. Nothing was written, and nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeSendError {
    /// The buffer is shorter than the output.
    BufferTooSmall {
        /// The sufficient length.
        needed: usize,
    },
    /// The name of a header is not a token.
    InvalidHeaderName,
    /// The value of a header contains a control character, or begins or ends with whitespace.
    InvalidHeaderValue,
    /// The header is one that this crate writes automatically, or contradicts one of those.
    ReservedHeader,
    /// The host is not a host with an optional port.
    InvalidHost,
    /// The target does not begin with `/`, or contains whitespace, a control character, a
    /// character beyond ASCII, or `#`.
    InvalidTarget,
    /// The origin is neither a valid origin nor `null`.
    InvalidOrigin,
    /// The subprotocols are not up to 32 different tokens.
    InvalidSubprotocols,
    /// The extensions do not conform to the grammar of their header.
    InvalidExtensions,
    /// The client did not offer this subprotocol.
    SubprotocolNotOffered,
    /// The client did not offer this extension.
    ExtensionNotOffered,
    /// A response with this status cannot end a handshake.
    ///
    /// The status is outside 200..=599, or one of 204, 205 and 304, which have no body, or in HTTP/2
    /// and HTTP/3 it is 426, which demands an `Upgrade`, or 2xx, which accepts the request.
    InvalidStatus,
    /// A head of HTTP/2 or HTTP/3 cannot be written as bytes: an HTTP stack encodes its headers.
    NotHttp1,
    /// The scheme of an extended CONNECT is neither `https` nor `http`.
    InvalidScheme,
}

impl fmt::Display for HandshakeSendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferTooSmall { needed } => {
                return write!(f, "the buffer is too small: {needed} bytes are needed");
            }
            Self::InvalidHeaderName => "the name of a header is not a token",
            Self::InvalidHeaderValue => "the value of a header is invalid",
            Self::ReservedHeader => "the header is written by the handshake itself",
            Self::InvalidHost => "the host is invalid",
            Self::InvalidTarget => "the request target is invalid",
            Self::InvalidOrigin => "the origin is invalid",
            Self::InvalidSubprotocols => "the subprotocols are not different tokens",
            Self::InvalidExtensions => "the extensions are malformed",
            Self::SubprotocolNotOffered => "the client did not offer the subprotocol",
            Self::ExtensionNotOffered => "the client did not offer the extension",
            Self::InvalidStatus => "the status cannot reject a handshake",
            Self::NotHttp1 => "only a head of HTTP/1.1 can be written as bytes",
            Self::InvalidScheme => "the scheme is neither https nor http",
        })
    }
}

impl Error for HandshakeSendError {}

impl From<OutputTooSmall> for HandshakeSendError {
    fn from(OutputTooSmall { needed }: OutputTooSmall) -> Self {
        Self::BufferTooSmall { needed }
    }
}
