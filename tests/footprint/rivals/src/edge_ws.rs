//! Frames that fit a buffer, with `edge-ws`, and the handshake of `edge-http`.

use core::convert::Infallible;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use edge_http::io::server::Connection;
use edge_http::{Method, RequestHeaders, ResponseHeaders, ws};
use edge_ws::{FrameType, io};
use embedded_io_async::{ErrorType, Read, Write};
use rfc6455_footprint::work::READ;
use rfc6455_footprint::{random, read, write};

/// The most headers of a head.
const HEADERS: usize = 16;

/// The device as a stream, which is always ready.
pub struct Stream;

impl ErrorType for Stream {
    type Error = Infallible;
}

impl Read for Stream {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        Ok(read(room))
    }
}

impl Write for Stream {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        write(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Runs a future to its end: the smallest executor.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
    }
}

/// Echoes frame by frame, as a client if `masked`.
pub async fn echo(masked: bool) {
    let mut buf = [0; READ];
    while let Ok((kind, len)) = io::recv(Stream, &mut buf).await {
        let (kind, is_last) = match kind {
            FrameType::Pong => continue,
            FrameType::Ping => (FrameType::Pong, false),
            FrameType::Close => (FrameType::Close, true),
            data => (data, false),
        };
        let key = masked.then(|| u32::from_ne_bytes(random()));
        let _ = io::send(Stream, kind, key, buf.get(..len).unwrap_or_default()).await;
        if is_last {
            return;
        }
    }
}

/// Accepts a request.
pub async fn accept() -> Option<()> {
    let mut head = [0; 512];
    let mut accept = [0; ws::MAX_BASE64_KEY_RESPONSE_LEN];
    let mut connection = Connection::<_, HEADERS>::new(&mut head, Stream).await.ok()?;
    if !connection.is_ws_upgrade_request().ok()? {
        return None;
    }
    connection.initiate_ws_upgrade_response(&mut accept).await.ok()?;
    connection.complete().await.ok()
}

/// Requests a WebSocket.
pub async fn connect() -> Option<()> {
    let nonce = random();
    let mut key = [0; ws::MAX_BASE64_KEY_LEN];
    let mut request = RequestHeaders::<HEADERS>::new();
    (request.method, request.path) = (Method::Get, "/");
    request.headers.set_ws_upgrade_request_headers(
        Some("device.example"),
        None,
        None,
        &nonce,
        &mut key,
    );
    request.send(false, Stream).await.ok()?;
    let mut head = [0; 512];
    let mut response = ResponseHeaders::<HEADERS>::new();
    response.receive(&mut head, Stream, true).await.ok()?;
    let mut accept = [0; ws::MAX_BASE64_KEY_RESPONSE_LEN];
    response.is_ws_upgrade_accepted(&nonce, &mut accept).then_some(())
}
