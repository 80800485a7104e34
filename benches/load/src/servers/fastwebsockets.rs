//! fastwebsockets, over hyper.

use std::convert::Infallible;
use std::io;

use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollector, OpCode, WebSocketError};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

pub fn serve() -> io::Result<()> {
    super::accept(|stream| async {
        let service =
            service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(request))));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // The connection goes on in a task of its own.
        let _ = connection.with_upgrades().await;
    })
}

fn answer(mut request: Request<Incoming>) -> Response<Empty<Bytes>> {
    let Ok((response, upgraded)) = upgrade(&mut request) else {
        return Response::new(Empty::new());
    };
    tokio::task::spawn_local(tokio::task::unconstrained(async {
        let _ = echo(upgraded).await;
    }));
    response
}

async fn echo(upgraded: UpgradeFut) -> Result<(), WebSocketError> {
    let mut ws = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = ws.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => ws.write_frame(frame).await?,
            _ => {}
        }
    }
}
