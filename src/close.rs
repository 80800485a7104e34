//! Close codes (RFC 6455 §7.4).

use core::fmt;
use core::num::NonZeroU16;

/// A status code that may appear on the wire: 1000-1003, 1007-1014 and 3000-4999.
///
/// 1005, 1006 and 1015 only describe something that was not received, so they have no value here: a
/// Close without a code is `None`, and a stream that ends without a Close is
/// [`Eof::Abnormal`](crate::Eof). 1012 to 1014 were registered after the RFC was published.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(NonZeroU16);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal)*) => {
        impl CloseCode {
            $($(#[$doc])* pub const $name: Self = match NonZeroU16::new($code) {
                Some(code) => Self(code),
                None => Self(NonZeroU16::MIN),
            };)*

            /// Returns the RFC's name of the code, if it has one.
            const fn name(self) -> Option<&'static str> {
                match self.get() {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// The purpose of the connection has been fulfilled.
    NORMAL = 1000
    /// The server is going down, or the browser has left the page.
    GOING_AWAY = 1001
    /// The peer broke the protocol.
    PROTOCOL_ERROR = 1002
    /// The peer sent a kind of data that this endpoint does not accept.
    UNSUPPORTED_DATA = 1003
    /// The peer sent data that does not match its type, such as text that is not UTF-8.
    INVALID_PAYLOAD = 1007
    /// The peer broke a rule that no other code describes.
    POLICY_VIOLATION = 1008
    /// The peer sent more than this endpoint accepts.
    MESSAGE_TOO_BIG = 1009
    /// The server did not agree to an extension that this client needs.
    MANDATORY_EXTENSION = 1010
    /// This endpoint is unable to do what the peer asked of it.
    INTERNAL_ERROR = 1011
    /// The service is restarting.
    SERVICE_RESTART = 1012
    /// The service is overloaded.
    TRY_AGAIN_LATER = 1013
    /// A gateway received an invalid response from its upstream server.
    BAD_GATEWAY = 1014
}

impl CloseCode {
    /// Returns the code, if it may be sent in a Close frame.
    ///
    /// ```
    /// use rfc6455::CloseCode;
    /// assert_eq!(CloseCode::new(1000), Some(CloseCode::NORMAL));
    /// assert_eq!(CloseCode::new(1006), None);
    /// assert_eq!(CloseCode::new(4999).map(CloseCode::get), Some(4999));
    /// ```
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match NonZeroU16::new(code) {
            // "Status codes in the range 0-999 are not used." 1004, 1005, 1006 and 1015 are
            // reserved, 1016-2999 are set aside for later revisions of the protocol, and nothing is
            // defined from 5000 on. (§7.4.1, §7.4.2)
            Some(nonzero) if matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) => {
                Some(Self(nonzero))
            }
            _ => None,
        }
    }

    /// Returns the number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.get()
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{self} {name}"),
            None => fmt::Display::fmt(self, f),
        }
    }
}
