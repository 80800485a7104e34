//! What the test programs share.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

pub(crate) type Test<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Serves HTTP/1.1 and HTTP/2 on a free port of loopback.
pub(crate) async fn serve(app: Router) -> Test<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
