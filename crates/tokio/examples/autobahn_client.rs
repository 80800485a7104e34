//! Runs every case of the Autobahn testsuite's server: `autobahn_client ws://ADDR`.

use std::env;
use std::error::Error;

use rfc6455_tokio::rfc6455::deflate;
use rfc6455_tokio::{Config, MaybeTlsStream, Request, WebSocketStream, connect_with};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: autobahn_client URL")?;
    let mut ws = open(&format!("{url}/getCaseCount")).await?;
    let count = ws.recv().await.ok_or("there is no count")??;
    let count: usize = count.as_str().ok_or("the count is no text")?.parse()?;
    for case in 1..=count {
        let mut ws = open(&format!("{url}/runCase?case={case}&agent=rfc6455")).await?;
        // Most cases end with a violation, which the suite has to judge.
        while let Some(Ok(message)) = ws.recv().await {
            if message.is_data() && ws.feed(message).await.is_err() {
                break;
            }
        }
    }
    let mut ws = open(&format!("{url}/updateReports?agent=rfc6455")).await?;
    while ws.recv().await.is_some() {}
    Ok(())
}

async fn open(url: &str) -> rfc6455_tokio::Result<WebSocketStream<MaybeTlsStream>> {
    let config = Config::DEFAULT.deflate(deflate::Config::DEFAULT);
    Ok(connect_with(Request::new(url)?, &config).await?.0)
}
