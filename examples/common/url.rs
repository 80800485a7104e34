//! Parses `ws:` and `wss:` URLs (RFC 6455 §3).

use std::fmt;

use iri_string::types::UriStr;

/// The parts of a `ws:` or `wss:` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Whether the transport is TLS.
    pub(crate) secure: bool,
    /// For the `Host` header: the host, an IPv6 address in brackets, and the port if it is not the
    /// default of the scheme.
    pub(crate) authority: String,
    /// The name or address to connect to, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The path and the query; it begins with `/`.
    pub(crate) target: String,
}

/// Why a URL is not that of a WebSocket that this client can connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlError {
    Scheme,
    UserInfo,
    Host,
    Port,
    Fragment,
    Syntax,
}

impl Url {
    /// Parses a URL, strictly by RFC 3986.
    pub(crate) fn parse(url: &str) -> Result<Self, UrlError> {
        let uri = UriStr::new(url).map_err(|_| UrlError::Syntax)?;
        let (secure, default_port) = match uri.scheme_str() {
            scheme if scheme.eq_ignore_ascii_case("ws") => (false, 80),
            scheme if scheme.eq_ignore_ascii_case("wss") => (true, 443),
            _ => return Err(UrlError::Scheme),
        };
        // "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be
        // used on these URIs." (§3)
        if uri.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        let authority = uri.authority_components().ok_or(UrlError::Host)?;
        if authority.userinfo().is_some() {
            return Err(UrlError::UserInfo);
        }
        let port = match authority.port() {
            None => default_port,
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or(UrlError::Port)?,
        };
        let host = authority.host();
        // A percent-encoded host is a name to some parsers and its decoded form to others.
        if host.is_empty() || host.contains('%') {
            return Err(UrlError::Host);
        }
        let authority =
            if port == default_port { host.to_string() } else { format!("{host}:{port}") };
        // A target always begins with a slash, even if the URL has only a query.
        let path = if uri.path_str().is_empty() { "/" } else { uri.path_str() };
        let query = uri.query_str().map_or_else(String::new, |query| format!("?{query}"));
        let host = host.trim_matches(['[', ']']).to_string();
        Ok(Self { secure, authority, host, port, target: format!("{path}{query}") })
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it does not begin with ws:// or wss://",
            Self::UserInfo => "it has a user name, which WebSocket does not send",
            Self::Host => "it has no host, or one that is percent-encoded",
            Self::Port => "the port is not a number from 1 to 65535",
            Self::Fragment => "it has a fragment (#), which the URL of a WebSocket cannot have",
            Self::Syntax => {
                "it is not of the form ws://HOST[:PORT][/PATH] (IPv6 goes in brackets), or has a \
                 character that must be percent-encoded"
            }
        })
    }
}

impl std::error::Error for UrlError {}
