//! Parses `ws:` URLs (RFC 6455 §3).

use std::fmt;
use std::net::Ipv6Addr;

/// The parts of a `ws:` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// For the `Host` header: the host, an IPv6 address in brackets, and the port if it is not 80.
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
    Secure,
    Scheme,
    UserInfo,
    Host,
    Port,
    Fragment,
    Character,
}

impl Url {
    /// Parses a URL, and refuses anything that two parsers could interpret differently.
    pub(crate) fn parse(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        if scheme.eq_ignore_ascii_case("wss") {
            return Err(UrlError::Secure);
        }
        if !scheme.eq_ignore_ascii_case("ws") {
            return Err(UrlError::Scheme);
        }
        // "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be
        // used on these URIs." (§3)
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte)) {
            return Err(UrlError::Character);
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        // The last colon precedes the port, unless it is inside an IPv6 address.
        let end = authority.find(']').map_or_else(|| authority.find(':'), |at| Some(at + 1));
        let (host, port) = authority.split_at(end.unwrap_or(authority.len()));
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => 80,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|&port| port != 0).ok_or(UrlError::Port)?
            }
            _ => return Err(UrlError::Port),
        };
        let authority = if port == 80 { host.to_string() } else { format!("{host}:{port}") };
        // A target always begins with a slash, even if the URL has only a query.
        let slash = if target.starts_with('/') { "" } else { "/" };
        let target = format!("{slash}{target}");
        Ok(Self { authority, host: bare_host(host)?.to_string(), port, target })
    }
}

/// Returns the host without the brackets of an IPv6 address.
fn bare_host(host: &str) -> Result<&str, UrlError> {
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid = match inside {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    if valid { Ok(inside.unwrap_or(host)) } else { Err(UrlError::Host) }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secure => {
                "wss:// is WebSocket over TLS, which is the transport's business and not the \
                 codec's; this example only has TCP: use ws://"
            }
            Self::Scheme => "it does not begin with ws://",
            Self::UserInfo => "it has a user name, which WebSocket does not send",
            Self::Host => "the host is neither a name nor an address (IPv6 goes in brackets)",
            Self::Port => "the port is not a number from 1 to 65535",
            Self::Fragment => "it has a fragment (#), which the URL of a WebSocket cannot have",
            Self::Character => "it has a character that must be percent-encoded",
        })
    }
}

impl std::error::Error for UrlError {}
