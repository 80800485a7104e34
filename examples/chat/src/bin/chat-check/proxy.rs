//! A proxy between clients and a node, which can cut, delay and stop what passes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// What happens to bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They pass.
    Open,
    /// They pass later.
    Slow(Duration),
    /// They do not pass until it is open again.
    Stopped,
}

/// The proxy of one node, whose address may change.
pub(crate) struct Proxy {
    address: SocketAddr,
    target: watch::Sender<SocketAddr>,
    way: watch::Sender<Way>,
    cuts: watch::Sender<u64>,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (target, targets) = watch::channel(target);
        let (way, ways) = watch::channel(Way::Open);
        let (cuts, cut) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let target = *targets.borrow();
                let (ways, mut cut) = (ways.clone(), cut.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        () = pass(near, far, ways) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Ok(Self { address, target, way, cuts })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set_target(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }

    pub(crate) fn set_way(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn pass(near: TcpStream, far: TcpStream, way: watch::Receiver<Way>) {
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::join!(pump(near_in, far_out, way.clone()), pump(far_in, near_out, way));
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buf = vec![0; 16 << 10];
    while let Ok(len @ 1..) = from.read(&mut buf).await {
        let now = *way.borrow_and_update();
        if let Way::Slow(delay) = now {
            sleep(delay).await;
        }
        if way.wait_for(|way| *way != Way::Stopped).await.is_err()
            || to.write_all(&buf[..len]).await.is_err()
        {
            break;
        }
    }
    // The other direction ends as soon as its reader notices.
    let _ = to.shutdown().await;
}
