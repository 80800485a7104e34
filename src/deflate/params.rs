//! The four parameters of permessage-deflate (RFC 7692 §7.1), as they appear in a header.

/// The parameters of one `permessage-deflate` offer or response, all of them valid.
///
/// The default has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params {
    /// The server resets its compression context for each message (§7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client resets its compression context for each message (§7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The base-2 logarithm of the server's window, 8 to 15 (§7.1.2.1).
    pub server_max_window_bits: Option<u8>,
    /// The base-2 logarithm of the client's window, 8 to 15, or no number (§7.1.2.2).
    pub client_max_window_bits: Option<Option<u8>>,
}

impl Params {
    /// The name of the extension (§7).
    pub const NAME: &'static str = "permessage-deflate";

    /// Parses names and values in order.
    ///
    /// Returns `None` if a name is unknown or comes twice, or if its value is not allowed.
    ///
    /// A value is the bytes of a token. If the header had a quoted string (RFC 6455 §9.1), pass it
    /// unquoted; it makes no other difference. Names are compared as they are, in lower case.
    ///
    /// ```
    /// use rfc6455::deflate::Params;
    /// let params = Params::parse([("server_max_window_bits", Some(*b"10"))]);
    /// assert_eq!(params.unwrap().server_max_window_bits, Some(10));
    /// assert_eq!(Params::parse([("server_max_window_bits", Some(*b"010"))]), None);
    /// assert_eq!(Params::parse([("server_max_window_bits", None::<[u8; 0]>)]), None);
    /// ```
    #[must_use]
    pub fn parse<'n, V: IntoIterator<Item = u8>>(
        list: impl IntoIterator<Item = (&'n str, Option<V>)>,
    ) -> Option<Self> {
        let mut params = Self::default();
        // RFC 7692 §7, of an offer and likewise of a response: "A server MUST decline an extension
        // negotiation offer for this extension if any of the following conditions are met: The
        // negotiation offer contains an extension parameter not defined for use in an offer. The
        // negotiation offer contains an extension parameter with an invalid value. The negotiation
        // offer contains multiple extension parameters with the same name."
        for (name, value) in list {
            match (name, value) {
                ("server_no_context_takeover", None) => {
                    once(&mut params.server_no_context_takeover)?;
                }
                ("client_no_context_takeover", None) => {
                    once(&mut params.client_no_context_takeover)?;
                }
                ("server_max_window_bits", Some(value)) => {
                    put(&mut params.server_max_window_bits, window_bits(value)?)?;
                }
                ("client_max_window_bits", value) => {
                    let bits = match value {
                        Some(value) => Some(window_bits(value)?),
                        None => None,
                    };
                    put(&mut params.client_max_window_bits, bits)?;
                }
                _ => return None,
            }
        }
        Some(params)
    }
}

fn once(seen: &mut bool) -> Option<()> {
    if core::mem::replace(seen, true) { None } else { Some(()) }
}

fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    if place.replace(value).is_some() { None } else { Some(()) }
}

/// RFC 7692 §7.1.2.1: "This parameter has a decimal integer value without leading zeroes between 8
/// to 15, inclusive".
fn window_bits(value: impl IntoIterator<Item = u8>) -> Option<u8> {
    let mut digits = value.into_iter();
    match (digits.next()?, digits.next(), digits.next()) {
        (digit @ b'8'..=b'9', None, None) => Some(digit & 0x0F),
        (b'1', Some(digit @ b'0'..=b'5'), None) => Some((digit & 0x0F).saturating_add(10)),
        _ => None,
    }
}
