//! Conversions from and to the types of the crate `http`.

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, uri};

use super::client::{ClientRequest, Response};
use super::http::parse::HttpVersion;
use super::server::{PseudoHeaders, Request, ResponseHead};

/// HTTP/0.9, and versions that the crate `http` does not know today, become HTTP/1.0, which has no
/// upgrade.
impl From<Version> for HttpVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::HTTP_11 => Self::Http11,
            Version::HTTP_2 => Self::Http2,
            Version::HTTP_3 => Self::Http3,
            _ => Self::Http10,
        }
    }
}

impl From<HttpVersion> for Version {
    fn from(version: HttpVersion) -> Self {
        match version {
            HttpVersion::Http10 => Self::HTTP_10,
            HttpVersion::Http11 => Self::HTTP_11,
            HttpVersion::Http2 => Self::HTTP_2,
            HttpVersion::Http3 => Self::HTTP_3,
        }
    }
}

/// Borrows the request. HTTP stacks keep `:protocol` beside it: for HTTP/2 and HTTP/3, add it with
/// [`with_protocol`](Request::with_protocol).
///
/// ```
/// use rfc6455::handshake::{Acceptance, Request};
///
/// let received = http::Request::get("/chat")
///     .header("Host", "example.com")
///     .header("Upgrade", "websocket")
///     .header("Connection", "Upgrade")
///     .header("Sec-WebSocket-Version", "13")
///     .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .body(())?;
/// let upgrade = Request::from(&received).upgrade()?;
/// let response = http::Response::try_from(&upgrade.accept_head(&Acceptance::DEFAULT)?)?;
/// assert_eq!(response.status(), 101);
/// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<'h, T> From<&'h ::http::Request<T>> for Request<'h> {
    fn from(request: &'h ::http::Request<T>) -> Self {
        let uri = request.uri();
        let (scheme, authority) = (uri.scheme_str(), uri.authority().map(uri::Authority::as_str));
        let path = uri.path_and_query().map(uri::PathAndQuery::as_str);
        // The target of an ordinary CONNECT is an authority alone.
        let (authority, path) =
            if scheme.is_some() { (authority, path) } else { (None, path.or(authority)) };
        let method = request.method().as_str();
        let pseudo = PseudoHeaders { method, protocol: None, scheme, authority, path };
        Self::from_pseudo_headers(pseudo, request.version().into(), request.headers())
    }
}

/// Copies the request. `:protocol` has no place in an `http::Request`: give it to your HTTP stack.
impl TryFrom<&Request<'_>> for ::http::Request<()> {
    type Error = ::http::Error;

    fn try_from(request: &Request<'_>) -> Result<Self, ::http::Error> {
        let headers = request.headers().into_iter();
        new_request(request.pseudo_headers(), request.version(), headers)
    }
}

/// Copies the request, to be sent by an HTTP stack.
///
/// For HTTP/1.1 the URI is the path and the query, and the host is in `Host`. For HTTP/2 and
/// HTTP/3 the URI is absolute; `:protocol` has no place in an `http::Request`, so give it to your
/// HTTP stack: with hyper, as an extension of the type `hyper::ext::Protocol`.
///
/// ```
/// use rfc6455::handshake::{ClientRequest, Offer};
///
/// let offer = Offer::new("server.example.com", "/chat");
/// let request = http::Request::try_from(&ClientRequest::http2(offer, "https")?)?;
/// assert_eq!(request.method(), http::Method::CONNECT);
/// assert_eq!(request.uri(), "https://server.example.com/chat");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl TryFrom<&ClientRequest<'_>> for ::http::Request<()> {
    type Error = ::http::Error;

    fn try_from(request: &ClientRequest<'_>) -> Result<Self, ::http::Error> {
        let headers = request.headers().map(|(name, value)| (name, value.as_bytes()));
        new_request(request.pseudo_headers(), request.version(), headers)
    }
}

/// Copies the head of a response, to be sent by an HTTP stack.
impl TryFrom<&ResponseHead<'_>> for ::http::Response<()> {
    type Error = ::http::Error;

    fn try_from(head: &ResponseHead<'_>) -> Result<Self, ::http::Error> {
        let mut response = Self::new(());
        *response.status_mut() = StatusCode::from_u16(head.status())?;
        *response.version_mut() = head.version().into();
        let headers = head.headers().map(|(name, value)| (name, value.as_bytes()));
        append(response.headers_mut(), headers)?;
        Ok(response)
    }
}

impl<'h> Response<'h> {
    /// Borrows a response that an HTTP stack has received, for the same checks.
    ///
    /// ```
    /// use rfc6455::handshake::{ClientRequest, Offer, Response};
    ///
    /// let offer = Offer::new("server.example.com", "/chat");
    /// let request = ClientRequest::http1(offer, *b"the sample nonce")?;
    /// let received = http::Response::builder()
    ///     .status(101)
    ///     .header("Upgrade", "websocket")
    ///     .header("Connection", "Upgrade")
    ///     .header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    ///     .body(())?;
    /// assert!(Response::from_http(&received, &request).upgrade().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_http<T>(response: &'h ::http::Response<T>, request: &'h ClientRequest<'_>) -> Self {
        let (status, version) = (response.status().as_u16(), response.version().into());
        Self::from_parts(status, version, response.headers(), request)
    }
}

fn new_request<'h>(
    pseudo: PseudoHeaders<'h>,
    version: HttpVersion,
    headers: impl Iterator<Item = (&'h str, &'h [u8])>,
) -> Result<::http::Request<()>, ::http::Error> {
    let mut request = ::http::Request::new(());
    *request.method_mut() = Method::from_bytes(pseudo.method.as_bytes())?;
    *request.version_mut() = version.into();
    let path = pseudo.path.unwrap_or_default();
    *request.uri_mut() = match (pseudo.scheme, pseudo.authority) {
        (None, None) => Uri::try_from(path)?,
        (scheme, authority) => {
            let mut parts = uri::Parts::default();
            parts.scheme = scheme.map(uri::Scheme::try_from).transpose()?;
            parts.authority = authority.map(uri::Authority::try_from).transpose()?;
            if !path.is_empty() {
                parts.path_and_query = Some(path.try_into()?);
            }
            Uri::from_parts(parts)?
        }
    };
    append(request.headers_mut(), headers)?;
    Ok(request)
}

fn append<'h>(
    map: &mut HeaderMap,
    headers: impl Iterator<Item = (&'h str, &'h [u8])>,
) -> Result<(), ::http::Error> {
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes())?;
        map.try_append(name, HeaderValue::from_bytes(value)?)?;
    }
    Ok(())
}
