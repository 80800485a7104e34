//! The server on a desktop computer: embassy's executor, and TCP of the operating system.

use std::env::args;
use std::net::TcpListener;

use async_io::Async;
use embassy_executor::Spawner;
use embedded_io_adapters::futures_03::FromFutures;
use rfc6455_embassy::{Buffers, serve};

/// Connections at a time. More wait until one ends.
const TASKS: usize = 8;

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let address = args().skip_while(|arg| arg != "--listen").nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:9001"));
    let listener = listener.and_then(Async::new).expect("an address to listen on");
    println!("listening on {}", listener.get_ref().local_addr().expect("it is bound"));
    let listener = Box::leak(Box::new(listener));
    for _ in 0..TASKS {
        spawner.spawn(connections(listener).expect("as many tasks as the pool has"));
    }
}

/// Serves one connection after the other, in the same memory.
#[embassy_executor::task(pool_size = TASKS)]
async fn connections(listener: &'static Async<TcpListener>) {
    let mut buffers = Buffers::EMPTY;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Small frames are not held back until there are more.
        let _ = stream.get_ref().set_nodelay(true);
        if let Err(error) = serve(&mut FromFutures::new(stream), &mut buffers).await {
            eprintln!("{error}");
        }
    }
}
