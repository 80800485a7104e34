//! TCP, with or without TLS.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The transport that [`connect`](crate::connect) opens: TCP, and TLS over it for `wss`.
#[derive(Debug)]
pub struct MaybeTlsStream(Transport);

#[derive(Debug)]
enum Transport {
    Plain(TcpStream),
    #[cfg(feature = "rustls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl MaybeTlsStream {
    pub(crate) const fn plain(stream: TcpStream) -> Self {
        Self(Transport::Plain(stream))
    }

    /// Performs the TLS handshake for this host.
    #[cfg(feature = "rustls")]
    pub(crate) async fn tls(
        stream: TcpStream,
        host: &str,
        config: Option<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>,
    ) -> io::Result<Self> {
        use tokio_rustls::rustls::pki_types::ServerName;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let connector = tokio_rustls::TlsConnector::from(config.unwrap_or_else(with_web_roots));
        let stream = connector.connect(name, stream).await?;
        Ok(Self(Transport::Tls(Box::new(stream))))
    }

    /// Returns the TCP stream.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match &self.0 {
            Transport::Plain(stream) => stream,
            #[cfg(feature = "rustls")]
            Transport::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Trusts what browsers trust.
#[cfg(feature = "rustls")]
fn with_web_roots() -> std::sync::Arc<tokio_rustls::rustls::ClientConfig> {
    use std::sync::{Arc, LazyLock};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    });
    CONFIG.clone()
}

/// Calls a method of whichever stream this is.
macro_rules! delegate {
    ($transport:expr, $stream:ident => $call:expr) => {
        match &mut $transport.get_mut().0 {
            Transport::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(feature = "rustls")]
            Transport::Tls(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
        }
    };
}

impl AsyncRead for MaybeTlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for MaybeTlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Transport::Plain(stream) => stream.is_write_vectored(),
            #[cfg(feature = "rustls")]
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_shutdown(cx))
    }
}
