//! Negotiation: from an offer to what both ends use (RFC 7692 §5, §7.1).

use core::fmt::{self, Write};
use core::ops::Deref;

use super::config::Config;
use super::params::Params;
use super::{Deflater, Inflater};
use crate::bytes::copy;

/// The parameters that both ends have negotiated.
///
/// Give it to [`WebSocket::deflate`](crate::WebSocket::deflate).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Negotiated {
    config: Config,
    /// The server's response.
    response: Params,
    ours: Direction,
    theirs: Direction,
}

/// How one end compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Direction {
    window: u8,
    takeover: bool,
}

impl Config {
    /// Accepts one offer as a server; `None` declines it.
    ///
    /// If there are several offers, use the first one that is not declined.
    ///
    /// ```
    /// use rfc6455::deflate::{Config, Params};
    /// let offer = Params { server_max_window_bits: Some(10), ..Params::default() };
    /// let negotiated = Config::DEFAULT.accept(offer).unwrap();
    /// assert_eq!(&*negotiated.response(), "permessage-deflate; server_max_window_bits=10");
    /// ```
    #[must_use]
    pub fn accept(&self, offer: Params) -> Option<Negotiated> {
        let mut response = Params::default();
        // RFC 7692 §7.1.2.1: "A server declines an extension negotiation offer with this parameter
        // if the server doesn't support it." zlib's matcher cannot promise to stay within a window
        // of 256 bytes.
        if offer.server_max_window_bits == Some(8) {
            return None;
        }
        // RFC 7692 §7.1.2.1: "A server accepts an extension negotiation offer with this parameter
        // by including the "server_max_window_bits" extension parameter in the extension
        // negotiation response to send back to the client with the same or smaller value as the
        // offer."
        let window = self.send_window.min(offer.server_max_window_bits.unwrap_or(15));
        if offer.server_max_window_bits.is_some() || window < 15 && !self.only_offered {
            response.server_max_window_bits = Some(window);
        }
        // RFC 7692 §7.1.1.1: "A server accepts an extension negotiation offer that includes the
        // "server_no_context_takeover" extension parameter by including the
        // "server_no_context_takeover" extension parameter in the corresponding extension
        // negotiation response"; it "MAY include" it too if the offer does not.
        response.server_no_context_takeover =
            offer.server_no_context_takeover || !self.send_takeover && !self.only_offered;
        // RFC 7692 §7.1.1.2: "By including the "client_no_context_takeover" extension parameter in
        // an extension negotiation response, a server prevents the peer client from using context
        // takeover." In an offer the parameter is only a hint; we hold the client to it.
        response.client_no_context_takeover =
            offer.client_no_context_takeover || !self.receive_takeover && !self.only_offered;
        // RFC 7692 §7.1.2.2: "If a received extension negotiation offer doesn't have the
        // "client_max_window_bits" extension parameter, the corresponding extension negotiation
        // response to the offer MUST NOT include the "client_max_window_bits" extension parameter."
        if let (Some(hint), ..15) = (offer.client_max_window_bits, self.receive_window) {
            let window = self.receive_window.min(hint.unwrap_or(15));
            response.client_max_window_bits = Some(Some(window));
        }
        let takeover = self.send_takeover && !response.server_no_context_takeover;
        let ours = Direction { window, takeover };
        let theirs = Direction {
            window: response.client_max_window_bits.flatten().unwrap_or(15),
            takeover: !response.client_no_context_takeover,
        };
        Some(Negotiated { config: *self, response, ours, theirs })
    }

    /// Returns a client's value for `Sec-WebSocket-Extensions`, with one offer or two.
    ///
    /// ```
    /// use rfc6455::deflate::Config;
    /// assert_eq!(&*Config::DEFAULT.offer(), "permessage-deflate; client_max_window_bits");
    /// assert_eq!(
    ///     &*Config::DEFAULT.send_window(12).receive_window(10).offer(),
    ///     "permessage-deflate; server_max_window_bits=10; client_max_window_bits=12, \
    ///      permessage-deflate; client_max_window_bits=12",
    /// );
    /// ```
    #[must_use]
    pub fn offer(&self) -> HeaderText {
        let wish = self.wish();
        let mut text = HeaderText::new();
        text.put_extension(wish);
        if self.has_fallback() {
            let plain =
                Params { server_no_context_takeover: false, server_max_window_bits: None, ..wish };
            let _ = text.write_str(", ");
            text.put_extension(plain);
        }
        text
    }

    /// Confirms, as a client, the server's response to [`offer`](Self::offer).
    ///
    /// Returns `None` if it does not fit that offer; fail the connection then.
    #[must_use]
    pub fn confirm(&self, response: Params) -> Option<Negotiated> {
        // RFC 7692 §7, of a response: "an extension parameter with an invalid value". This
        // parameter may lack a number only in an offer (§7.1.2.2).
        if response.client_max_window_bits == Some(None) {
            return None;
        }
        let wish = self.wish();
        if !self.has_fallback() {
            // Accepting the only offer includes what it demanded (RFC 7692 §7.1.1.1, §7.1.2.1).
            let asked = wish.server_max_window_bits;
            let granted = response.server_max_window_bits;
            let within = asked.is_none_or(|asked| granted.is_some_and(|bits| bits <= asked));
            let resets = !wish.server_no_context_takeover || response.server_no_context_takeover;
            if !(within && resets) {
                return None;
            }
        }
        let window = response.client_max_window_bits.flatten().unwrap_or(15);
        let ours = Direction {
            window: self.send_window.min(window),
            takeover: self.send_takeover && !response.client_no_context_takeover,
        };
        let theirs = Direction {
            window: response.server_max_window_bits.unwrap_or(15),
            takeover: !response.server_no_context_takeover,
        };
        Some(Negotiated { config: *self, response, ours, theirs })
    }

    /// Returns the client's preferred offer.
    fn wish(&self) -> Params {
        let below_15 = |bits: u8| if bits < 15 { Some(bits) } else { None };
        Params {
            server_no_context_takeover: !self.receive_takeover,
            client_no_context_takeover: !self.send_takeover,
            server_max_window_bits: below_15(self.receive_window),
            // With or without a number, it lets the server limit this client.
            client_max_window_bits: Some(below_15(self.send_window)),
        }
    }

    fn has_fallback(&self) -> bool {
        self.fallback && (!self.receive_takeover || self.receive_window < 15)
    }
}

impl Negotiated {
    /// Returns the server's response: the value of its header `Sec-WebSocket-Extensions`.
    #[must_use]
    pub fn response(&self) -> HeaderText {
        let mut text = HeaderText::new();
        text.put_extension(self.response);
        text
    }

    /// Returns the base-2 logarithm of this end's window, 8 to 15.
    ///
    /// It is 8 only if a server asked a client for it. zlib cannot compress with that window; what
    /// is sent then refers to nothing but the byte before, and is not much shorter than the
    /// original.
    #[must_use]
    pub const fn send_window(&self) -> u8 {
        self.ours.window
    }

    /// Returns the base-2 logarithm of the peer's window, 8 to 15.
    #[must_use]
    pub const fn receive_window(&self) -> u8 {
        self.theirs.window
    }

    /// Returns whether this end's messages refer to earlier ones.
    #[must_use]
    pub const fn send_takeover(&self) -> bool {
        self.ours.takeover
    }

    /// Returns whether the peer's messages may refer to earlier ones.
    #[must_use]
    pub const fn receive_takeover(&self) -> bool {
        self.theirs.takeover
    }

    /// Creates the inflater of a new connection.
    #[must_use]
    pub(crate) const fn inflater(&self) -> Inflater {
        Inflater::new(self.theirs.takeover, self.config.max_ratio)
    }

    /// Creates the deflater of a new connection.
    #[must_use]
    pub(crate) const fn deflater(&self) -> Deflater {
        Deflater::new(&self.config, self.ours.window, self.ours.takeover)
    }
}

/// The value of a header, by value; dereferences to a short text.
#[derive(Clone, Copy)]
pub struct HeaderText {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
}

impl HeaderText {
    /// Two offers, one with four parameters and one with two, take 203 bytes.
    const MAX_LEN: usize = 208;

    const fn new() -> Self {
        Self { bytes: [0; Self::MAX_LEN], len: 0 }
    }

    fn put_extension(&mut self, params: Params) {
        let _ = self.write_str(Params::NAME);
        if params.server_no_context_takeover {
            let _ = self.write_str("; server_no_context_takeover");
        }
        if params.client_no_context_takeover {
            let _ = self.write_str("; client_no_context_takeover");
        }
        if let Some(bits) = params.server_max_window_bits {
            let _ = write!(self, "; server_max_window_bits={bits}");
        }
        match params.client_max_window_bits {
            None => {}
            Some(None) => _ = self.write_str("; client_max_window_bits"),
            Some(Some(bits)) => _ = write!(self, "; client_max_window_bits={bits}"),
        }
    }
}

impl Write for HeaderText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        self.len = self.len.saturating_add(copy(text.as_bytes(), room));
        Ok(())
    }
}

impl Deref for HeaderText {
    type Target = str;

    fn deref(&self) -> &str {
        // Only ASCII is ever written there.
        core::str::from_utf8(self.bytes.get(..self.len).unwrap_or_default()).unwrap_or_default()
    }
}

impl AsRef<str> for HeaderText {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
