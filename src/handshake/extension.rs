//! `Sec-WebSocket-Extensions` (RFC 6455 §9.1): names with parameters, uninterpreted.

use core::fmt;

use super::error::HandshakeError;
use super::facts::Values;
use super::http::chars::{is_token_byte, text};

/// The extensions in one value of `Sec-WebSocket-Extensions`, in order of preference.
///
/// ```
/// use rfc6455::handshake::Extensions;
///
/// let offer = b"permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\", x-y";
/// let mut extensions = Extensions::parse(offer)?;
/// let deflate = extensions.next().unwrap();
/// assert_eq!(deflate.name(), "permessage-deflate");
/// let mut params = deflate.params();
/// assert!(params.next().is_some_and(|p| p.name() == "client_max_window_bits" && p.value().is_none()));
/// assert!(params.next().is_some_and(|p| p.value().is_some_and(|value| value == *"10")));
/// assert_eq!(extensions.next().unwrap().name(), "x-y");
/// # Ok::<(), rfc6455::handshake::HandshakeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Extensions<'h> {
    /// The rest of a value that conforms to the grammar.
    rest: &'h [u8],
}

impl<'h> Extensions<'h> {
    /// Parses a value of the header, and checks all of it.
    ///
    /// # Errors
    /// [`HandshakeError::InvalidExtensions`] if it does not conform to the grammar.
    pub fn parse(value: &'h [u8]) -> Result<Self, HandshakeError> {
        let mut rest = value;
        let mut any = false;
        // RFC 6455 §9.1: "If a value is received by either the client or the server during
        // negotiation that does not conform to the ABNF below, the recipient of such malformed
        // data MUST immediately _Fail the WebSocket Connection_."
        while take_extension(&mut rest)
            .map_err(|Malformed| HandshakeError::InvalidExtensions)?
            .is_some()
        {
            any = true;
        }
        // RFC 6455 §9.1: "extension-list = 1#extension"
        if any { Ok(Self { rest: value }) } else { Err(HandshakeError::InvalidExtensions) }
    }
}

impl<'h> Extensions<'h> {
    /// Returns the extensions in a value that was parsed before, or in an empty one.
    pub(super) const fn of_checked(value: &'h [u8]) -> Self {
        Self { rest: value }
    }
}

impl<'h> Iterator for Extensions<'h> {
    type Item = Extension<'h>;

    fn next(&mut self) -> Option<Extension<'h>> {
        take_extension(&mut self.rest).ok().flatten()
    }
}

/// The extensions in all lines of a head, which were parsed before.
pub(super) struct ExtensionLines<'h> {
    here: Extensions<'h>,
    lines: Values<'h>,
}

impl<'h> ExtensionLines<'h> {
    pub(super) const fn of_checked(lines: Values<'h>) -> Self {
        Self { here: Extensions::of_checked(b""), lines }
    }
}

impl<'h> Iterator for ExtensionLines<'h> {
    type Item = Extension<'h>;

    fn next(&mut self) -> Option<Extension<'h>> {
        loop {
            if let Some(extension) = self.here.next() {
                return Some(extension);
            }
            self.here = Extensions::of_checked(self.lines.next()?);
        }
    }
}

/// One extension of an offer or an answer, with its parameters.
#[derive(Clone, Copy)]
pub struct Extension<'h> {
    /// A token.
    name: &'h [u8],
    /// The parameters, each preceded by its semicolon; they conform to the grammar.
    params: &'h [u8],
}

impl<'h> Extension<'h> {
    /// Returns the name, a token.
    #[must_use]
    pub const fn name(&self) -> &'h str {
        text(self.name)
    }

    pub(super) fn has_name_of(&self, other: &Extension<'_>) -> bool {
        self.name == other.name
    }

    /// Returns the parameters in order. Names may repeat; the extension defines what that means.
    #[must_use]
    pub const fn params(&self) -> ExtensionParams<'h> {
        ExtensionParams { rest: self.params }
    }
}

impl fmt::Debug for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name(), self.params.escape_ascii())
    }
}

/// An iterator over the parameters of an [`Extension`].
#[derive(Clone, Debug)]
pub struct ExtensionParams<'h> {
    rest: &'h [u8],
}

impl<'h> Iterator for ExtensionParams<'h> {
    type Item = ExtensionParam<'h>;

    fn next(&mut self) -> Option<ExtensionParam<'h>> {
        take_param(&mut self.rest).ok().flatten()
    }
}

/// One parameter of an [`Extension`].
#[derive(Clone, Copy)]
pub struct ExtensionParam<'h> {
    /// A token.
    name: &'h [u8],
    value: Option<ExtensionParamValue<'h>>,
}

impl<'h> ExtensionParam<'h> {
    /// Returns the name, a token.
    #[must_use]
    pub const fn name(&self) -> &'h str {
        text(self.name)
    }

    /// Returns the value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<ExtensionParamValue<'h>> {
        self.value
    }
}

impl fmt::Debug for ExtensionParam<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionParam")
            .field("name", &self.name())
            .field("value", &self.value)
            .finish()
    }
}

/// The value of a parameter: a token, quoted or not.
#[derive(Clone, Copy)]
pub struct ExtensionParamValue<'h> {
    /// Token bytes, with a backslash before each escaped one.
    raw: &'h [u8],
}

impl<'h> ExtensionParamValue<'h> {
    /// Returns the bytes of the token, without quotes and backslashes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + Clone + use<'h> {
        // No token contains a backslash, so each one escapes the byte after it.
        self.raw.iter().copied().filter(|&byte| byte != b'\\')
    }
}

impl PartialEq<str> for ExtensionParamValue<'_> {
    fn eq(&self, other: &str) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl fmt::Debug for ExtensionParamValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.raw.escape_ascii())
    }
}

struct Malformed;

/// Takes the next element of the list off the front of `rest`, with the comma after it.
fn take_extension<'h>(rest: &mut &'h [u8]) -> Result<Option<Extension<'h>>, Malformed> {
    // Empty elements of a list are ignored (RFC 9110 §5.6.1.2).
    while let [b',' | b' ' | b'\t', tail @ ..] = *rest {
        *rest = tail;
    }
    if rest.is_empty() {
        return Ok(None);
    }
    // RFC 6455 §9.1: "extension = extension-token *( ";" extension-param )"
    let name = take_token(rest)?;
    let whole = *rest;
    while take_param(rest)?.is_some() {}
    let params = whole.len().saturating_sub(rest.len());
    let params = whole.get(..params).ok_or(Malformed)?;
    skip_ows(rest);
    match *rest {
        [] => {}
        [b',', tail @ ..] => *rest = tail,
        _ => return Err(Malformed),
    }
    Ok(Some(Extension { name, params }))
}

/// Takes `; name [= value]` off the front of `rest`, if it begins with that.
fn take_param<'h>(rest: &mut &'h [u8]) -> Result<Option<ExtensionParam<'h>>, Malformed> {
    skip_ows(rest);
    let [b';', tail @ ..] = *rest else { return Ok(None) };
    *rest = tail;
    skip_ows(rest);
    // RFC 6455 §9.1: "extension-param = token [ "=" (token | quoted-string) ]"
    let name = take_token(rest)?;
    skip_ows(rest);
    let [b'=', tail @ ..] = *rest else { return Ok(Some(ExtensionParam { name, value: None })) };
    *rest = tail;
    skip_ows(rest);
    let raw = if let [b'"', tail @ ..] = *rest {
        *rest = tail;
        take_quoted(rest)?
    } else {
        take_token(rest)?
    };
    Ok(Some(ExtensionParam { name, value: Some(ExtensionParamValue { raw }) }))
}

fn take_token<'h>(rest: &mut &'h [u8]) -> Result<&'h [u8], Malformed> {
    let len = rest.iter().position(|&byte| !is_token_byte(byte)).unwrap_or(rest.len());
    let (token, tail) = rest.split_at_checked(len).ok_or(Malformed)?;
    *rest = tail;
    if token.is_empty() { Err(Malformed) } else { Ok(token) }
}

/// Takes a quoted string after its opening quote, and returns the contents.
fn take_quoted<'h>(rest: &mut &'h [u8]) -> Result<&'h [u8], Malformed> {
    // RFC 6455 §9.1: "When using the quoted-string syntax variant, the value after quoted-string
    // unescaping MUST conform to the 'token' ABNF."
    let mut escaped = false;
    for (at, &byte) in rest.iter().enumerate() {
        match byte {
            b'"' if at > 0 && !escaped => {
                let (quoted, tail) = rest.split_at_checked(at).ok_or(Malformed)?;
                *rest = tail.get(1..).unwrap_or_default();
                return Ok(quoted);
            }
            b'\\' if !escaped => escaped = true,
            _ if is_token_byte(byte) => escaped = false,
            _ => break,
        }
    }
    Err(Malformed)
}

/// RFC 6455 §4.3 uses "the "implied *LWS rule"": whitespace is allowed between any two words.
fn skip_ows(rest: &mut &[u8]) {
    while let [b' ' | b'\t', tail @ ..] = *rest {
        *rest = tail;
    }
}
